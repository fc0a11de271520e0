package dev.lookaside.trainer.gate;

import dev.lookaside.ingest.Sha256;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Which labels a candidate comes from, so that whoever wrote one finds it in the ledger. By {@link
 * #key}: twelve digits are enough to tell labels apart, and the ledger is kept for ever.
 *
 * @param fitted on
 * @param heldOut of the fit: the candidate was judged on them
 * @param leftOut how many older ones are not named here
 */
public record Learned(List<String> fitted, List<String> heldOut, int leftOut) {
  /** Labels that a report names, 15 KiB of it. */
  public static final int LABELS_MAX = 1_000;

  private static final Pattern HEXADECIMAL = Pattern.compile("[0-9a-f]{32}");
  private static final int KEY_DIGITS = 12;

  /**
   * A label.
   *
   * @param id of the label
   * @param fitted false if it was held out
   */
  public record Use(String id, boolean fitted) {}

  /** Copies. */
  public Learned {
    fitted = List.copyOf(fitted);
    heldOut = List.copyOf(heldOut);
  }

  /**
   * The newest of them.
   *
   * @param newestFirst all
   * @param most that are named
   */
  public static Learned of(List<Use> newestFirst, int most) {
    List<String> fitted = new ArrayList<>();
    List<String> heldOut = new ArrayList<>();
    int named = Math.min(most, newestFirst.size());
    for (Use use : newestFirst.subList(0, named)) {
      (use.fitted() ? fitted : heldOut).add(key(use.id()));
    }
    return new Learned(fitted, heldOut, newestFirst.size() - named);
  }

  /** How a label is named here: by how its id begins, or the digest of an id of another form. */
  public static String key(String labelId) {
    if (HEXADECIMAL.matcher(labelId).matches()) {
      return labelId.substring(0, KEY_DIGITS);
    }
    return Sha256.hex(labelId).substring(0, KEY_DIGITS);
  }
}
