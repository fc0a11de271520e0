package dev.lookaside.featurizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.ProgressBytes;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.SampleSpan;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StreamTrackTest {
  private static final int CHUNK_SAMPLES = 1_600;
  private static final FeatureSpec SPEC = new FeatureSpec(FrontEnd.AST_FBANK, 10, 5);

  private StreamTrack track = track(Double.NEGATIVE_INFINITY);

  @Test
  void windowsComeOnlyWhereThereIsRoomAndWhatIsNoWindowAlways() {
    accept(chunk(0, false)); // 8 frames: no window yet
    assertThat(track.next(false)).isInstanceOf(StreamTrack.Boundary.class);
    assertThat(track.next(false)).isNull();
    assertThat(track.busy()).isFalse();
    accept(chunk(1, false));
    assertThat(track.next(false)).isInstanceOf(StreamTrack.Boundary.class);
    assertThat(track.next(false)).isNull();
    assertThat(track.busy()).as("windows 0 and 1 wait").isTrue();
    assertThat(Scene.windows(pull())).extracting(MelWindow::index).containsExactly(0L, 1L);
    assertThat(track.busy()).isFalse();
  }

  @Test
  void undecodableChunksAreRejectedWithTheReason() {
    Rejection odd = accept(chunk(0, 0, 16_000, new byte[3], false));
    assertThat(odd.describe()).contains("payload bytes \"3\"");
    StreamTrack.Boundary only = (StreamTrack.Boundary) pull().get(0);
    assertThat(only.counts().rejectedChunks()).isEqualTo(1);
    assertThat(only.after().throughOffset()).isZero();
  }

  @Test
  void aRateChangeInMidStreamIsRejectedWithBothRates() {
    accept(chunk(0, false));
    pull();
    Rejection rate = accept(chunk(1, CHUNK_SAMPLES, 44_100, new byte[2 * CHUNK_SAMPLES], false));
    assertThat(rate.describe()).contains("rate \"44100\"").contains("16000");
  }

  @Test
  void rejectedTimeIsCalledRejectedAndLostTimeGap() {
    List<StreamTrack.Event> events = new ArrayList<>();
    accept(chunk(0, false));
    events.addAll(pull());
    track.rejected(1, 1, CHUNK_SAMPLES);
    events.addAll(pull());
    for (int sequence : new int[] {2, 4}) {
      accept(chunk(sequence, false));
      events.addAll(pull());
    }
    List<StreamTrack.Gap> gaps =
        events.stream()
            .filter(StreamTrack.Boundary.class::isInstance)
            .flatMap(e -> ((StreamTrack.Boundary) e).gaps().stream())
            .toList();
    assertThat(gaps)
        .extracting(StreamTrack.Gap::cause, StreamTrack.Gap::span)
        .containsExactly(
            tuple(StreamTrack.Cause.REJECTED, new SampleSpan(1_600, 3_200)),
            tuple(StreamTrack.Cause.GAP, new SampleSpan(4_800, 6_400)));
    StreamTrack.Gap lost = gaps.get(1);
    assertThat(lost.from()).isEqualTo(Scene.EPOCH.plusMillis(300));
    assertThat(lost.until()).isEqualTo(Scene.EPOCH.plusMillis(400));
    assertThat(lost.logTimeMillis()).as("of the record after it").isEqualTo(5_004);
    assertThat(lost.recordOffset()).isEqualTo(4);
  }

  @Test
  void theLastChunkEndsTheStreamAndSequenceZeroStartsItAnewAtAnotherRate() {
    accept(chunk(0, true));
    List<StreamTrack.Event> events = pull();
    StreamTrack.Boundary end = (StreamTrack.Boundary) events.get(events.size() - 1);
    assertThat(end.segmentEnded()).isTrue();
    assertThat(end.streamEnded()).isTrue();
    Instant later = Scene.EPOCH.plusSeconds(60);
    accept(
        new AudioChunk(
            Scene.STREAM,
            Scene.PARTITION,
            7,
            0,
            0,
            later,
            new AudioFormat(AudioFormat.Encoding.S16LE, 24_000, 1),
            new byte[9_600],
            true));
    assertThat(Scene.windows(pull()))
        .isNotEmpty()
        .allSatisfy(
            window -> {
              assertThat(window.epoch()).isEqualTo(later);
              assertThat(window.rateHz()).isEqualTo(24_000);
            });
  }

  @Test
  void aNewStartAtAnotherRateLeavesTheOldSamplesToTheirOwnRate() {
    accept(chunk(0, false)); // 8 frames and 80 samples that no frame has
    pull();
    accept(
        new AudioChunk(
            Scene.STREAM,
            Scene.PARTITION,
            7,
            0,
            0,
            Scene.EPOCH.plusSeconds(60),
            new AudioFormat(AudioFormat.Encoding.S16LE, 24_000, 1),
            new byte[9_600],
            false));
    List<StreamTrack.Event> events = pull();
    assertThat(Scene.windows(events.subList(0, 1))).as("the padded tail").hasSize(1);
    StreamTrack.Boundary old = (StreamTrack.Boundary) events.get(1);
    assertThat(old.rateHz()).isEqualTo(16_000);
    assertThat(old.streamEnded()).isTrue();
    assertThat(old.counts()).isEqualTo(Counts.uncovered(80));
    StreamTrack.Boundary begun = (StreamTrack.Boundary) events.get(2);
    assertThat(begun.rateHz()).isEqualTo(24_000);
    assertThat(begun.counts()).isEqualTo(Counts.received(4_800));
  }

  @Test
  void anIdleStreamsTailIsPaddedAndItsEndComesAfterIt() {
    accept(chunk(0, false));
    pull();
    track.end();
    assertThat(track.next(false)).as("a window waits for room").isNull();
    List<StreamTrack.Event> events = pull();
    MelWindow window = ((StreamTrack.Window) events.get(0)).window();
    assertThat(window.validFrames()).isEqualTo(8);
    assertThat(window.rows()[8]).containsOnly(0f);
    assertThat(((StreamTrack.Boundary) events.get(1)).streamEnded()).isTrue();
    assertThat(events).hasSize(2);
  }

  @Test
  void silentWindowsAreMarkedAndTheOthersNot() {
    track = track(-60);
    accept(chunk(0, false));
    List<StreamTrack.Event> events = pull();
    accept(chunk(1, CHUNK_SAMPLES, 16_000, new byte[8 * CHUNK_SAMPLES], true));
    events.addAll(pull());
    assertThat(events)
        .filteredOn(StreamTrack.Window.class::isInstance)
        .extracting(e -> ((StreamTrack.Window) e).silent())
        .contains(true, false);
  }

  /**
   * Without numbers a chunk stands where the one before it ends: the last one, read again after a
   * record that was deleted meanwhile, ends the segment before all of its known samples.
   */
  @Test
  void aLastChunkReadAgainTooEarlyClosesTheAccountsOfItsSegment() {
    List<StreamTrack.Event> events = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      accept(unnumbered(i, i == 3));
      if (i < 3) {
        events.addAll(pull());
      }
    }
    StreamTrack.Event taken = track.next(false); // The windows of record 3 are not given.
    events.add(taken);
    StreamTrack.State state = taken.after();
    assertThat(state.throughOffset()).isEqualTo(3);
    assertThat(state.resumeOffset()).as("what is deleted below is needed").isLessThan(3);

    track =
        new StreamTrack(Scene.STREAM, SPEC, Double.NEGATIVE_INFINITY, Scene.DECODER, copy(state));
    accept(unnumbered(3, true));
    events.addAll(pull());
    StreamTrack.Boundary end = (StreamTrack.Boundary) events.get(events.size() - 1);
    assertThat(end.streamEnded()).isTrue();
    Counts all = Counts.NONE;
    for (StreamTrack.Event event : events) {
      all =
          all.plus(
              event instanceof StreamTrack.Window w
                  ? Counts.windowed(w.window().freshSamples())
                  : ((StreamTrack.Boundary) event).counts());
    }
    assertThat(all.receivedSamples()).isEqualTo(4 * CHUNK_SAMPLES);
    assertThat(all.uncoveredSamples()).as("lost with the deleted record").isPositive();
    assertThat(all.pendingSamples()).isZero();
  }

  /** Through bytes, as between two processes. */
  private static StreamTrack.State copy(StreamTrack.State state) {
    ProgressBytes.Writer out = new ProgressBytes.Writer();
    state.write(out);
    return StreamTrack.State.read(new ProgressBytes.Reader(out.toByteArray()));
  }

  private static AudioChunk unnumbered(int recordOffset, boolean last) {
    AudioChunk numbered = chunk(recordOffset, last);
    return new AudioChunk(
        numbered.stream(),
        numbered.partition(),
        recordOffset,
        AudioChunk.NOT_GIVEN,
        AudioChunk.NOT_GIVEN,
        numbered.captureTime(),
        numbered.format(),
        numbered.payload(),
        last);
  }

  private static StreamTrack track(double gateDbfs) {
    return new StreamTrack(
        Scene.STREAM, SPEC, gateDbfs, Scene.DECODER, StreamTrack.State.startAt(0));
  }

  private Rejection accept(AudioChunk chunk) {
    return track.accept(chunk, 5_000 + chunk.recordOffset());
  }

  private List<StreamTrack.Event> pull() {
    List<StreamTrack.Event> events = new ArrayList<>();
    for (var event = track.next(true); event != null; event = track.next(true)) {
      events.add(event);
    }
    return events;
  }

  private static AudioChunk chunk(int sequence, boolean last) {
    byte[] payload = new byte[2 * CHUNK_SAMPLES];
    for (int i = 0; i < payload.length; i += 2) {
      payload[i + 1] = (byte) (i % 14 - 7);
    }
    return chunk(sequence, (long) sequence * CHUNK_SAMPLES, 16_000, payload, last);
  }

  private static AudioChunk chunk(
      int sequence, long sampleOffset, int rateHz, byte[] payload, boolean last) {
    return new AudioChunk(
        Scene.STREAM,
        Scene.PARTITION,
        sequence,
        sequence,
        sampleOffset,
        AudioChunk.timeOf(Scene.EPOCH, sampleOffset, 16_000),
        new AudioFormat(AudioFormat.Encoding.S16LE, rateHz, 1),
        payload,
        last);
  }
}
