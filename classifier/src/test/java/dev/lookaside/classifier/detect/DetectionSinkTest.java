package dev.lookaside.classifier.detect;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.ProgressTopic;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.SinkMessage;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.StreamProgress;
import dev.lookaside.ingest.kafka.BrokerException;
import dev.lookaside.ingest.kafka.GivenClients;
import dev.lookaside.ingest.kafka.TransactionWriter;
import dev.lookaside.ingest.kafka.TransactionWriter.NotWrittenException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class DetectionSinkTest {
  private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");
  private static final Assignment P0 = new Assignment(0, 1);
  private static final Assignment P1 = new Assignment(1, 1);
  private static final ConsumerGroupMetadata GROUP = new ConsumerGroupMetadata("lookaside");
  private static final StreamId A = new StreamId("a");
  private static final StreamId B = new StreamId("b");

  private static final ActorTestKit KIT =
      ActorTestKit.create(
          ConfigFactory.parseString("akka.actor.testkit.typed.single-expect-default = 60s")
              .withFallback(ManualTime.config())
              .withFallback(ConfigFactory.load()));

  private final ManualTime time = ManualTime.get(KIT.system());
  private final FakeResults results = new FakeResults();
  private final AtomicLong nanos = new AtomicLong();
  private final TestProbe<KafkaSource.Command> source = KIT.createTestProbe();
  private final TestProbe<DetectionSink.Event> events = KIT.createTestProbe();
  private final TestProbe<StreamDetector.Event> observer = KIT.createTestProbe();
  private ActorRef<SinkMessage> sink;

  @AfterAll
  static void shutDown() {
    KIT.shutdownTestKit();
  }

  @Test
  void oneTransactionHoldsDetectionsLettersProgressAndTheOffsetsOfEveryPartitionInIt() {
    start();
    results.hold();
    sink.tell(publish(P0, A, 5, List.of(DetectionCodecTest.started()), List.of()));
    results.awaitTries(1);
    sink.tell(publish(P0, B, 6, List.of(), List.of()));
    sink.tell(publish(P1, A, 7, List.of(DetectionCodecTest.ended()), List.of(letter(1, 3))));
    sink.tell(new SinkMessage.Positions(Map.of(P1, 40L), GROUP));
    sink.tell(publish(P1, A, 8, List.of(), List.of()));
    results.release();
    results.awaitWritten(2);
    assertThat(results.written.get(0).offsets())
        .as("of its partition, though it has not moved")
        .isEqualTo(Map.of(chunks(0), new OffsetAndMetadata(10)));
    Written second = results.written.get(1);
    assertThat(second.topics()).containsExactly("dead", "progress", "detections", "progress");
    assertThat(second.offsets())
        .isEqualTo(
            Map.of(chunks(0), new OffsetAndMetadata(10), chunks(1), new OffsetAndMetadata(40)));
    List<ProducerRecord<byte[], byte[]>> progress = second.of("progress");
    assertThat(progress).extracting(ProducerRecord::partition).containsExactly(0, 1);
    assertThat(progress.get(1).key()).isEqualTo(ProgressTopic.key("lookaside", A));
    assertThat(StreamProgress.of(progress.get(1).value()).throughOffset())
        .as("the newest alone")
        .isEqualTo(8);
    KafkaSource.Settled first = source.expectMessageClass(KafkaSource.Settled.class);
    assertThat(first.streams()).extracting(KafkaSource.Progressed::assignment).containsExactly(P0);
    KafkaSource.Settled settled = source.expectMessageClass(KafkaSource.Settled.class);
    assertThat(settled.streams())
        .extracting(p -> p.assignment() + " " + p.stream() + " " + p.progress().throughOffset())
        .containsExactly(P0 + " " + B + " 6", P1 + " " + A + " 8");
    StreamDetector.Delivered delivered =
        observer.expectMessageClass(StreamDetector.Delivered.class);
    assertThat(delivered.stream()).isEqualTo(A);
    assertThat(delivered.durableAt()).isEqualTo(NOW);
    assertThat(delivered.detections()).containsExactly(DetectionCodecTest.started());
  }

  @Test
  void progressAloneWaitsForCompanyAndADetectionDoesNot() {
    start();
    sink.tell(publish(P0, A, 5, List.of(), List.of()));
    sink.tell(publish(P0, B, 6, List.of(), List.of()));
    barrier();
    time.timePasses(Duration.ofMillis(199));
    barrier();
    assertThat(results.written).isEmpty();
    time.timePasses(Duration.ofMillis(1));
    results.awaitWritten(1);
    assertThat(results.written.get(0).topics()).containsExactly("progress", "progress");
    sink.tell(publish(P0, A, 7, List.of(), List.of()));
    sink.tell(publish(P0, B, 8, List.of(DetectionCodecTest.started()), List.of()));
    results.awaitWritten(2);
    assertThat(results.written.get(1).topics())
        .containsExactly("progress", "detections", "progress");
  }

  @Test
  void aStreamThatHasEndedIsFinishedOnceItIsDurable() {
    start();
    results.failures.set(1);
    sink.tell(
        new DetectionSink.Publish(
            P0,
            A,
            List.of(),
            List.of(),
            new StreamProgress(6, 5, 0, false, new byte[0]),
            true,
            NOW));
    results.awaitTries(1);
    observer.expectNoMessage(Duration.ZERO);
    barrier();
    time.timePasses(Duration.ofMillis(500));
    observer.expectMessage(new StreamDetector.Finished(A));
  }

  @Test
  void aWriteThatFailsIsTriedAgainWithAllOfItInOrder() {
    start();
    results.failures.set(2);
    sink.tell(publish(P0, A, 5, List.of(DetectionCodecTest.started()), List.of()));
    results.awaitTries(1);
    sink.tell(publish(P0, A, 6, List.of(DetectionCodecTest.ended()), List.of(letter(0, 6))));
    barrier();
    assertThat(results.tries.get()).as("not before the pause").isEqualTo(1);
    time.timePasses(Duration.ofMillis(500));
    results.awaitTries(2);
    barrier();
    source.expectNoMessage(Duration.ZERO);
    time.timePasses(Duration.ofMillis(500));
    results.awaitWritten(1);
    assertThat(results.written.get(0).topics())
        .containsExactly("dead", "detections", "detections", "progress");
    assertThat(results.written.get(0).of("detections"))
        .extracting(r -> new String(r.value(), UTF_8).substring(9, 14))
        .containsExactly("start", "ended");
    assertThat(source.expectMessageClass(KafkaSource.Settled.class).streams()).hasSize(1);
  }

  @Test
  void aLetterThatIsTooLargeIsWrittenBareAndTheNextOneWhole() {
    start();
    results.tooLarge.set(1);
    sink.tell(new SinkMessage.Letter(P0, record(0, 11), rejection()));
    results.awaitTries(1);
    barrier();
    time.timePasses(Duration.ofMillis(500));
    results.awaitWritten(1);
    assertThat(results.written.get(0).of("dead").get(0).value()).isNull();
    assertThat(source.expectMessageClass(KafkaSource.Settled.class).letters())
        .containsExactly(new KafkaSource.WrittenLetter(P0, 11));
    sink.tell(new SinkMessage.Letter(P0, record(0, 12), rejection()));
    results.awaitWritten(2);
    assertThat(results.written.get(1).of("dead").get(0).value()).isNotNull();
  }

  @Test
  void aDetectionThatIsTooLargeEndsTheSink() {
    start();
    results.tooLarge.set(2);
    sink.tell(publish(P0, A, 5, List.of(DetectionCodecTest.started()), List.of()));
    results.awaitTries(1);
    barrier();
    time.timePasses(Duration.ofMillis(500));
    events.expectTerminated(sink);
    assertThat(results.closed.get()).isEqualTo(1);
  }

  @Test
  void aWriteOfUnknownOutcomeEndsTheSinkAndSettlesNothing() {
    start();
    results.fatal = true;
    sink.tell(publish(P0, A, 5, List.of(DetectionCodecTest.started()), List.of()));
    events.expectTerminated(sink);
    source.expectNoMessage(Duration.ZERO);
    observer.expectNoMessage(Duration.ZERO);
    assertThat(results.closed.get()).isEqualTo(1);
  }

  @Test
  void whatALeavingPartitionHasWaitingIsWrittenAndAnythingLaterDropped() {
    start();
    sink.tell(publish(P0, A, 5, List.of(), List.of()));
    sink.tell(publish(P1, B, 6, List.of(), List.of()));
    CompletableFuture<Void> done = new CompletableFuture<>();
    sink.tell(new SinkMessage.Release(Set.of(P0), done));
    done.join();
    assertThat(results.written).hasSize(1);
    assertThat(results.written.get(0).topics()).containsExactly("progress", "progress");
    sink.tell(publish(P0, A, 7, List.of(DetectionCodecTest.started()), List.of()));
    sink.tell(new SinkMessage.Letter(P0, record(0, 12), rejection()));
    sink.tell(new SinkMessage.Forget(P0, A));
    sink.tell(new SinkMessage.Positions(Map.of(P0, 50L), GROUP));
    barrier();
    time.timePasses(Duration.ofSeconds(1));
    barrier();
    assertThat(results.written).hasSize(1);
  }

  @Test
  void whatIsLostIsDroppedUnwrittenAndTheRestStays() {
    start();
    results.failures.set(1);
    sink.tell(publish(P0, A, 5, List.of(DetectionCodecTest.started()), List.of()));
    sink.tell(publish(P1, A, 6, List.of(DetectionCodecTest.ended()), List.of()));
    results.awaitTries(1);
    sink.tell(new SinkMessage.Lost(Set.of(P0)));
    CompletableFuture<Void> late = new CompletableFuture<>();
    late.complete(null);
    sink.tell(new SinkMessage.Release(Set.of(P0), late));
    barrier();
    assertThat(results.tries.get()).as("who is late is lost already").isEqualTo(1);
    time.timePasses(Duration.ofMillis(500));
    results.awaitWritten(1);
    assertThat(results.written.get(0).topics()).containsExactly("detections", "progress");
    assertThat(results.written.get(0).offsets()).containsOnlyKeys(chunks(1));
  }

  @Test
  void positionsAreCommittedAloneAndForgottenStreamsGetATombstone() {
    start();
    sink.tell(new SinkMessage.Positions(Map.of(P0, 30L), GROUP));
    sink.tell(new SinkMessage.Forget(P0, A));
    barrier();
    time.timePasses(Duration.ofMillis(200));
    results.awaitWritten(1);
    assertThat(results.written.get(0).offsets())
        .isEqualTo(Map.of(chunks(0), new OffsetAndMetadata(30)));
    ProducerRecord<byte[], byte[]> tombstone = results.written.get(0).of("progress").get(0);
    assertThat(tombstone.value()).isNull();
    assertThat(tombstone.partition()).isZero();
    barrier();
    time.timePasses(Duration.ofSeconds(5));
    barrier();
    assertThat(results.written).as("nothing waits any more").hasSize(1);
  }

  @Test
  void anUnreachableBrokerIsReportedAgainAndAgainAndItsReturnOnce() {
    start();
    results.failures.set(25);
    sink.tell(publish(P0, A, 5, List.of(DetectionCodecTest.started()), List.of()));
    results.awaitTries(1);
    List<Long> reported = new ArrayList<>();
    for (int i = 2; i <= 26; i++) {
      barrier();
      nanos.addAndGet(500_000_000L);
      time.timePasses(Duration.ofMillis(500));
      results.awaitTries(i);
    }
    barrier();
    for (int i = 0; i < 2; i++) {
      reported.add(events.expectMessageClass(DetectionSink.Unreachable.class).forMillis());
    }
    assertThat(reported).containsExactly(5_000L, 10_000L);
    events.expectMessage(new DetectionSink.Reachable("k1:9092"));
    events.expectNoMessage(Duration.ZERO);
  }

  @Test
  void aSourceIsStalledByTooMuchThatWaitsAlsoWhereThatLeavesWithItsPartition() {
    start();
    results.failures.set(1_000);
    for (int i = 0; i < 5_000; i++) {
      sink.tell(publish(P0, A, i, List.of(DetectionCodecTest.started()), List.of()));
    }
    source.expectMessage(new KafkaSource.WritesStalled(true));
    CompletableFuture<Void> done = new CompletableFuture<>();
    sink.tell(new SinkMessage.Release(Set.of(P0), done));
    done.join();
    barrier();
    time.timePasses(Duration.ofMillis(500));
    source.expectMessage(new KafkaSource.WritesStalled(false));
  }

  @Test
  void stoppingWritesWhatWaitsOnceThenCloses() {
    start();
    TestProbe<DetectionSink.Stopped> stopped = KIT.createTestProbe();
    sink.tell(publish(P0, A, 5, List.of(), List.of()));
    sink.tell(new DetectionSink.Stop(stopped.ref()));
    stopped.expectMessage(DetectionSink.Stopped.INSTANCE);
    stopped.expectTerminated(sink);
    assertThat(results.written).hasSize(1);
    assertThat(results.closed.get()).isEqualTo(1);
  }

  @Test
  void stoppingWithoutABrokerDoesNotWait() {
    start();
    results.failures.set(100);
    TestProbe<DetectionSink.Stopped> stopped = KIT.createTestProbe();
    sink.tell(publish(P0, A, 5, List.of(), List.of()));
    sink.tell(new DetectionSink.Stop(stopped.ref()));
    stopped.expectMessage(DetectionSink.Stopped.INSTANCE);
    stopped.expectTerminated(sink);
    assertThat(results.written).isEmpty();
    assertThat(results.closed.get()).isEqualTo(1);
  }

  @Test
  void onKafkaRecordsAndOffsetsAreOneTransactionFencedByTheGroup() throws Exception {
    MockProducer<byte[], byte[]> producer =
        new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    SinkCore core = new SinkCore();
    core.begin(new SinkMessage.Begin(Map.of(P0, 10L), GROUP, source.ref()));
    core.publish(publish(P0, A, 5, List.of(), List.of()));
    List<ProducerRecord<byte[], byte[]>> records =
        List.of(new ProducerRecord<>("progress", 0, new byte[1], new byte[1]));
    Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(chunks(0), new OffsetAndMetadata(10));
    try (DetectionSink.Results kafka = KafkaResults.open(settings(producer, true))) {
      kafka.write(records, offsets, core.batch());
      assertThat(producer.transactionCommitted()).isTrue();
      assertThat(producer.history()).isEqualTo(records);
      assertThat(producer.consumerGroupOffsetsHistory())
          .containsExactly(Map.of("lookaside", offsets));
      producer.commitTransactionException = new TimeoutException("no answer");
      // Not known whether it was written: calling again waits for it, but not for ever.
      assertThatThrownBy(() -> kafka.write(records, offsets, core.batch()))
          .isInstanceOf(BrokerException.class);
    }
    assertThat(producer.closed()).isTrue();
  }

  @Test
  void onKafkaAtLeastOnceWritesRecordsAlone() throws Exception {
    MockProducer<byte[], byte[]> producer =
        new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    List<ProducerRecord<byte[], byte[]>> records =
        List.of(new ProducerRecord<>("progress", 0, new byte[1], new byte[1]));
    try (DetectionSink.Results kafka = KafkaResults.open(settings(producer, false))) {
      kafka.write(records, Map.of(chunks(0), new OffsetAndMetadata(1)), new SinkCore().batch());
      assertThat(producer.history()).isEqualTo(records);
      assertThat(producer.transactionInitialized()).isFalse();
      producer.sendException = new TimeoutException("no metadata");
      assertThatThrownBy(() -> kafka.write(records, Map.of(), new SinkCore().batch()))
          .isInstanceOf(NotWrittenException.class)
          .hasMessageContaining("no metadata");
    }
  }

  @Test
  void referenceConfIsComplete() {
    Config root = ConfigFactory.load();
    SinkSettings settings = SinkSettings.of(root, IngestSettings.of(root));
    assertThat(settings.topic()).isEqualTo("audio.detections");
    assertThat(settings.progress()).isEqualTo("lookaside.progress");
    assertThat(settings.deadLetters()).isEqualTo("audio.dead-letters");
    assertThat(settings.chunks()).isEqualTo("audio.chunks");
    assertThat(settings.group()).isEqualTo("lookaside");
    assertThat(settings.exactlyOnce()).isTrue();
    assertThat(settings.clients().servers()).isEqualTo("localhost:9092");
    DetectSettings detect =
        DetectSettings.of(
            ConfigFactory.parseString(
                    """
                    lookaside.classifier.detect {
                      thresholds { "a.b" { on = 0.4, off = 0.2 } }
                      overload.streams { "kitchen/1" = skip-to-live }
                    }
                    """)
                .withFallback(root));
    assertThat(detect.thresholds().get("a.b").on()).isEqualTo(.4);
    assertThat(detect.overload(A).skipAfter()).isNull();
    assertThat(detect.overload(new StreamId("kitchen/1")).skipAfter())
        .isEqualTo(Duration.ofSeconds(30));
  }

  private void start() {
    sink =
        KIT.spawn(
            DetectionSink.create(
                settings(null, true),
                new DetectionSink.Peers(events.ref(), observer.ref()),
                () -> results,
                nanos::get,
                Clock.fixed(NOW, ZoneOffset.UTC)));
    sink.tell(new SinkMessage.Begin(Map.of(P0, 10L, P1, 20L), GROUP, source.ref()));
  }

  private static SinkSettings settings(
      @Nullable MockProducer<byte[], byte[]> producer, boolean exactlyOnce) {
    return new SinkSettings(
        GivenClients.clients(new GivenClients(null, producer)),
        "detections",
        "progress",
        "dead",
        "chunks",
        "lookaside",
        Optional.empty(),
        exactlyOnce,
        Duration.ofMillis(500),
        Duration.ofSeconds(5));
  }

  private static TopicPartition chunks(int partition) {
    return new TopicPartition("chunks", partition);
  }

  private static DetectionSink.Publish publish(
      Assignment assignment,
      StreamId stream,
      long through,
      List<Detection> detections,
      List<DetectionSink.RejectedRecord> letters) {
    StreamProgress progress = new StreamProgress(through, through, 0, false, new byte[0]);
    return new DetectionSink.Publish(assignment, stream, detections, letters, progress, false, NOW);
  }

  private static DetectionSink.RejectedRecord letter(int partition, long offset) {
    return new DetectionSink.RejectedRecord(record(partition, offset), rejection());
  }

  private static ConsumerRecord<byte[], byte[]> record(int partition, long offset) {
    return new ConsumerRecord<>("chunks", partition, offset, new byte[] {1}, new byte[] {2});
  }

  private static Rejection rejection() {
    return new Rejection(Rejection.Reason.BAD_KEY, "key", "x", "must be a stream id");
  }

  /**
   * Returns once the sink has done all it was told before, and what it told itself then. A release
   * of nothing that is completed already writes nothing.
   */
  private void barrier() {
    for (int i = 0; i < 2; i++) {
      Gate done = new Gate();
      sink.tell(new SinkMessage.Release(Set.of(), done));
      done.passed.join();
    }
  }

  /** Looks completed from the beginning, and notices when it is completed. */
  private static final class Gate extends CompletableFuture<Void> {
    private final CompletableFuture<Void> passed = new CompletableFuture<>();

    @Override
    public boolean isDone() {
      return true;
    }

    @Override
    public boolean complete(Void nothing) {
      return passed.complete(null);
    }
  }

  private record Written(
      List<ProducerRecord<byte[], byte[]>> records,
      Map<TopicPartition, OffsetAndMetadata> offsets) {
    List<String> topics() {
      return records.stream().map(ProducerRecord::topic).toList();
    }

    List<ProducerRecord<byte[], byte[]>> of(String topic) {
      return records.stream().filter(r -> r.topic().equals(topic)).toList();
    }
  }

  private static final class FakeResults implements DetectionSink.Results {
    final List<Written> written = new CopyOnWriteArrayList<>();
    final AtomicInteger tries = new AtomicInteger();
    final AtomicInteger failures = new AtomicInteger();
    final AtomicInteger tooLarge = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();
    final Semaphore gate = new Semaphore(Integer.MAX_VALUE / 2);
    volatile boolean fatal;

    void hold() {
      gate.drainPermits();
    }

    void release() {
      gate.release(1_000_000);
    }

    @Override
    public void write(
        List<ProducerRecord<byte[], byte[]>> records,
        Map<TopicPartition, OffsetAndMetadata> offsets,
        SinkCore.Batch batch)
        throws NotWrittenException {
      tries.incrementAndGet();
      gate.acquireUninterruptibly();
      if (fatal) {
        throw new BrokerException("fenced", new IllegalStateException("as the test wants"));
      }
      if (failures.getAndDecrement() > 0) {
        throw TransactionWriter.notWritten("k1", new TimeoutException("no answer"));
      }
      if (tooLarge.getAndDecrement() > 0) {
        throw TransactionWriter.notWritten("k1", new RecordTooLargeException("2 MB"));
      }
      written.add(new Written(records, offsets));
    }

    void awaitTries(int count) {
      await().atMost(Duration.ofSeconds(60)).until(() -> tries.get() >= count);
    }

    void awaitWritten(int count) {
      await().atMost(Duration.ofSeconds(60)).until(() -> written.size() >= count);
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }
}
