package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.TestInbox;
import dev.lookaside.ingest.KafkaSource.Credit;
import dev.lookaside.ingest.KafkaSource.Deleted;
import dev.lookaside.ingest.KafkaSource.Revoked;
import dev.lookaside.ingest.KafkaSource.Stop;
import dev.lookaside.ingest.KafkaSource.Stopped;
import dev.lookaside.ingest.KafkaSource.Unreachable;
import dev.lookaside.ingest.SourceHarness.Broker;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

class KafkaSourceTest {
  private static final StreamId YARD = new StreamId("yard");
  private static final String AT_LEAST_ONCE = "source.delivery = at-least-once";

  private final Broker broker = new Broker();

  @Test
  void chunksArriveInOrderWithTheirRecord() {
    SourceHarness source = SourceHarness.assigned("", 0);
    for (int i = 0; i < 10; i++) {
      source.add(0, "yard", 4);
    }
    source.poll();
    assertThat(source.offsets("yard")).isEqualTo(LongStream.range(0, 10).boxed().toList());
    StreamMessage.Chunk first = (StreamMessage.Chunk) source.given("yard").get(0);
    assertThat(first.chunk().payload()).isSameAs(first.record().value());
    assertThat(first.delivery()).isZero();
    assertThat(source.opened).hasSize(1);
    assertThat(source.opened.get(0).assignment()).isEqualTo(source.tenure(0));
    source.tick(1_000);
    assertThat(source.events(KafkaSource.Delivered.class))
        .containsExactly(new KafkaSource.Delivered(10, 40));
    assertThat(source.events(KafkaSource.StreamCount.class))
        .containsExactly(new KafkaSource.StreamCount(1, 0));
  }

  @Test
  void aStreamWithoutRoomIsParkedAndItsNeighboursGoOn() {
    SourceHarness source = SourceHarness.assigned("source.credit-records = 3", 0);
    for (int i = 0; i < 10; i++) {
      source.add(0, "yard", 4);
    }
    source.add(0, "street", 4);
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(0L, 1L, 2L);
    assertThat(source.offsets("street")).as("not held back").containsExactly(10L);
    assertThat(source.paused(0)).isFalse();
    source.tick(1_000);
    assertThat(source.events(KafkaSource.StreamCount.class))
        .containsExactly(new KafkaSource.StreamCount(2, 1));

    source.credit(0, "yard", 3, 12);
    assertThat(source.offsets("yard")).containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
    source.credit(0, "yard", 3, 12);
    source.credit(0, "yard", 3, 12);
    assertThat(source.offsets("yard")).isEqualTo(LongStream.range(0, 10).boxed().toList());
    source.credit(0, "yard", 1, 4);
    source.add(0, "yard", 4);
    source.poll();
    assertThat(source.offsets("yard")).as("live again").endsWith(9L, 11L);
    source.tick(1_000);
    assertThat(source.events(KafkaSource.StreamCount.class))
        .endsWith(new KafkaSource.StreamCount(2, 0));
  }

  @Test
  void bytesBoundWhatLeavesAndOneLargeChunkPassesAlone() {
    SourceHarness source = SourceHarness.assigned("source.credit-bytes = 100", 0);
    source.add(0, "yard", 1_000);
    source.add(0, "yard", 10);
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(0L);
    source.credit(0, "yard", 1, 1_000);
    assertThat(source.offsets("yard")).containsExactly(0L, 1L);
  }

  @Test
  void aPartitionWhereAllAreParkedIsReadAheadByABoundAndThenPaused() {
    IngestSettings settings = IngestSettingsTest.of("source.credit-records = 1", 100, 1);
    SourceHarness source =
        SourceHarness.assigned(new SourceHarness(new SourceHarness.Broker(), settings), 0, 1);
    source.live.maxPollRecords = 1;
    source.again.maxPollRecords = 1;
    for (int i = 0; i < 40; i++) {
      source.add(0, "yard", 20);
    }
    for (int i = 0; i < 10; i++) {
      source.poll();
    }
    assertThat(source.paused(0)).isTrue();
    assertThat(source.paused(1)).isFalse();
    assertThat(source.live.polled).as("one given, 100 bytes ahead").isEqualTo(6);
    for (int i = 0; i < 60; i++) {
      source.credit(0, "yard", 1, 20);
      source.poll();
    }
    assertThat(source.offsets("yard")).isEqualTo(LongStream.range(0, 40).boxed().toList());
    assertThat(source.paused(0)).isFalse();
  }

  @Test
  void payloadUnderWayInAllStreamsAndLettersIsBounded() {
    SourceHarness source = SourceHarness.assigned("source.max-bytes-under-way = 100", 0);
    source.live.maxPollRecords = 1;
    source.add(0, "yard", 60);
    source.addPoison(0, "unknown", 60);
    source.add(0, "street", 60);
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(0L);
    assertThat(source.sinkGot(SinkMessage.Letter.class)).hasSize(1);
    assertThat(source.paused(0)).as("the letter's record is in memory, too").isTrue();
    assertThat(source.given("street")).isEmpty();
    source.tell(
        new KafkaSource.Settled(
            List.of(), List.of(new KafkaSource.WrittenLetter(source.tenure(0), 1))));
    assertThat(source.offsets("street")).containsExactly(2L);
  }

  @Test
  void nothingIsReadAgainBeyondTheBytesUnderWay() {
    SourceHarness source =
        SourceHarness.assigned("source.max-bytes-under-way = 100\nsource.credit-records = 1", 0, 1);
    source.add(0, "yard", 40);
    source.add(0, "yard", 40);
    source.poll();
    source.add(1, "street", 80);
    source.poll();
    assertThat(source.offsets("street")).containsExactly(0L);
    source.credit(0, "yard", 1, 0);
    source.poll();
    assertThat(source.offsets("yard")).as("120 bytes are under way").containsExactly(0L);
    source.credit(1, "street", 1, 80);
    source.poll();
    source.credit(0, "yard", 0, 40);
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(0L, 1L);
  }

  @Test
  void nothingIsReadWhileResultsCannotBeWritten() {
    SourceHarness source = SourceHarness.assigned("source.credit-records = 1", 0);
    source.add(0, "yard", 4);
    source.add(0, "yard", 4);
    source.poll();
    source.tell(new KafkaSource.WritesStalled(true));
    assertThat(source.paused(0)).isTrue();
    source.add(0, "street", 4);
    source.credit(0, "yard", 1, 4);
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(0L);
    assertThat(source.given("street")).isEmpty();
    assertThat(source.kit.selfInbox().hasMessages()).as("no busy loop").isFalse();
    source.tell(new KafkaSource.WritesStalled(false));
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(0L, 1L);
    assertThat(source.offsets("street")).containsExactly(2L);
  }

  @Test
  void aReadingAgainUnderWayStopsWhileResultsCannotBeWritten() {
    SourceHarness source = SourceHarness.assigned("source.credit-records = 4", 0);
    source.again.maxPollRecords = 1;
    for (int i = 0; i < 10; i++) {
      source.add(0, "yard", 4);
    }
    source.poll();
    source.kit.run(new Credit(source.tenure(0), YARD, 4, 16));
    source.kit.run(KafkaSource.PollDue.INSTANCE);
    assertThat(source.again.polled).isEqualTo(1);
    source.tell(new KafkaSource.WritesStalled(true));
    source.poll();
    assertThat(source.again.polled).isEqualTo(1);
    source.tell(new KafkaSource.WritesStalled(false));
    source.poll();
    assertThat(source.offsets("yard")).isEqualTo(LongStream.range(0, 8).boxed().toList());
  }

  @Test
  void creditOfAFormerTenureOrOutOfThinAirCountsNothing() {
    SourceHarness source = SourceHarness.assigned("source.credit-records = 2", 0);
    for (int i = 0; i < 5; i++) {
      source.add(0, "yard", 4);
    }
    source.poll();
    Assignment former = source.tenure(0);
    source.rebalance();
    source.rebalance(0);
    source.poll();
    assertThat(source.tenure(0)).isNotEqualTo(former);
    assertThat(source.offsets("yard")).containsExactly(0L, 1L);
    source.tell(new Credit(former, YARD, 2, 8));
    source.tell(new Credit(source.tenure(0), new StreamId("street"), 2, 8));
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(0L, 1L);
  }

  @Test
  void onlySettledRecordsAreInThePositionsForTheSink() {
    SourceHarness source = SourceHarness.assigned("", 0);
    SinkMessage.Begin begin = source.sinkGot(SinkMessage.Begin.class).get(0);
    assertThat(begin.offsets()).isEqualTo(Map.of(source.tenure(0), 0L));
    assertThat(begin.group()).isEqualTo(source.live.groupMetadata());
    source.add(0, "yard", 4);
    source.add(0, "street", 4);
    source.add(0, "yard", 4);
    source.poll();
    source.settled(0, "yard", SourceHarness.through(2));
    source.tick(1_000);
    assertThat(source.position(0)).contains(1L);
    source.settled(0, "street", SourceHarness.through(1));
    source.tick(1_000);
    assertThat(source.position(0)).contains(3L);
    assertThat(source.committed(0)).as("the sink does, in its transaction").isEmpty();
  }

  @Test
  void atLeastOnceTheSourceCommitsAndRepeatsWhatFailed() {
    SourceHarness source = SourceHarness.assigned(AT_LEAST_ONCE, 0);
    source.add(0, "yard", 4);
    source.poll();
    source.settled(0, "yard", SourceHarness.through(0));
    source.live.commitFault = new TimeoutException("later");
    source.tick(1_000);
    assertThat(source.committed(0)).isEmpty();
    source.tick(1_000);
    assertThat(source.committed(0)).contains(1L);
    assertThat(source.sinkGot(SinkMessage.Positions.class)).isEmpty();
  }

  @Test
  void aNewGenerationOfTheGroupIsToldThoughNoPositionMoves() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.live.generation = 2;
    source.poll();
    assertThat(source.sinkGot(SinkMessage.Positions.class))
        .containsExactly(new SinkMessage.Positions(Map.of(), source.live.groupMetadata()));
    source.poll();
    assertThat(source.sinkGot(SinkMessage.Positions.class)).hasSize(1);
  }

  @Test
  void whoeverTakesOverGoesOnFromProgressAndReadsAgainForOneStreamOnly() {
    SourceHarness first = SourceHarness.assigned(broker, "", 0);
    for (int i = 0; i < 6; i++) {
      first.add(0, i % 2 == 0 ? "yard" : "street", 4);
    }
    first.poll();
    first.settled(0, "yard", SourceHarness.through(4));
    broker.committed.put(SourceHarness.at(0), new OffsetAndMetadata(1));

    SourceHarness second = SourceHarness.assigned(broker, "", 0);
    second.poll();
    assertThat(second.offsets("street")).containsExactly(1L, 3L, 5L);
    assertThat(second.given("yard")).isEmpty();
    assertThat(second.opened)
        .extracting(SourceHarness.Opened::stream, SourceHarness.Opened::progress)
        .as("in the middle of something: opened though nothing comes")
        .contains(Assertions.tuple(YARD, SourceHarness.through(4)));
    second.add(0, "yard", 4);
    second.poll();
    assertThat(second.offsets("yard")).containsExactly(6L);
  }

  @Test
  void aStreamThatHadEndedIsOpenedWithItsProgressWhenItComesBack() {
    broker.committed.put(SourceHarness.at(0), new OffsetAndMetadata(2));
    SourceHarness source = new SourceHarness(broker, "");
    source.add(0, "yard", 4);
    source.add(0, "yard", 4);
    broker.progress.put(0, Map.of(YARD, SourceHarness.ended(1)));
    source.settle();
    source.rebalance(0);
    assertThat(source.opened).isEmpty();
    source.add(0, "yard", 4);
    source.poll();
    assertThat(source.opened.get(0).progress()).isEqualTo(SourceHarness.ended(1));
    assertThat(source.opened.get(0).firstOffset()).isEqualTo(2);
    assertThat(source.offsets("yard")).containsExactly(2L);
  }

  @Test
  void resumePointsOfAnEarlierVersionAreTakenOver() {
    SourceHarness source = new SourceHarness(broker, "");
    for (int i = 0; i < 6; i++) {
      source.add(0, i % 2 == 0 ? "yard" : "street", 4);
    }
    String points = ResumePointsTest.written(1, Map.of(YARD, 4L));
    broker.committed.put(SourceHarness.at(0), new OffsetAndMetadata(1, points));
    source.settle();
    source.rebalance(0);
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(4L);
    assertThat(source.offsets("street")).containsExactly(1L, 3L, 5L);
  }

  @Test
  void brokenResumePointsLoseNothing() {
    SourceHarness source = new SourceHarness(broker, "");
    source.add(0, "yard", 4);
    source.add(0, "yard", 4);
    broker.committed.put(SourceHarness.at(0), new OffsetAndMetadata(1, "r1:*"));
    source.settle();
    source.rebalance(0);
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(1L);
  }

  @Test
  void aNewGroupStartsWhereItIsConfigured() {
    SourceHarness writer = new SourceHarness(broker, "");
    writer.add(0, "yard", 4);
    SourceHarness oldest = SourceHarness.assigned(broker, "", 0);
    oldest.poll();
    assertThat(oldest.offsets("yard")).containsExactly(0L);
    SourceHarness newest =
        SourceHarness.assigned(broker, "source.kafka-clients.auto.offset.reset = latest", 0);
    newest.add(0, "yard", 4);
    newest.poll();
    assertThat(newest.offsets("yard")).containsExactly(1L);
  }

  @Test
  void aTopicMadeAnewIsReadFromItsBeginningWhateverWasKnown() {
    SourceHarness writer = new SourceHarness(broker, "");
    for (int i = 0; i < 4; i++) {
      writer.add(0, "yard", 4);
    }
    broker.committed.put(SourceHarness.at(0), new OffsetAndMetadata(100));
    broker.progress.put(
        0, Map.of(YARD, SourceHarness.ended(1), new StreamId("street"), SourceHarness.ended(90)));
    SourceHarness source = SourceHarness.assigned(broker, "", 0);
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(0L, 1L, 2L, 3L);
    assertThat(source.opened.get(0).progress()).isNull();
    assertThat(source.sinkGot(SinkMessage.Forget.class))
        .as("or the next reader would skip records of the new topic")
        .extracting(SinkMessage.Forget::stream)
        .containsExactlyInAnyOrder(YARD, new StreamId("street"));
  }

  @Test
  void offsetsDeletedWithTheirTopicLeaveNoProgressBehind() {
    SourceHarness writer = new SourceHarness(broker, "");
    writer.addAt(0, "yard", SourceHarness.LOG_MILLIS + 1_000);
    writer.addAt(0, "yard", SourceHarness.LOG_MILLIS + 1_001);
    writer.addAt(0, "yard", SourceHarness.LOG_MILLIS + 1_002);
    broker.progress.put(0, Map.of(YARD, SourceHarness.ended(1)));
    SourceHarness anew = SourceHarness.assigned(broker, "", 0);
    anew.poll();
    assertThat(anew.offsets("yard")).as("progress older than the log").containsExactly(0L, 1L, 2L);
    broker.progress.put(
        0,
        Map.of(
            YARD, new StreamProgress(2, 1, SourceHarness.LOG_MILLIS + 1_001, true, new byte[0])));
    SourceHarness expired = SourceHarness.assigned(broker, "", 0);
    expired.poll();
    assertThat(expired.offsets("yard")).as("offsets that expired").containsExactly(2L);
  }

  @Test
  void aTopicMadeAnewWhileItIsReadBeginsANewTenure() {
    SourceHarness source = SourceHarness.assigned(broker, "", 0);
    for (int i = 0; i < 5; i++) {
      source.add(0, "yard", 4);
    }
    source.poll();
    source.settled(0, "yard", SourceHarness.through(4));
    Assignment before = source.tenure(0);
    broker.makeAnew(0);
    source.add(0, "yard", 4);
    source.poll();
    source.poll();
    assertThat(source.tenure(0)).isNotEqualTo(before);
    assertThat(source.events(Revoked.class)).containsExactly(new Revoked(Set.of(before)));
    assertThat(source.offsets("yard")).containsExactly(0L);
    assertThat(source.sinkGot(SinkMessage.Forget.class))
        .containsExactly(new SinkMessage.Forget(source.tenure(0), YARD));
  }

  @Test
  void audioDeletedBeforeItWasReadIsReportedAndTheRestRead() {
    SourceHarness source = SourceHarness.assigned(broker, "", 0);
    source.add(0, "yard", 4);
    source.poll();
    for (int i = 0; i < 9; i++) {
      source.add(0, "yard", 4);
    }
    broker.deleteBefore(0, 6);
    source.poll();
    assertThat(source.events(Deleted.class)).containsExactly(new Deleted(source.tenure(0), 1, 6));
    assertThat(source.offsets("yard")).containsExactly(0L, 6L, 7L, 8L, 9L);
  }

  @Test
  void audioDeletedBeforeTheCommittedOffsetIsReportedAtOnce() {
    SourceHarness writer = new SourceHarness(broker, "");
    for (int i = 0; i < 8; i++) {
      writer.add(0, "yard", 4);
    }
    broker.deleteBefore(0, 6);
    broker.committed.put(SourceHarness.at(0), new OffsetAndMetadata(2));
    SourceHarness source = SourceHarness.assigned(broker, "", 0);
    source.poll();
    assertThat(source.events(Deleted.class)).containsExactly(new Deleted(source.tenure(0), 2, 6));
    assertThat(source.offsets("yard")).containsExactly(6L, 7L);
  }

  @Test
  void audioDeletedBeforeAParkedStreamWasGivenItIsReportedAndHoldsNoCommitBack() {
    SourceHarness source = SourceHarness.assigned(broker, "source.credit-records = 2", 0);
    for (int i = 0; i < 6; i++) {
      source.add(0, "yard", 4);
    }
    source.add(0, "street", 4);
    source.add(0, "yard", 4);
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(0L, 1L);
    broker.deleteBefore(0, 6);
    source.credit(0, "yard", 2, 8);
    source.poll();
    assertThat(source.events(Deleted.class)).containsExactly(new Deleted(source.tenure(0), 2, 6));
    assertThat(source.offsets("yard")).containsExactly(0L, 1L, 7L);
    source.settled(0, "street", SourceHarness.through(6));
    source.settled(0, "yard", SourceHarness.through(7));
    source.tick(1_000);
    assertThat(source.position(0)).contains(8L);
  }

  @Test
  void deletedRecordsOfAStreamThatNeverComesBackHoldNoCommitBack() {
    SourceHarness source = SourceHarness.assigned(broker, "source.credit-records = 2", 0);
    for (int i = 0; i < 6; i++) {
      source.add(0, "yard", 4);
    }
    source.poll();
    broker.deleteBefore(0, 6);
    source.credit(0, "yard", 2, 8);
    source.settled(0, "yard", SourceHarness.through(1));
    source.tick(1_000);
    assertThat(source.position(0)).contains(6L);
  }

  @Test
  void rewoundStreamIsGivenItsRecordsAgainAndNobodyElseIs() {
    SourceHarness source = SourceHarness.assigned("", 0);
    for (int i = 0; i < 6; i++) {
      source.add(0, i % 2 == 0 ? "yard" : "street", 4);
    }
    source.poll();
    source.credit(0, "yard", 3, 12);
    source.tell(new KafkaSource.Rewind(source.tenure(0), YARD, SourceHarness.through(0), 0, 1));
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(0L, 2L, 4L, 2L, 4L);
    assertThat(source.given("yard").subList(3, 5))
        .allSatisfy(m -> assertThat(((StreamMessage.Chunk) m).delivery()).isEqualTo(1));
    assertThat(source.offsets("street")).containsExactly(1L, 3L, 5L);
    source.add(0, "yard", 4);
    source.poll();
    assertThat(source.offsets("yard")).endsWith(4L, 6L);
  }

  @Test
  void revokedPartitionsAreReleasedBySinkAndReported() {
    SourceHarness source = SourceHarness.assigned("", 0, 1);
    Assignment tenure = source.tenure(0);
    source.add(0, "yard", 4);
    source.poll();
    source.rebalance(1);
    SinkMessage.Release release = source.sinkGot(SinkMessage.Release.class).get(0);
    assertThat(release.assignments()).containsExactly(tenure);
    assertThat(release.done()).as("not waited for any longer: it must not be written").isDone();
    assertThat(source.events(Revoked.class)).containsExactly(new Revoked(Set.of(tenure)));
    assertThat(source.kit.isAlive()).isTrue();
  }

  @Test
  void atLeastOnceRevokedPartitionsAreCommittedFirst() {
    SourceHarness source = SourceHarness.assigned(AT_LEAST_ONCE, 0, 1);
    source.add(0, "yard", 4);
    source.poll();
    source.settled(0, "yard", SourceHarness.through(0));
    source.rebalance(1);
    assertThat(source.committed(0)).contains(1L);
  }

  @Test
  void lostPartitionsAreNeitherReleasedNorCommitted() {
    SourceHarness source = SourceHarness.assigned(AT_LEAST_ONCE, 0);
    Assignment tenure = source.tenure(0);
    source.add(0, "yard", 4);
    source.poll();
    source.settled(0, "yard", SourceHarness.through(0));
    source.live.beforePoll = () -> source.live.losePartitions(List.of(SourceHarness.at(0)));
    source.poll();
    assertThat(source.sinkGot(SinkMessage.Lost.class))
        .containsExactly(new SinkMessage.Lost(Set.of(tenure)));
    assertThat(source.sinkGot(SinkMessage.Release.class)).isEmpty();
    assertThat(source.events(Revoked.class)).containsExactly(new Revoked(Set.of(tenure)));
    assertThat(source.committed(0)).isEmpty();
  }

  @Test
  void missingTopicStopsItAndIsNamed() {
    SourceHarness source = new SourceHarness(broker, "");
    source.topicFault = new IngestException("topic \"audio.chunks\": does not exist");
    assertFails(source::settle, "topic \"audio.chunks\": does not exist");
  }

  @Test
  void progressThatCannotBeReadStopsIt() {
    SourceHarness source = new SourceHarness(broker, "");
    source.settle();
    source.progressFault = new IngestException("topic \"lookaside.progress\": not read");
    assertFails(
        () -> source.rebalance(0),
        "partitions [audio.chunks-0]: where to go on cannot be read"
            + " (topic \"lookaside.progress\": not read)");
    assertThat(source.live.closed()).isTrue();
  }

  @Test
  void aTimeoutWhilePartitionsAreTakenOverStopsItSoThatNoneIsLeftUnread() {
    SourceHarness source = new SourceHarness(broker, "");
    source.settle();
    source.progressFault = new TimeoutException("60 s");
    assertFails(
        () -> source.rebalance(0),
        "partitions [audio.chunks-0]: where to go on cannot be read (60 s)");
  }

  @Test
  void unreachableBrokerIsReportedAndTriedAgain() {
    SourceHarness source = new SourceHarness(broker, "");
    source.topicFault = new UnreachableException("nobody", new RuntimeException());
    source.settle();
    assertThat(source.events(Unreachable.class))
        .containsExactly(new Unreachable("localhost:9092", 0));
    source.nowMillis += 5_000;
    source.tell(KafkaSource.ConnectDue.INSTANCE);
    assertThat(source.events(Unreachable.class)).contains(new Unreachable("localhost:9092", 5_000));
    source.topicFault = null;
    source.tell(KafkaSource.ConnectDue.INSTANCE);
    source.rebalance(0);
    source.add(0, "yard", 4);
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(0L);
  }

  @Test
  void silenceOfBrokersIsReportedOncePerInterval() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.tick(1_000);
    double frozen = source.live.bytesIn;
    for (int second = 0; second < 21; second++) {
      source.live.bytesIn = frozen;
      source.nowMillis += 1_000;
      source.kit.run(KafkaSource.TickDue.INSTANCE);
    }
    source.seen.addAll(source.events.getAllReceived());
    assertThat(source.events(Unreachable.class).map(Unreachable::forMillis))
        .containsExactly(10_000L, 15_000L, 20_000L);
    assertThat(source.events(KafkaSource.Reachable.class)).isEmpty();
    source.live.bytesIn = frozen + 1;
    source.tick(1_000);
    assertThat(source.events(KafkaSource.Reachable.class))
        .containsExactly(new KafkaSource.Reachable("localhost:9092"));
  }

  @Test
  void aStaticNameThatTheGroupStillHasIsWaitedFor() {
    SourceHarness source = SourceHarness.assigned("source.instance = roof", 0);
    source.live.pollFault = new UnreleasedInstanceIdException("owned by another member");
    source.poll();
    assertThat(source.live.closed()).isTrue();
    assertThat(source.kit.isAlive()).isTrue();
    assertThat(source.events(KafkaSource.StaticMemberInUse.class))
        .containsExactly(new KafkaSource.StaticMemberInUse("lookaside", "roof", 0));
    assertThat(source.events(Revoked.class)).as("nothing is ours any more").hasSize(1);
  }

  @Test
  void aStaticNameThatAnotherProcessHasTakenEndsIt() {
    SourceHarness source = SourceHarness.assigned("source.instance = roof", 0);
    source.live.pollFault = new FencedInstanceIdException("another member");
    assertFails(
        source::poll,
        "source.instance \"roof\": another process has joined group lookaside by this name; each"
            + " worker must have its own");
    assertThat(source.live.closed()).isTrue();
  }

  @Test
  void temporaryPollFaultsAreSurvivedOthersStopIt() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.live.pollFault = new TimeoutException("later");
    source.poll();
    source.add(0, "yard", 4);
    source.poll();
    assertThat(source.offsets("yard")).containsExactly(0L);
    source.live.pollFault = GroupAuthorizationException.forGroupId("lookaside");
    assertFails(source::poll, "Not authorized to access group: lookaside");
    assertThat(source.live.closed()).isTrue();
  }

  @Test
  void stopCommitsAndAnswers() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.add(0, "yard", 4);
    source.add(0, "yard", 4);
    source.poll();
    Assignment tenure = source.tenure(0);
    source.settled(0, "yard", SourceHarness.through(0));
    source.tick(1_000);
    TestInbox<Stopped> answer = TestInbox.create();
    source.tell(new Stop(answer.getRef()));
    answer.expectMessage(Stopped.INSTANCE);
    assertThat(source.committed(0)).as("also what the sink was told to commit").contains(1L);
    assertThat(source.live.closed()).isTrue();
    assertThat(source.kit.isAlive()).isFalse();
    assertThat(tenure).isNotNull();
  }

  @Test
  void stopBeforeAnythingIsConnectedAnswersToo() {
    SourceHarness source = new SourceHarness(broker, "");
    source.topicFault = new UnreachableException("nobody", new RuntimeException());
    source.settle();
    TestInbox<KafkaSource.Drained> drained = TestInbox.create();
    source.tell(new KafkaSource.Drain(drained.getRef()));
    drained.expectMessage(KafkaSource.Drained.INSTANCE);
    TestInbox<Stopped> answer = TestInbox.create();
    source.tell(new Stop(answer.getRef()));
    answer.expectMessage(Stopped.INSTANCE);
  }

  @Test
  void drainGivesNothingMoreAndAnswersWhenEveryStreamHas() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.add(0, "yard", 4);
    source.add(0, "street", 4);
    source.poll();
    TestInbox<KafkaSource.Drained> drained = TestInbox.create();
    source.tell(new KafkaSource.Drain(drained.getRef()));
    assertThat(source.given("yard")).last().isInstanceOf(StreamMessage.Drain.class);
    source.add(0, "yard", 4);
    source.poll();
    assertThat(source.paused(0)).isTrue();
    assertThat(source.offsets("yard")).containsExactly(0L);
    source.tell(new KafkaSource.StreamDrained(source.tenure(0), YARD));
    assertThat(drained.hasMessages()).isFalse();
    source.tell(new KafkaSource.StreamDrained(source.tenure(0), new StreamId("street")));
    drained.expectMessage(KafkaSource.Drained.INSTANCE);
    source.poll();
    assertThat(drained.hasMessages()).isFalse();
  }

  @Test
  void drainDoesNotWaitForStreamsThatLeaveMeanwhile() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.add(0, "yard", 4);
    source.poll();
    TestInbox<KafkaSource.Drained> drained = TestInbox.create();
    source.tell(new KafkaSource.Drain(drained.getRef()));
    assertThat(drained.hasMessages()).isFalse();
    source.rebalance();
    drained.expectMessage(KafkaSource.Drained.INSTANCE);
  }

  @Test
  void everyCommandIsExercisedHere() {
    Set<String> exercised =
        Set.of(
            "Credit",
            "Rewind",
            "Settled",
            "WritesStalled",
            "StreamDrained",
            "Drain",
            "Stop",
            "ConnectDue",
            "TopicsChecked",
            "PollDue",
            "TickDue");
    Set<String> all = new HashSet<>();
    for (Class<?> type : KafkaSource.Command.class.getPermittedSubclasses()) {
      all.add(type.getSimpleName());
    }
    assertThat(all).isEqualTo(exercised);
  }

  private static void assertFails(Runnable what, String message) {
    Assertions.assertThatThrownBy(what::run)
        .isInstanceOf(IngestException.class)
        .hasMessage(message);
  }
}
