package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.Rejection.Reason;

/** The faults audio data can have, and the check that every decoded sample passes. */
final class Faults {
  /** Full scale is 1; float data scaled like 16-bit integers (32768) still passes. */
  static final float MAX_MAGNITUDE = 65_536f;

  private Faults() {}

  /** The data is not what it says it is. */
  static IngestException badAudio(String field, Object value, String message) {
    return new IngestException(
        new Rejection(Reason.BAD_AUDIO, field, String.valueOf(value), message));
  }

  /** The data may be right, but is of a kind that is not read here; ffmpeg might read it. */
  static OtherKind unsupported(String field, Object value, String message) {
    return new OtherKind(new Rejection(Reason.BAD_FORMAT, field, String.valueOf(value), message));
  }

  /** Tells a file of another kind from one of a known kind that breaks a limit of ours. */
  static final class OtherKind extends IngestException {
    private static final long serialVersionUID = 1;

    private OtherKind(Rejection rejection) {
      super(rejection);
    }
  }

  static IngestException empty(String field, Object value) {
    return new IngestException(
        new Rejection(Reason.EMPTY, field, String.valueOf(value), "must hold audio"));
  }

  static IngestException tooLarge(String field, long value, long max, String unit) {
    return new IngestException(
        new Rejection(
            Reason.TOO_LARGE, field, Long.toString(value), "must be at most " + max + " " + unit));
  }

  /**
   * Refuses NaN, infinities and absurd magnitudes.
   *
   * @param samples {@code [count / channels][channels]}
   * @param firstFrame number of the first frame in its stream, for the message
   */
  static void checkSamples(float[] samples, int count, int channels, long firstFrame) {
    for (int i = 0; i < count; i++) {
      // Written so that NaN fails too.
      if (!(Math.abs(samples[i]) <= MAX_MAGNITUDE)) {
        throw new IngestException(
            new Rejection(
                Reason.BAD_SAMPLE,
                "sample " + (firstFrame + i / channels) + " of channel " + i % channels,
                Float.toString(samples[i]),
                "must be a number from %.0f to %.0f".formatted(-MAX_MAGNITUDE, MAX_MAGNITUDE)));
      }
    }
  }
}
