package dev.lookaside.ingest.audio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * The ffmpeg program, which reads what we do not: other files, RTSP, HLS, HTTP. It is asked for WAV
 * on its standard output, whose header tells the native rate and channels.
 *
 * @param program name or path of the executable
 */
public record Ffmpeg(String program) {
  private static final int START_SECONDS = 20;
  private static final Pattern URL = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://");

  /** The {@code ffmpeg} of the search path. */
  public static Ffmpeg onPath() {
    return new Ffmpeg("ffmpeg");
  }

  /** True if the program starts. */
  public boolean installed() {
    try {
      Process process =
          new ProcessBuilder(program, "-version")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      process.getOutputStream().close();
      if (!process.waitFor(START_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return false;
      }
      return process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * True if {@code input} names a place on the network or a device, not a file: {@code
   * rtsp://camera/1}.
   */
  public static boolean isUrl(String input) {
    return URL.matcher(input).lookingAt();
  }

  /**
   * Starts reading {@code input}. Blocks until ffmpeg delivers the first bytes.
   *
   * @param input whatever ffmpeg takes after {@code -i}; the path of a file is taken as such
   * @throws AudioFormatException if ffmpeg is not installed or cannot read it, with its own words
   */
  public AudioInput open(String input, ReadRules rules) {
    boolean file = !isUrl(input) && Files.exists(Path.of(input));
    return file ? open(Path.of(input), rules) : open(input, input, rules);
  }

  /** Reads a file. */
  public AudioInput open(Path file, ReadRules rules) {
    // Absolute and marked as a file: neither "-x.m4a" nor "12:30.m4a" is what it looks like.
    return open(file.toString(), "file:" + file.toAbsolutePath(), rules);
  }

  private AudioInput open(String name, String input, ReadRules rules) {
    Process process;
    try {
      process = new ProcessBuilder(command(input)).start();
      process.getOutputStream().close();
    } catch (IOException e) {
      throw new AudioFormatException(
          name,
          "needs \"%s\", which cannot be started; install ffmpeg and put it on the PATH"
              .formatted(program),
          e);
    }
    return FfmpegInput.open(name, process, rules.named(name));
  }

  List<String> command(String input) {
    // At this level it also says how long the input is and how many tracks it has.
    List<String> command =
        new ArrayList<>(
            List.of(program, "-nostdin", "-hide_banner", "-nostats", "-v", "level+info"));
    if (input.startsWith("rtsp://")) {
      // UDP loses packets silently, and a lost packet shifts all later samples.
      command.addAll(List.of("-rtsp_transport", "tcp"));
    }
    command.addAll(List.of("-i", input, "-vn", "-c:a", "pcm_s16le", "-f", "wav", "pipe:1"));
    return List.copyOf(command);
  }
}
