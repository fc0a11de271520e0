package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.IngestException;
import java.io.IOException;
import java.io.InputStream;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioFormat.Encoding;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.UnsupportedAudioFileException;
import javazoom.spi.mpeg.sampled.convert.MpegFormatConversionProvider;
import javazoom.spi.mpeg.sampled.file.MpegAudioFileReader;

/**
 * MP3 through its javax.sound provider, named here instead of looked up: the JDK asks every
 * installed one in turn, and some claim what is not theirs.
 */
final class Mp3Input implements AudioInput {
  private final RawInput samples;
  private long framesRead;

  private Mp3Input(RawInput samples) {
    this.samples = samples;
  }

  /**
   * Reads up to the first sample.
   *
   * @param tagged true if an ID3 tag before it, not its first bytes, made it look like MP3
   * @throws IngestException naming the field at fault
   */
  static Mp3Input open(InputStream in, boolean tagged) throws IOException {
    try {
      AudioInputStream encoded = new MpegAudioFileReader().getAudioInputStream(in);
      AudioFormat found = encoded.getFormat();
      AudioFormat wanted =
          new AudioFormat(
              Encoding.PCM_SIGNED,
              found.getSampleRate(),
              16,
              found.getChannels(),
              2 * found.getChannels(),
              found.getSampleRate(),
              false);
      AudioInputStream decoded =
          new MpegFormatConversionProvider().getAudioInputStream(wanted, encoded);
      return new Mp3Input(
          new RawInput(
              decoded,
              SampleCoding.S16LE,
              Math.round(found.getSampleRate()),
              found.getChannels(),
              -1,
              ReadRules.LENIENT));
    } catch (IngestException e) {
      throw e;
    } catch (UnsupportedAudioFileException | RuntimeException e) {
      // Both say what the library tripped over, which is no help to whoever has the file.
      throw Faults.unsupported(
          tagged ? "bytes behind the ID3 tag" : "MPEG frames",
          "none",
          tagged ? "must be FLAC, MP3, WAV or OGG Vorbis" : "no MP3 frame can be read");
    }
  }

  @Override
  public int rateHz() {
    return samples.rateHz();
  }

  @Override
  public int channels() {
    return samples.channels();
  }

  @Override
  public long lengthFrames() {
    return samples.lengthFrames();
  }

  @Override
  public int read(float[] interleaved, int maxFrames) throws IOException {
    try {
      int frames = samples.read(interleaved, maxFrames);
      framesRead += Math.max(0, frames);
      return frames;
    } catch (IngestException e) {
      throw e;
    } catch (RuntimeException e) {
      // The decoders index by what the bytes say.
      throw Faults.badAudio("MPEG frame after sample", framesRead, "is damaged");
    }
  }

  @Override
  public void close() throws IOException {
    samples.close();
  }
}
