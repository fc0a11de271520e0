package dev.lookaside.classifier.detect;

import dev.lookaside.ingest.Sha256;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One record of {@code audio.detections}. {@link DetectionCodec} draws the wire form.
 *
 * @param kind what happened
 * @param id same for all records of one event: {@link #idOf}; a record sent twice has it twice
 * @param stream whose audio
 * @param epoch capture time of the stream's sample 0
 * @param label what sounded; null for {@link Kind#GAP} and {@link Kind#SHED}
 * @param extent from when to when
 * @param peak highest posterior of the event's curve, to 6 decimals; 0 without a label
 * @param mean mean posterior over the event, to 6 decimals; 0 without a label
 * @param origin what computed it and from which records
 * @param reason why, for gap, shed and retracted; null for started and ended
 */
public record Detection(
    Kind kind,
    String id,
    StreamId stream,
    Instant epoch,
    @Nullable String label,
    Extent extent,
    double peak,
    double mean,
    Origin origin,
    @Nullable String reason) {
  /** The kinds of record; on the wire in lower case. */
  public enum Kind {
    /** An event has begun and is long enough to count; it will be ended. */
    STARTED,
    /** The event is over; has all that started had, made final. */
    ENDED,
    /** A correction or a replay removes the event. */
    RETRACTED,
    /** Audio never received, or rejected: nothing is known of it. */
    GAP,
    /** Audio received but not scored for want of time. */
    SHED;

    /** The word on the wire. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    boolean isEvent() {
      return this == STARTED || this == ENDED || this == RETRACTED;
    }
  }

  /**
   * Half-open stretch on the stream's clock.
   *
   * @param onsetSample first sample, native rate
   * @param offsetSample the sample after the last; {@link #OPEN} while the event lasts
   * @param onsetTime capture time of the first sample
   * @param offsetTime capture time of the end; null while the event lasts
   * @param rateHz native samples per second
   */
  public record Extent(
      long onsetSample,
      long offsetSample,
      Instant onsetTime,
      @Nullable Instant offsetTime,
      int rateHz) {
    /** {@code offsetSample} of an event that lasts. */
    public static final long OPEN = -1;

    public Extent {
      Objects.requireNonNull(onsetTime, "onsetTime");
      check(onsetSample >= 0, "onsetSample", onsetSample, "must be 0 or more");
      check(
          offsetSample == OPEN || offsetSample >= onsetSample,
          "offsetSample",
          offsetSample,
          "must be onsetSample (%d) or more".formatted(onsetSample));
      check(rateHz > 0, "rateHz", rateHz, "must be above 0");
      if ((offsetSample == OPEN) != (offsetTime == null)) {
        throw new DetectException(
            "offsetTime \"%s\": must be there if and only if offsetSample is"
                .formatted(offsetTime));
      }
    }

    public boolean open() {
      return offsetSample == OPEN;
    }

    /** Onset on the stream's clock. */
    public double onsetSeconds() {
      return (double) onsetSample / rateHz;
    }

    /** Offset on the stream's clock; NaN while the event lasts. */
    public double offsetSeconds() {
      return open() ? Double.NaN : (double) offsetSample / rateHz;
    }
  }

  /**
   * What a detection was computed with and from.
   *
   * @param adapterDigest sha256 of the adapter file, hexadecimal
   * @param backboneDigest sha256 of the backbone file, hexadecimal
   * @param featureFingerprint names the front end and the window grid exactly
   * @param partition of {@code audio.chunks}
   * @param firstRecordOffset record that holds the onset
   * @param lastRecordOffset last record that was scored to decide the extent
   */
  public record Origin(
      String adapterDigest,
      String backboneDigest,
      String featureFingerprint,
      int partition,
      long firstRecordOffset,
      long lastRecordOffset) {
    public Origin {
      Objects.requireNonNull(adapterDigest, "adapterDigest");
      Objects.requireNonNull(backboneDigest, "backboneDigest");
      Objects.requireNonNull(featureFingerprint, "featureFingerprint");
      check(partition >= 0, "partition", partition, "must be 0 or more");
      check(firstRecordOffset >= 0, "firstRecordOffset", firstRecordOffset, "must be 0 or more");
      check(
          lastRecordOffset >= firstRecordOffset,
          "lastRecordOffset",
          lastRecordOffset,
          "must be firstRecordOffset (%d) or more".formatted(firstRecordOffset));
    }
  }

  private static final int ID_BYTES = 16;

  public Detection {
    Objects.requireNonNull(stream, "stream");
    Objects.requireNonNull(epoch, "epoch");
    Objects.requireNonNull(extent, "extent");
    Objects.requireNonNull(origin, "origin");
    if (id.isEmpty()) {
      throw new DetectException("id \"\": must not be empty");
    }
    if (kind.isEvent() != (label != null)) {
      throw new DetectException(
          "label \"%s\": must be there if and only if the kind (%s) is of an event"
              .formatted(label, kind.word()));
    }
    if (extent.open() && kind != Kind.STARTED && kind != Kind.RETRACTED) {
      throw new DetectException(
          "offsetSample \"%d\": must be given for %s".formatted(Extent.OPEN, kind.word()));
    }
    peak = rounded("peak", peak);
    mean = rounded("mean", mean);
  }

  /**
   * What takes this event back.
   *
   * @param why for people
   * @throws DetectException if it is no event
   */
  public Detection retracted(String why) {
    return new Detection(Kind.RETRACTED, id, stream, epoch, label, extent, peak, mean, origin, why);
  }

  /** {@link #label()} of an event. */
  public String eventLabel() {
    return Objects.requireNonNull(label, "label");
  }

  /**
   * Hexadecimal of the first 16 bytes of sha256 over {@code stream|epoch|label|onsetSample}, UTF-8.
   * Whoever decodes the same audio with the same labels finds the same id.
   */
  public static String idOf(StreamId stream, Instant epoch, String label, long onsetSample) {
    String text = stream.value() + "|" + epoch + "|" + label + "|" + onsetSample;
    return HexFormat.of().formatHex(Sha256.of(text), 0, ID_BYTES);
  }

  /** Six decimals are what the wire carries. */
  private static double rounded(String field, double posterior) {
    if (!(posterior >= 0 && posterior <= 1)) {
      throw new DetectException("%s \"%s\": must be from 0 to 1".formatted(field, posterior));
    }
    return Math.rint(posterior * 1e6) / 1e6;
  }

  private static void check(boolean holds, String field, long value, String rule) {
    if (!holds) {
      throw new DetectException("%s \"%d\": %s".formatted(field, value, rule));
    }
  }
}
