package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.TestInbox;
import akka.actor.typed.ActorRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

/** Which stream is given what, by records alone. */
class SourceCoreTest {
  private static final long IDLE_MILLIS = 1_000;
  private static final long DAY_MILLIS = 24 * 3_600_000L;
  private static final Assignment TENURE = new Assignment(0, 1);
  private static final StreamId YARD = new StreamId("yard");

  private final List<String> given = new ArrayList<>();
  private final List<SinkMessage> toSink = new ArrayList<>();
  private final List<KafkaSource.Event> events = new ArrayList<>();
  private final Map<ActorRef<StreamMessage>, StreamId> actors = new HashMap<>();
  private final List<ConsumerRecord<byte[], byte[]>> log = new ArrayList<>();
  private final SourceCore core = core(2, 1_000);

  private SourceCore core(int creditRecords, long readAheadBytes) {
    return new SourceCore(
        new AudioChunkCodec("test", 1 << 20, null),
        new PartitionFeed.Limits(creditRecords, 1_000, IDLE_MILLIS, readAheadBytes, 100),
        1_000_000,
        new SourceCore.Effects() {
          @Override
          public ActorRef<StreamMessage> open(StreamFeed feed, long firstOffset) {
            ActorRef<StreamMessage> ref =
                TestInbox.<StreamMessage>create("stream-" + actors.size()).getRef();
            actors.put(ref, feed.stream);
            given.add(feed.stream + " opened");
            return ref;
          }

          @Override
          public void close(ActorRef<StreamMessage> actor) {
            given.add(actors.get(actor) + " closed");
          }

          @Override
          public void tell(ActorRef<StreamMessage> actor, StreamMessage.FromSource message) {
            String what = message instanceof StreamMessage.End ? "end" : "";
            if (message instanceof StreamMessage.Chunk chunk) {
              what =
                  chunk.record().offset() + (chunk.delivery() == 0 ? "" : "/" + chunk.delivery());
            } else if (message instanceof StreamMessage.Rejected rejected) {
              what = "rejected " + rejected.record().offset();
            }
            given.add(actors.get(actor) + " " + what);
          }

          @Override
          public void toSink(SinkMessage.FromSource message) {
            toSink.add(message);
          }

          @Override
          public void observe(KafkaSource.Event event) {
            events.add(event);
          }
        });
  }

  private void begin() {
    core.assigned(TENURE, 0, PartitionProgress.NONE, new ResumePoints());
  }

  private void live(String stream, long millis) {
    live(stream, millis, SourceHarness.PCM);
  }

  private void live(String stream, long millis, String contentType) {
    log.add(SourceHarness.record(0, log.size(), stream, contentType, new byte[4], millis));
    core.live(log.get(log.size() - 1));
  }

  private void again() {
    Long start = core.startAgain().get(0);
    if (start != null) {
      for (int i = start.intValue(); i < log.size() && core.again(log.get(i)); i++) {}
    }
  }

  private void credit(int records) {
    core.credit(new KafkaSource.Credit(TENURE, YARD, records, 4L * records));
  }

  private void settle(StreamProgress progress) {
    core.settled(
        new KafkaSource.Settled(
            List.of(new KafkaSource.Progressed(TENURE, YARD, progress)), List.of()));
  }

  private static StreamProgress progress(long through, long logTime, boolean ended) {
    return new StreamProgress(through + 1, through, logTime, ended, new byte[0]);
  }

  @Test
  void aStreamEndsByItsOwnNextRecord() {
    begin();
    live("yard", 0);
    live("yard", IDLE_MILLIS);
    credit(2);
    live("yard", 2 * IDLE_MILLIS + 1);
    assertThat(given).containsExactly("yard opened", "yard 0", "yard 1", "yard end", "yard 2");
  }

  @Test
  void aStreamEndsByTheRecordsOfOthersAndIsClosedWhenThatIsDurable() {
    begin();
    live("yard", 0);
    live("street", IDLE_MILLIS);
    assertThat(given).doesNotContain("yard end");
    live("street", IDLE_MILLIS + 1);
    assertThat(given).last().isEqualTo("yard end");
    settle(progress(0, 0, true));
    assertThat(given).doesNotContain("yard closed");
    credit(1);
    assertThat(given).last().isEqualTo("yard closed");
    assertThat(events).contains(new KafkaSource.StreamClosed(YARD));
  }

  @Test
  void aParkedStreamEndsWhereItWouldHaveWithRoom() {
    begin();
    live("yard", 0);
    live("yard", 1);
    live("yard", 2); // Parked.
    live("street", IDLE_MILLIS + 2);
    live("street", 5 * IDLE_MILLIS);
    live("yard", 5 * IDLE_MILLIS + 1);
    live("street", 9 * IDLE_MILLIS);
    assertThat(given).filteredOn(g -> g.startsWith("yard")).hasSize(3);
    credit(2);
    again();
    assertThat(given)
        .filteredOn(g -> g.startsWith("yard"))
        .as("the last end without a further record of anybody")
        .containsExactly(
            "yard opened", "yard 0", "yard 1", "yard 2", "yard end", "yard 5", "yard end");
  }

  @Test
  void aRewoundStreamEndsBetweenTheSameRecords() {
    begin();
    live("yard", 0);
    live("yard", IDLE_MILLIS + 1);
    live("street", 5 * IDLE_MILLIS);
    credit(2);
    given.clear();
    core.rewind(new KafkaSource.Rewind(TENURE, YARD, null, 0, 1));
    again();
    assertThat(given).containsExactly("yard 0/1", "yard end", "yard 1/1", "yard end");
    credit(2);
    given.clear();
    core.rewind(new KafkaSource.Rewind(TENURE, YARD, progress(0, 0, true), 0, 2));
    again();
    assertThat(given).containsExactly("yard 1/2", "yard end");
    given.clear();
    core.rewind(new KafkaSource.Rewind(TENURE, YARD, progress(1, IDLE_MILLIS + 1, true), 0, 3));
    again();
    assertThat(given).as("it had ended").isEmpty();
    core.rewind(new KafkaSource.Rewind(TENURE, YARD, progress(1, IDLE_MILLIS + 1, false), 0, 4));
    again();
    assertThat(given).containsExactly("yard end");
  }

  @Test
  void recordsOnlyNeededToGoOnAreNotEndedBetween() {
    log.add(SourceHarness.record(0, 0, "yard", SourceHarness.PCM, new byte[4], 0));
    log.add(SourceHarness.record(0, 1, "yard", SourceHarness.PCM, new byte[4], 5_000));
    core.assigned(
        TENURE,
        0,
        new PartitionProgress(
            Map.of(YARD, new StreamProgress(0, 1, 5_000, false, new byte[0])), -1),
        new ResumePoints());
    log.forEach(core::live);
    assertThat(given).containsExactly("yard opened", "yard 0", "yard 1");
  }

  /** However short they are: what is known of each takes memory, too. */
  @Test
  void soManyRecordsAreReadAheadOfParkedStreamsAndNoMore() {
    SourceCore far = core(2, Long.MAX_VALUE);
    far.assigned(TENURE, 0, PartitionProgress.NONE, new ResumePoints());
    for (int i = 1; i < 100; i++) {
      far.live(SourceHarness.record(0, i, "yard", SourceHarness.PCM, new byte[4], 0));
    }
    assertThat(far.paused()).isEmpty();
    far.live(SourceHarness.record(0, 100, "yard", SourceHarness.PCM, new byte[4], 0));
    assertThat(far.paused()).containsExactly(0);
    far.settled(
        new KafkaSource.Settled(
            List.of(new KafkaSource.Progressed(TENURE, YARD, progress(2, 0, false))), List.of()));
    assertThat(far.paused()).as("two are done").isEmpty();
  }

  @Test
  void anActorOpenedAfterAFailedOneStartsCountingDeliveriesAnew() {
    begin();
    live("yard", 0);
    credit(1);
    core.rewind(new KafkaSource.Rewind(TENURE, YARD, null, 0, 1));
    again();
    live("street", IDLE_MILLIS + 1);
    settle(progress(0, 0, true));
    credit(1);
    live("yard", IDLE_MILLIS + 2);
    assertThat(given)
        .endsWith(
            "yard 0/1",
            "street opened",
            "street 1",
            "yard end",
            "yard closed",
            "yard opened",
            "yard 2");
  }

  @Test
  void aRewindOfAStreamThatIsClosedDoesNothing() {
    begin();
    live("yard", 0);
    live("street", IDLE_MILLIS + 1);
    settle(progress(0, 0, true));
    credit(1);
    given.clear();
    core.rewind(new KafkaSource.Rewind(TENURE, YARD, null, 0, 1));
    again();
    live("yard", IDLE_MILLIS + 2);
    assertThat(given).containsExactly("yard opened", "yard 2");
  }

  @Test
  void rejectedRecordsGoToTheirStreamAndStrayOnesToTheLetters() {
    begin();
    live("yard", 0, "video/mp4");
    live("yard", 1);
    live("yard", 2, "video/mp4");
    live(null, 3);
    assertThat(given).containsExactly("yard opened", "yard 1", "yard rejected 2");
    assertThat(toSink)
        .extracting(m -> ((SinkMessage.Letter) m).record().offset())
        .containsExactly(0L, 3L);
    assertThat(events)
        .filteredOn(KafkaSource.Discarded.class::isInstance)
        .extracting(e -> ((KafkaSource.Discarded) e).rejection().reason())
        .containsExactly(Rejection.Reason.BAD_CONTENT_TYPE, Rejection.Reason.BAD_KEY);
    settle(progress(2, 2, false));
    assertThat(core.newPositions()).as("a letter waits").isEmpty();
    core.settled(
        new KafkaSource.Settled(List.of(), List.of(new KafkaSource.WrittenLetter(TENURE, 0))));
    assertThat(core.newPositions()).containsEntry(TENURE, 3L);
    core.settled(
        new KafkaSource.Settled(List.of(), List.of(new KafkaSource.WrittenLetter(TENURE, 3))));
    assertThat(core.newPositions()).containsEntry(TENURE, 4L);
    assertThat(core.newPositions()).as("told once").isEmpty();
    core.notCommitted();
    assertThat(core.newPositions()).containsEntry(TENURE, 4L);
  }

  @Test
  void theProgressOfAStreamThatEndedLongAgoIsForgotten() {
    begin();
    live("yard", 0);
    live("street", IDLE_MILLIS + 1);
    settle(progress(0, 0, true));
    credit(1);
    live("other", DAY_MILLIS);
    core.newPositions();
    assertThat(toSink).isEmpty();
    live("other", DAY_MILLIS + 1);
    core.newPositions();
    assertThat(toSink).containsExactly(new SinkMessage.Forget(TENURE, YARD));
    given.clear();
    live("yard", DAY_MILLIS + 2);
    assertThat(given).as("it may come back").containsExactly("yard opened", "yard 4");
  }

  @Test
  void nothingIsForgottenBeforeARecordTellsTheTime() {
    core.assigned(
        TENURE,
        5,
        new PartitionProgress(Map.of(YARD, progress(3, 1_000, true)), -1),
        new ResumePoints());
    core.newPositions();
    assertThat(toSink).isEmpty();
  }

  @Test
  void aReadingAgainThatNobodyTakesPartInAnyMoreEnds() {
    begin();
    for (int i = 0; i < 20; i++) {
      live("yard", i);
    }
    credit(2);
    assertThat(core.startAgain()).containsEntry(0, 2L);
    assertThat(core.again(log.get(2))).isTrue();
    core.rewind(new KafkaSource.Rewind(TENURE, YARD, null, 0, 1));
    assertThat(core.readingAgain(0)).isFalse();
    credit(1);
    given.clear();
    again();
    assertThat(given).containsExactly("yard 0/1", "yard 1/1");
  }

  @Test
  void oldResumePointsDoNotKeepAPartitionFromBeingPaused() {
    core.assigned(
        TENURE,
        0,
        PartitionProgress.NONE,
        ResumePoints.read(0, ResumePointsTest.written(0, Map.of(new StreamId("done"), 1L))));
    live("done", 0);
    for (int i = 1; i < 300; i++) {
      live("yard", i);
    }
    assertThat(given).filteredOn(g -> g.startsWith("done")).isEmpty();
    assertThat(core.paused()).containsExactly(0);
  }
}
