package dev.lookaside.trainer.refit;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.example.WindowSpec;
import dev.lookaside.trainer.store.StoredAudio;
import dev.lookaside.trainer.store.StoredExample;
import java.util.Arrays;

/**
 * A stretch that somebody has corrected, with as much around it as windows that touch it can see.
 *
 * @param onsetSeconds and {@code offsetSeconds}: from the start of {@code audio}
 */
record CorrectedStretch(Pcm audio, double onsetSeconds, double offsetSeconds) {
  static CorrectedStretch of(StoredExample example, WindowSpec windows) {
    StoredAudio stored = example.heldAudio();
    double context = (double) windows.samples() / windows.frontEnd().rateHz();
    double from = Math.max(0, stored.onsetSeconds() - context);
    Pcm pcm = part(stored.read(), from, stored.offsetSeconds() + context);
    return new CorrectedStretch(pcm, stored.onsetSeconds() - from, stored.offsetSeconds() - from);
  }

  private static Pcm part(Pcm pcm, double fromSeconds, double untilSeconds) {
    int from = (int) (fromSeconds * pcm.rateHz());
    int until = (int) Math.min(pcm.lengthSamples(), Math.ceil(untilSeconds * pcm.rateHz()));
    return new Pcm(pcm.rateHz(), Arrays.copyOfRange(pcm.samples(), from, until));
  }
}
