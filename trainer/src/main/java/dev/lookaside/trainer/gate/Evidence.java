package dev.lookaside.trainer.gate;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What two adapters make of the same sounds. Every sound was scored by a fit that has not seen its
 * recording: with the candidate by the head that was fitted without its fold.
 *
 * @param incumbent digest
 * @param candidate digest
 * @param labels classes of the candidate, in the order of its posteriors
 * @param known of these, those that the incumbent knows
 * @param corrected of these, those that people's labels speak of
 * @param sounds labelled ones and those that the adapter was fitted on before there were labels
 * @param background on which false alarms were counted
 */
public record Evidence(
    String incumbent,
    String candidate,
    List<String> labels,
    Set<String> known,
    Set<String> corrected,
    List<Sound> sounds,
    Background background) {
  /** Copies. */
  public Evidence {
    labels = List.copyOf(labels);
    known = Set.copyOf(known);
    corrected = Set.copyOf(corrected);
    sounds = List.copyOf(sounds);
  }

  /**
   * One sound.
   *
   * @param id of the example in the store, or of the sound's place in a composed scene
   * @param cluster sounds of one cluster are no independent evidence: those of a recording, or of
   *     one composed scene
   * @param label its class; null if it was only rejected as another class
   * @param rejected the class that it is not; null if it has a label
   * @param fromLabel whether a person has named it
   * @param before what the incumbent makes of it
   * @param after what the candidate does
   */
  public record Sound(
      String id,
      String cluster,
      @Nullable String label,
      @Nullable String rejected,
      boolean fromLabel,
      Score before,
      Score after) {
    /** The class that it speaks of. */
    public String judged() {
      return Optional.ofNullable(label)
          .or(() -> Optional.ofNullable(rejected))
          .orElseThrow(() -> new IllegalStateException("sound " + id + " names no class"));
    }
  }

  /**
   * What one adapter makes of one sound.
   *
   * @param peaks highest posterior in the sound, by class in the order of {@link Evidence#labels};
   *     0 for a class that the adapter does not know
   * @param detectedClasses what it detects there
   */
  @SuppressWarnings("ArrayRecordComponent") // Read only, and as many as there are sounds.
  public record Score(float[] peaks, DetectedClasses detectedClasses, Set<String> detected) {
    public Score {
      detected = Set.copyOf(detected);
    }
  }

  /**
   * Audio in which none of the classes sounds.
   *
   * @param seconds of it
   * @param streamSeconds of it that streams have sent
   * @param streams that have sent it
   * @param before events that the incumbent detects there
   * @param after events that the candidate detects there
   */
  public record Background(
      double seconds, double streamSeconds, int streams, int before, int after) {
    private static final double SECONDS_PER_HOUR = 3600;

    /** NaN without background. */
    double perHour(int events) {
      return seconds > 0 ? events * SECONDS_PER_HOUR / seconds : Double.NaN;
    }
  }
}
