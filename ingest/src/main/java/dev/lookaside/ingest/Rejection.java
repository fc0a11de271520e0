package dev.lookaside.ingest;

import java.util.Locale;
import java.util.Objects;

/**
 * Why something received cannot be used, as data. Travels to {@code audio.dead-letters} as headers.
 *
 * @param reason what kind of fault, for counters
 * @param field the header, parameter or part at fault, as the sender names it: {@code ce_sequence}
 * @param value the value there, cut to {@value #MAX_VALUE_CHARS} characters, control characters
 *     shown as {@code ?}; empty when there was none
 * @param message what would be right: {@code must be 0 or more}
 */
public record Rejection(Reason reason, String field, String value, String message) {
  /** A longer value is cut: a lying sender must not fill the log. */
  public static final int MAX_VALUE_CHARS = 200;

  /** Kinds of fault. Their {@link #code()} is part of the wire format of dead letters. */
  public enum Reason {
    /** The record key is missing, not UTF-8 or not a stream id. */
    BAD_KEY,
    /** A {@code ce_} header cannot be read or lies outside its range. */
    BAD_HEADER,
    /** A CloudEvent of another type or version than its topic holds. */
    WRONG_TYPE,
    /** The content type is missing, unknown or lacks a parameter. */
    BAD_CONTENT_TYPE,
    /** Sample rate or channel count outside what Lookaside processes. */
    BAD_FORMAT,
    /** The value is no JSON object, or one of its fields is missing or wrong. */
    BAD_VALUE,
    /** No audio in the chunk, or no value in the record. */
    EMPTY,
    /** More bytes than the configured limit. */
    TOO_LARGE,
    /** The payload is not what its content type says: truncated, corrupt or lying. */
    BAD_AUDIO,
    /** A sample is NaN or infinite. */
    BAD_SAMPLE,
    /** Sequence, sample offset, rate or time contradict each other or what came before. */
    INCONSISTENT,
    /** The record is well formed and yet made its stream fail, several times. */
    FAILED;

    /** Lower case with hyphens: {@code bad-key}. */
    public String code() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  public Rejection {
    Objects.requireNonNull(reason, "reason");
    Objects.requireNonNull(field, "field");
    Objects.requireNonNull(message, "message");
    value = printable(value);
  }

  /** One line for people: {@code ce_sequence "-3": must be 0 or more}. */
  public String describe() {
    return field + " \"" + value + "\": " + message;
  }

  private static String printable(String value) {
    boolean cut = value.length() > MAX_VALUE_CHARS;
    String shown = cut ? value.substring(0, MAX_VALUE_CHARS - 3) + "..." : value;
    return shown.codePoints().anyMatch(Rejection::unprintable)
        ? shown
            .codePoints()
            .map(c -> unprintable(c) ? '?' : c)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString()
        : shown;
  }

  private static boolean unprintable(int codePoint) {
    int type = Character.getType(codePoint);
    return type == Character.CONTROL || type == Character.SURROGATE;
  }
}
