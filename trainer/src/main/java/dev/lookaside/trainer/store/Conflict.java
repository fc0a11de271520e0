package dev.lookaside.trainer.store;

import java.util.List;

/**
 * Authors who disagree about one stretch of one stream. None of it is fitted on until they agree.
 *
 * @param examples at least two, in the order of their onsets
 */
public record Conflict(String stream, List<StoredExample> examples) {
  public Conflict {
    examples = List.copyOf(examples);
  }
}
