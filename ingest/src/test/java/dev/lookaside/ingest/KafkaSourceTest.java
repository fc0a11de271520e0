package dev.lookaside.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.TestInbox;
import dev.lookaside.ingest.KafkaSource.Arrived;
import dev.lookaside.ingest.KafkaSource.Credit;
import dev.lookaside.ingest.KafkaSource.Failed;
import dev.lookaside.ingest.KafkaSource.Refused;
import dev.lookaside.ingest.KafkaSource.Reject;
import dev.lookaside.ingest.KafkaSource.Revoked;
import dev.lookaside.ingest.KafkaSource.Settled;
import dev.lookaside.ingest.KafkaSource.Stop;
import dev.lookaside.ingest.KafkaSource.Stopped;
import dev.lookaside.ingest.KafkaSource.Unreachable;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.header.Header;
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
  void poisonGoesToDeadLettersAndHoldsItsOffsetUntilDurable() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.addPoison(0, 0, "yard", 5);
    source.add(0, 1, "yard", 4);
    source.poll();
    Refused refused = source.events(Refused.class).findFirst().orElseThrow();
    assertThat(refused.stream()).isEqualTo(YARD);
    assertThat(refused.sequence()).isZero();
    assertThat(source.arrivedOffsets()).containsExactly(1L);

    ProducerRecord<byte[], byte[]> letter = source.producer.history().get(0);
    assertThat(letter.topic()).isEqualTo("audio.dead-letters");
    assertThat(letter.key()).isEqualTo("yard".getBytes(UTF_8));
    assertThat(letter.value()).hasSize(5);
    assertThat(headers(letter))
        .containsEntry("content-type", "video/mp4")
        .containsEntry("lookaside-reason", "bad-content-type")
        .containsEntry("lookaside-field", "content-type")
        .containsEntry("lookaside-value", "video/mp4")
        .containsEntry("lookaside-topic", "audio.chunks")
        .containsEntry("lookaside-partition", "0")
        .containsEntry("lookaside-offset", "0")
        .containsEntry("lookaside-timestamp", "1700000000000")
        .containsKey("lookaside-message")
        .doesNotContainKey("lookaside-value-bytes");

    source.tell(new Settled(source.tenure(0), YARD, 2));
    source.tick(1_000);
    assertThat(source.committed(0)).contains(0L);
    source.producer.completeNext();
    source.settle();
    source.tick(1_000);
    assertThat(source.committed(0)).contains(2L);
  }

  @Test
  void rejectedDownstreamIsOneDeadLetterHoweverOftenSaid() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.add(0, 0, "yard", 4);
    source.poll();
    Arrived arrived = source.events(Arrived.class).findFirst().orElseThrow();
    Rejection rejection =
        new Rejection(Rejection.Reason.BAD_SAMPLE, "sample 3", "NaN", "must be finite");
    source.tell(new Reject(arrived.assignment(), arrived.record(), rejection));
    source.tell(new Reject(arrived.assignment(), arrived.record(), rejection));
    source.tell(new Settled(arrived.assignment(), YARD, 1));
    assertThat(source.producer.history()).hasSize(1);
    source.tick(1_000);
    assertThat(source.committed(0)).contains(0L);
    source.producer.completeNext();
    source.settle();
    source.tick(1_000);
    assertThat(source.committed(0)).contains(1L);
  }

  @Test
  void lettersThatFailForNowAreSentAgain() {
    SourceHarness source = SourceHarness.assigned("", 0);
    for (int i = 0; i < 3; i++) {
      source.addPoison(0, i, "yard", 5);
    }
    source.poll();
    for (int i = 0; i < 3; i++) {
      source.producer.errorNext(new TimeoutException("away"));
    }
    source.settle();
    source.tick(1_000);
    assertThat(source.producer.history()).as("one is tried").hasSize(4);
    source.producer.completeNext();
    source.settle();
    assertThat(source.producer.history()).as("then the others").hasSize(6);
    source.producer.completeNext();
    source.producer.completeNext();
    source.settle();
    source.tick(1_000);
    assertThat(source.committed(0)).contains(3L);
  }

  @Test
  void letterTooLargeForTheBrokerIsSentWithoutItsValue() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.addPoison(0, 0, "yard", 5_000);
    source.poll();
    source.producer.errorNext(new RecordTooLargeException("5000"));
    source.settle();
    ProducerRecord<byte[], byte[]> bare = source.producer.history().get(1);
    assertThat(bare.value()).isNull();
    assertThat(bare.key()).isEqualTo("yard".getBytes(UTF_8));
    assertThat(headers(bare))
        .containsEntry("lookaside-value-bytes", "5000")
        .containsEntry("lookaside-reason", "bad-content-type")
        .doesNotContainKey("content-type");
    source.producer.completeNext();
    source.settle();
    source.tick(1_000);
    assertThat(source.committed(0)).contains(1L);
  }

  @Test
  void lettersThatCannotBeWrittenStopTheSource() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.addPoison(0, 0, "yard", 5);
    source.poll();
    source.producer.errorNext(new TopicAuthorizationException("audio.dead-letters"));
    source.settle();
    assertThat(source.events(Failed.class))
        .containsExactly(new Failed("dead letters cannot be written to audio.dead-letters"));
    assertThat(source.kit.isAlive()).isFalse();
    assertThat(source.consumer.closed()).isTrue();
  }

  @Test
  void noMoreLettersThanAllowedAreUnderWay() {
    SourceHarness source = SourceHarness.assigned("source.max-letters = 2", 0, 1);
    for (int i = 0; i < 5; i++) {
      source.addPoison(0, i, "yard", 5);
    }
    source.poll();
    assertThat(source.producer.history()).hasSize(2);
    assertThat(source.paused(0)).isTrue();
    source.producer.completeNext();
    source.settle();
    assertThat(source.producer.history()).hasSize(3);
    for (int i = 0; i < 4; i++) {
      source.producer.completeNext();
      source.settle();
    }
    assertThat(source.producer.history()).hasSize(5);
    assertThat(source.paused(0)).isFalse();
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

  /**
   * Random audio, poison, consumption, settling, letter answers and rebalances: room is never
   * overdrawn, order is kept, every record arrives or is refused, and no commit passes a record
   * that is still needed.
   */
  @Test
  void invariantsHoldWhateverHappens() {
    SeededRandom.forAll(KafkaSourceTest.class, 25, KafkaSourceTest::simulate);
  }

  private static void simulate(RandomGenerator random) {
    int room = 1 + random.nextInt(6);
    SourceHarness source =
        SourceHarness.assigned(
            "source.credit-records = %d\nsource.max-letters = 3".formatted(room), 0);
    Assignment tenure = source.tenure(0);
    Set<Long> needed = new HashSet<>();
    Set<Long> lettersOut = new HashSet<>();
    int taken = 0;
    int givenBack = 0;
    long next = 0;
    for (int step = 0; step < 120; step++) {
      switch (random.nextInt(6)) {
        case 0, 1 -> {
          boolean poison = random.nextInt(4) == 0;
          if (poison) {
            source.addPoison(0, next, "yard", 4);
            lettersOut.add(next);
          } else {
            source.add(0, next, "yard", 4);
          }
          needed.add(next);
          next++;
          source.poll();
        }
        case 2 -> {
          if (taken > givenBack) {
            givenBack++;
            source.tell(new Credit(tenure, 1, 4));
          }
        }
        case 3 -> {
          List<Long> arrived = source.arrivedOffsets();
          if (!arrived.isEmpty()) {
            long until = arrived.get(random.nextInt(arrived.size()));
            source.tell(new Settled(tenure, YARD, until));
            needed.removeIf(o -> o < until && arrived.contains(o));
          }
        }
        case 4 -> {
          if (source.producer.completeNext()) {
            source.settle();
            lettersOut.stream()
                .sorted()
                .findFirst()
                .ifPresent(
                    o -> {
                      lettersOut.remove(o);
                      needed.remove(o);
                    });
          }
        }
        default -> source.tick(1_000);
      }
      taken = source.arrivedOffsets().size();
      assertThat(taken - givenBack).isLessThanOrEqualTo(room);
      assertThat(source.arrivedOffsets()).isSorted().doesNotHaveDuplicates();
      long oldestNeeded = needed.stream().mapToLong(o -> o).min().orElse(next);
      assertThat(source.committed(0).orElse(0L)).isLessThanOrEqualTo(oldestNeeded);
    }
    for (int i = 0; i < 130; i++) {
      source.tell(new Credit(tenure, 1, 4));
      source.producer.completeNext();
      source.poll();
    }
    source.tell(new Settled(tenure, YARD, Long.MAX_VALUE));
    source.tick(1_000);
    assertThat(source.arrivedOffsets().size() + source.events(Refused.class).count())
        .isEqualTo(next);
    assertThat(source.committed(0).orElse(0L)).isEqualTo(next);
  }

  private static Map<String, String> headers(ProducerRecord<byte[], byte[]> record) {
    Map<String, String> texts = new HashMap<>();
    for (Header header : record.headers()) {
      texts.put(header.key(), new String(header.value(), UTF_8));
    }
    return texts;
  }
}
