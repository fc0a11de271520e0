package dev.lookaside.trainer.fit;

import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.ExampleSource;
import dev.lookaside.trainer.example.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** In which order the examples of an epoch are used. */
public enum Order {
  /** As the source has them. */
  GIVEN,
  /** Every example once, shuffled anew for each epoch. */
  SHUFFLED,
  /**
   * Drawn with replacement, every class equally likely: AST's balanced sampler. An epoch has as
   * many draws as examples.
   */
  BALANCED;

  /** Indices of the examples of one epoch. */
  int[] indices(ExampleSource.Epoch examples, int size, long seed, int epoch) {
    SplittableRandom random = new SplittableRandom(Seeds.mix(seed, epoch));
    int[] indices = new int[size];
    for (int i = 0; i < size; i++) {
      indices[i] = i;
    }
    if (this == SHUFFLED) {
      for (int i = size - 1; i > 0; i--) {
        int other = random.nextInt(i + 1);
        int moved = indices[i];
        indices[i] = indices[other];
        indices[other] = moved;
      }
    }
    return this == BALANCED ? balanced(examples, size, random) : indices;
  }

  private static int[] balanced(ExampleSource.Epoch examples, int size, SplittableRandom random) {
    SortedMap<Integer, List<Integer>> byClass = new TreeMap<>();
    for (int i = 0; i < size; i++) {
      int label = examples.label(i);
      if (label < 0) {
        throw new TrainerException(
            "class-balanced order: example \"%d\" has no one class".formatted(i));
      }
      byClass.computeIfAbsent(label, l -> new ArrayList<>()).add(i);
    }
    List<List<Integer>> classes = List.copyOf(byClass.values());
    int[] drawn = new int[size];
    for (int i = 0; i < size; i++) {
      List<Integer> members = classes.get(random.nextInt(classes.size()));
      drawn[i] = members.get(random.nextInt(members.size()));
    }
    return drawn;
  }
}
