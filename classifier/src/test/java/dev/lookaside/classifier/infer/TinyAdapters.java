package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.featurizer.FrontEnd;
import java.util.List;
import java.util.Optional;

/** Made-up adapters of one class and 16 frames. */
public final class TinyAdapters {
  private TinyAdapters() {}

  /** An adapter that knows one label; equal labels give equal digests. */
  public static LoadedAdapter of(String label) {
    return LoadedAdapter.of(adapter(label));
  }

  /** The same, not loaded. */
  public static Adapter adapter(String label) {
    return AdapterFactory.fresh(
        new ViTSpec(64, 1, 1, 128, 2, 8, 8, 1e-6f),
        new AdapterFactory.Meaning(
            List.of(label),
            Activation.SIGMOID,
            HeadKind.CLIP,
            FrontEnd.AST_FBANK,
            16,
            -4.25f,
            4.5f),
        Optional.empty(),
        Optional.empty(),
        0,
        1);
  }
}
