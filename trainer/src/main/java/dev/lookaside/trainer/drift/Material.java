package dev.lookaside.trainer.drift;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.SceneSettings;
import dev.lookaside.trainer.TrainerException;
import java.util.List;
import java.util.Optional;

/**
 * The sounds that a reference is made of, all at the front end's rate.
 *
 * @param fitted what the adapter was fitted on
 * @param heldOut other recordings of the same classes
 * @param backgrounds backgrounds behind them, besides noise
 * @param distractors sounds of no class, not silent
 * @param distractorShare chance that the next sound of a scene is one
 * @param contexts audio of streams, as it was, that the adapter was fitted on
 * @param scenes what the fit's scenes were like
 * @param seed of everything random
 */
public record Material(
    List<LabelledClip> fitted,
    List<LabelledClip> heldOut,
    List<Pcm> backgrounds,
    List<Pcm> distractors,
    double distractorShare,
    List<Context> contexts,
    SceneSettings scenes,
    long seed) {
  /**
   * A labelled event with the audio around it.
   *
   * @param label empty: none of the classes
   */
  public record Context(
      String stream, Pcm audio, Optional<String> label, double onsetSeconds, double offsetSeconds) {
    /** What sounds at a time: each stream's sounds lie in places of their own. */
    String kindAt(double seconds) {
      boolean event = label.isPresent() && onsetSeconds <= seconds && seconds < offsetSeconds;
      return (event ? label.get() : "") + "@" + stream;
    }
  }

  /**
   * Copies the lists.
   *
   * @throws TrainerException if there is nothing to fit on or to calibrate with
   */
  public Material {
    fitted = List.copyOf(fitted);
    heldOut = List.copyOf(heldOut);
    backgrounds = List.copyOf(backgrounds);
    distractors = List.copyOf(distractors);
    contexts = List.copyOf(contexts);
    if (fitted.isEmpty() || heldOut.isEmpty()) {
      throw new TrainerException(
          "drift: the store holds %d fitted and %d held-out sounds of the adapter's classes, must be 1 of each"
              .formatted(fitted.size(), heldOut.size()));
    }
  }
}
