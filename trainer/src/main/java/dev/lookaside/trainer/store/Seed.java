package dev.lookaside.trainer.store;

import dev.lookaside.classifier.weights.ClassName;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import java.util.Optional;

/**
 * A clip that comes from elsewhere: what an adapter was fitted on before there were labels.
 *
 * @param label the class that sounds; empty for background
 * @param recording what may not be torn apart by a split
 * @param audio at any rate
 * @param onsetSeconds of the event in the audio
 * @param offsetSeconds later than the onset
 * @param split given, or else by the recording
 * @param author who labelled it
 */
public record Seed(
    Optional<String> label,
    String recording,
    Pcm audio,
    double onsetSeconds,
    double offsetSeconds,
    Optional<Split> split,
    String author) {
  public Seed {
    label = label.map(Seed::className);
  }

  private static String className(String text) {
    String name = ClassName.of(text);
    ClassName.fault(name)
        .ifPresent(
            fault -> {
              throw new TrainerException("label \"%s\": %s".formatted(text, fault));
            });
    return name;
  }

  /** A clip that is all event. */
  public static Seed whole(String label, String recording, Pcm audio, String author) {
    return new Seed(
        Optional.of(label), recording, audio, 0, audio.seconds(), Optional.empty(), author);
  }
}
