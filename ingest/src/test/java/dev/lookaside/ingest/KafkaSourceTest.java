package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.TestInbox;
import dev.lookaside.ingest.KafkaSource.Arrived;
import dev.lookaside.ingest.KafkaSource.Credit;
import dev.lookaside.ingest.KafkaSource.Failed;
import dev.lookaside.ingest.KafkaSource.Revoked;
import dev.lookaside.ingest.KafkaSource.Settled;
import dev.lookaside.ingest.KafkaSource.Stop;
import dev.lookaside.ingest.KafkaSource.Stopped;
import dev.lookaside.ingest.KafkaSource.Unreachable;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

class KafkaSourceTest {
  private static final StreamId YARD = new StreamId("yard");

  @Test
  void chunksArriveInOrderWithTheirRecord() {
    SourceHarness source = SourceHarness.assigned("", 0);
    for (int i = 0; i < 10; i++) {
      source.add(0, i, "yard", 4);
    }
    source.poll();
    assertThat(source.arrivedOffsets()).isEqualTo(LongStream.range(0, 10).boxed().toList());
    Arrived first = source.events(Arrived.class).findFirst().orElseThrow();
    assertThat(first.chunk().payload()).isSameAs(first.record().value());
    assertThat(first.assignment()).isEqualTo(source.tenure(0));
  }

  @Test
  void partitionWithoutRoomIsPausedAndNothingMoreLeaves() {
    SourceHarness source = SourceHarness.assigned("source.credit-records = 3", 0, 1);
    for (int i = 0; i < 10; i++) {
      source.add(0, i, "yard", 4);
    }
    source.poll();
    assertThat(source.arrivedOffsets()).containsExactly(0L, 1L, 2L);
    assertThat(source.paused(0)).isTrue();
    assertThat(source.paused(1)).isFalse();
    source.tell(new Credit(source.tenure(0), 2, 8));
    assertThat(source.arrivedOffsets()).containsExactly(0L, 1L, 2L, 3L, 4L);
    source.tell(new Credit(source.tenure(0), 3, 12));
    source.tell(new Credit(source.tenure(0), 3, 12));
    assertThat(source.arrivedOffsets()).hasSize(10);
    assertThat(source.paused(0)).isFalse();
  }

  @Test
  void bytesBoundWhatLeavesAndOneLargeChunkPassesAlone() {
    SourceHarness source = SourceHarness.assigned("source.credit-bytes = 100", 0);
    source.add(0, 0, "yard", 1_000);
    source.add(0, 1, "yard", 10);
    source.poll();
    assertThat(source.arrivedOffsets()).containsExactly(0L);
    source.tell(new Credit(source.tenure(0), 1, 1_000));
    assertThat(source.arrivedOffsets()).containsExactly(0L, 1L);
  }

  @Test
  void creditOfAFormerTenureOrOutOfThinAirIsNotHeard() {
    SourceHarness source = SourceHarness.assigned("source.credit-records = 2", 0);
    Assignment former = source.tenure(0);
    source.tell(new Credit(former, 1_000, 1_000));
    source.rebalance();
    source.rebalance(0);
    assertThat(source.tenure(0)).isNotEqualTo(former);
    for (int i = 0; i < 5; i++) {
      source.add(0, i, "yard", 4);
    }
    source.poll();
    source.tell(new Credit(former, 2, 8));
    assertThat(source.arrivedOffsets()).containsExactly(0L, 1L);
  }

  @Test
  void onlySettledRecordsAreCommitted() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.add(0, 0, "yard", 4);
    source.add(0, 1, "street", 4);
    source.add(0, 2, "yard", 4);
    source.poll();
    source.tell(new Settled(source.tenure(0), YARD, 3));
    source.tick(1_000);
    assertThat(source.committed(0)).contains(1L);
    source.tell(new Settled(source.tenure(0), new StreamId("street"), Long.MAX_VALUE));
    source.tick(1_000);
    assertThat(source.committed(0)).contains(3L);
  }

  @Test
  void whoReadsAgainForOneStreamHearsOfTheOthersOnlyWhatIsNew() {
    StreamId street = new StreamId("street");
    SourceHarness first = SourceHarness.assigned("", 0);
    for (int i = 0; i < 6; i++) {
      first.add(0, i, i % 2 == 0 ? "yard" : "street", 4);
    }
    first.poll();
    first.tell(new Settled(first.tenure(0), YARD, 4));
    first.tick(1_000);
    assertThat(first.committed(0)).as("the street needs it").contains(1L);
    first.tell(new Settled(first.tenure(0), YARD, 6));
    first.tick(1_000);

    SourceHarness second = reader(first);
    assertThat(second.arrivedOffsets()).containsExactly(1L, 3L, 5L);
    second.tell(new Settled(second.tenure(0), street, 3));
    second.tick(1_000);
    assertThat(second.committed(0)).contains(3L);

    SourceHarness third = reader(second);
    assertThat(third.arrivedOffsets()).as("still known").containsExactly(3L, 5L);
    third.tell(new Settled(third.tenure(0), street, Long.MAX_VALUE));
    third.tick(1_000);
    assertThat(third.committed(0)).contains(6L);
    assertThat(third.metadata(0)).isEmpty();
    third.add(0, 6, "street", 4);
    third.poll();
    assertThat(third.arrivedOffsets()).as("new to all").endsWith(6L);
  }

  /** One that begins where another one has stopped, over the same records. */
  private static SourceHarness reader(SourceHarness before) {
    SourceHarness next = new SourceHarness("");
    next.settle();
    next.takeOver(before, 0);
    for (long i = before.committed(0).orElseThrow(); i < 6; i++) {
      next.add(0, i, i % 2 == 0 ? "yard" : "street", 4);
    }
    next.poll();
    return next;
  }

  @Test
  void aTopicMadeAnewIsHeardFromItsBeginning() {
    SourceHarness first = SourceHarness.assigned("", 0);
    for (int i = 0; i < 6; i++) {
      first.add(0, i, i % 2 == 0 ? "yard" : "street", 4);
    }
    first.poll();
    first.tell(new Settled(first.tenure(0), YARD, 6));
    first.tick(1_000);
    assertThat(first.committed(0)).contains(1L);
    SourceHarness second = new SourceHarness("");
    second.settle();
    second.takeOver(first, 0);
    second.consumer.seek(new TopicPartition(SourceHarness.TOPIC, 0), 0);
    for (int i = 0; i < 4; i++) {
      second.add(0, i, "yard", 4);
    }
    second.poll();
    assertThat(second.arrivedOffsets()).containsExactly(0L, 1L, 2L, 3L);
  }

  @Test
  void whatAStreamWasDoneWithIsALetterAgainAndNoMore() {
    SourceHarness first = SourceHarness.assigned("", 0);
    first.add(0, 0, "street", 4);
    first.addPoison(0, 1, "yard", 4);
    first.poll();
    first.tell(new Settled(first.tenure(0), YARD, 2));
    first.tick(1_000);
    SourceHarness second = new SourceHarness("");
    second.settle();
    second.takeOver(first, 0);
    second.add(0, 0, "street", 4);
    second.addPoison(0, 1, "yard", 4);
    second.poll();
    assertThat(second.arrivedOffsets()).containsExactly(0L);
    assertThat(second.events(KafkaSource.Refused.class)).isEmpty();
    assertThat(second.producer.history()).hasSize(1);
  }

  @Test
  void revokedPartitionsAreCommittedFirst() {
    SourceHarness source = SourceHarness.assigned("", 0, 1);
    Assignment tenure = source.tenure(0);
    source.add(0, 0, "yard", 4);
    source.poll();
    source.tell(new Settled(tenure, YARD, 1));
    source.rebalance(1);
    assertThat(source.events(Revoked.class)).containsExactly(new Revoked(Set.of(tenure)));
    source.rebalance(0, 1);
    assertThat(source.committed(0)).contains(1L);
  }

  @Test
  void lostPartitionsAreNotCommitted() {
    SourceHarness source = SourceHarness.assigned("", 0);
    Assignment tenure = source.tenure(0);
    source.add(0, 0, "yard", 4);
    source.poll();
    source.tell(new Settled(tenure, YARD, 1));
    source.consumer.losePartitions(List.of(new TopicPartition(SourceHarness.TOPIC, 0)));
    source.settle();
    assertThat(source.events(Revoked.class)).containsExactly(new Revoked(Set.of(tenure)));
    source.rebalance(0);
    assertThat(source.committed(0)).isEmpty();
  }

  @Test
  void missingTopicStopsItAndIsNamed() {
    SourceHarness source = new SourceHarness("");
    source.topicFault = new IngestException("topic \"audio.chunks\": does not exist");
    source.settle();
    assertThat(source.events(Failed.class))
        .containsExactly(new Failed("topic \"audio.chunks\": does not exist"));
    assertThat(source.kit.isAlive()).isFalse();
  }

  @Test
  void unreachableBrokerIsToldAndTriedAgain() {
    SourceHarness source = new SourceHarness("");
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
    source.add(0, 0, "yard", 4);
    source.poll();
    assertThat(source.arrivedOffsets()).containsExactly(0L);
  }

  @Test
  void silenceOfBrokersIsToldOncePerInterval() {
    SourceHarness source = SourceHarness.assigned("source.credit-records = 1", 0);
    source.tick(1_000);
    double frozen = source.consumer.bytesIn;
    for (int second = 0; second < 21; second++) {
      source.consumer.bytesIn = frozen;
      source.nowMillis += 1_000;
      source.kit.run(KafkaSource.TickDue.INSTANCE);
    }
    source.seen.addAll(source.events.getAllReceived());
    assertThat(source.events(Unreachable.class).map(Unreachable::forMillis))
        .containsExactly(10_000L, 15_000L, 20_000L);
  }

  @Test
  void temporaryPollFaultsAreSurvivedOthersStopIt() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.failPoll(new TimeoutException("later"));
    source.poll();
    source.add(0, 0, "yard", 4);
    source.poll();
    assertThat(source.arrivedOffsets()).containsExactly(0L);
    source.failPoll(GroupAuthorizationException.forGroupId("lookaside"));
    source.poll();
    assertThat(source.events(Failed.class).map(Failed::reason))
        .containsExactly("Not authorized to access group: lookaside");
    assertThat(source.kit.isAlive()).isFalse();
  }

  @Test
  void stopLetsLettersFinishCommitsAndAnswers() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.add(0, 0, "yard", 4);
    source.poll();
    Assignment tenure = source.tenure(0);
    source.tell(new Settled(tenure, YARD, 1));
    TestInbox<Stopped> answer = TestInbox.create();
    source.tell(new Stop(answer.getRef()));
    answer.expectMessage(Stopped.INSTANCE);
    assertThat(source.consumer.closed()).isTrue();
    assertThat(source.producer.closed()).isTrue();
    assertThat(source.events(Revoked.class)).containsExactly(new Revoked(Set.of(tenure)));
    assertThat(source.kit.isAlive()).isFalse();
  }

  @Test
  void stopLeavesLettersThatWaitForTheNextReader() {
    SourceHarness source = SourceHarness.assigned("", 0);
    for (int i = 0; i < 3; i++) {
      source.addPoison(0, i, "yard", 5);
    }
    source.poll();
    source.producer.errorNext(new TimeoutException("away"));
    source.producer.errorNext(new TimeoutException("away"));
    source.producer.completeNext();
    TestInbox<Stopped> answer = TestInbox.create();
    source.kit.run(new Stop(answer.getRef()));
    answer.expectMessage(Stopped.INSTANCE);
    assertThat(source.producer.history()).hasSize(3);
  }

  @Test
  void stopBeforeAnythingIsConnectedAnswersToo() {
    SourceHarness source = new SourceHarness("");
    source.topicFault = new UnreachableException("nobody", new RuntimeException());
    source.settle();
    TestInbox<Stopped> answer = TestInbox.create();
    source.tell(new Stop(answer.getRef()));
    answer.expectMessage(Stopped.INSTANCE);
  }

  @Test
  void everyCommandIsExercisedHere() {
    Set<String> exercised =
        Set.of(
            "Credit",
            "TopicsChecked",
            "Settled",
            "Reject",
            "Stop",
            "ConnectDue",
            "PollDue",
            "TickDue",
            "LettersAnswered");
    Set<String> all = new HashSet<>();
    for (Class<?> type : KafkaSource.Command.class.getPermittedSubclasses()) {
      all.add(type.getSimpleName());
    }
    assertThat(all).isEqualTo(exercised);
  }
}
