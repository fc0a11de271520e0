package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.store.AudioState;
import dev.lookaside.trainer.store.StoredExample;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Labels in words. */
final class LabelText {
  private LabelText() {}

  /** For example {@code relabel yard 2026-03-01T12:00:03Z 1.50 s: siren, not horn, by ada}. */
  static String line(Label label) {
    return "%s %s %s %s: %s, by %s"
        .formatted(
            label.kind().word(),
            label.stream(),
            label.onset(),
            seconds(label),
            verdict(label),
            label.author());
  }

  /** What sounds there, and what does not. */
  static String verdict(Label label) {
    return switch (label.kind()) {
      case CONFIRM, ADD -> label.label();
      case REJECT -> "not " + label.label();
      case RETRACT -> "no longer " + label.label();
      case RELABEL -> label.label() + ", not " + label.detected().orElse("");
    };
  }

  /** What an example states about its interval, in the words of {@link #verdict}. */
  static String verdict(StoredExample e) {
    String rejected = e.rejectedLabel().map(l -> "not " + l).orElse("");
    return e.label().map(l -> rejected.isEmpty() ? l : l + ", " + rejected).orElse(rejected);
  }

  static String seconds(Label label) {
    double seconds = Duration.between(label.onset(), label.offset()).toNanos() * 1e-9;
    return String.format(Locale.ROOT, "%.2f s", seconds);
  }

  /**
   * What has become of a label's audio.
   *
   * @param example the store's; null: it has not taken the label
   */
  static String audio(@Nullable StoredExample example) {
    if (example == null) {
      return "not in the store";
    }
    return example.audioState().word()
        + example
            .audioReason()
            .filter(r -> example.audioState() != AudioState.HELD)
            .map(r -> ": " + r)
            .orElse("");
  }

  /** The same for scripts. */
  static void audio(ObjectNode label, Optional<StoredExample> example) {
    ObjectNode audio = label.putObject("audio");
    audio.put("state", example.map(e -> e.audioState().word()).orElse(null));
    audio.put("reason", example.flatMap(StoredExample::audioReason).orElse(null));
    audio.put("split", example.map(e -> e.split().word()).orElse(null));
  }
}
