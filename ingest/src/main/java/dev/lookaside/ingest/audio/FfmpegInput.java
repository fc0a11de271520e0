package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.IngestException;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/** The sound that a running ffmpeg writes. Ends when ffmpeg does; closing it ends ffmpeg. */
final class FfmpegInput implements AudioInput {
  private static final int KEPT_LINES = 5;
  private static final int EXIT_SECONDS = 5;

  private final String name;
  private final Process process;
  private final Deque<String> lastWords = new ArrayDeque<>();
  private final Thread listener;
  private final AudioInput wav;

  private FfmpegInput(String name, Process process) throws IOException {
    this.name = name;
    this.process = process;
    this.listener = new Thread(this::listen, "ffmpeg-errors");
    listener.setDaemon(true);
    listener.start();
    InputStream out = new BufferedInputStream(process.getInputStream());
    try {
      this.wav = WavInput.open(out, -1);
    } catch (IngestException e) {
      end();
      throw new AudioFormatException(name, "ffmpeg gave no audio: " + lastWords(), e);
    }
  }

  static FfmpegInput open(String name, Process process) {
    try {
      return new FfmpegInput(name, process);
    } catch (IOException e) {
      process.destroy();
      throw new AudioFormatException(name, "ffmpeg: " + String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public int rateHz() {
    return wav.rateHz();
  }

  @Override
  public int channels() {
    return wav.channels();
  }

  @Override
  public long lengthFrames() {
    return -1;
  }

  @Override
  public int read(float[] interleaved, int maxFrames) throws IOException {
    int frames = wav.read(interleaved, maxFrames);
    if (frames < 0) {
      checkExit();
    }
    return frames;
  }

  private void checkExit() throws IOException {
    try {
      if (process.waitFor(EXIT_SECONDS, TimeUnit.SECONDS) && process.exitValue() != 0) {
        throw new AudioFormatException(
            name, "ffmpeg ended with code " + process.exitValue() + ": " + lastWords());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Waits a moment, then ends the process in a way that leaves its last words readable. */
  private void end() {
    try {
      if (!process.waitFor(1, TimeUnit.SECONDS)) {
        process.toHandle().destroy();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void listen() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
      String line;
      while ((line = lines.readLine()) != null) {
        synchronized (lastWords) {
          lastWords.addLast(line);
          if (lastWords.size() > KEPT_LINES) {
            lastWords.removeFirst();
          }
        }
      }
    } catch (IOException e) {
      // The process is gone, and with it what it had to say.
      return;
    }
  }

  private String lastWords() {
    try {
      listener.join(TimeUnit.SECONDS.toMillis(EXIT_SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    synchronized (lastWords) {
      return lastWords.isEmpty() ? "it said nothing" : String.join("; ", lastWords);
    }
  }

  @Override
  public void close() throws IOException {
    process.destroy();
    wav.close();
  }
}
