package dev.lookaside.trainer.metric;

/**
 * Parameters of the polyphonic sound detection score.
 *
 * @param detectionTolerance rho_DTC: share of a detection that must lie in true events of its
 *     class, in (0, 1]
 * @param truthIntersection rho_GTC: share of a true event that relevant detections must cover, in
 *     (0, 1]
 * @param crossTriggerTolerance rho_CTTC: share of a false detection in true events of another class
 *     from which it counts as triggered by that class, in (0, 1]
 * @param crossTriggerWeight alpha_CT, 0 to 1
 * @param instabilityWeight alpha_ST: weight of the spread between classes, 0 or more
 * @param maxFalsePerHour e_max: where the curve ends, in effective false positives per hour
 */
public record PsdsCriteria(
    double detectionTolerance,
    double truthIntersection,
    double crossTriggerTolerance,
    double crossTriggerWeight,
    double instabilityWeight,
    double maxFalsePerHour) {

  /**
   * @throws IllegalArgumentException if a value is out of range
   */
  public PsdsCriteria {
    requireShare("detectionTolerance", detectionTolerance);
    requireShare("truthIntersection", truthIntersection);
    requireShare("crossTriggerTolerance", crossTriggerTolerance);
    require("crossTriggerWeight", crossTriggerWeight, crossTriggerWeight <= 1, "0 to 1");
    require("instabilityWeight", instabilityWeight, true, "0 or more");
    boolean positive = maxFalsePerHour > 0 && maxFalsePerHour < Double.POSITIVE_INFINITY;
    require("maxFalsePerHour", maxFalsePerHour, positive, "finite and above 0");
  }

  private static void requireShare(String field, double value) {
    require(field, value, value > 0 && value <= 1, "above 0 and at most 1");
  }

  private static void require(String field, double value, boolean fits, String rule) {
    if (!(value >= 0 && fits)) {
      throw new IllegalArgumentException(field + " \"" + value + "\": must be " + rule);
    }
  }

  /** DCASE task 4, scenario 1: when it sounded matters most. */
  public static PsdsCriteria psds1() {
    return new PsdsCriteria(0.7, 0.7, 1, 0, 1, 100);
  }

  /** DCASE task 4, scenario 2: what sounded matters most. */
  public static PsdsCriteria psds2() {
    return new PsdsCriteria(0.1, 0.1, 0.3, 0.5, 1, 100);
  }
}
