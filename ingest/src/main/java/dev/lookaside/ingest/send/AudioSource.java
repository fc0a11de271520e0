package dev.lookaside.ingest.send;

import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.AudioInput;
import dev.lookaside.ingest.audio.Ffmpeg;
import dev.lookaside.ingest.audio.Microphone;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.ReadRules;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Something that becomes one stream.
 *
 * @param name what people call it: a path, a URL
 * @param live true if it delivers at its own pace, so that sending must not be paced
 * @param endless true if it has no end of its own, so that an end is a fault and it may be opened
 *     again: a URL
 * @param opener opens it, when its turn comes
 */
public record AudioSource(
    StreamId stream, String name, boolean live, boolean endless, Supplier<AudioInput> opener) {
  /** The name on the command line of standard input. */
  public static final String STANDARD_INPUT = "-";

  /**
   * Files, and {@linkplain AudioFiles#inFolder all audio files in folders}; one stream each.
   *
   * <p>A file's stream is named after it; a file found in a folder after its path from there, with
   * {@code /} between. Order is that of {@code paths}, within a folder that of the names, the same
   * on every machine.
   *
   * @param prefix put before every stream name
   * @throws IngestException if a path is not there, a folder has no audio file, or two files would
   *     be one stream
   */
  public static List<AudioSource> files(List<Path> paths, String prefix, ReadRules rules) {
    List<AudioSource> sources = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Path path : paths) {
      for (Path file : audioFiles(path)) {
        Path shown = file.equals(path) ? nameOf(file) : path.relativize(file);
        String name = prefix + shown.toString().replace('\\', '/');
        if (!names.add(name)) {
          throw new IngestException(
              "stream \"%s\": two files would be one stream; send them in two calls with a prefix"
                  .formatted(name));
        }
        sources.add(
            new AudioSource(
                new StreamId(name),
                file.toString(),
                false,
                false,
                () -> AudioFiles.open(file, rules)));
      }
    }
    return List.copyOf(sources);
  }

  /**
   * A pipe: WAV, FLAC, OGG Vorbis or MP3 by its first bytes, or raw samples.
   *
   * @param in closed when it was sent
   * @param rawFormat of samples without header; null: the first bytes tell
   */
  public static AudioSource pipe(
      StreamId stream, InputStream in, @Nullable AudioFormat rawFormat, ReadRules rules) {
    return new AudioSource(
        stream,
        "standard input",
        false,
        false,
        () ->
            rawFormat == null
                ? AudioFiles.openPipe(in, rules)
                : AudioFiles.openRaw(in, rawFormat, rules));
  }

  /** A microphone; see {@link Microphone#open}. */
  public static AudioSource microphone(
      StreamId stream, @Nullable String device, int rateHz, int channels) {
    return new AudioSource(
        stream,
        Microphone.named(device),
        true,
        false,
        () -> Microphone.open(device, rateHz, channels));
  }

  /**
   * Whatever ffmpeg takes after {@code -i}: RTSP, HLS, HTTP, a file. Pacing does no harm to a live
   * one, whose samples come no faster, and keeps a recorded one at real time. A URL is endless.
   */
  public static AudioSource ffmpeg(StreamId stream, String input, Ffmpeg ffmpeg, ReadRules rules) {
    return new AudioSource(
        stream, input, false, Ffmpeg.isUrl(input), () -> ffmpeg.open(input, rules));
  }

  /** Sound in memory: composed scenes. */
  public static AudioSource pcm(StreamId stream, Pcm pcm) {
    return new AudioSource(stream, stream.value(), false, false, () -> AudioFiles.openPcm(pcm));
  }

  private static List<Path> audioFiles(Path path) {
    if (!Files.exists(path)) {
      throw new IngestException("file \"%s\": no such file or folder".formatted(path));
    }
    if (!Files.isDirectory(path)) {
      return List.of(path);
    }
    List<Path> found = AudioFiles.inFolder(path);
    if (found.isEmpty()) {
      throw new IngestException("folder \"%s\": no audio file in it".formatted(path));
    }
    return found;
  }

  private static Path nameOf(Path file) {
    Path name = file.getFileName();
    return name == null ? file : name;
  }
}
