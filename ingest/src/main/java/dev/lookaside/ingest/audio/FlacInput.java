package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.IngestException;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import org.jflac.ChannelData;
import org.jflac.FLACDecoder;
import org.jflac.FrameListener;
import org.jflac.frame.Frame;
import org.jflac.metadata.Metadata;
import org.jspecify.annotations.Nullable;

/**
 * FLAC, decoded by jFLAC. jFLAC goes on after damage (it plays zeros or looks for the next frame);
 * here every damage is an end with a message, and the samples must match the header's count and
 * MD5. One wart stays: jFLAC prints a line to {@code System.out} for an escaped partition, which
 * encoders hardly ever write but damage can look like.
 */
final class FlacInput implements AudioInput {
  private final FLACDecoder decoder;
  private final FlacHeader header;
  private final Counting source;
  private final float scale;
  private final @Nullable MessageDigest md5;
  private final ReadRules rules;
  private byte[] md5Bytes = new byte[0];

  /** The frame being given out: {@code block[i][channel]} from {@code blockAt} on. */
  private float[] block = new float[0];

  private int blockFrames;
  private int blockAt;
  private long framesDecoded;
  private boolean ended;

  private FlacInput(FlacHeader header, InputStream afterHeader, ReadRules rules) {
    this.header = header;
    this.rules = rules;
    this.source = new Counting(new WithoutId3v1(afterHeader));
    this.scale = 1f / (1 << (header.bits() - 1));
    this.md5 = header.hasMd5() ? newMd5() : null;
    this.decoder =
        new FLACDecoder(
            new SequenceInputStream(new ByteArrayInputStream(header.minimalBytes()), source));
    decoder.addFrameListener(new DamageListener());
  }

  /**
   * Reads up to the first frame.
   *
   * @throws IngestException naming the field at fault
   */
  static FlacInput open(InputStream in, ReadRules rules) throws IOException {
    FlacInput input = new FlacInput(FlacHeader.read(in), in, rules);
    try {
      input.decoder.readMetadata();
    } catch (RuntimeException e) {
      throw Faults.badAudio("STREAMINFO", "", "cannot be read");
    }
    return input;
  }

  @Override
  public int rateHz() {
    return header.rateHz();
  }

  @Override
  public int channels() {
    return header.channels();
  }

  @Override
  public long lengthFrames() {
    return header.lengthFrames();
  }

  @Override
  public int read(float[] interleaved, int maxFrames) throws IOException {
    while (blockAt == blockFrames) {
      if (ended || !nextBlock()) {
        return -1;
      }
    }
    int frames = Math.min(maxFrames, blockFrames - blockAt);
    System.arraycopy(block, blockAt * channels(), interleaved, 0, frames * channels());
    blockAt += frames;
    return frames;
  }

  private boolean nextBlock() throws IOException {
    if (framesDecoded == header.lengthFrames()) {
      if (source.leftOver(decoder) || source.read() >= 0) {
        rules.disagree(
            Faults.badAudio("FLAC samples", framesDecoded, "more bytes follow the last one"),
            "what follows is left out");
      }
      return finish();
    }
    long before = decoder.getTotalBytesRead();
    Frame frame;
    try {
      frame = nextFrame();
    } catch (IngestException e) {
      if (source.atEnd) {
        return cut(damaged("truncated: it ends inside a frame"));
      }
      throw e;
    }
    if (frame == null) {
      // Bytes that end inside a frame are not an end.
      if (decoder.getTotalBytesRead() > before || source.leftOver(decoder)) {
        return cut(damaged("truncated: it ends inside a frame"));
      }
      return finish();
    }
    takeFrame(frame);
    return true;
  }

  private @Nullable Frame nextFrame() throws IOException {
    try {
      return decoder.readNextFrame();
    } catch (IngestException e) {
      throw e;
    } catch (RuntimeException e) {
      // jFLAC indexes and divides by what the bytes say.
      throw damaged("is damaged");
    }
  }

  private void takeFrame(Frame frame) {
    int channels = channels();
    int frames = frame.header.blockSize;
    check("channels", frame.header.channels, channels);
    check("bits per sample", frame.header.bitsPerSample, header.bits());
    check("rate", frame.header.sampleRate, header.rateHz());
    if (header.lengthFrames() >= 0 && framesDecoded + frames > header.lengthFrames()) {
      throw damaged("holds more than the " + header.lengthFrames() + " samples of its header");
    }
    if (block.length < frames * channels) {
      block = new float[frames * channels];
    }
    ChannelData[] data = decoder.getChannelData();
    for (int c = 0; c < channels; c++) {
      int[] samples = data[c].getOutput();
      for (int i = 0, at = c; i < frames; i++, at += channels) {
        block[at] = samples[i] * scale;
      }
    }
    digest(data, frames);
    Faults.checkSamples(block, frames * channels, channels, framesDecoded);
    blockFrames = frames;
    blockAt = 0;
    framesDecoded += frames;
  }

  private void check(String field, int found, int expected) {
    if (found != expected) {
      throw Faults.badAudio(
          "FLAC frame " + field, found, "must be %d as in the header".formatted(expected));
    }
  }

  /** FLAC's MD5 is over interleaved little-endian samples of whole bytes. */
  private void digest(ChannelData[] data, int frames) {
    if (md5 == null) {
      return;
    }
    int channels = channels();
    int bytes = (header.bits() + 7) / 8;
    if (md5Bytes.length < frames * channels * bytes) {
      md5Bytes = new byte[frames * channels * bytes];
    }
    for (int c = 0; c < channels; c++) {
      int[] samples = data[c].getOutput();
      for (int i = 0, at = c * bytes; i < frames; i++, at += channels * bytes) {
        for (int b = 0; b < bytes; b++) {
          md5Bytes[at + b] = (byte) (samples[i] >> 8 * b);
        }
      }
    }
    md5.update(md5Bytes, 0, frames * channels * bytes);
  }

  private boolean finish() {
    ended = true;
    if (header.lengthFrames() > framesDecoded) {
      return cut(
          Faults.badAudio(
              "FLAC samples",
              header.lengthFrames(),
              "truncated: only %d are there".formatted(framesDecoded)));
    }
    if (md5 != null && framesDecoded > 0) {
      byte[] found = md5.digest();
      if (!Arrays.equals(found, header.md5())) {
        throw Faults.badAudio(
            "FLAC MD5",
            HexFormat.of().formatHex(header.md5()),
            "the samples have " + HexFormat.of().formatHex(found));
      }
    }
    return false;
  }

  /** Ends early. Without one whole frame there is nothing to go by. */
  private boolean cut(IngestException fault) {
    ended = true;
    if (framesDecoded == 0) {
      throw fault;
    }
    rules.disagree(fault, "read to the end");
    return false;
  }

  private IngestException damaged(String what) {
    return Faults.badAudio("FLAC frame after sample", framesDecoded, what);
  }

  private static MessageDigest newMd5() {
    try {
      return MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has MD5", e);
    }
  }

  @Override
  public void close() throws IOException {
    source.close();
  }

  private final class DamageListener implements FrameListener {
    @Override
    public void processMetadata(Metadata metadata) {}

    @Override
    public void processFrame(Frame frame) {}

    @Override
    public void processError(String message) {
      // Thrown through jFLAC, which would search on; with some bytes for ever.
      throw damaged("is damaged");
    }
  }

  /**
   * Leaves out an ID3v1 tag at the end, by holding back as many bytes as one has.
   *
   * @see "ID3v1: 128 bytes, the first three are TAG"
   */
  private static final class WithoutId3v1 extends FilterInputStream {
    private static final int TAG_BYTES = 128;

    private final byte[] held = new byte[TAG_BYTES];
    private int heldBytes;

    WithoutId3v1(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int from, int count) throws IOException {
      if (count == 0) {
        return 0;
      }
      while (heldBytes < TAG_BYTES) {
        int got = in.read(held, heldBytes, TAG_BYTES - heldBytes);
        if (got < 0) {
          return rest(target, from, count);
        }
        heldBytes += got;
      }
      byte[] next = new byte[Math.min(count, TAG_BYTES)];
      int got = in.read(next, 0, next.length);
      if (got < 0) {
        return rest(target, from, count);
      }
      System.arraycopy(held, 0, target, from, got);
      System.arraycopy(held, got, held, 0, TAG_BYTES - got);
      System.arraycopy(next, 0, held, TAG_BYTES - got, got);
      return got;
    }

    private int rest(byte[] target, int from, int count) {
      boolean tag = heldBytes == TAG_BYTES && held[0] == 'T' && held[1] == 'A' && held[2] == 'G';
      int given = tag ? 0 : Math.min(count, heldBytes);
      if (given == 0) {
        return -1;
      }
      System.arraycopy(held, 0, target, from, given);
      heldBytes -= given;
      System.arraycopy(held, given, held, 0, heldBytes);
      return given;
    }
  }

  /** Counts the bytes jFLAC has taken. */
  private static final class Counting extends FilterInputStream {
    private long taken;
    private boolean atEnd;

    Counting(InputStream in) {
      super(in);
    }

    boolean leftOver(FLACDecoder decoder) {
      return taken + 42 > decoder.getTotalBytesRead();
    }

    @Override
    public int read() throws IOException {
      int got = super.read();
      atEnd |= got < 0;
      taken += got < 0 ? 0 : 1;
      return got;
    }

    @Override
    public int read(byte[] target, int from, int count) throws IOException {
      int got = super.read(target, from, count);
      atEnd |= got < 0;
      taken += Math.max(0, got);
      return got;
    }
  }
}
