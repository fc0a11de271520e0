package dev.lookaside.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;

/** The headers of one chunk record, read in one pass. Rules: {@link AudioChunkCodec}. */
final class ChunkHeaders {
  static final String SPEC_VERSION = "ce_specversion";
  static final String TYPE = "ce_type";
  static final String SOURCE = "ce_source";
  static final String ID = "ce_id";
  static final String SUBJECT = "ce_subject";
  static final String TIME = "ce_time";
  static final String SEQUENCE = "ce_sequence";
  static final String SAMPLE_OFFSET = "ce_sampleoffset";
  static final String LAST = "ce_laststream";
  static final String CONTENT_TYPE = "content-type";

  /** Digits of {@link Long#MAX_VALUE}; a longer number cannot be one. */
  private static final int MAX_DIGITS = 19;

  /** Years outside are typing errors and would overflow nanosecond arithmetic further on. */
  private static final Instant EARLIEST = Instant.EPOCH;

  private static final Instant LATEST = Instant.parse("2200-01-01T00:00:00Z");

  private @Nullable String specVersion;
  private @Nullable String type;
  private @Nullable String subject;
  private @Nullable String time;
  private @Nullable String contentType;
  private @Nullable String lastText;
  private long sequence = AudioChunk.NOT_GIVEN;
  private long sampleOffset = AudioChunk.NOT_GIVEN;

  long sequence() {
    return sequence;
  }

  long sampleOffset() {
    return sampleOffset;
  }

  @Nullable String contentType() {
    return contentType;
  }

  boolean last() {
    return "true".equals(lastText);
  }

  /**
   * Takes in all headers, numbers first, so that a record rejected for another header still says
   * where in its stream it would have stood.
   *
   * @throws IngestException naming the header that is no text, no number or contradicts itself
   */
  void read(Headers headers) {
    @Nullable String sequenceText = null;
    @Nullable String offsetText = null;
    for (Header header : headers) {
      switch (header.key()) {
        case SEQUENCE -> sequenceText = text(header, sequenceText);
        case SAMPLE_OFFSET -> offsetText = text(header, offsetText);
        default -> {}
      }
    }
    sequence = number(SEQUENCE, sequenceText, Long.MAX_VALUE - 1);
    sampleOffset = number(SAMPLE_OFFSET, offsetText, AudioChunk.MAX_SAMPLE_OFFSET);
    for (Header header : headers) {
      switch (header.key()) {
        case SPEC_VERSION -> specVersion = text(header, specVersion);
        case TYPE -> type = text(header, type);
        case SUBJECT -> subject = text(header, subject);
        case TIME -> time = text(header, time);
        case LAST -> lastText = text(header, lastText);
        case CONTENT_TYPE -> contentType = text(header, contentType);
        default -> {
          // Other senders' extensions are none of our business.
        }
      }
    }
  }

  /** Checks what must hold among the headers and against the key. */
  void check(StreamId stream) {
    if (specVersion != null && !specVersion.equals("1.0")) {
      throw wrong(SPEC_VERSION, specVersion, "must be 1.0");
    }
    if (type != null && !type.equals(AudioChunkCodec.TYPE)) {
      throw wrong(TYPE, type, "must be " + AudioChunkCodec.TYPE);
    }
    if (subject != null && !subject.equals(stream.value())) {
      throw bad(SUBJECT, subject, "must equal the key " + stream.value());
    }
    if (lastText != null && !lastText.equals("true") && !lastText.equals("false")) {
      throw bad(LAST, lastText, "must be true or false");
    }
    if (sequence >= 0 && sampleOffset >= 0) {
      checkPair();
    }
  }

  private void checkPair() {
    boolean atStart = sequence == 0;
    if (atStart && sampleOffset != 0) {
      throw inconsistent("must be 0 for ce_sequence 0");
    }
    if (sampleOffset < sequence) {
      throw inconsistent(
          "must be at least ce_sequence " + sequence + ", as every chunk holds a sample");
    }
  }

  /**
   * Capture time: {@code ce_time}, else the record's own.
   *
   * @param timestampMillis of the record, negative for none
   */
  Instant captureTime(long timestampMillis) {
    if (time == null) {
      if (timestampMillis < 0) {
        throw bad(TIME, "", "is missing and the record has no timestamp");
      }
      Instant stamped = Instant.ofEpochMilli(timestampMillis);
      return inRange("record timestamp", Long.toString(timestampMillis), stamped);
    }
    String given = time;
    Instant parsed =
        Rfc3339.parse(given)
            .orElseThrow(
                () -> bad(TIME, given, "must be an RFC 3339 time such as 2026-01-31T12:00:00.25Z"));
    return inRange(TIME, given, parsed);
  }

  private static Instant inRange(String field, String value, Instant time) {
    if (time.isBefore(EARLIEST) || time.isAfter(LATEST)) {
      throw bad(field, value, "must lie between " + EARLIEST + " and " + LATEST);
    }
    return time;
  }

  private static String text(Header header, @Nullable String before) {
    byte[] value = header.value();
    if (value == null) {
      throw bad(header.key(), "", "must have a value");
    }
    String text;
    try {
      text = UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString();
    } catch (CharacterCodingException e) {
      throw bad(header.key(), new String(value, UTF_8), "must be UTF-8");
    }
    if (before != null && !before.equals(text)) {
      throw bad(header.key(), text, "contradicts " + before + " in the same record");
    }
    return text;
  }

  private static long number(String header, @Nullable String text, long max) {
    if (text == null) {
      return AudioChunk.NOT_GIVEN;
    }
    if (text.startsWith("-")) {
      throw bad(header, text, "must be 0 or more");
    }
    boolean digits = !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    if (!digits) {
      throw bad(header, text, "must be a whole number");
    }
    if (text.length() <= MAX_DIGITS) {
      try {
        long value = Long.parseLong(text);
        if (value <= max) {
          return value;
        }
      } catch (NumberFormatException e) {
        // 19 digits can still be too many: the message below says so.
      }
    }
    throw bad(header, text, "must be at most " + max);
  }

  private IngestException inconsistent(String message) {
    return AudioChunkCodec.bad(
        Rejection.Reason.INCONSISTENT, SAMPLE_OFFSET, Long.toString(sampleOffset), message);
  }

  private static IngestException bad(String header, String value, String message) {
    return AudioChunkCodec.bad(Rejection.Reason.BAD_HEADER, header, value, message);
  }

  private static IngestException wrong(String header, String value, String message) {
    return AudioChunkCodec.bad(Rejection.Reason.WRONG_TYPE, header, value, message);
  }

  /** Collects headers to send. */
  static final class Writer {
    private final List<Header> headers = new ArrayList<>();

    void add(String name, String value) {
      headers.add(new RecordHeader(name, value.getBytes(UTF_8)));
    }

    void addIfGiven(String name, long value) {
      if (value >= 0) {
        add(name, Long.toString(value));
      }
    }

    List<Header> headers() {
      return headers;
    }
  }
}
