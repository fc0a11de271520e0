package dev.lookaside.trainer.loop;

import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.example.Seeds;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Which streams hear with a candidate first. */
final class Canaries {
  private Canaries() {}

  /**
   * A share of the streams, at least one if there are any; the same for the same arguments.
   *
   * @param share 0 to 1
   */
  static List<StreamId> chosen(List<StreamId> streams, double share, long seed) {
    List<StreamId> drawn = new ArrayList<>(streams);
    drawn.sort(
        Comparator.comparingLong((StreamId s) -> Seeds.mix(seed, s.value().hashCode()))
            .thenComparing(StreamId::value));
    int count = (int) Math.max(1, Math.round(share * drawn.size()));
    return List.copyOf(drawn.subList(0, Math.min(count, drawn.size())));
  }
}
