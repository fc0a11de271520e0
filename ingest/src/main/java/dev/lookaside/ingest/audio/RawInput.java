package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.AudioFormat;
import java.io.IOException;
import java.io.InputStream;

/** Samples without a header, all in one coding. */
final class RawInput implements AudioInput {
  private final InputStream in;
  private final SampleCoding coding;
  private final int rateHz;
  private final int channels;
  private final long lengthFrames;
  private final ReadRules rules;
  private byte[] bytes = new byte[0];
  private long framesRead;

  /**
   * @param lengthFrames frames to read, or -1 to read to the end of {@code in}
   * @param rules for an end inside a frame
   */
  RawInput(
      InputStream in,
      SampleCoding coding,
      int rateHz,
      int channels,
      long lengthFrames,
      ReadRules rules) {
    AudioFormat.checkRate(rateHz);
    AudioFormat.checkChannels(channels);
    this.in = in;
    this.coding = coding;
    this.rateHz = rateHz;
    this.channels = channels;
    this.lengthFrames = lengthFrames;
    this.rules = rules;
  }

  @Override
  public int rateHz() {
    return rateHz;
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public long lengthFrames() {
    return lengthFrames;
  }

  @Override
  public int read(float[] interleaved, int maxFrames) throws IOException {
    int frames = maxFrames;
    if (lengthFrames >= 0) {
      frames = (int) Math.min(frames, lengthFrames - framesRead);
    }
    if (frames <= 0) {
      return -1;
    }
    int frameBytes = coding.bytes * channels;
    if (bytes.length < frames * frameBytes) {
      bytes = new byte[frames * frameBytes];
    }
    int got = readWholeFrames(frames * frameBytes, frameBytes);
    if (got == 0) {
      return atEnd();
    }
    int samples = got / coding.bytes;
    coding.decode(bytes, 0, interleaved, samples);
    Faults.checkSamples(interleaved, samples, channels, framesRead);
    framesRead += got / frameBytes;
    return got / frameBytes;
  }

  /** One blocking read, then only as many more bytes as the started frame needs. */
  private int readWholeFrames(int wanted, int frameBytes) throws IOException {
    int got = Math.max(0, in.read(bytes, 0, wanted));
    int missing = (frameBytes - got % frameBytes) % frameBytes;
    if (missing > 0) {
      int more = in.readNBytes(bytes, got, missing);
      if (more < missing) {
        int half = got % frameBytes + more;
        rules.disagree(
            Faults.badAudio(
                "bytes of samples",
                framesRead * frameBytes + got + more,
                "must be a multiple of the %d bytes of a frame".formatted(frameBytes)),
            "the last %d bytes are left out".formatted(half));
        return got + more - half;
      }
      got += more;
    }
    return got;
  }

  private int atEnd() {
    if (lengthFrames > framesRead) {
      throw Faults.badAudio(
          "frames", lengthFrames, "truncated: only %d are there".formatted(framesRead));
    }
    return -1;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
