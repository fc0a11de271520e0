package dev.lookaside.trainer.example;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.Sha256;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.trainer.TrainerException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

/**
 * Whole recordings with the times of their events, for detection. Nothing of their sound is kept:
 * windows are read when they are needed.
 *
 * @param frontEnd of the fit
 */
public record RecordingSet(
    FrontEnd frontEnd, List<String> labels, List<TimedRecording> recordings) {
  /** Windows that statistics are of, at most: the log-mel of 100 hours would take an hour. */
  private static final int STATISTICS_WINDOWS = 1_000;

  /**
   * @throws TrainerException if there is no recording, or one of them names a class that is no
   *     label
   */
  public RecordingSet {
    labels = List.copyOf(labels);
    recordings = List.copyOf(recordings);
    if (recordings.isEmpty()) {
      throw new TrainerException("recordings \"0\": must be 1 or more");
    }
    for (TimedRecording r : recordings) {
      for (LabelledEvent e : r.events()) {
        if (!labels.contains(e.label())) {
          throw new TrainerException(
              "%s: label \"%s\": must be one of %s".formatted(r.name(), e.label(), labels));
        }
      }
      r.checkLongEnough(frontEnd);
    }
  }

  /** Hex sha256 of labels, names, lengths and events; the sound itself is not read for it. */
  public String identity() {
    MessageDigest digest = Sha256.begin();
    labels.forEach(l -> digest.update((l + '\n').getBytes(StandardCharsets.UTF_8)));
    for (TimedRecording r : recordings) {
      String text = "%s %d %d %s\n".formatted(r.name(), r.rateHz(), r.lengthSamples(), r.events());
      digest.update(text.getBytes(StandardCharsets.UTF_8));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * What a new adapter normalises with: over windows spread evenly over all recordings, at most a
   * thousand.
   */
  public ClipSet.Statistics statistics(int windowFrames) {
    long windows = 0;
    for (TimedRecording r : recordings) {
      windows += windows(r, windowFrames);
    }
    long every = Math.max(1, windows / STATISTICS_WINDOWS);
    double sum = 0;
    double squares = 0;
    long count = 0;
    long window = 0;
    for (TimedRecording r : recordings) {
      long frames = r.frameCount(frontEnd);
      for (long w = 0; w < windows(r, windowFrames); w++, window++) {
        if (window % every == 0) {
          long from = w * windowFrames;
          int length = (int) Math.min(windowFrames, frames - from);
          for (float x : r.logMel(frontEnd, from, length)) {
            sum += x;
            squares += (double) x * x;
            count++;
          }
        }
      }
    }
    double mean = sum / count;
    double variance = squares / count - mean * mean;
    return new ClipSet.Statistics((float) mean, (float) Math.sqrt(Math.max(1e-12, variance)));
  }

  private long windows(TimedRecording r, int windowFrames) {
    return Math.max(1, r.frameCount(frontEnd) / windowFrames);
  }
}
