package dev.lookaside.trainer.store;

import static dev.lookaside.trainer.store.StoreFixtures.DOCK;
import static dev.lookaside.trainer.store.StoreFixtures.EPOCH;
import static dev.lookaside.trainer.store.StoreFixtures.SETTINGS;
import static dev.lookaside.trainer.store.StoreFixtures.add;
import static dev.lookaside.trainer.store.StoreFixtures.at;
import static dev.lookaside.trainer.store.StoreFixtures.confirm;
import static dev.lookaside.trainer.store.StoreFixtures.noise;
import static dev.lookaside.trainer.store.StoreFixtures.reject;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.DeadLetterWriter;
import dev.lookaside.ingest.LogConsumer;
import dev.lookaside.ingest.RetainedSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import dev.lookaside.ingest.kafka.GivenClients;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.retained.RetainedAudio;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelCodec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelIngestTest {
  private static final String LABELS = "audio.labels";
  private static final String CHUNKS = "audio.chunks";
  private static final Pcm SOUND = noise(30, 16_000, 5);

  @TempDir Path folder;
  private final AudioChunkCodec chunkCodec = new AudioChunkCodec("/test", 1 << 20, null);

  private MockProducer<byte[], byte[]> letters =
      new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());

  /** The process dies here. */
  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  private static LogConsumer labels(Label... labels) {
    LogConsumer log = new LogConsumer(LABELS, 2, 3);
    for (Label label : labels) {
      log.append(new LabelCodec().encode(LABELS, label), 1, 0);
    }
    return log;
  }

  /** Half-second chunks of 0 to {@code seconds}. */
  private LogConsumer chunks(int seconds) {
    return chunks(seconds, new LogConsumer(CHUNKS, 1, 50));
  }

  private LogConsumer chunks(int seconds, LogConsumer log) {
    for (int i = 0; i < 2 * seconds; i++) {
      float[] part = Arrays.copyOfRange(SOUND.samples(), i * 8_000, (i + 1) * 8_000);
      Instant time = AudioChunk.timeOf(EPOCH, i * 8_000L, 16_000);
      byte[] wav = WavWriter.int16(new Pcm(16_000, part));
      AudioChunk chunk =
          new AudioChunk(DOCK, -1, -1, i, i * 8_000L, time, AudioFormat.WAV, wav, false);
      log.append(chunkCodec.encode(CHUNKS, chunk), 0, time.toEpochMilli() + 600);
    }
    return log;
  }

  private LabelIngest ingest(
      ExampleStore store, LogConsumer labels, LogConsumer chunks, Instant now) {
    return ingest(store, labels, chunks, () -> now, System::nanoTime);
  }

  private LabelIngest ingest(
      ExampleStore store,
      LogConsumer labels,
      LogConsumer chunks,
      InstantSource clock,
      LongSupplier nanoTime) {
    letters = new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    RetainedAudio audio =
        RetainedAudio.over(
            TopicReader.seeking(GivenClients.of(chunks), "test", CHUNKS, nanoTime),
            chunkCodec,
            new AudioDecoder(ChannelPolicy.MIX, 1 << 20),
            new RetainedSettings(2_000, 5_000, 10_000, 60));
    return new LabelIngest(
        store,
        GivenClients.of(labels),
        LABELS,
        new DeadLetterWriter(letters, "audio.dead-letters"),
        new EventAudio(store, audio, SETTINGS, clock));
  }

  private static void drain(LabelIngest ingest) {
    while (!ingest.atEnd() || !ingest.step(Duration.ZERO).idle()) {
      ingest.step(Duration.ZERO);
    }
  }

  @Test
  void theAudioOfALabelIsWhatWasSent() {
    Label dog = confirm("dog", 3, 4.5, "ada", 20);
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS);
        LabelIngest ingest = ingest(store, labels(dog), chunks(10), at(3_600))) {
      drain(ingest);
      StoredAudio audio = store.find(dog.id()).orElseThrow().heldAudio();
      assertThat(audio.start()).isEqualTo(at(2.5));
      assertThat(audio.readEvent().samples())
          .isEqualTo(Arrays.copyOfRange(SOUND.samples(), 48_000, 72_000));
      assertThat(audio.samples()).isEqualTo(40_000);
      assertThat(audio.whole()).isTrue();
    }
  }

  @Test
  void audioThatIsStillToComeIsAwaitedAndThatWhichIsGoneIsLost() {
    Label late = confirm("dog", 9, 9.8, "ada", 10);
    Label gone = add("cat", -50, -49, "ada", 10);
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS);
        LabelIngest ingest = ingest(store, labels(late, gone), chunks(10), at(11))) {
      drain(ingest);
      assertThat(store.find(late.id()).orElseThrow().audioState()).isEqualTo(AudioState.AWAITED);
      StoredExample lost = store.find(gone.id()).orElseThrow();
      assertThat(lost.audioState()).isEqualTo(AudioState.LOST);
      assertThat(lost.audioReason().orElseThrow()).contains("is before the stream's start");
    }
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS);
        LabelIngest ingest = ingest(store, labels(late, gone), chunks(12), at(13))) {
      drain(ingest);
      assertThat(store.find(late.id()).orElseThrow().heldAudio().whole()).isTrue();
      assertThat(store.all()).hasSize(2);
    }
  }

  /** Each look at the clock of readings takes .5 s, so going through all chunks takes too long. */
  @Test
  void aStreamThatIsNotThereIsGivenUpAndStarvesNoOther() {
    Label typo =
        Label.add(
            new StreamId("dokc"), "cat", at(3), at(4), "ada", at(20), Optional.<String>empty());
    Label dog = confirm("dog", 3, 4.5, "ada", 20);
    LogConsumer chunks = chunks(30, new LogConsumer(CHUNKS, 1, 2));
    AtomicLong nanos = new AtomicLong();
    double[] now = {3_600};
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS);
        LabelIngest ingest =
            ingest(
                store,
                labels(typo, dog),
                chunks,
                () -> at(now[0]),
                () -> nanos.addAndGet(500_000_000L))) {
      LabelIngest.Progress first = ingest.step(Duration.ZERO);
      assertThat(first.labels()).isEqualTo(2);
      assertThat(first.awaited()).as("one that takes long is the last of its turn").isEqualTo(2);
      assertThat(ingest.step(Duration.ZERO).held()).isEqualTo(1);
      assertThat(store.find(dog.id()).orElseThrow().audioState()).isEqualTo(AudioState.HELD);
      int searches = 1;
      for (int second = 1; second <= 10; second++) {
        now[0]++;
        long before = chunks.delivered();
        ingest.step(Duration.ZERO);
        searches += chunks.delivered() > before ? 1 : 0;
      }
      assertThat(searches).as("after 2 and 4 s more").isEqualTo(3);
      StoredExample lost = store.find(typo.id()).orElseThrow();
      assertThat(lost.audioState()).isEqualTo(AudioState.LOST);
      assertThat(lost.audioReason().orElseThrow()).contains("not read within 20000 ms");
    }
  }

  @Test
  void aBrokerThatIsAwayLosesNoAudio() {
    boolean[] away = {true};
    LogConsumer chunks =
        new LogConsumer(CHUNKS, 1, 50) {
          @Override
          public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
            return away[0] ? ConsumerRecords.empty() : super.poll(timeout);
          }
        };
    Label dog = confirm("dog", 3, 4.5, "ada", 20);
    AtomicLong nanos = new AtomicLong();
    double[] now = {3_600};
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS);
        LabelIngest ingest =
            ingest(
                store,
                labels(dog),
                chunks(10, chunks),
                () -> at(now[0]),
                () -> nanos.addAndGet(500_000_000L))) {
      for (int minute = 0; minute < 10; minute++) {
        now[0] += 60;
        assertThat(ingest.step(Duration.ZERO).awaited()).isEqualTo(1);
      }
      away[0] = false;
      now[0] += 60;
      assertThat(ingest.step(Duration.ZERO).held()).isEqualTo(1);
    }
  }

  /** Author and sender may both have a wrong clock. */
  @Test
  void audioOfTheFutureIsNotLookedForBeforeItsTime() {
    Label future = add("cat", 1_000_000, 1_000_001, "ada", 1_000_002);
    LogConsumer chunks = chunks(10);
    double[] now = {3_600};
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS);
        LabelIngest ingest =
            ingest(store, labels(future), chunks, () -> at(now[0]), System::nanoTime)) {
      assertThat(ingest.step(Duration.ZERO).awaited()).isEqualTo(1);
      assertThat(chunks.delivered()).isZero();
      now[0] = 1_000_100;
      assertThat(ingest.step(Duration.ZERO).lost()).isEqualTo(1);
    }
  }

  @Test
  void whatIsNoLabelGoesToTheDeadLetters() {
    LogConsumer labels = labels(confirm("dog", 3, 4, "ada", 20));
    byte[] key = "dock".getBytes(StandardCharsets.UTF_8);
    labels.append(new ProducerRecord<>(LABELS, key, new byte[] {'x'}), 0, 0);
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS);
        LabelIngest ingest = ingest(store, labels, chunks(10), at(3_600))) {
      drain(ingest);
      assertThat(store.all()).hasSize(1);
      assertThat(store.positions(LABELS)).isEqualTo(Map.of(0, 1L, 1, 1L));
      assertThat(letters.history())
          .singleElement()
          .satisfies(l -> assertThat(l.value()).containsExactly('x'));
    }
  }

  /** The process ends before each step that leaves a trace, one after the other. */
  @Test
  void killedAnywhereNothingIsLostOrDoubled() {
    Label[] said = {
      confirm("dog", 3, 4, "ada", 20),
      reject("dog", 3, 4, "bob", 21),
      add("cat", 6, 7, "ada", 22),
      add("cow", -60, -59, "ada", 23),
      add("cat", 6, 7.2, "ada", 24)
    };
    List<Object> expected = run(folder.resolve("whole"), said);
    int killed = 0;
    for (int at = 0; ; at++) {
      Path here = folder.resolve("killed-" + at);
      int[] left = {at};
      boolean died = false;
      try (ExampleStore store =
              ExampleStore.open(
                  here,
                  SETTINGS,
                  step -> {
                    if (left[0]-- == 0) {
                      throw new Killed();
                    }
                  });
          LabelIngest ingest = ingest(store, labels(said), chunks(10), at(3_600))) {
        drain(ingest);
      } catch (Killed e) {
        died = true;
        killed++;
      }
      assertThat(run(here, said)).as("killed before step " + at).isEqualTo(expected);
      if (!died) {
        break;
      }
    }
    assertThat(killed).isGreaterThan(20);
  }

  private List<Object> run(Path here, Label[] said) {
    try (ExampleStore store = ExampleStore.open(here, SETTINGS);
        LabelIngest ingest = ingest(store, labels(said), chunks(10), at(3_600))) {
      drain(ingest);
      return store.all().stream()
          .<Object>map(
              e ->
                  List.of(
                      e.number(),
                      e.id(),
                      e.standing(),
                      e.audioState(),
                      e.audioReason(),
                      e.audio().map(a -> a.sha256() + a.start() + a.onsetSample()),
                      store.positions(LABELS)))
          .toList();
    }
  }
}
