package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.Rejection.Reason;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Opens audio files: WAV, FLAC, OGG Vorbis and MP3 themselves, anything else through ffmpeg when it
 * is installed. The first bytes decide, not the file name.
 */
public final class AudioFiles {
  private static final int SNIFF_BYTES = 64;
  private static final int BUFFER_BYTES = 1 << 16;
  private static final List<String> SUFFIXES =
      List.of(
          ".wav", ".flac", ".ogg", ".oga", ".mp3", ".opus", ".m4a", ".aac", ".aif", ".aiff", ".au",
          ".wma", ".mp4", ".mkv", ".webm");

  private AudioFiles() {}

  /** True if the name looks like audio: what a folder is searched for. */
  public static boolean looksLikeAudio(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return SUFFIXES.stream().anyMatch(name::endsWith);
  }

  /**
   * Reads a whole file, channels mixed to their mean.
   *
   * @throws AudioFormatException if it is no readable audio; names file, field and value
   */
  public static Pcm read(Path file) {
    return read(file, ChannelPolicy.MIX);
  }

  /**
   * Reads a whole file.
   *
   * @throws AudioFormatException if it is no readable audio; names file, field and value
   */
  public static Pcm read(Path file, ChannelPolicy policy) {
    try (AudioInput input = open(file)) {
      return MonoReader.readAll(input, policy, Long.MAX_VALUE);
    } catch (IOException e) {
      throw new AudioFormatException(
          file.toString(), "cannot be read: " + String.valueOf(e.getMessage()), e);
    } catch (AudioFormatException e) {
      throw e;
    } catch (IngestException e) {
      throw new AudioFormatException(file.toString(), e.getMessage(), e);
    }
  }

  /**
   * Opens a file to read it piece by piece. Faults found while reading are {@link IngestException}s
   * that name field and value.
   *
   * @throws AudioFormatException if it is no readable audio; names file, field and value
   */
  public static AudioInput open(Path file) {
    return open(file, Ffmpeg.onPath());
  }

  /**
   * Reads a pipe whose first bytes tell what it is. Its end may come before the length its header
   * names.
   *
   * @param in closed by closing the input
   * @throws AudioFormatException if it is no readable audio; names field and value
   */
  public static AudioInput openPipe(InputStream in) {
    try {
      return openItself(new BufferedInputStream(in, BUFFER_BYTES), -1);
    } catch (IOException | IngestException e) {
      throw new AudioFormatException("standard input", e.getMessage(), e);
    }
  }

  /**
   * Reads samples without a header to the end of {@code in}.
   *
   * @param format L16, S16LE or F32LE
   * @throws IngestException for another format
   */
  public static AudioInput openRaw(InputStream in, AudioFormat format) {
    SampleCoding coding = SampleEncoder.coding(format.encoding());
    return new RawInput(in, coding, format.rateHz(), format.channels(), -1);
  }

  /** Reads sound that is in memory. */
  public static AudioInput openPcm(Pcm pcm) {
    return new PcmInput(pcm);
  }

  static AudioInput open(Path file, Ffmpeg ffmpeg) {
    try {
      return openItself(file);
    } catch (NoSuchFileException e) {
      throw new AudioFormatException(file.toString(), "no such file", e);
    } catch (IOException e) {
      throw new AudioFormatException(
          file.toString(), "cannot be read: " + String.valueOf(e.getMessage()), e);
    } catch (IngestException e) {
      Rejection rejection = e.rejection();
      boolean otherKind = rejection != null && rejection.reason() == Reason.BAD_FORMAT;
      if (!otherKind) {
        throw new AudioFormatException(file.toString(), e.getMessage(), e);
      }
      if (!ffmpeg.installed()) {
        throw new AudioFormatException(
            file.toString(), e.getMessage() + " (ffmpeg might read it, but is not installed)", e);
      }
      return ffmpeg.open(file.toString());
    }
  }

  private static AudioInput openItself(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException("it is a folder");
    }
    return openItself(
        new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES), Files.size(file));
  }

  /**
   * @param bytes in all, or -1 for a pipe
   */
  private static AudioInput openItself(BufferedInputStream in, long bytes) throws IOException {
    try {
      in.mark(SNIFF_BYTES);
      byte[] head = in.readNBytes(SNIFF_BYTES);
      in.reset();
      return openItself(in, bytes, head);
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }

  private static AudioInput openItself(InputStream in, long bytes, byte[] head) throws IOException {
    if (head.length == 0) {
      throw Faults.empty("bytes", 0);
    }
    String text = new String(head, StandardCharsets.ISO_8859_1);
    if (text.startsWith("RIFF")) {
      return WavInput.open(in, bytes);
    }
    if (text.startsWith("fLaC")) {
      return FlacInput.open(in);
    }
    if (text.startsWith("OggS") && text.contains("\u0001vorbis")) {
      return VorbisInput.open(in);
    }
    if (text.startsWith("ID3") || isMpegSync(head)) {
      return Mp3Input.open(in);
    }
    throw Faults.unsupported(
        "first bytes",
        text.substring(0, Math.min(4, text.length())),
        "must be WAV, FLAC, OGG Vorbis or MP3");
  }

  /** Eleven ones, a version and a layer that exist. */
  private static boolean isMpegSync(byte[] head) {
    return head.length > 2
        && (head[0] & 0xff) == 0xff
        && (head[1] & 0xe0) == 0xe0
        && (head[1] >> 3 & 3) != 1
        && (head[1] >> 1 & 3) != 0;
  }
}
