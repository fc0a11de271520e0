package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.IngestException;
import org.jspecify.annotations.Nullable;

/** A file (or pipe) that cannot be read as audio. The message names the file, field and value. */
public final class AudioFormatException extends IngestException {
  private static final long serialVersionUID = 1;

  private final String what;

  AudioFormatException(String source, String what) {
    super(source + ": " + what);
    this.what = what;
  }

  AudioFormatException(String source, @Nullable String what, Throwable cause) {
    super(source + ": " + what, cause);
    this.what = String.valueOf(what);
  }

  /** The message without the file's name. */
  String what() {
    return what;
  }
}
