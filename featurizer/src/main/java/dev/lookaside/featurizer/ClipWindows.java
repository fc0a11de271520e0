package dev.lookaside.featurizer;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.ChunkSequencer;
import dev.lookaside.ingest.SampleSpan;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.Pcm;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The windows of a whole clip, by the very path that streams take: the clip is a stream's only
 * segment, its epoch is {@link Instant#EPOCH}.
 */
public final class ClipWindows {
  /** Samples handed to the slicer at once: bounds what it holds. */
  private static final int PIECE_SAMPLES = 1 << 17;

  private static final StreamId CLIP = new StreamId("clip");

  private ClipWindows() {}

  /**
   * All windows; none if the clip is shorter than a frame. A clip shorter than a window is one
   * padded window.
   *
   * @throws dev.lookaside.ingest.IngestException naming {@code rate} if it is not 1 kHz to 1 MHz
   */
  public static List<MelWindow> of(Pcm clip, FeatureSpec spec) {
    List<MelWindow> windows = new ArrayList<>();
    forEach(clip, spec, windows::add);
    return windows;
  }

  /**
   * The complete windows that the silence gate of a stream lets through.
   *
   * @param gateDbfs see {@link FeaturizerSettings#silenceBelowDbfs}; {@code -Infinity}: none
   */
  public static List<MelWindow> loud(Pcm clip, FeatureSpec spec, double gateDbfs) {
    List<MelWindow> windows = new ArrayList<>();
    slice(
        clip,
        spec,
        gateDbfs,
        (window, quiet) -> {
          if (!quiet && window.validFrames() == spec.windowFrames()) {
            windows.add(window);
          }
        });
    return windows;
  }

  /** Hands {@code action} one window after the other; for clips whose frames would not fit. */
  public static void forEach(Pcm clip, FeatureSpec spec, Consumer<MelWindow> action) {
    slice(clip, spec, Double.NEGATIVE_INFINITY, (window, quiet) -> action.accept(window));
  }

  private static void slice(
      Pcm clip, FeatureSpec spec, double gateDbfs, BiConsumer<MelWindow, Boolean> action) {
    Segment segment = Segment.begin(Instant.EPOCH, clip.rateHz(), 0, Segment.Before.SILENCE, spec);
    WindowSlicer slicer = new WindowSlicer(CLIP, segment, spec, gateDbfs);
    float[] samples = clip.samples();
    for (int from = 0; from < samples.length; from += PIECE_SAMPLES) {
      int until = Math.min(samples.length, from + PIECE_SAMPLES);
      slicer.append(
          new WindowSlicer.Piece(
              new SampleSpan(from, until),
              AudioChunk.timeOf(Instant.EPOCH, from, clip.rateHz()),
              StreamTrack.NO_LOG_TIME,
              0,
              ChunkSequencer.State.NEW),
          Arrays.copyOfRange(samples, from, until));
      drain(slicer, action);
    }
    slicer.finish();
    drain(slicer, action);
  }

  private static void drain(WindowSlicer slicer, BiConsumer<MelWindow, Boolean> action) {
    while (slicer.hasNext()) {
      MelWindow window = slicer.next();
      action.accept(window, slicer.lastWasQuiet());
    }
  }
}
