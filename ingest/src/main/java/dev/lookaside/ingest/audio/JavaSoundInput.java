package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.IngestException;
import java.io.IOException;
import java.io.InputStream;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioFormat.Encoding;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.UnsupportedAudioFileException;
import javax.sound.sampled.spi.AudioFileReader;
import javax.sound.sampled.spi.FormatConversionProvider;
import javazoom.spi.mpeg.sampled.convert.MpegFormatConversionProvider;
import javazoom.spi.mpeg.sampled.file.MpegAudioFileReader;
import javazoom.spi.vorbis.sampled.convert.VorbisFormatConversionProvider;
import javazoom.spi.vorbis.sampled.file.VorbisAudioFileReader;

/**
 * OGG Vorbis and MP3 through their javax.sound providers. The providers are named here instead of
 * being looked up: the JDK asks every installed one in turn, and some claim what is not theirs.
 */
final class JavaSoundInput implements AudioInput {
  private final RawInput samples;

  private JavaSoundInput(RawInput samples) {
    this.samples = samples;
  }

  static JavaSoundInput vorbis(InputStream in) throws IOException {
    return open(
        "OGG Vorbis", in, new VorbisAudioFileReader(), new VorbisFormatConversionProvider());
  }

  static JavaSoundInput mp3(InputStream in) throws IOException {
    return open("MP3", in, new MpegAudioFileReader(), new MpegFormatConversionProvider());
  }

  private static JavaSoundInput open(
      String kind, InputStream in, AudioFileReader reader, FormatConversionProvider decoder)
      throws IOException {
    try {
      AudioInputStream encoded = reader.getAudioInputStream(in);
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
      AudioInputStream decoded = decoder.getAudioInputStream(wanted, encoded);
      return new JavaSoundInput(
          new RawInput(
              decoded,
              SampleCoding.S16LE,
              Math.round(found.getSampleRate()),
              found.getChannels(),
              -1));
    } catch (IngestException e) {
      throw e;
    } catch (UnsupportedAudioFileException | RuntimeException e) {
      throw Faults.unsupported("header", String.valueOf(e.getMessage()), "must be " + kind);
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
      return samples.read(interleaved, maxFrames);
    } catch (IngestException e) {
      throw e;
    } catch (RuntimeException e) {
      // The decoders index by what the bytes say.
      throw Faults.badAudio("compressed audio", e, "is damaged");
    }
  }

  @Override
  public void close() throws IOException {
    samples.close();
  }
}
