package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.IngestException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Opens audio files: WAV, FLAC, OGG Vorbis and MP3 themselves, anything else through ffmpeg when it
 * is installed. The first bytes decide, not the file name.
 */
public final class AudioFiles {
  private static final int SNIFF_BYTES = 64;
  private static final int MAX_TAGS = 8;
  private static final int BUFFER_BYTES = 1 << 16;
  private static final List<String> SUFFIXES =
      List.of(
          ".wav", ".flac", ".ogg", ".oga", ".mp3", ".opus", ".m4a", ".aac", ".aif", ".aiff", ".au",
          ".wma", ".mp4", ".mkv", ".webm");

  private static final char REPLACEMENT = '\ufffd';
  private static final String PIPE = "standard input";

  private AudioFiles() {}

  /** True if the name looks like audio: what a folder is searched for. */
  public static boolean looksLikeAudio(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return SUFFIXES.stream().anyMatch(name::endsWith);
  }

  /**
   * The audio files below a folder: those whose name looks like audio, in sub-folders, too, links
   * followed, in the order of their paths compared name by name. Hidden files and folders are left
   * out, as the {@code ._x.wav} that macOS puts beside a {@code x.wav} is no sound.
   *
   * @return absolute or relative as {@code folder} is; empty if there are none
   * @throws IngestException naming a folder that cannot be listed or a name that is not UTF-8
   */
  public static List<Path> inFolder(Path folder) {
    List<Path> found = new ArrayList<>();
    collect(folder, new HashSet<>(), found);
    return List.copyOf(found);
  }

  /**
   * What is in a folder and not hidden, sorted by name.
   *
   * @throws IngestException naming a folder that cannot be listed or a name that is not UTF-8
   */
  public static List<Path> visible(Path folder) {
    try (Stream<Path> children = Files.list(folder)) {
      List<Path> visible =
          children
              .filter(p -> !nameOf(p).startsWith("."))
              .sorted(Comparator.comparing(AudioFiles::nameOf))
              .toList();
      for (Path path : visible) {
        if (nameOf(path).indexOf(REPLACEMENT) >= 0) {
          throw new IngestException(
              "file \"%s\": its name holds bytes that are not UTF-8; rename it".formatted(path));
        }
      }
      return visible;
    } catch (IOException | UncheckedIOException e) {
      throw new IngestException("folder \"%s\": cannot be listed".formatted(folder), e);
    }
  }

  private static void collect(Path folder, Set<Path> above, List<Path> found) {
    Path real = real(folder);
    if (!above.add(real)) {
      throw new IngestException(
          "folder \"%s\": is a link to a folder that holds it".formatted(folder));
    }
    for (Path child : visible(folder)) {
      if (Files.isDirectory(child)) {
        collect(child, above, found);
      } else if (looksLikeAudio(child)) {
        found.add(child);
      }
    }
    above.remove(real);
  }

  private static Path real(Path folder) {
    try {
      return folder.toRealPath();
    } catch (IOException e) {
      throw new IngestException("folder \"%s\": cannot be listed".formatted(folder), e);
    }
  }

  private static String nameOf(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString();
  }

  /**
   * Reads a whole file, channels mixed to their mean, by lenient rules.
   *
   * @throws AudioFormatException if it is no readable audio; names file, field and value
   */
  public static Pcm read(Path file) {
    return read(file, ReadRules.LENIENT);
  }

  /** Reads a whole file, channels mixed to their mean. */
  public static Pcm read(Path file, ReadRules rules) {
    return read(file, ChannelPolicy.MIX, rules);
  }

  /**
   * Reads a whole file.
   *
   * @throws AudioFormatException if it is no readable audio; names file, field and value
   */
  public static Pcm read(Path file, ChannelPolicy policy, ReadRules rules) {
    try (AudioInput input = open(file, rules)) {
      return MonoReader.readAll(input, policy, Long.MAX_VALUE);
    } catch (IOException e) {
      throw unreadable(file.toString(), e);
    } catch (AudioFormatException e) {
      throw e;
    } catch (IngestException e) {
      throw new AudioFormatException(file.toString(), e.getMessage(), e);
    }
  }

  /**
   * Opens a file (or a pipe that has a name) to read it piece by piece. Faults found while reading
   * are {@link IngestException}s that name field and value.
   *
   * @throws AudioFormatException if it is no readable audio; names file, field and value
   */
  public static AudioInput open(Path file, ReadRules rules) {
    return open(file, Ffmpeg.onPath(), rules);
  }

  /**
   * Reads a pipe whose first bytes tell what it is.
   *
   * @param in closed by closing the input
   * @throws AudioFormatException if it is no readable audio; names field and value
   */
  public static AudioInput openPipe(InputStream in, ReadRules rules) {
    try {
      return openItself(new BufferedInputStream(new Pipe(in), BUFFER_BYTES), -1, rules.named(PIPE));
    } catch (IOException e) {
      throw unreadable(PIPE, e);
    } catch (IngestException e) {
      throw new AudioFormatException(PIPE, e.getMessage(), e);
    }
  }

  /**
   * Reads samples without a header to the end of {@code in}.
   *
   * @param format L16, S16LE or F32LE
   * @throws IngestException for another format
   */
  public static AudioInput openRaw(InputStream in, AudioFormat format, ReadRules rules) {
    SampleCoding coding = SampleEncoder.coding(format.encoding());
    return new RawInput(in, coding, format.rateHz(), format.channels(), -1, rules.named(PIPE));
  }

  /** Reads sound that is in memory. */
  public static AudioInput openPcm(Pcm pcm) {
    return new PcmInput(pcm);
  }

  static AudioInput open(Path file, Ffmpeg ffmpeg, ReadRules rules) {
    String name = file.toString();
    boolean regular = Files.isRegularFile(file);
    try {
      if (Files.isDirectory(file)) {
        throw new AudioFormatException(name, "cannot be read: it is a folder");
      }
      // The size of a pipe is 0, whatever comes through it.
      long bytes = regular ? Files.size(file) : -1;
      InputStream in = Files.newInputStream(file);
      return openItself(
          new BufferedInputStream(regular ? in : new Pipe(in), BUFFER_BYTES),
          bytes,
          rules.named(name));
    } catch (IOException e) {
      throw unreadable(name, e);
    } catch (AudioFormatException e) {
      throw e;
    } catch (Faults.OtherKind e) {
      if (!regular) {
        throw new AudioFormatException(name, e.getMessage() + " in a pipe", e);
      }
      if (!ffmpeg.installed()) {
        throw new AudioFormatException(
            name, e.getMessage() + " (ffmpeg might read it, but is not installed)", e);
      }
      return ffmpegs(file, ffmpeg, rules, e);
    } catch (IngestException e) {
      throw new AudioFormatException(name, e.getMessage(), e);
    }
  }

  private static AudioInput ffmpegs(
      Path file, Ffmpeg ffmpeg, ReadRules rules, Faults.OtherKind own) {
    try {
      return ffmpeg.open(file, rules);
    } catch (AudioFormatException e) {
      if (FfmpegInput.isLimit(e.getCause())) {
        throw e; // ffmpeg reads it; it is too much for us.
      }
      throw new AudioFormatException(
          file.toString(),
          "is not audio that Lookaside reads: %s, or what ffmpeg reads (%s)"
              .formatted(own.getMessage(), e.what()),
          e);
    }
  }

  private static AudioFormatException unreadable(String name, IOException e) {
    return new AudioFormatException(name, "cannot be read: " + FaultReason.of(e), e);
  }

  /**
   * @param bytes in all, or -1 for a pipe
   */
  private static AudioInput openItself(BufferedInputStream in, long bytes, ReadRules rules)
      throws IOException {
    try {
      byte[] head = head(in);
      long left = bytes;
      boolean tagged = startsWith(head, "ID3");
      for (int tags = 0; tags < MAX_TAGS && startsWith(head, "ID3"); tags++) {
        long skipped = skipTag(in, head);
        left = bytes < 0 ? -1 : left - skipped;
        head = head(in);
      }
      return openItself(in, left, head, tagged, rules);
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }

  private static byte[] head(BufferedInputStream in) throws IOException {
    in.mark(SNIFF_BYTES);
    byte[] head = in.readNBytes(SNIFF_BYTES);
    in.reset();
    return head;
  }

  /**
   * Any kind of audio can stand behind an ID3v2 tag.
   *
   * @see "ID3v2.4, 3.1: four bytes of seven bits, without the header of ten and the footer of ten"
   */
  private static long skipTag(InputStream in, byte[] head) throws IOException {
    if (head.length < 10 || (head[6] | head[7] | head[8] | head[9]) < 0) {
      throw Faults.badAudio("ID3 tag", head.length + " bytes", "has no length");
    }
    int footer = (head[5] & 0x10) != 0 ? 10 : 0;
    long bytes = 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]) + footer;
    try {
      in.skipNBytes(bytes);
    } catch (EOFException e) {
      throw Faults.badAudio("ID3 tag", bytes + " bytes", "truncated: the file ends inside");
    }
    return bytes;
  }

  private static AudioInput openItself(
      InputStream in, long bytes, byte[] head, boolean tagged, ReadRules rules) throws IOException {
    if (head.length == 0) {
      throw Faults.empty("bytes", 0);
    }
    if (startsWith(head, "RIFF")) {
      return WavInput.open(in, bytes, rules);
    }
    if (startsWith(head, "fLaC")) {
      return FlacInput.open(in, rules);
    }
    String text = new String(head, StandardCharsets.ISO_8859_1);
    if (startsWith(head, "OggS") && text.contains("\u0001vorbis")) {
      return VorbisInput.open(in, rules);
    }
    if (tagged || isMpegSync(head)) {
      return Mp3Input.open(in, tagged);
    }
    throw Faults.unsupported(
        "first bytes",
        text.substring(0, Math.min(4, text.length())),
        "must be WAV, FLAC, OGG Vorbis or MP3");
  }

  private static boolean startsWith(byte[] head, String magic) {
    byte[] wanted = magic.getBytes(StandardCharsets.US_ASCII);
    return head.length >= wanted.length
        && Arrays.equals(head, 0, wanted.length, wanted, 0, wanted.length);
  }

  /** Java seeks where it skips, also in a pipe, which cannot. */
  private static final class Pipe extends FilterInputStream {
    Pipe(InputStream in) {
      super(in);
    }

    @Override
    public int available() {
      return 0;
    }

    @Override
    public long skip(long bytes) throws IOException {
      byte[] skipped = new byte[(int) Math.max(0, Math.min(bytes, BUFFER_BYTES))];
      return Math.max(0, read(skipped, 0, skipped.length));
    }
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
