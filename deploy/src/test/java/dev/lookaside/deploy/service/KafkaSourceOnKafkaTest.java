package dev.lookaside.deploy.service;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.FishingOutcomes;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.KafkaSource.Assigned;
import dev.lookaside.ingest.KafkaSource.Command;
import dev.lookaside.ingest.KafkaSource.Credit;
import dev.lookaside.ingest.KafkaSource.Event;
import dev.lookaside.ingest.KafkaSource.Settled;
import dev.lookaside.ingest.KafkaSource.Stop;
import dev.lookaside.ingest.KafkaSource.Stopped;
import dev.lookaside.ingest.SinkMessage;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.StreamMessage;
import dev.lookaside.ingest.StreamProgress;
import dev.lookaside.ingest.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The source and its topics against a real broker. */
@Timeout(180)
class KafkaSourceOnKafkaTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int STREAMS = 8;
  private static final int CHUNKS = 50;
  private static final int PAYLOAD_BYTES = 3_200;

  private static ActorTestKit kit;
  private static EmbeddedKafka kafka;

  @BeforeAll
  static void start() {
    kafka = EmbeddedKafka.start();
    kit = ActorTestKit.create(ConfigFactory.load());
  }

  @AfterAll
  static void stop() {
    kit.shutdownTestKit();
    kafka.close();
  }

  @Test
  void everyChunkArrivesInOrderAndWhatIsSettledIsNotReadAgain() {
    IngestSettings settings = settings("once");
    assertThat(Topics.ensure(settings)).as("made").containsEntry("once.chunks", 4);
    assertThat(Topics.ensure(settings)).as("found").containsEntry("once.chunks", 4);
    send(settings);
    Worker worker = new Worker(settings);
    worker.hearUntil(STREAMS * CHUNKS);
    for (int i = 0; i < STREAMS; i++) {
      assertThat(worker.sequences(i)).hasSize(CHUNKS).isSorted().doesNotHaveDuplicates();
    }
    worker.stop();

    sendOne(settings, 0, CHUNKS);
    Worker next = new Worker(settings);
    next.hearUntil(1);
    assertThat(next.sequences(0)).containsExactly((long) CHUNKS);
    next.stop();
  }

  @Test
  void lagWaitsOnTheBrokerWhenNoStreamGivesCredit() {
    IngestSettings settings = settings("lag");
    Topics.ensure(settings);
    send(settings);
    Worker worker = new Worker(settings);
    worker.givesBack = false;
    // Three chunks of each stream, and then nothing more.
    int room = 3 * STREAMS;
    worker.hearUntil(room);
    worker.chunks.expectNoMessage(Duration.ofSeconds(2));
    assertThat(worker.arrived).hasSize(room);
    worker.stop();
  }

  @Test
  void nothingIsLostWhenAnotherWorkerJoinsAndLeaves() {
    IngestSettings settings = settings("share");
    Topics.ensure(settings);
    Worker worker = new Worker(settings);
    worker.hearAssigned();
    ActorRef<Command> second = worker.join(settings);
    worker.hearAssigned();
    send(settings);
    worker.hearUntil(STREAMS * CHUNKS / 2);
    worker.leave(second);
    while (worker.names().size() < STREAMS * CHUNKS) {
      worker.hearUntil(worker.arrived.size() + 1);
    }
    worker.stop();
  }

  @Test
  void poisonIsFoundAmongTheDeadLetters() {
    IngestSettings settings = settings("poison");
    Topics.ensure(settings);
    try (KafkaProducer<byte[], byte[]> producer = producer(settings)) {
      producer.send(
          new ProducerRecord<>(
              settings.topics().chunks().name(), new byte[] {-1, -2}, new byte[900_000]));
    }
    Worker worker = new Worker(settings);
    SinkMessage.Letter letter =
        worker
            .sink
            .fishForMessage(
                PATIENCE,
                m ->
                    m instanceof SinkMessage.Letter
                        ? FishingOutcomes.complete()
                        : FishingOutcomes.continueAndIgnore())
            .stream()
            .map(SinkMessage.Letter.class::cast)
            .findFirst()
            .orElseThrow();
    worker.stop();
    assertThat(letter.record().key()).isEqualTo(new byte[] {-1, -2});
    assertThat(letter.record().value()).hasSize(900_000);
    assertThat(letter.rejection().reason().code()).isEqualTo("bad-key");
    assertThat(letter.rejection().message()).isEqualTo("must be UTF-8");
  }

  /** What a stream was given, and by whom. */
  private record Arrived(Assignment assignment, AudioChunk chunk, ActorRef<Command> source) {}

  /**
   * One source or more of a group, whose streams give credit back and are settled at once, as if a
   * sink had written what they found.
   */
  private static final class Worker {
    final TestProbe<Event> events = kit.createTestProbe();
    final TestProbe<Arrived> chunks = kit.createTestProbe();
    final TestProbe<SinkMessage> sink = kit.createTestProbe();
    final List<Arrived> arrived = new ArrayList<>();
    final List<ActorRef<Command>> sources = new ArrayList<>();
    boolean givesBack = true;

    Worker(IngestSettings settings) {
      join(settings);
    }

    ActorRef<Command> join(IngestSettings settings) {
      ActorRef<Command> source =
          kit.spawn(
              KafkaSource.create(
                  settings, Duration.ofHours(1), this::stream, sinkOf(), events.getRef()),
              KafkaSource.dispatcher());
      sources.add(source);
      return source;
    }

    /** Lets partitions go at once, and keeps the rest for the test. */
    private ActorRef<SinkMessage> sinkOf() {
      return kit.spawn(
          Behaviors.receive(SinkMessage.class)
              .onMessage(
                  SinkMessage.Release.class,
                  release -> {
                    release.done().complete(null);
                    return Behaviors.same();
                  })
              .onMessage(
                  SinkMessage.class,
                  m -> {
                    sink.getRef().tell(m);
                    return Behaviors.same();
                  })
              .build());
    }

    private Behavior<StreamMessage> stream(
        Assignment assignment,
        StreamId stream,
        @Nullable StreamProgress progress,
        long firstOffset,
        ActorRef<Command> source) {
      return Behaviors.receive(StreamMessage.class)
          .onMessage(
              StreamMessage.Chunk.class,
              chunk -> {
                chunks.getRef().tell(new Arrived(assignment, chunk.chunk(), source));
                return Behaviors.same();
              })
          .onMessage(
              StreamMessage.Drain.class,
              drain -> {
                drain.source().tell(new KafkaSource.StreamDrained(assignment, stream));
                return Behaviors.same();
              })
          .build();
    }

    void hearAssigned() {
      Event event;
      do {
        event = events.receiveMessage(PATIENCE);
      } while (!(event instanceof Assigned));
    }

    void hearUntil(int count) {
      while (arrived.size() < count) {
        take(chunks.receiveMessage(PATIENCE));
      }
    }

    private void take(Arrived chunk) {
      arrived.add(chunk);
      if (!givesBack) {
        return;
      }
      AudioChunk its = chunk.chunk();
      chunk.source().tell(new Credit(chunk.assignment(), its.stream(), 1, its.payload().length));
      long offset = its.recordOffset();
      StreamProgress progress =
          new StreamProgress(offset + 1, offset, System.currentTimeMillis(), false, new byte[0]);
      chunk
          .source()
          .tell(
              new Settled(
                  List.of(new KafkaSource.Progressed(chunk.assignment(), its.stream(), progress)),
                  List.of()));
    }

    List<Long> sequences(int stream) {
      return arrived.stream()
          .filter(a -> a.chunk().stream().equals(id(stream)))
          .map(a -> a.chunk().sequence())
          .toList();
    }

    Set<String> names() {
      return arrived.stream()
          .map(a -> a.chunk().stream() + "/" + a.chunk().sequence())
          .collect(Collectors.toSet());
    }

    void leave(ActorRef<Command> source) {
      TestProbe<Stopped> answer = kit.createTestProbe();
      source.tell(new Stop(answer.getRef()));
      answer.expectMessage(PATIENCE, Stopped.INSTANCE);
      sources.remove(source);
    }

    void stop() {
      List.copyOf(sources).forEach(this::leave);
    }
  }

  private static StreamId id(int stream) {
    return new StreamId("stream " + stream);
  }

  private static void send(IngestSettings settings) {
    try (KafkaProducer<byte[], byte[]> producer = producer(settings)) {
      for (int sequence = 0; sequence < CHUNKS; sequence++) {
        for (int stream = 0; stream < STREAMS; stream++) {
          producer.send(record(settings, stream, sequence));
        }
      }
    }
  }

  private static void sendOne(IngestSettings settings, int stream, int sequence) {
    try (KafkaProducer<byte[], byte[]> producer = producer(settings)) {
      producer.send(record(settings, stream, sequence));
    }
  }

  private static ProducerRecord<byte[], byte[]> record(
      IngestSettings settings, int stream, int sequence) {
    long sample = (long) sequence * PAYLOAD_BYTES / 2;
    Instant epoch = Instant.parse("2020-01-01T00:00:00Z");
    AudioChunk chunk =
        new AudioChunk(
            id(stream),
            AudioChunk.NOT_GIVEN,
            AudioChunk.NOT_GIVEN,
            sequence,
            sample,
            AudioChunk.timeOf(epoch, sample, 16_000),
            new AudioFormat(AudioFormat.Encoding.S16LE, 16_000, 1),
            new byte[PAYLOAD_BYTES],
            false);
    return settings.codec().encode(settings.topics().chunks().name(), chunk);
  }

  private static KafkaProducer<byte[], byte[]> producer(IngestSettings settings) {
    return new KafkaProducer<>(
        settings.kafkaClients(), new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static IngestSettings settings(String name) {
    String config =
        """
        lookaside.ingest {
          kafka-clients.bootstrap.servers = "%s"
          topics.audio-chunks { name = %s.chunks, partitions = 4 }
          topics.audio-detections.name = %s.detections
          topics.audio-dead-letters.name = %s.dead-letters
          topics.internal.prefix = %s.
          source { group = %s, commit-interval-millis = 100, credit-records = 3, delivery = at-least-once }
        }
        """
            .formatted(kafka.bootstrapServers(), name, name, name, name, name);
    return IngestSettings.of(
        ConfigFactory.parseString(config).withFallback(ConfigFactory.load()).resolve());
  }
}
