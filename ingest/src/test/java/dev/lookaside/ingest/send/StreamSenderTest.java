package dev.lookaside.ingest.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioInput;
import dev.lookaside.ingest.audio.Pcm;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StreamSenderTest {
  private static final Instant NOW = Instant.parse("2026-05-01T10:00:00Z");
  private static final AudioChunkCodec CODEC = new AudioChunkCodec("/test", 1 << 20, null);

  private final MockProducer<byte[], byte[]> kafka =
      new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
  private final ChunkProducer producer = new ChunkProducer(kafka, "audio.chunks", CODEC);
  private final ManualClock clock = new ManualClock();

  /** Sleeping is the only thing that lets time pass. */
  private static final class ManualClock implements SendClock {
    private long nanos;

    @Override
    public synchronized Instant now() {
      return NOW.plusNanos(nanos);
    }

    @Override
    public synchronized long nanos() {
      return nanos;
    }

    @Override
    public synchronized void sleep(long wait) {
      nanos += wait;
    }
  }

  /** Gives {@code frames} frames, then fails or ends. */
  private static final class FailingInput implements AudioInput {
    private final @Nullable Exception fault;
    private final AtomicBoolean closed = new AtomicBoolean();
    private int frames;

    FailingInput(int frames, @Nullable Exception fault) {
      this.frames = frames;
      this.fault = fault;
    }

    @Override
    public int rateHz() {
      return 8000;
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
    public int read(float[] interleaved, int maxFrames) throws IOException {
      if (frames == 0) {
        if (fault instanceof IOException e) {
          throw e;
        }
        if (fault instanceof RuntimeException e) {
          throw e;
        }
        return -1;
      }
      int count = Math.min(frames, maxFrames);
      frames -= count;
      return count;
    }

    @Override
    public void close() {
      closed.set(true);
    }
  }

  private static AudioSource source(String stream, AudioInput input) {
    return new AudioSource(new StreamId(stream), stream, false, false, () -> input);
  }

  private static AudioSource sound(String stream, int samples) {
    return AudioSource.pcm(new StreamId(stream), new Pcm(8000, new float[samples]));
  }

  private StreamSender sender(SendSettings settings) {
    return new StreamSender(producer, settings, clock, SendProgress.NONE);
  }

  private static SendSettings settings(boolean realTime, int parallel, @Nullable Instant start) {
    return new SendSettings(100, Encoding.S16LE, realTime, parallel, start, 60_000);
  }

  private List<AudioChunk> chunks(String stream) {
    List<AudioChunk> chunks = new ArrayList<>();
    for (ProducerRecord<byte[], byte[]> r : kafka.history()) {
      ConsumerRecord<byte[], byte[]> arrived =
          new ConsumerRecord<>(
              r.topic(),
              0,
              chunks.size(),
              // The producer stamps it on sending; the capture time travels in ce_time.
              0L,
              TimestampType.CREATE_TIME,
              r.key().length,
              r.value().length,
              r.key(),
              r.value(),
              new RecordHeaders(r.headers()),
              java.util.Optional.empty());
      AudioChunk chunk = ((AudioChunkCodec.Chunk) CODEC.decode(arrived)).chunk();
      if (chunk.stream().value().equals(stream)) {
        chunks.add(chunk);
      }
    }
    return chunks;
  }

  @Test
  void pacedSoundTakesAsLongAsItSounds() {
    List<SentStream> sent = sender(settings(true, 1, null)).sendAll(List.of(sound("a", 20_000)));
    assertThat(sent).hasSize(1);
    assertThat(sent.get(0).fault()).isNull();
    assertThat(sent.get(0).seconds()).isEqualTo(2.5);
    assertThat(clock.nanos()).isEqualTo(2_500_000_000L);
    List<AudioChunk> chunks = chunks("a");
    assertThat(chunks).hasSize(25);
    assertThat(chunks.get(0).captureTime()).isEqualTo(NOW);
    assertThat(chunks.get(24).captureTime()).isEqualTo(NOW.plusMillis(2400));
    assertThat(chunks).extracting(AudioChunk::last).containsOnlyOnce(true);
    assertThat(chunks.get(24).last()).isTrue();
  }

  @Test
  void unpacedSoundTakesNoTimeAndEndsNowOrStartsWhenTold() {
    sender(settings(false, 1, null)).sendAll(List.of(sound("a", 20_000)));
    assertThat(clock.nanos()).isZero();
    assertThat(chunks("a").get(0).captureTime()).isEqualTo(NOW.minusMillis(2500));
    Instant start = Instant.parse("2020-01-01T00:00:00Z");
    sender(settings(false, 1, start)).sendAll(List.of(sound("b", 8000)));
    assertThat(chunks("b").get(0).captureTime()).isEqualTo(start);
  }

  @Test
  void liveSourcesAreNotPacedAndStartNow() {
    AudioSource live =
        new AudioSource(
            new StreamId("mic"), "mic", true, false, () -> new FailingInput(4000, null));
    sender(settings(true, 1, null)).sendAll(List.of(live));
    assertThat(clock.nanos()).isZero();
    assertThat(chunks("mic").get(0).captureTime()).isEqualTo(NOW);
  }

  @Test
  void aFailingSourceEndsItsOwnStreamOnly() {
    FailingInput broken = new FailingInput(1000, new IOException("cable pulled"));
    FailingInput lying = new FailingInput(0, new IngestException("x \"1\": must be 2"));
    AudioSource missing =
        new AudioSource(
            new StreamId("d"),
            "d.wav",
            false,
            false,
            () -> {
              throw new IngestException("d.wav: no such file");
            });
    List<SentStream> sent =
        sender(settings(false, 2, null))
            .sendAll(List.of(source("a", broken), source("b", lying), sound("c", 100), missing));
    assertThat(sent)
        .extracting(SentStream::fault)
        .containsExactly("a: cable pulled", "b: x \"1\": must be 2", null, "d.wav: no such file");
    assertThat(sent).extracting(SentStream::frames).containsExactly(1000L, 0L, 100L, 0L);
    assertThat(chunks("a")).extracting(AudioChunk::last).containsExactly(false, true);
    assertThat(chunks("c")).extracting(AudioChunk::last).containsExactly(true);
    assertThat(broken.closed).isTrue();
    assertThat(lying.closed).isTrue();
  }

  @Test
  void aSourceWithoutSoundIsAFault() {
    assertThat(sender(settings(false, 1, null)).send(source("a", new FailingInput(0, null))))
        .satisfies(
            s -> {
              assertThat(s.fault()).isEqualTo("a: no sound");
              assertThat(s.chunks()).isZero();
            });
  }

  @Test
  void stoppingMarksTheLastChunk() {
    StreamSender[] sender = new StreamSender[1];
    SendProgress stopAfterThree =
        (stream, sentFrames, lengthFrames, rateHz) -> {
          if (sentFrames == 2400) {
            sender[0].stop();
          }
        };
    sender[0] = new StreamSender(producer, settings(true, 1, null), clock, stopAfterThree);
    List<SentStream> sent = sender[0].sendAll(List.of(sound("a", 80_000), sound("b", 800)));
    List<AudioChunk> chunks = chunks("a");
    assertThat(chunks).hasSizeBetween(4, 5);
    assertThat(chunks.get(chunks.size() - 1).last()).isTrue();
    assertThat(sent.get(1).fault()).isEqualTo("stopped before its turn");
  }

  @Test
  void aFailingKafkaEndsEverything() {
    kafka.sendException = new KafkaException("no broker at localhost:1");
    StreamSender sender = sender(settings(false, 1, null));
    assertThatThrownBy(() -> sender.sendAll(List.of(sound("a", 8000), sound("b", 8000))))
        .isInstanceOf(IngestException.class)
        .hasMessage("topic \"audio.chunks\": cannot send: no broker at localhost:1");
  }

  @Test
  void progressSaysHowFar() {
    List<String> heard = new ArrayList<>();
    SendProgress progress =
        (stream, sentFrames, lengthFrames, rateHz) ->
            heard.add(stream.value() + " " + sentFrames + "/" + lengthFrames + " at " + rateHz);
    new StreamSender(producer, settings(false, 1, null), clock, progress)
        .sendAll(List.of(sound("a", 1000)));
    assertThat(heard).containsExactly("a 800/1000 at 8000", "a 1000/1000 at 8000");
  }

  @Test
  void badSettingsAreNamed() {
    assertThatThrownBy(() -> new SendSettings(5, Encoding.L16, true, 1, null, 0))
        .hasMessage("chunk length \"5\": must be 10 to 60000 ms");
    assertThatThrownBy(() -> new SendSettings(100, Encoding.FLAC, true, 1, null, 0))
        .hasMessage("encoding \"FLAC\": must be S16LE, L16 or F32LE to be sent");
    assertThatThrownBy(() -> new SendSettings(100, Encoding.L16, true, 0, null, 0))
        .hasMessage("parallel \"0\": must be 1 to 1000");
    assertThat(SendSettings.defaults().realTime()).isTrue();
  }
}
