package dev.lookaside.classifier.detect;

import java.util.Locale;

/**
 * How the posteriors of the windows over a cell become the curve's one value there. A window says
 * "somewhere in me", so this choice decides how sharp onsets are.
 *
 * <p>{@code MEAN} smears an onset over a window's length; divided by the windows that exist, it
 * reaches at a stream's edges what a long event reaches in the middle. {@code WEIGHTED} is the mean
 * with triangular weights, the middle of a window counting most. {@code QUANTILE} takes a low rank:
 * where every window that touches an event says so, rank 0 ({@code MINIMUM}) finds its edges
 * exactly. {@code POSITION} takes the one window in which the cell lies at a given place: 0.5 is
 * the middle and halves the delay, 1 the newest window and no delay at all.
 *
 * @param kind which rule
 * @param parameter rank of {@code QUANTILE} or place of {@code POSITION}, 0..1; else unused
 */
public record Combination(Kind kind, double parameter) {
  /** The rules; names in settings are these in lower case. */
  public enum Kind {
    MEAN,
    WEIGHTED,
    MINIMUM,
    QUANTILE,
    POSITION
  }

  public static final Combination MEAN = new Combination(Kind.MEAN, 0);
  public static final Combination WEIGHTED = new Combination(Kind.WEIGHTED, 0);
  public static final Combination MINIMUM = new Combination(Kind.MINIMUM, 0);
  public static final Combination CENTRE = new Combination(Kind.POSITION, 0.5);

  public Combination {
    if (!(parameter >= 0 && parameter <= 1)) {
      throw new IllegalArgumentException(
          "combination parameter \"%s\": must be from 0 to 1".formatted(parameter));
    }
  }

  public static Combination quantile(double rank) {
    return new Combination(Kind.QUANTILE, rank);
  }

  public static Combination position(double place) {
    return new Combination(Kind.POSITION, place);
  }

  /** What a text must be to be one. */
  public static final String RULE =
      "must be mean, weighted, minimum, centre, quantile:RANK or position:PLACE with a number from 0 to 1";

  /**
   * Reads {@code mean}, {@code weighted}, {@code minimum}, {@code centre}, {@code quantile:0.25} or
   * {@code position:0.75}.
   *
   * @throws IllegalArgumentException naming the text that is none of these
   */
  public static Combination of(String text) {
    String[] parts = text.trim().toLowerCase(Locale.ROOT).split(":", 2);
    try {
      return switch (parts.length == 1 ? parts[0] : parts[0] + ":") {
        case "mean" -> MEAN;
        case "weighted" -> WEIGHTED;
        case "minimum" -> MINIMUM;
        case "centre" -> CENTRE;
        case "quantile:" -> quantile(Double.parseDouble(parts[1]));
        case "position:" -> position(Double.parseDouble(parts[1]));
        default -> throw new IllegalArgumentException("not a combination");
      };
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("combination \"%s\": %s".formatted(text, RULE), e);
    }
  }

  /** Window of an endless stream after which {@code cell} can no longer change. */
  long decidingWindow(CurveGrid grid, long cell) {
    return kind == Kind.POSITION
        ? Math.max(
            grid.firstWindowOf(cell), Math.min(grid.lastWindowOf(cell), windowAtPlace(grid, cell)))
        : grid.lastWindowOf(cell);
  }

  /** The window whose place {@code parameter} is nearest to the middle of the cell. */
  private long windowAtPlace(CurveGrid grid, long cell) {
    long place = Math.round(parameter * grid.windowFrames());
    long twice = (2 * cell + 1) * grid.cellFrames() - 2 * place - grid.hopFrames();
    return CurveGrid.ceilDiv(twice, 2L * grid.hopFrames());
  }

  /** Weight of a window of {@code windowCells} cells for the cell at {@code position} in it. */
  double weight(int position, int windowCells) {
    return kind == Kind.WEIGHTED ? Math.min(position + 1, windowCells - position) : 1.0;
  }

  /** Rank among {@code count} values in ascending order. */
  int rank(int count) {
    return kind == Kind.MINIMUM ? 0 : (int) Math.floor(parameter * (count - 1));
  }
}
