package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class CommitLedgerTest {
  private static final StreamId A = new StreamId("a");
  private static final StreamId B = new StreamId("b");

  private final CommitLedger ledger = new CommitLedger();

  @Test
  void nothingReceivedNothingToCommit() {
    ledger.settledBefore(A, Long.MAX_VALUE);
    assertThat(ledger.position()).isEmpty();
  }

  @Test
  void oldestUnsettledRecordOfAnyStreamHoldsThePosition() {
    ledger.received(A, 10);
    ledger.received(B, 11);
    ledger.received(A, 12);
    assertThat(ledger.position()).hasValue(10);
    ledger.settledBefore(A, 13);
    assertThat(ledger.position()).hasValue(11);
    ledger.settledBefore(B, 12);
    assertThat(ledger.position()).hasValue(13);
    assertThat(ledger.unsettledStreams()).isZero();
    assertThat(ledger.countedRecords()).isZero();
  }

  @Test
  void settlingNeverReachesRecordsThatArriveLater() {
    ledger.received(A, 1);
    ledger.settledBefore(A, Long.MAX_VALUE);
    ledger.received(A, 2);
    assertThat(ledger.position()).hasValue(2);
  }

  @Test
  void heldRecordStaysUntilReleased() {
    ledger.passed(5);
    assertThat(ledger.hold(5)).isTrue();
    assertThat(ledger.hold(5)).isFalse();
    ledger.received(A, 6);
    ledger.settledBefore(A, 7);
    assertThat(ledger.position()).hasValue(5);
    ledger.release(5);
    assertThat(ledger.position()).hasValue(7);
  }

  @Test
  void missingOffsetsCostNothing() {
    ledger.received(A, 1);
    ledger.received(A, 1L << 50);
    assertThat(ledger.countedRecords()).isEqualTo(2);
    ledger.settledBefore(A, 2);
    assertThat(ledger.position()).hasValue(1L << 50);
  }

  @Test
  void offsetsGoingBackwardsFailFast() {
    ledger.passed(5);
    assertThatThrownBy(() -> ledger.received(A, 5))
        .isInstanceOf(IngestException.class)
        .hasMessage("record offset 5: must lie after 5");
  }

  /** Against a ledger that keeps every record and looks at all of them. */
  @Test
  void agreesWithTheObviousLedger() {
    SeededRandom.forAll(CommitLedgerTest.class, 300, CommitLedgerTest::compare);
  }

  private static void compare(RandomGenerator random) {
    CommitLedger ledger = new CommitLedger();
    Obvious obvious = new Obvious();
    int streams = 1 + random.nextInt(5);
    long offset = random.nextInt(100);
    for (int i = 0; i < 400; i++) {
      StreamId stream = new StreamId("s" + random.nextInt(streams));
      switch (random.nextInt(8)) {
        case 0, 1, 2, 3 -> {
          offset += 1 + (random.nextInt(10) == 0 ? random.nextInt(1_000) : 0);
          ledger.received(stream, offset);
          obvious.received(stream, offset);
        }
        case 4 -> {
          offset++;
          ledger.passed(offset);
          ledger.hold(offset);
          obvious.last = offset;
          obvious.held.add(offset);
        }
        case 5 -> {
          if (!obvious.held.isEmpty()) {
            long held =
                obvious.held.stream()
                    .skip(random.nextInt(obvious.held.size()))
                    .findFirst()
                    .orElseThrow();
            ledger.release(held);
            obvious.held.remove(held);
          }
        }
        default -> {
          long resume = random.nextInt(10) == 0 ? Long.MAX_VALUE : offset + 2 - random.nextInt(60);
          ledger.settledBefore(stream, resume);
          obvious
              .needed
              .entrySet()
              .removeIf(e -> e.getValue().equals(stream) && e.getKey() < resume);
        }
      }
      assertThat(ledger.position()).isEqualTo(obvious.position());
      assertThat(ledger.unsettledStreams())
          .isEqualTo((int) obvious.needed.values().stream().distinct().count());
    }
  }

  private static final class Obvious {
    final TreeMap<Long, StreamId> needed = new TreeMap<>();
    final TreeSet<Long> held = new TreeSet<>();
    long last = -1;

    void received(StreamId stream, long offset) {
      needed.put(offset, stream);
      last = offset;
    }

    OptionalLong position() {
      if (last < 0) {
        return OptionalLong.empty();
      }
      long position = last + 1;
      for (long offset : needed.keySet()) {
        position = Math.min(position, offset);
      }
      for (long offset : held) {
        position = Math.min(position, offset);
      }
      return OptionalLong.of(position);
    }
  }
}
