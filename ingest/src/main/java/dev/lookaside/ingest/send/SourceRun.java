package dev.lookaside.ingest.send;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestException;
import java.time.Instant;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;

/**
 * One source from its opening to its last chunk, in the thread that sends.
 *
 * <pre>
 *   opening --opened--> flowing --end, fault, silence--> away --back-off--> opening
 *      |                   |                               |
 *      +--fault at first   +--end of a file, stop          +--away for too long: ends with a fault
 * </pre>
 *
 * <p>The stream's clock is the time since the source was first opened. A source that comes back
 * goes on where that clock stands, so what it did not deliver is a hole in {@code ce_sampleoffset}
 * that the receiver accounts as a gap, and capture times stay true. A URL counts as opened when
 * connecting begins: ffmpeg reads seconds of sound before it passes any on.
 */
final class SourceRun {
  /**
   * Samples, not the process, tell whether a source lives. Short enough to be named within 10 s.
   */
  private static final long SILENCE_NANOS = 8_000_000_000L;

  /** Cameras and radio servers take longer to open than to go on. */
  private static final long OPENING_NANOS = 3 * SILENCE_NANOS;

  private static final long FIRST_BACKOFF_NANOS = 1_000_000_000L;
  private static final long MAX_BACKOFF_NANOS = 30_000_000_000L;

  /** A connection that lasted as long was a good one: the next back-off is short again. */
  private static final long STEADY_NANOS = 30_000_000_000L;

  private static final long MAX_SLEEP_NANOS = 100_000_000L;
  private static final long MILLIS_PER_SECOND = 1000;
  private static final long NANOS_PER_MILLI = 1_000_000L;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final AudioSource source;
  private final ChunkProducer producer;
  private final SendSettings settings;
  private final SendClock clock;
  private final SendProgress progress;
  private final BooleanSupplier stopped;
  private final boolean reconnects;

  private @Nullable SourceReader reader;
  private @Nullable ChunkCutter cutter;
  private Pacer pacer = Pacer.MAX;
  private int rateHz;
  private int channels;
  private long lengthFrames = -1;
  private long startNanos;

  /** When it last gave samples; how long it has been away counts from here. */
  private long sampleNanos;

  /** The same, or when it was opened since; from here on silence is counted. */
  private long aliveNanos;

  private long openedNanos;
  private Instant openedAt = Instant.MIN;
  private boolean opening;
  private long retryNanos;
  private long backoffNanos = FIRST_BACKOFF_NANOS;
  private boolean silenceNoticed;
  private int reconnectCount;
  private long missingFrames;
  private boolean finished;
  private @Nullable String fault;

  SourceRun(
      AudioSource source,
      ChunkProducer producer,
      SendSettings settings,
      SendClock clock,
      SendProgress progress,
      BooleanSupplier stopped) {
    this.source = source;
    this.producer = producer;
    this.settings = settings;
    this.clock = clock;
    this.progress = progress;
    this.stopped = stopped;
    this.reconnects = source.endless() && settings.reconnectMillis() > 0;
  }

  /**
   * Sends until the source ends, fails for good or is stopped.
   *
   * @throws IngestException if Kafka cannot be reached or refuses
   */
  SentStream toItsEnd() {
    sampleNanos = clock.nanos();
    open();
    try {
      while (!finished && !stopped.getAsBoolean()) {
        step();
      }
      finishStream();
    } catch (InterruptedException | InterruptException e) {
      Thread.currentThread().interrupt();
      throw new IngestException("sending was interrupted", e);
    } finally {
      closeReader();
    }
    ChunkCutter cut = cutter;
    return new SentStream(
        source.stream(),
        source.name(),
        cut == null ? 0 : cut.sentChunks(),
        cut == null ? 0 : cut.sentFrames() - missingFrames,
        rateHz,
        reconnectCount,
        missingFrames,
        fault);
  }

  private void open() {
    openedNanos = clock.nanos();
    openedAt = clock.now();
    aliveNanos = openedNanos;
    opening = true;
    reader = new SourceReader(source, settings.chunkMillis());
  }

  private void finishStream() {
    ChunkCutter cut = cutter;
    if (cut != null) {
      cut.finish();
    }
  }

  private void step() throws InterruptedException {
    SourceReader open = reader;
    if (open == null) {
      whileAway();
      return;
    }
    SourceReader.Step step = open.poll(MAX_SLEEP_NANOS / NANOS_PER_MILLI);
    if (step == null) {
      whileSilent();
    } else if (step instanceof SourceReader.Opened opened) {
      opened(opened);
    } else if (step instanceof SourceReader.Block block) {
      take(block);
    } else if (step instanceof SourceReader.Ended ended) {
      ended(ended.complete());
    } else if (step instanceof SourceReader.Failed failed) {
      failed(failed.message());
    } else if (step instanceof SourceReader.Crashed crashed) {
      throw new IllegalStateException(source.name() + ": reading crashed", crashed.cause());
    }
  }

  private void opened(SourceReader.Opened opened) {
    aliveNanos = clock.nanos();
    if (!source.endless()) {
      openedNanos = aliveNanos;
      openedAt = clock.now();
    }
    if (cutter == null) {
      start(opened);
    } else if (opened.rateHz() != rateHz || opened.channels() != channels) {
      finish(
          "came back with %d Hz and %d channels, was %d Hz and %d: send it as another stream"
              .formatted(opened.rateHz(), opened.channels(), rateHz, channels));
    }
  }

  private void start(SourceReader.Opened opened) {
    rateHz = opened.rateHz();
    channels = opened.channels();
    lengthFrames = opened.lengthFrames();
    startNanos = openedNanos;
    boolean paced = settings.realTime() && !source.live();
    pacer = paced ? Pacer.realTime(rateHz) : Pacer.MAX;
    long chunkFrames = Math.max(1, (long) settings.chunkMillis() * rateHz / MILLIS_PER_SECOND);
    cutter =
        new ChunkCutter(
            source.stream(),
            new AudioFormat(settings.encoding(), rateHz, channels),
            (int) chunkFrames,
            epoch(paced || source.live()),
            this::deliver);
  }

  private Instant epoch(boolean happensNow) {
    Instant given = settings.start();
    if (given != null) {
      return given;
    }
    if (happensNow || lengthFrames < 0) {
      return openedAt;
    }
    return AudioChunk.epoch(openedAt, lengthFrames, rateHz);
  }

  private void take(SourceReader.Block block) {
    ChunkCutter cut = cutter;
    if (cut == null) {
      throw new IllegalStateException("samples before the source was opened");
    }
    if (retryNanos > 0) {
      retryNanos = 0;
      comeBack(cut);
    } else if (silenceNoticed) {
      notice("samples again");
    }
    silenceNoticed = false;
    opening = false;
    cut.add(block.interleaved(), block.frames());
    aliveNanos = clock.nanos();
    sampleNanos = aliveNanos;
  }

  /** The first sample of the new connection lies where the clock was when it was opened. */
  private void comeBack(ChunkCutter cut) {
    long elapsed = openedNanos - startNanos;
    long frame =
        elapsed / NANOS_PER_SECOND * rateHz
            + elapsed % NANOS_PER_SECOND * rateHz / NANOS_PER_SECOND;
    long missing = cut.skipTo(frame);
    missingFrames += missing;
    reconnectCount++;
    progress.reconnected(source.stream(), missing, rateHz);
    notice(
        missing == 0
            ? "is back"
            : String.format(Locale.ROOT, "is back, %.1f s are missing", (double) missing / rateHz));
  }

  private void ended(boolean complete) {
    if (source.endless() && !complete) {
      away("has ended, as no live source should");
    } else {
      ChunkCutter cut = cutter;
      finish(cut == null || cut.nextFrame() == 0 ? "no sound" : null);
    }
  }

  private void failed(String message) {
    if (cutter == null) {
      // A wrong address is no source that will come back.
      finish(message);
    } else {
      away(message);
    }
  }

  private void whileSilent() {
    long silentNanos = clock.nanos() - aliveNanos;
    if (silentNanos < SILENCE_NANOS) {
      return;
    }
    if (reconnects && awayForTooLong()) {
      giveUp();
      return;
    }
    if (reconnects && silentNanos >= (opening ? OPENING_NANOS : SILENCE_NANOS)) {
      away("no samples for %d s".formatted(silentNanos / NANOS_PER_SECOND));
    } else if (!silenceNoticed) {
      silenceNoticed = true;
      notice("no samples for %d s".formatted(silentNanos / NANOS_PER_SECOND));
    }
  }

  private void away(String why) {
    closeReader();
    if (!reconnects) {
      finish(why);
      return;
    }
    long now = clock.nanos();
    boolean steady = retryNanos == 0 && now - openedNanos >= STEADY_NANOS;
    backoffNanos =
        steady || retryNanos == 0 && reconnectCount == 0
            ? FIRST_BACKOFF_NANOS
            : Math.min(2 * backoffNanos, MAX_BACKOFF_NANOS);
    retryNanos = now + backoffNanos;
    notice("%s; connects again in %d s".formatted(why, backoffNanos / NANOS_PER_SECOND));
  }

  private void whileAway() throws InterruptedException {
    long now = clock.nanos();
    if (awayForTooLong()) {
      giveUp();
    } else if (now < retryNanos) {
      clock.sleep(Math.min(retryNanos - now, MAX_SLEEP_NANOS));
    } else {
      open();
    }
  }

  private boolean awayForTooLong() {
    return clock.nanos() - sampleNanos > settings.reconnectMillis() * NANOS_PER_MILLI;
  }

  private void giveUp() {
    long away = (clock.nanos() - sampleNanos) / NANOS_PER_SECOND;
    finish("no samples for %d s, gave up".formatted(away));
  }

  private void finish(@Nullable String why) {
    finished = true;
    fault = why == null ? null : named(why);
  }

  private void notice(String text) {
    progress.noticed(source.stream(), named(text));
  }

  private String named(String text) {
    return text.startsWith(source.name() + ":") ? text : source.name() + ": " + text;
  }

  private void closeReader() {
    SourceReader open = reader;
    if (open != null) {
      reader = null;
      open.close();
    }
  }

  private void deliver(AudioChunk chunk) {
    int frameBytes = chunk.format().encoding().bytesPerSample() * channels;
    long untilFrame = chunk.sampleOffset() + chunk.payload().length / frameBytes;
    try {
      waitUntilDue(untilFrame);
      producer.send(chunk);
    } catch (InterruptedException | InterruptException e) {
      Thread.currentThread().interrupt();
      throw new IngestException("sending was interrupted", e);
    }
    progress.sent(source.stream(), untilFrame, lengthFrames, rateHz);
  }

  /** Sleeps in short pieces, so that stopping does not wait for a long chunk. */
  private void waitUntilDue(long untilFrame) throws InterruptedException {
    long wait;
    while (!stopped.getAsBoolean()
        && (wait = pacer.waitNanos(untilFrame, clock.nanos() - startNanos)) > 0) {
      clock.sleep(Math.min(wait, MAX_SLEEP_NANOS));
    }
  }

  /**
   * How long to wait before sound may be sent. Pure: time comes in as an argument.
   *
   * @param rateHz samples per second at which a live source would deliver; 0: never wait
   */
  public record Pacer(int rateHz) {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    /** As fast as the receiver takes it. */
    public static final Pacer MAX = new Pacer(0);

    public Pacer {
      if (rateHz < 0) {
        throw new IngestException("rateHz \"%d\": must be 0 or more".formatted(rateHz));
      }
    }

    /** As a microphone would: a sample may be sent once its moment has passed. */
    public static Pacer realTime(int rateHz) {
      if (rateHz < 1) {
        throw new IngestException("rateHz \"%d\": must be 1 or more".formatted(rateHz));
      }
      return new Pacer(rateHz);
    }

    /**
     * Nanoseconds to wait before a chunk ending at {@code untilFrame} may go. Behind schedule it is
     * 0: what is late is sent at once, and the schedule does not move.
     *
     * @param untilFrame first frame after the chunk, since the stream's start
     * @param elapsedNanos since the stream's start
     */
    public long waitNanos(long untilFrame, long elapsedNanos) {
      if (rateHz == 0) {
        return 0;
      }
      long dueNanos =
          untilFrame / rateHz * NANOS_PER_SECOND + untilFrame % rateHz * NANOS_PER_SECOND / rateHz;
      return Math.max(0, dueNanos - elapsedNanos);
    }
  }
}
