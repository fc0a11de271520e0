package dev.lookaside.ingest;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a chunk's payload is encoded, as its {@code content-type} says.
 *
 * <pre>
 *   audio/L16;rate=R;channels=C                  16-bit big-endian (RFC 2586), channels 1 if not given
 *   audio/x-raw;format=S16LE;rate=R;channels=C   16-bit little-endian (GStreamer's caps names)
 *   audio/x-raw;format=F32LE;rate=R;channels=C   32-bit float little-endian, [-1, 1]
 *   audio/wav  audio/flac                        the payload says the rest; one whole file per chunk
 * </pre>
 *
 * <p>Names are read without regard to case; {@code ,} separates as {@code ;} does and {@code
 * (int)48000} is read as {@code 48000}, because GStreamer prints caps so.
 *
 * @param encoding sample encoding or container
 * @param rateHz {@value #MIN_RATE_HZ} to {@value #MAX_RATE_HZ}; 0 for WAV and FLAC
 * @param channels interleaved, 1 to {@value #MAX_CHANNELS}; 0 for WAV and FLAC
 * @throws IngestException if rate or channels are out of range
 */
public record AudioFormat(Encoding encoding, int rateHz, int channels) {
  /** Lowest sample rate that is read: half of it is the highest frequency in the sound. */
  public static final int MIN_RATE_HZ = 1_000;

  /** Highest sample rate that is read; field recorders for bats use 250 to 500 kHz. */
  public static final int MAX_RATE_HZ = 1_000_000;

  /** Most interleaved channels. */
  public static final int MAX_CHANNELS = 64;

  /** One WAV file per chunk. */
  public static final AudioFormat WAV = new AudioFormat(Encoding.WAV, 0, 0);

  /** One FLAC file per chunk. */
  public static final AudioFormat FLAC = new AudioFormat(Encoding.FLAC, 0, 0);

  private static final String CONTENT_TYPE = "content-type";

  /** Sample encodings and containers. */
  public enum Encoding {
    L16(2),
    S16LE(2),
    F32LE(4),
    WAV(0),
    FLAC(0);

    private final int bytesPerSample;

    Encoding(int bytesPerSample) {
      this.bytesPerSample = bytesPerSample;
    }

    /** Bytes of one sample of one channel; 0 for containers, whose payload says it. */
    public int bytesPerSample() {
      return bytesPerSample;
    }

    /** True if the payload itself says rate and channels. */
    public boolean container() {
      return bytesPerSample == 0;
    }
  }

  public AudioFormat {
    Objects.requireNonNull(encoding, "encoding");
    if (encoding.container()) {
      if (rateHz != 0 || channels != 0) {
        throw bad("rate", Integer.toString(rateHz), encoding + " payloads carry rate and channels");
      }
    } else {
      checkRate(rateHz);
      checkChannels(channels);
    }
  }

  /**
   * Checks a sample rate, wherever it was read.
   *
   * @throws IngestException naming {@code rate} if it is out of range
   */
  public static void checkRate(long rateHz) {
    if (rateHz < MIN_RATE_HZ || rateHz > MAX_RATE_HZ) {
      throw bad(
          "rate", Long.toString(rateHz), "must be " + MIN_RATE_HZ + " to " + MAX_RATE_HZ + " Hz");
    }
  }

  /**
   * Checks a channel count, wherever it was read.
   *
   * @throws IngestException naming {@code channels} if it is none
   */
  public static void checkChannels(long channels) {
    if (channels < 1 || channels > MAX_CHANNELS) {
      throw bad("channels", Long.toString(channels), "must be 1 to " + MAX_CHANNELS);
    }
  }

  /** The {@code content-type} that {@link #parse} reads back as this. */
  public String contentType() {
    return switch (encoding) {
      case WAV -> "audio/wav";
      case FLAC -> "audio/flac";
      case L16 -> "audio/L16;rate=" + rateHz + ";channels=" + channels;
      case S16LE, F32LE ->
          "audio/x-raw;format=" + encoding + ";rate=" + rateHz + ";channels=" + channels;
    };
  }

  /**
   * Reads a content type.
   *
   * @throws IngestException with a {@link Rejection} naming the parameter and value at fault
   */
  public static AudioFormat parse(String contentType) {
    String[] parts = contentType.split("[;,]", -1);
    String type = parts[0].strip().toLowerCase(Locale.ROOT);
    return switch (type) {
      case "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave" -> WAV;
      case "audio/flac", "audio/x-flac" -> FLAC;
      case "audio/l16" -> {
        Map<String, String> given = parameters(contentType, parts);
        yield raw(contentType, Encoding.L16, given, 1);
      }
      case "audio/x-raw" -> {
        Map<String, String> given = parameters(contentType, parts);
        yield raw(contentType, rawEncoding(contentType, given), given, 0);
      }
      default ->
          throw unknown(contentType, "must be audio/L16, audio/x-raw, audio/wav or audio/flac");
    };
  }

  private static AudioFormat raw(
      String contentType, Encoding encoding, Map<String, String> given, int defaultChannels) {
    long rateHz = number(contentType, "rate", given.get("rate"), 0);
    long channels = number(contentType, "channels", given.get("channels"), defaultChannels);
    checkRate(rateHz);
    checkChannels(channels);
    return new AudioFormat(encoding, (int) rateHz, (int) channels);
  }

  private static Encoding rawEncoding(String contentType, Map<String, String> given) {
    String layout = given.getOrDefault("layout", "interleaved");
    if (!layout.equalsIgnoreCase("interleaved")) {
      throw new IngestException(
          new Rejection(
              Rejection.Reason.BAD_CONTENT_TYPE, "layout", layout, "must be interleaved"));
    }
    String format = given.get("format");
    if (format == null) {
      throw unknown(contentType, "format is missing");
    }
    return switch (format.toUpperCase(Locale.ROOT)) {
      case "S16LE" -> Encoding.S16LE;
      case "F32LE" -> Encoding.F32LE;
      default ->
          throw new IngestException(
              new Rejection(
                  Rejection.Reason.BAD_CONTENT_TYPE, "format", format, "must be S16LE or F32LE"));
    };
  }

  private static Map<String, String> parameters(String contentType, String[] parts) {
    Map<String, String> found = new HashMap<>();
    for (int i = 1; i < parts.length; i++) {
      String part = parts[i].strip();
      if (part.isEmpty()) {
        continue;
      }
      int equals = part.indexOf('=');
      if (equals < 1) {
        throw unknown(contentType, "parameter " + i + " must be name=value");
      }
      String name = part.substring(0, equals).strip().toLowerCase(Locale.ROOT);
      if (found.put(name, value(part.substring(equals + 1).strip())) != null) {
        throw unknown(contentType, name + " is given twice");
      }
    }
    return found;
  }

  /** Without GStreamer's type in brackets and without quotes. */
  private static String value(String text) {
    int bracket = text.startsWith("(") ? text.indexOf(')') : -1;
    String bare = text.substring(bracket + 1).strip();
    boolean quoted = bare.length() >= 2 && bare.startsWith("\"") && bare.endsWith("\"");
    return quoted ? bare.substring(1, bare.length() - 1) : bare;
  }

  private static long number(
      String contentType, String name, @Nullable String text, int defaultValue) {
    if (text == null) {
      if (defaultValue > 0) {
        return defaultValue;
      }
      throw unknown(contentType, name + " is missing");
    }
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw bad(name, text, "must be a whole number");
    }
  }

  private static IngestException bad(String field, String value, String message) {
    return new IngestException(new Rejection(Rejection.Reason.BAD_FORMAT, field, value, message));
  }

  private static IngestException unknown(String contentType, String message) {
    return new IngestException(
        new Rejection(Rejection.Reason.BAD_CONTENT_TYPE, CONTENT_TYPE, contentType, message));
  }
}
