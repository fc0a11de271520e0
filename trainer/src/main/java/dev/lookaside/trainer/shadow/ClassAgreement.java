package dev.lookaside.trainer.shadow;

/**
 * How far two adapters agree on one class.
 *
 * @param agreed events of the class that both have
 * @param onlyIncumbent events of the class that the candidate does not detect
 * @param onlyCandidate events of the class that the incumbent does not detect
 * @param namedOtherwise events of the class to which the candidate gives another name
 * @param namedAnew events to which the candidate gives this name and the incumbent another
 * @param onsetShiftSeconds mean of candidate's minus incumbent's onset over what is agreed; 0 if
 *     nothing is
 * @param onsetShiftMagnitudeSeconds mean of its absolute value
 */
public record ClassAgreement(
    int agreed,
    int onlyIncumbent,
    int onlyCandidate,
    int namedOtherwise,
    int namedAnew,
    double onsetShiftSeconds,
    double onsetShiftMagnitudeSeconds) {
  /** Events of the class by the incumbent. */
  public int incumbentEvents() {
    return agreed + onlyIncumbent + namedOtherwise;
  }

  /** Events of the class by the candidate. */
  public int candidateEvents() {
    return agreed + onlyCandidate + namedAnew;
  }
}
