package dev.lookaside.trainer.store;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.TrainerException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What a store was made with; stays so. */
record MadeWith(FrontEnd frontEnd, long splitSeed, double heldOutShare) {
  /** Writes it into a new index; an index that has it already keeps its own. */
  void keepIn(Index index) {
    keep(index, "front_end", frontEnd.id());
    keep(index, "split_seed", Long.toString(splitSeed));
    keep(index, "held_out_share", Double.toString(heldOutShare));
  }

  static Optional<MadeWith> of(Index index, Path folder) {
    Optional<String> frontEnd = value(index, "front_end");
    Optional<String> seed = value(index, "split_seed");
    Optional<String> share = value(index, "held_out_share");
    if (frontEnd.isEmpty() || seed.isEmpty() || share.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new MadeWith(
              FrontEnd.of(frontEnd.get()),
              Long.parseLong(seed.get()),
              Double.parseDouble(share.get())));
    } catch (IllegalArgumentException e) {
      throw new TrainerException(
          "%s: index: was made with front end \"%s\", seed \"%s\" and share \"%s\", which this version does not know"
              .formatted(folder, frontEnd.get(), seed.get(), share.get()),
          e);
    }
  }

  private static void keep(Index index, String name, String value) {
    index.update(
        "INSERT INTO made_with (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", name, value);
  }

  private static Optional<String> value(Index index, String name) {
    List<String> found =
        index.all("SELECT value FROM made_with WHERE name = ?", row -> row.getString(1), name);
    return found.stream().findFirst();
  }
}
