package dev.lookaside.trainer.fit;

import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.trainer.TrainerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Which weights a fit moves. The head (its norm and its rows) always does. */
public sealed interface Tune {
  /** What the adapter of such a fit is, without making its weights. */
  AdapterShape shape(ViTSpec vit, AdapterFactory.Meaning meaning);

  /**
   * Adapters beside a frozen backbone; without any, a linear probe.
   *
   * @param attn the adapter beside the attention, if any
   * @param mlp the adapter beside the MLP, if any
   * @param lastBlocks how many of the last blocks have them; at least 1
   */
  record Adapters(Optional<Bottleneck> attn, Optional<Bottleneck> mlp, int lastBlocks)
      implements Tune {
    public Adapters {
      if (lastBlocks < 1) {
        throw new TrainerException("last blocks \"%d\": must be at least 1".formatted(lastBlocks));
      }
    }

    @Override
    public AdapterShape shape(ViTSpec vit, AdapterFactory.Meaning meaning) {
      List<Optional<Bottleneck>> attnByBlock = new ArrayList<>();
      List<Optional<Bottleneck>> mlpByBlock = new ArrayList<>();
      for (int b = 0; b < vit.depth(); b++) {
        boolean inside = b >= vit.depth() - lastBlocks;
        attnByBlock.add(inside ? attn : Optional.empty());
        mlpByBlock.add(inside ? mlp : Optional.empty());
      }
      return new AdapterShape(
          vit.width(),
          meaning.windowFrames(),
          meaning.frontEnd().mels(),
          meaning.stride(),
          meaning.labels().size(),
          meaning.head(),
          attnByBlock,
          mlpByBlock);
    }
  }

  /** Every weight of the backbone and the head, no adapters: the paper's full fine-tuning. */
  record Full() implements Tune {
    @Override
    public AdapterShape shape(ViTSpec vit, AdapterFactory.Meaning meaning) {
      return linearProbe().shape(vit, meaning);
    }
  }

  /** The head alone. */
  static Adapters linearProbe() {
    return new Adapters(Optional.empty(), Optional.empty(), Integer.MAX_VALUE);
  }

  /** The plain parallel adapter (1x1) at both sites. */
  static Adapters parallel(int rank, int lastBlocks) {
    Optional<Bottleneck> point = Optional.of(new Bottleneck(Kernel.POINT, rank));
    return new Adapters(point, point, lastBlocks);
  }
}
