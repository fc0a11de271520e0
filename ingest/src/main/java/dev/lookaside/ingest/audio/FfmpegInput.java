package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Rejection;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The sound that a running ffmpeg writes. Ends when ffmpeg does; closing it ends ffmpeg. What
 * ffmpeg says on standard error tells how long the input is, how many tracks it has, and what went
 * wrong.
 */
final class FfmpegInput implements AudioInput {
  private static final int KEPT_LINES = 5;
  private static final int EXIT_SECONDS = 5;
  private static final int POLL_MILLIS = 20;

  /** A recording whose end is this close to the length it named was read whole. */
  private static final double LENGTH_TOLERANCE_SECONDS = 1;

  private static final Pattern LEVEL =
      Pattern.compile("\\[(quiet|panic|fatal|error|warning|info|verbose|debug|trace)\\] ");
  private static final Pattern DURATION =
      Pattern.compile("^ *Duration: (\\d+):(\\d\\d):(\\d\\d(?:\\.\\d+)?),");
  private static final Pattern AUDIO_TRACK = Pattern.compile("^ *Stream #0:\\d+.*: Audio: ");

  private final String name;
  private final Process process;
  private final ReadRules rules;
  private final Thread listener;
  private final AudioInput wav;
  private long framesRead;

  /** What was read from standard error; guarded by itself. */
  private final Words words = new Words();

  private static final class Words {
    private final Deque<String> last = new ArrayDeque<>();
    private boolean ofInput;
    private boolean errors;
    private double lengthSeconds = -1;
    private int audioTracks;

    synchronized void add(String line) {
      Matcher level = LEVEL.matcher(line);
      boolean marked = level.find();
      String kind = marked ? level.group(1) : "error";
      String text = marked ? line.substring(0, level.start()) + line.substring(level.end()) : line;
      if (kind.equals("info") || kind.equals("verbose")) {
        note(text);
      } else if (!kind.equals("warning")) {
        errors = true;
        last.addLast(text);
        if (last.size() > KEPT_LINES) {
          last.removeFirst();
        }
      }
    }

    private void note(String text) {
      if (text.startsWith("Input #") || text.startsWith("Output #")) {
        ofInput = text.startsWith("Input #0");
      }
      Matcher duration = DURATION.matcher(text);
      if (ofInput && duration.find()) {
        lengthSeconds =
            Integer.parseInt(duration.group(1)) * 3600.0
                + Integer.parseInt(duration.group(2)) * 60.0
                + Double.parseDouble(duration.group(3));
      }
      if (ofInput && AUDIO_TRACK.matcher(text).find()) {
        audioTracks++;
      }
    }

    synchronized String text() {
      return last.isEmpty() ? "it gives no reason" : String.join("; ", last);
    }

    synchronized boolean complete(double readSeconds) {
      return !errors
          && lengthSeconds >= 0
          && readSeconds >= lengthSeconds - LENGTH_TOLERANCE_SECONDS;
    }

    synchronized int audioTracks() {
      return audioTracks;
    }
  }

  private FfmpegInput(String name, Process process, ReadRules rules) throws IOException {
    this.name = name;
    this.process = process;
    this.rules = rules;
    this.listener = new Thread(this::listen, "ffmpeg-errors");
    listener.setDaemon(true);
    listener.start();
    InputStream out = new BufferedInputStream(process.getInputStream());
    awaitOutput(out);
    try {
      // What ffmpeg writes into a pipe never knows its length.
      this.wav = WavInput.open(out, -1, new ReadRules(false, text -> {}));
    } catch (IngestException e) {
      end();
      throw new AudioFormatException(
          name, isLimit(e) ? e.getMessage() : "ffmpeg gave no audio: " + lastWords(), e);
    }
  }

  /** Whether audio was rejected for what it is: more channels than are read, for example. */
  static boolean isLimit(@Nullable Throwable fault) {
    Rejection rejection = fault instanceof IngestException e ? e.rejection() : null;
    return rejection != null && rejection.reason() == Rejection.Reason.BAD_FORMAT;
  }

  /** A server can keep ffmpeg waiting for ever; unlike a read this wait can be interrupted. */
  private void awaitOutput(InputStream out) throws IOException {
    try {
      while (out.available() == 0 && process.isAlive()) {
        TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  static FfmpegInput open(String name, Process process, ReadRules rules) {
    try {
      return new FfmpegInput(name, process, rules);
    } catch (IOException e) {
      process.destroy();
      throw new AudioFormatException(name, "what ffmpeg writes cannot be read", e);
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
  public boolean complete() {
    return words.complete((double) framesRead / rateHz());
  }

  @Override
  public int read(float[] interleaved, int maxFrames) throws IOException {
    int frames = wav.read(interleaved, maxFrames);
    if (frames < 0) {
      checkExit();
      return -1;
    }
    if (framesRead == 0 && words.audioTracks() > 1) {
      rules
          .warnings()
          .accept("holds %d audio tracks; ffmpeg chose one".formatted(words.audioTracks()));
    }
    framesRead += frames;
    return frames;
  }

  private void checkExit() throws IOException {
    try {
      if (process.waitFor(EXIT_SECONDS, TimeUnit.SECONDS) && process.exitValue() != 0) {
        throw new AudioFormatException(
            name, "ffmpeg ended with code " + process.exitValue() + ": " + lastWords());
      }
      listener.join(TimeUnit.SECONDS.toMillis(EXIT_SECONDS));
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
        words.add(line);
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
    return words.text();
  }

  /** Ends ffmpeg; by force when it does not listen, as one that waits for the network may not. */
  @Override
  public void close() throws IOException {
    process.destroy();
    process
        .onExit()
        .orTimeout(1, TimeUnit.SECONDS)
        .exceptionally(late -> process.destroyForcibly());
    wav.close();
  }
}
