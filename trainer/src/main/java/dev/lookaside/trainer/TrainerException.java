package dev.lookaside.trainer;

/** The trainer cannot go on; the message says where and with which value. */
public class TrainerException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final String ROOT = "lookaside.trainer";

  public TrainerException(String message) {
    super(message);
  }

  public TrainerException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * Checks a value of the configuration.
   *
   * @param key below {@code lookaside.trainer}
   * @throws TrainerException naming key, value and range if it is outside, or NaN
   */
  public static void checkBetween(String key, double value, double least, double most) {
    // Written so that NaN fails too.
    if (!(value >= least && value <= most)) {
      boolean whole = value == Math.rint(value) && most == Math.rint(most) && most > 1;
      throw new TrainerException(
          whole
              ? "%s.%s \"%d\": must be %d to %d"
                  .formatted(ROOT, key, (long) value, (long) least, (long) most)
              : "%s.%s \"%s\": must be %s to %s".formatted(ROOT, key, value, least, most));
    }
  }
}
