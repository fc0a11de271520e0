package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.ChunkSequencer.Accept;
import dev.lookaside.ingest.ChunkSequencer.Rejected;
import dev.lookaside.ingest.ChunkSequencer.Repeat;
import dev.lookaside.ingest.ChunkSequencer.Verdict;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class ChunkSequencerTest {
  private static final int RATE_HZ = 16_000;
  private static final int CHUNK = 1_600;
  private static final Instant START = Instant.parse("2026-03-01T10:00:00Z");
  private static final AudioFormat FORMAT = new AudioFormat(AudioFormat.Encoding.S16LE, RATE_HZ, 1);

  private final ChunkSequencer sequencer = new ChunkSequencer();

  @Test
  void firstChunkStartsTheClock() {
    assertThat(heard(0, 0))
        .isEqualTo(new Accept(new SampleSpan(0, CHUNK), START, 0, 0, true, false));
    assertThat(heard(1, CHUNK))
        .isEqualTo(new Accept(new SampleSpan(CHUNK, 2 * CHUNK), START, 0, 0, false, false));
  }

  /** Wherever it is stopped: another one goes on from its state with the same verdicts. */
  @Test
  void anotherOneGoesOnFromItsState() {
    SeededRandom.forAll(ChunkSequencerTest.class, 500, ChunkSequencerTest::goOn);
  }

  private static void goOn(RandomGenerator random) {
    ChunkSequencer undisturbed = new ChunkSequencer();
    ChunkSequencer moved = new ChunkSequencer();
    long sequence = random.nextInt(3);
    long sample = sequence * CHUNK;
    Instant time = START;
    for (int i = 0; i < 80; i++) {
      if (random.nextInt(3) == 0) {
        assertThat(moved.state()).isEqualTo(undisturbed.state());
        ProgressBytes.Writer out = new ProgressBytes.Writer();
        moved.state().write(out);
        ProgressBytes.Reader in = new ProgressBytes.Reader(out.toByteArray());
        moved = new ChunkSequencer(ChunkSequencer.State.read(in));
        assertThat(in.atEnd()).isTrue();
      }
      switch (random.nextInt(12)) {
        case 0 -> {
          sequence += random.nextInt(4);
          sample += random.nextInt(4) * CHUNK;
        }
        case 1 -> {
          sequence = Math.max(0, sequence - random.nextInt(3));
          sample = Math.max(sequence, sample - random.nextInt(3) * CHUNK);
        }
        case 2 -> {
          sequence = 0;
          sample = 0;
          time = time.plusSeconds(random.nextInt(100));
        }
        default -> {}
      }
      boolean numbered = random.nextInt(8) > 0;
      AudioChunk chunk =
          chunk(
              numbered && random.nextInt(8) > 0 ? sequence : AudioChunk.NOT_GIVEN,
              numbered && random.nextInt(8) > 0 ? sample : AudioChunk.NOT_GIVEN,
              time,
              random.nextInt(20) == 0);
      if (random.nextInt(5) == 0) {
        long samples = random.nextBoolean() ? CHUNK : AudioChunk.NOT_GIVEN;
        undisturbed.reject(chunk, samples);
        moved.reject(chunk, samples);
      } else {
        int rate = random.nextInt(20) == 0 ? 8_000 : RATE_HZ;
        long samples = random.nextInt(20) == 0 ? 0 : CHUNK - random.nextInt(2);
        assertThat(moved.next(chunk, samples, rate))
            .isEqualTo(undisturbed.next(chunk, samples, rate));
      }
      sequence++;
      sample += CHUNK;
      time = time.plusMillis(100);
    }
    assertThat(moved.state()).isEqualTo(undisturbed.state());
  }

  @Test
  void aStateThatIsMalformedIsAnError() {
    heardAll(0, 2);
    sequencer.reject(3, 3 * CHUNK, CHUNK);
    sequencer.reject(9, AudioChunk.NOT_GIVEN, CHUNK);
    ProgressBytes.Writer out = new ProgressBytes.Writer();
    sequencer.state().write(out);
    byte[] whole = out.toByteArray();
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = java.util.Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> ChunkSequencer.State.read(new ProgressBytes.Reader(cut)))
          .isInstanceOf(IngestException.class);
    }
    StreamProgressTest.assertMalformedIsAnError(
        whole,
        bytes -> new ChunkSequencer(ChunkSequencer.State.read(new ProgressBytes.Reader(bytes))));
    byte[] started = new byte[whole.length];
    started[0] = 1;
    assertThatThrownBy(() -> ChunkSequencer.State.read(new ProgressBytes.Reader(started)))
        .as("a clock without a rate")
        .isInstanceOf(IngestException.class)
        .hasMessageContaining("rate");
  }

  @Test
  void joiningMidStreamKeepsTheStreamsOwnClock() {
    assertThat(heard(10, 10 * CHUNK))
        .isEqualTo(new Accept(new SampleSpan(10 * CHUNK, 11 * CHUNK), START, 0, 0, true, true));
  }

  @Test
  void whatWasHeardBeforeIsARepeat() {
    heardAll(0, 5);
    for (int i = 0; i < 5; i++) {
      assertThat(heard(i, (long) i * CHUNK)).isEqualTo(Repeat.INSTANCE);
    }
    assertThat(accepted(heard(5, 5 * CHUNK)).gapSamples()).isZero();
  }

  @Test
  void missingChunksAreAGap() {
    heardAll(0, 2);
    assertThat(heard(5, 5 * CHUNK))
        .isEqualTo(
            new Accept(new SampleSpan(5 * CHUNK, 6 * CHUNK), START, 3 * CHUNK, 0, false, false));
  }

  @Test
  void samplesLostInsideTheSenderAreAGap() {
    heardAll(0, 2);
    assertThat(accepted(heard(2, 2 * CHUNK + 77)).gapSamples()).isEqualTo(77);
  }

  @Test
  void rejectedChunksAreNoGap() {
    heardAll(0, 2);
    sequencer.reject(2, 2 * CHUNK, AudioChunk.NOT_GIVEN);
    sequencer.reject(3, AudioChunk.NOT_GIVEN, AudioChunk.NOT_GIVEN);
    Accept accept = accepted(heard(4, 4 * CHUNK));
    assertThat(accept.rejectedSamples()).isEqualTo(2 * CHUNK);
    assertThat(accept.gapSamples()).isZero();
  }

  @Test
  void aHoleOfBothKindsIsSplit() {
    heardAll(0, 2);
    sequencer.reject(2, 2 * CHUNK, CHUNK);
    Accept accept = accepted(heard(5, 5 * CHUNK));
    assertThat(accept.rejectedSamples()).isEqualTo(CHUNK);
    assertThat(accept.gapSamples()).isEqualTo(2 * CHUNK);
  }

  @Test
  void anEmptyRejectedChunkLeavesRoomForNone() {
    heardAll(0, 2);
    sequencer.reject(2, 2 * CHUNK, AudioChunk.NOT_GIVEN);
    assertThat(accepted(heard(3, 2 * CHUNK)).rejectedSamples()).isZero();
  }

  @Test
  void sequenceGoingBackwardsIsRejected() {
    heardAll(0, 5);
    assertThat(described(heard(3, 5 * CHUNK)))
        .isEqualTo("ce_sequence \"3\": goes backwards from 4 while ce_sampleoffset 8000 does not");
    assertThat(accepted(heard(5, 5 * CHUNK)).gapSamples()).isZero();
  }

  @Test
  void overlapIsRejected() {
    heardAll(0, 5);
    assertThat(described(heard(5, 5 * CHUNK - 1)))
        .isEqualTo(
            "ce_sampleoffset \"7999\": must be 8000 or more, what lies before was received"
                + " already");
    assertThat(described(heard(4, 4 * CHUNK + 1)))
        .isEqualTo(
            "ce_sampleoffset \"6401\": with 1600 samples reaches beyond 8000, the end of what was"
                + " received");
  }

  @Test
  void missingChunksNeedRoom() {
    heardAll(0, 2);
    assertThat(described(heard(9, 2 * CHUNK + 6)))
        .isEqualTo(
            "ce_sampleoffset \"3206\": leaves no room for the 7 chunks missing before ce_sequence"
                + " 9");
  }

  @Test
  void aLyingJumpDoesNotSilenceTheRest() {
    heardAll(0, 2);
    AudioChunk liar = chunk(1L << 40, 1L << 42, START.plusSeconds(1), false);
    assertThat(described(sequencer.next(liar, CHUNK, RATE_HZ))).contains("jumps ahead by");
    assertThat(accepted(heard(2, 2 * CHUNK)).gapSamples()).isZero();
  }

  @Test
  void aLongTrueGapIsAGap() {
    heardAll(0, 2);
    long day = 86_400L * RATE_HZ;
    assertThat(accepted(heard(3, day)).gapSamples()).isEqualTo(day - 2 * CHUNK);
  }

  @Test
  void rebootedSenderStartsANewClock() {
    heardAll(0, 5);
    Instant later = START.plusSeconds(3);
    assertThat(sequencer.next(chunk(0, 0, later, false), CHUNK, RATE_HZ))
        .isEqualTo(new Accept(new SampleSpan(0, CHUNK), later, 0, 0, true, false));
  }

  @Test
  void rebootWithAClockSetBackStartsANewClock() {
    heardAll(0, 5);
    Instant earlier = START.minusSeconds(3_600);
    assertThat(accepted(sequencer.next(chunk(0, 0, earlier, false), CHUNK, RATE_HZ)).newEpoch())
        .isTrue();
  }

  @Test
  void rebootWhoseFirstChunkWasLostIsJoined() {
    heardAll(0, 100);
    Instant later = START.plusSeconds(60);
    Accept accept = accepted(sequencer.next(chunk(2, 2 * CHUNK, later, false), CHUNK, RATE_HZ));
    assertThat(accept.newEpoch()).isTrue();
    assertThat(accept.joined()).isTrue();
    assertThat(accept.span().fromSample()).isEqualTo(2 * CHUNK);
  }

  @Test
  void repeatedFirstChunkIsNoReboot() {
    heardAll(0, 5);
    assertThat(heard(0, 0)).isEqualTo(Repeat.INSTANCE);
  }

  @Test
  void repeatedFirstChunkIsNoRebootAfterJoining() {
    heardAll(5, 10);
    Instant drifted = START.plusMillis(400);
    assertThat(sequencer.next(chunk(0, 0, drifted, false), CHUNK, RATE_HZ))
        .isEqualTo(Repeat.INSTANCE);
  }

  @Test
  void afterTheLastChunkTheStreamStartsAnew() {
    heardAll(0, 2);
    Verdict last = sequencer.next(chunk(2, 2 * CHUNK, time(2 * CHUNK), true), CHUNK, RATE_HZ);
    assertThat(accepted(last).newEpoch()).isFalse();
    assertThat(sequencer.ended()).isTrue();
    assertThat(heard(2, 2 * CHUNK)).isEqualTo(Repeat.INSTANCE);
    Instant later = START.plusSeconds(1);
    assertThat(accepted(sequencer.next(chunk(0, 0, later, false), CHUNK, RATE_HZ)).newEpoch())
        .isTrue();
    assertThat(sequencer.ended()).isFalse();
  }

  @Test
  void unnumberedChunksFollowEachOther() {
    assertThat(accepted(heard(-1, -1)).newEpoch()).isTrue();
    sequencer.reject(-1, -1, 100);
    Accept next = accepted(heard(-1, -1));
    assertThat(next.span()).isEqualTo(new SampleSpan(CHUNK + 100, 2 * CHUNK + 100));
    assertThat(next.rejectedSamples()).isEqualTo(100);
    assertThat(accepted(heard(-1, -1)).span().fromSample()).isEqualTo(2 * CHUNK + 100);
  }

  @Test
  void unnumberedChunksAtAnotherRateStartANewClock() {
    heard(-1, -1);
    AudioChunk chunk = chunk(-1, -1, START.plusSeconds(1), false);
    assertThat(accepted(sequencer.next(chunk, CHUNK, 48_000)).newEpoch()).isTrue();
  }

  @Test
  void anotherRateMidStreamIsRejected() {
    heardAll(0, 2);
    AudioChunk chunk = chunk(2, 2 * CHUNK, time(2 * CHUNK), false);
    assertThat(described(sequencer.next(chunk, CHUNK, 48_000)))
        .isEqualTo("rate \"48000\": must be 16000 as before");
  }

  @Test
  void withoutSampleOffsetTheCaptureTimeMeasuresTheGap() {
    sequencer.next(chunk(0, -1, START, false), CHUNK, RATE_HZ);
    AudioChunk fourth = chunk(3, -1, time(3 * CHUNK), false);
    assertThat(accepted(sequencer.next(fourth, CHUNK, RATE_HZ)).gapSamples()).isEqualTo(2 * CHUNK);
    assertThat(sequencer.next(fourth, CHUNK, RATE_HZ)).isEqualTo(Repeat.INSTANCE);
  }

  @Test
  void withoutSequenceTheSampleOffsetTellsRepeats() {
    sequencer.next(chunk(-1, 0, START, false), CHUNK, RATE_HZ);
    assertThat(heard(-1, 0)).isEqualTo(Repeat.INSTANCE);
    assertThat(accepted(heard(-1, 3 * CHUNK)).gapSamples()).isEqualTo(2 * CHUNK);
  }

  @Test
  void noSamplesAreRejected() {
    assertThat(described(sequencer.next(chunk(0, 0, START, false), 0, RATE_HZ)))
        .isEqualTo("samples \"0\": must be 1 or more");
  }

  @Test
  void rejectedFloodKeepsBoundedMemoryAndExactTime() {
    heardAll(0, 1);
    for (int i = 1; i < 100_000; i++) {
      sequencer.reject(i, (long) i * CHUNK, AudioChunk.NOT_GIVEN);
    }
    Accept accept = accepted(heard(100_000, 100_000L * CHUNK));
    assertThat(accept.rejectedSamples()).isEqualTo(99_999L * CHUNK);
  }

  /**
   * A sender's chunks of random lengths are lost, rejected, repeated and restarted at random; the
   * verdicts must give back exactly what the sender knew, and the time must add up.
   */
  @Test
  void everySampleIsAccountedForOnce() {
    SeededRandom.forAll(ChunkSequencerTest.class, 300, ChunkSequencerTest::simulate);
  }

  private static void simulate(RandomGenerator random) {
    ChunkSequencer sequencer = new ChunkSequencer();
    int runs = 1 + random.nextInt(3);
    Instant epoch = START;
    for (int run = 0; run < runs; run++) {
      epoch = epoch.plusSeconds(run * 1_000L);
      List<AudioChunk> history = new ArrayList<>();
      List<Integer> lengths = new ArrayList<>();
      long sample = 0;
      long heardUntil = -1;
      long gap = 0;
      long rejected = 0;
      int chunks = 5 + random.nextInt(40);
      for (int i = 0; i < chunks; i++) {
        int length = 1 + random.nextInt(3_000);
        AudioChunk chunk =
            chunk(i, sample, AudioChunk.timeOf(epoch, sample, RATE_HZ), i == chunks - 1);
        boolean first = heardUntil < 0;
        int fate = first && run > 0 ? 3 : random.nextInt(10);
        if (fate == 0) {
          gap += length;
        } else if (fate == 1) {
          rejected += length;
          sequencer.reject(chunk, random.nextBoolean() ? length : AudioChunk.NOT_GIVEN);
        } else {
          Accept accept = (Accept) sequencer.next(chunk, length, RATE_HZ);
          assertThat(accept.span()).isEqualTo(new SampleSpan(sample, sample + length));
          assertThat(accept.epoch()).isEqualTo(epoch);
          assertThat(accept.newEpoch()).isEqualTo(first);
          assertThat(accept.joined()).isEqualTo(first && i > 0);
          if (!first) {
            assertThat(accept.gapSamples() + accept.rejectedSamples()).isEqualTo(gap + rejected);
            if (gap == 0 || rejected == 0) {
              assertThat(accept.rejectedSamples()).isEqualTo(rejected);
            }
          }
          heardUntil = sample + length;
          gap = 0;
          rejected = 0;
          history.add(chunk);
          lengths.add(length);
        }
        if (random.nextInt(4) == 0 && !history.isEmpty()) {
          int again = random.nextInt(history.size());
          assertThat(sequencer.next(history.get(again), lengths.get(again), RATE_HZ))
              .isEqualTo(Repeat.INSTANCE);
        }
        sample += length;
      }
    }
  }

  private void heardAll(int fromSequence, int untilSequence) {
    for (int i = fromSequence; i < untilSequence; i++) {
      assertThat(heard(i, (long) i * CHUNK)).isInstanceOf(Accept.class);
    }
  }

  private Verdict heard(long sequence, long sampleOffset) {
    Instant time = time(Math.max(0, sampleOffset));
    return sequencer.next(chunk(sequence, sampleOffset, time, false), CHUNK, RATE_HZ);
  }

  private static Instant time(long sample) {
    return AudioChunk.timeOf(START, sample, RATE_HZ);
  }

  private static AudioChunk chunk(long sequence, long sampleOffset, Instant time, boolean last) {
    return new AudioChunk(
        new StreamId("yard"), 0, 0, sequence, sampleOffset, time, FORMAT, new byte[2], last);
  }

  private static Accept accepted(Verdict verdict) {
    assertThat(verdict).isInstanceOf(Accept.class);
    return (Accept) verdict;
  }

  private static String described(Verdict verdict) {
    assertThat(verdict).isInstanceOf(Rejected.class);
    return ((Rejected) verdict).rejection().describe();
  }
}
