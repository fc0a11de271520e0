package dev.lookaside.ingest.audio;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The ffmpeg program, which reads what we do not: other files, RTSP, HLS, HTTP. It is asked for WAV
 * on its standard output, whose header tells the native rate and channels.
 *
 * @param program name or path of the executable
 */
public record Ffmpeg(String program) {
  private static final int START_SECONDS = 20;

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
   * Starts reading {@code input}. Blocks until ffmpeg delivers the first bytes.
   *
   * @param input whatever ffmpeg takes after {@code -i}
   * @throws AudioFormatException if ffmpeg is not installed or cannot read it, with its own words
   */
  public AudioInput open(String input) {
    Process process;
    try {
      process = new ProcessBuilder(command(input)).start();
      process.getOutputStream().close();
    } catch (IOException e) {
      throw new AudioFormatException(
          input,
          "needs \"%s\", which cannot be started; install ffmpeg and put it on the PATH"
              .formatted(program),
          e);
    }
    return FfmpegInput.open(input, process);
  }

  List<String> command(String input) {
    List<String> command = new ArrayList<>(List.of(program, "-nostdin", "-v", "error"));
    if (input.startsWith("rtsp://")) {
      // UDP loses packets silently, and a lost packet shifts all later samples.
      command.addAll(List.of("-rtsp_transport", "tcp"));
    }
    command.addAll(List.of("-i", input, "-vn", "-c:a", "pcm_s16le", "-f", "wav", "pipe:1"));
    return List.copyOf(command);
  }
}
