package dev.lookaside.ingest.audio;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** The first so many bytes of a stream. Closing it closes the stream. */
final class BoundedInputStream extends FilterInputStream {
  private final long maxBytes;
  private long leftBytes;

  BoundedInputStream(InputStream in, long maxBytes) {
    super(in);
    this.maxBytes = maxBytes;
    this.leftBytes = maxBytes;
  }

  /** Bytes taken so far. */
  long readBytes() {
    return maxBytes - leftBytes;
  }

  /** Bytes it would still give. */
  long leftBytes() {
    return leftBytes;
  }

  @Override
  public int read() throws IOException {
    if (leftBytes <= 0) {
      return -1;
    }
    int got = super.read();
    if (got >= 0) {
      leftBytes--;
    }
    return got;
  }

  @Override
  public int read(byte[] target, int from, int count) throws IOException {
    if (leftBytes <= 0) {
      return -1;
    }
    int got = super.read(target, from, (int) Math.min(count, leftBytes));
    if (got > 0) {
      leftBytes -= got;
    }
    return got;
  }
}
