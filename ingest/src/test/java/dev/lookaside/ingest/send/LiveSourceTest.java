package dev.lookaside.ingest.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.ChunkSequencer;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioInput;
import dev.lookaside.ingest.audio.Ffmpeg;
import dev.lookaside.ingest.audio.ReadRules;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sources that stall, end, come back, or never say anything. */
@Timeout(60)
class LiveSourceTest {
  private static final Instant NOW = Instant.parse("2026-05-01T10:00:00Z");
  private static final int RATE_HZ = 8000;
  private static final AudioChunkCodec CODEC = new AudioChunkCodec("/test", 1 << 20, null);

  private final MockProducer<byte[], byte[]> kafka =
      new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
  private final ChunkProducer producer = new ChunkProducer(kafka, "audio.chunks", CODEC);
  private final List<String> noticed = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger reconnects = new AtomicInteger();

  @TempDir private Path folder;

  private final SendProgress progress =
      new SendProgress() {
        @Override
        public void sent(StreamId stream, long sentFrames, long lengthFrames, int rateHz) {}

        @Override
        public void noticed(StreamId stream, String text) {
          noticed.add(text);
        }

        @Override
        public void reconnected(StreamId stream, long missingFrames, int rateHz) {
          reconnects.incrementAndGet();
        }
      };

  /** Each look at it takes some time, so that who waits for long does not wait for long. */
  private static final class TickingClock implements SendClock {
    private final long tickNanos;
    private long nanos;

    TickingClock(Duration tick) {
      this.tickNanos = tick.toNanos();
    }

    @Override
    public synchronized Instant now() {
      return NOW.plusNanos(nanos);
    }

    @Override
    public synchronized long nanos() {
      nanos += tickNanos;
      return nanos;
    }

    @Override
    public synchronized void sleep(long wait) {
      nanos += wait;
    }
  }

  private enum Then {
    STALL,
    END,
    FAIL,
    END_COMPLETE
  }

  /** Gives some frames, then does what it was made for. */
  private static final class Camera implements AudioInput {
    private final int rateHz;
    private final Then then;
    private final CountDownLatch closed = new CountDownLatch(1);
    private int frames;

    Camera(int rateHz, int frames, Then then) {
      this.rateHz = rateHz;
      this.frames = frames;
      this.then = then;
    }

    @Override
    public int rateHz() {
      return rateHz;
    }

    @Override
    public int channels() {
      return 1;
    }

    @Override
    public long lengthFrames() {
      return -1;
    }

    @Override
    public boolean complete() {
      return then == Then.END_COMPLETE;
    }

    @Override
    public int read(float[] interleaved, int maxFrames) throws IOException {
      int count = Math.min(frames, maxFrames);
      frames -= count;
      if (count > 0) {
        return count;
      }
      if (then == Then.FAIL) {
        throw new IOException("connection reset");
      }
      if (then == Then.STALL) {
        try {
          closed.await();
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      }
      return -1;
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }

  private static AudioSource url(AudioInput... connections) {
    Queue<AudioInput> next = new ArrayDeque<>(List.of(connections));
    return new AudioSource(
        new StreamId("gate"),
        "rtsp://gate",
        true,
        true,
        () -> {
          AudioInput input = next.poll();
          return input == null ? new Camera(RATE_HZ, 0, Then.STALL) : input;
        });
  }

  private SentStream send(AudioSource source, SendClock clock, long reconnectMillis) {
    return sender(clock, reconnectMillis).sendAll(List.of(source)).get(0);
  }

  private StreamSender sender(SendClock clock, long reconnectMillis) {
    SendSettings settings = new SendSettings(100, Encoding.S16LE, true, 1, null, reconnectMillis);
    return new StreamSender(producer, settings, clock, progress);
  }

  private List<AudioChunk> chunks() {
    List<AudioChunk> chunks = new ArrayList<>();
    for (ProducerRecord<byte[], byte[]> r : kafka.history()) {
      ConsumerRecord<byte[], byte[]> arrived =
          new ConsumerRecord<>(
              r.topic(),
              0,
              chunks.size(),
              0L,
              TimestampType.CREATE_TIME,
              r.key().length,
              r.value().length,
              r.key(),
              r.value(),
              new RecordHeaders(r.headers()),
              Optional.empty());
      chunks.add(((AudioChunkCodec.Chunk) CODEC.decode(arrived)).chunk());
    }
    return chunks;
  }

  @Test
  void aStalledSourceIsNamedWithinTenSecondsAndItsHoleIsAGapOfATrueClock() {
    SendClock clock = new TickingClock(Duration.ofMillis(900));
    SentStream sent =
        send(
            url(
                new Camera(RATE_HZ, 2000, Then.STALL),
                new Camera(RATE_HZ, 1000, Then.STALL),
                new Camera(RATE_HZ, 500, Then.END_COMPLETE)),
            clock,
            60_000);
    assertThat(sent.fault()).isNull();
    assertThat(sent.reconnects()).isEqualTo(2).isEqualTo(reconnects.get());
    assertThat(sent.frames()).isEqualTo(3500);
    assertThat(noticed.get(0)).matches("rtsp://gate: no samples for [89] s; connects again in 1 s");
    assertThat(noticed.get(1)).matches("rtsp://gate: is back, \\d+\\.\\d s are missing");
    List<AudioChunk> chunks = chunks();
    assertThat(chunks).extracting(AudioChunk::last).containsOnlyOnce(true).endsWith(true);
    ChunkSequencer sequencer = new ChunkSequencer();
    long gaps = 0;
    for (int i = 0; i < chunks.size(); i++) {
      AudioChunk chunk = chunks.get(i);
      assertThat(chunk.sequence()).isEqualTo(i);
      // Every chunk names the same epoch: the clock of the stream goes on through the hole.
      assertThat(AudioChunk.epoch(chunk.captureTime(), chunk.sampleOffset(), RATE_HZ))
          .isEqualTo(chunks.get(0).captureTime());
      ChunkSequencer.Verdict verdict = sequencer.next(chunk, chunk.payload().length / 2, RATE_HZ);
      assertThat(verdict).isInstanceOf(ChunkSequencer.Accept.class);
      gaps += ((ChunkSequencer.Accept) verdict).gapSamples();
    }
    assertThat(gaps).isEqualTo(sent.missingFrames());
    assertThat(sent.missingSeconds()).isGreaterThan(16);
    Duration clockSaid = Duration.between(NOW, clock.now());
    AudioChunk last = chunks.get(chunks.size() - 1);
    assertThat(Duration.between(last.captureTime(), clock.now()).abs())
        .as("of %s", clockSaid)
        .isLessThan(Duration.ofSeconds(30));
  }

  /** ffmpeg reads up to six seconds of a WAV by HTTP before it passes on the first sample. */
  @Test
  void theTimeThatOpeningTakesIsInTheStreamsClock() {
    TickingClock clock = new TickingClock(Duration.ofMillis(1));
    Queue<AudioInput> next =
        new ArrayDeque<>(
            List.of(
                new Camera(RATE_HZ, 1000, Then.END), new Camera(RATE_HZ, 500, Then.END_COMPLETE)));
    AudioSource slow =
        new AudioSource(
            new StreamId("gate"),
            "rtsp://gate",
            true,
            true,
            () -> {
              clock.sleep(TimeUnit.SECONDS.toNanos(6));
              return next.remove();
            });

    SentStream sent = send(slow, clock, 60_000);

    List<AudioChunk> chunks = chunks();
    assertThat(Duration.between(NOW, chunks.get(0).captureTime()))
        .isLessThan(Duration.ofSeconds(1));
    // From the first opening to the second: what opening took, and one second of back-off.
    assertThat(sent.missingSeconds()).isBetween(6.0, 10.0);
  }

  @Test
  void aSourceThatNeverSendsASampleIsNamedAndGivenUp() {
    SentStream sent = send(url(), new TickingClock(Duration.ofSeconds(1)), 40_000);
    assertThat(noticed.get(0)).matches("rtsp://gate: no samples for [89] s");
    assertThat(noticed.get(1)).matches("rtsp://gate: no samples for 2\\d s; connects again in 1 s");
    assertThat(sent.fault()).matches("rtsp://gate: no samples for 4\\d s, gave up");
    assertThat(sent.chunks()).isZero();
  }

  @Test
  void anEndOfALiveSourceIsNamedRetriedAndFinallyAFault() {
    SentStream sent =
        send(
            url(new Camera(RATE_HZ, 1000, Then.END), new Camera(RATE_HZ, 1000, Then.FAIL)),
            new TickingClock(Duration.ofSeconds(1)),
            30_000);
    assertThat(noticed.get(0))
        .isEqualTo("rtsp://gate: has ended, as no live source should; connects again in 1 s");
    assertThat(noticed.get(1)).startsWith("rtsp://gate: is back, ");
    assertThat(noticed.get(2)).isEqualTo("rtsp://gate: connection reset; connects again in 2 s");
    assertThat(sent.fault()).endsWith("gave up");
    assertThat(sent.frames()).isEqualTo(2000);
    List<AudioChunk> chunks = chunks();
    assertThat(chunks.get(chunks.size() - 1).last()).isTrue();
  }

  @Test
  void withoutReconnectingTheFirstEndIsAFaultAndThatOfARecordingIsNone() {
    SendClock clock = new TickingClock(Duration.ZERO);
    assertThat(send(url(new Camera(RATE_HZ, 1000, Then.END)), clock, 0).fault())
        .isEqualTo("rtsp://gate: has ended, as no live source should");
    assertThat(send(url(new Camera(RATE_HZ, 1000, Then.END_COMPLETE)), clock, 0).fault()).isNull();
    assertThat(reconnects).hasValue(0);
  }

  @Test
  void aSourceThatComesBackAsAnotherEnds() {
    SentStream sent =
        send(
            url(new Camera(RATE_HZ, 1000, Then.END), new Camera(44_100, 1000, Then.END)),
            new TickingClock(Duration.ofSeconds(1)),
            30_000);
    assertThat(sent.fault())
        .isEqualTo(
            "rtsp://gate: came back with 44100 Hz and 1 channels, was 8000 Hz and 1: send it as another stream");
  }

  @Test
  void aPipeThatFallsSilentIsNamedOnceAndWaitedFor() throws Exception {
    PipedOutputStream in = new PipedOutputStream();
    PipedInputStream out = new PipedInputStream(in);
    AudioSource pipe =
        AudioSource.pipe(
            new StreamId("hall"),
            out,
            new dev.lookaside.ingest.AudioFormat(Encoding.S16LE, RATE_HZ, 1),
            ReadRules.LENIENT);
    in.write(new byte[400]);
    in.flush();
    StreamSender sender = sender(new TickingClock(Duration.ofSeconds(1)), 60_000);
    AtomicReference<SentStream> sent = new AtomicReference<>();
    Thread sending = new Thread(() -> sent.set(sender.sendAll(List.of(pipe)).get(0)));
    sending.start();
    await().until(() -> !noticed.isEmpty());
    in.write(new byte[400]);
    in.close();
    sending.join(TimeUnit.SECONDS.toMillis(30));
    assertThat(noticed)
        .hasSize(2)
        .satisfies(n -> assertThat(n.get(0)).matches("standard input: no samples for [89] s"))
        .satisfies(n -> assertThat(n.get(1)).isEqualTo("standard input: samples again"));
    assertThat(sent.get().fault()).isNull();
    assertThat(sent.get().frames()).isEqualTo(400);
  }

  @Test
  void stoppingASilentSourceTakesNoTimeAndMarksItsLastChunk() throws Exception {
    AudioSource silent = url(new Camera(RATE_HZ, 1000, Then.STALL));
    stopWhileSilent(silent, 1000);
  }

  @Test
  void stoppingASilentFfmpegTakesNoTimeAlsoBeforeItSaysAnything() throws Exception {
    Path wav = folder.resolve("x.wav");
    dev.lookaside.ingest.audio.WavWriter.writeInt16(
        wav, new dev.lookaside.ingest.audio.Pcm(RATE_HZ, new float[1000]));
    // Deaf to SIGTERM, as an ffmpeg that waits for its network is.
    Path script = folder.resolve("ffmpeg");
    Files.writeString(script, "#!/bin/sh\ntrap '' TERM\ncat '" + wav + "'\nexec sleep 1000\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    Ffmpeg ffmpeg = new Ffmpeg(script.toString());
    stopWhileSilent(
        AudioSource.ffmpeg(new StreamId("gate"), "rtsp://gate", ffmpeg, ReadRules.LENIENT), 1000);
    kafka.clear();
    Files.writeString(script, "#!/bin/sh\ntrap '' TERM\nexec sleep 1000\n");
    StreamSender sender = sender(SendClock.SYSTEM, 60_000);
    Thread sending =
        new Thread(
            () ->
                sender.sendAll(
                    List.of(
                        AudioSource.ffmpeg(
                            new StreamId("gate"), "rtsp://gate", ffmpeg, ReadRules.LENIENT))));
    sending.start();
    await().until(() -> ProcessHandle.current().children().findAny().isPresent());
    sender.stop();
    sending.join(5000);
    assertThat(sending.isAlive()).isFalse();
    await().until(() -> ProcessHandle.current().children().findAny().isEmpty());
  }

  private void stopWhileSilent(AudioSource silent, long frames) throws Exception {
    StreamSender sender = sender(SendClock.SYSTEM, 60_000);
    AtomicReference<SentStream> sent = new AtomicReference<>();
    Thread sending = new Thread(() -> sent.set(sender.sendAll(List.of(silent)).get(0)));
    sending.start();
    // All but the chunk that is held back.
    await().until(() -> kafka.history().size() >= frames / 800);
    sender.stop();
    sending.join(5000);
    assertThat(sending.isAlive()).isFalse();
    assertThat(sent.get().fault()).isNull();
    List<AudioChunk> chunks = chunks();
    assertThat(chunks.get(chunks.size() - 1).last()).isTrue();
    assertThat(sent.get().frames()).isBetween(frames - 800, frames);
  }
}
