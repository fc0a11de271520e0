package dev.lookaside.featurizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import akka.actor.testkit.typed.javadsl.BehaviorTestKit;
import akka.actor.testkit.typed.javadsl.TestInbox;
import akka.actor.typed.PostStop;
import dev.lookaside.featurizer.StreamFeaturizer.Accept;
import dev.lookaside.featurizer.StreamFeaturizer.Command;
import dev.lookaside.featurizer.StreamFeaturizer.Demand;
import dev.lookaside.featurizer.StreamFeaturizer.End;
import dev.lookaside.featurizer.StreamFeaturizer.Ended;
import dev.lookaside.featurizer.StreamFeaturizer.Event;
import dev.lookaside.featurizer.StreamFeaturizer.Gap;
import dev.lookaside.featurizer.StreamFeaturizer.Refused;
import dev.lookaside.featurizer.StreamFeaturizer.SegmentEnded;
import dev.lookaside.featurizer.StreamFeaturizer.WindowReady;
import dev.lookaside.featurizer.StreamFeaturizer.WindowSkipped;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.SampleSpan;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class StreamFeaturizerTest {
  private static final int CHUNK_SAMPLES = 1_600;
  private static final FeatureSpec SPEC = new FeatureSpec(FrontEnd.AST_FBANK, 10, 5);
  private static final FeaturizerSettings NO_GATE =
      new FeaturizerSettings(5, Double.NEGATIVE_INFINITY, Map.of());

  private final TestInbox<KafkaSource.Command> source = TestInbox.create();
  private final TestInbox<Event> detector = TestInbox.create();
  private BehaviorTestKit<Command> kit = featurizer(NO_GATE);

  @Test
  void windowsComeOnlyAgainstDemand() {
    for (int i = 0; i < 5; i++) {
      kit.run(accept(i, false));
    }
    assertThat(windows()).isEmpty();
    kit.run(new Demand(3));
    assertThat(windows()).extracting(MelWindow::index).containsExactly(0L, 1L, 2L);
    kit.run(new Demand(100));
    assertThat(windows()).extracting(MelWindow::index).startsWith(3L).hasSizeGreaterThan(2);
  }

  @Test
  void creditComesBackWhenAChunkIsConsumedAndNotBefore() {
    kit.run(accept(0, false)); // 8 frames: no window waits, the chunk is consumed
    assertThat(credits()).isEqualTo(1);
    kit.run(accept(1, false)); // windows 0 and 1 wait
    kit.run(accept(2, false));
    assertThat(credits()).isZero();
    kit.run(new Demand(2));
    assertThat(credits()).isEqualTo(1);
    kit.run(new Demand(2));
    assertThat(credits()).isEqualTo(1);
  }

  @Test
  void whatIsStillQueuedIsGivenBackWhenItStops() {
    for (int i = 0; i < 6; i++) {
      kit.run(accept(i, false));
    }
    assertThat(credits()).isEqualTo(1);
    kit.signal(PostStop.instance());
    assertThat(credits()).isEqualTo(5);
  }

  @Test
  void undecodableChunksGoToTheDeadLettersAndGiveTheirCreditBack() {
    kit.run(new Demand(100));
    AudioChunk odd = chunk(0, 0, 16_000, new byte[3], false);
    kit.run(accept(odd));
    List<KafkaSource.Command> told = source.getAllReceived();
    assertThat(told).hasSize(2);
    KafkaSource.Reject reject = (KafkaSource.Reject) told.get(0);
    assertThat(reject.record().offset()).isEqualTo(odd.recordOffset());
    assertThat(reject.rejection().describe()).contains("payload bytes \"3\"");
    assertThat(told.get(1)).isEqualTo(new KafkaSource.Credit(Scene.ASSIGNMENT, 1, 3));
  }

  @Test
  void aRateChangeInMidStreamIsRejectedWithBothRates() {
    kit.run(new Demand(100));
    kit.run(accept(0, false));
    source.getAllReceived();
    kit.run(accept(chunk(1, CHUNK_SAMPLES, 44_100, new byte[2 * CHUNK_SAMPLES], false)));
    KafkaSource.Reject reject = (KafkaSource.Reject) source.getAllReceived().get(0);
    assertThat(reject.rejection().describe()).contains("rate \"44100\"").contains("16000");
  }

  @Test
  void rejectedTimeIsToldAsRejectedAndLostTimeAsGap() {
    kit.run(new Demand(100));
    kit.run(accept(0, false));
    kit.run(refused(1));
    kit.run(accept(2, false));
    kit.run(accept(4, false));
    List<Event> events = detector.getAllReceived();
    assertThat(events)
        .filteredOn(e -> e instanceof Gap)
        .extracting(e -> ((Gap) e).cause(), e -> ((Gap) e).span())
        .containsExactly(
            tuple(StreamFeaturizer.Cause.REJECTED, new SampleSpan(1_600, 3_200)),
            tuple(StreamFeaturizer.Cause.GAP, new SampleSpan(4_800, 6_400)));
    Gap lost =
        events.stream().filter(e -> e instanceof Gap).map(e -> (Gap) e).skip(1).findFirst().get();
    assertThat(lost.from()).isEqualTo(Scene.EPOCH.plusMillis(300));
    assertThat(lost.until()).isEqualTo(Scene.EPOCH.plusMillis(400));
  }

  @Test
  void theLastChunkEndsTheStreamAndSequenceZeroStartsItAnew() {
    kit.run(new Demand(100));
    kit.run(accept(0, true));
    List<Event> events = detector.getAllReceived();
    assertThat(events.get(events.size() - 1))
        .isEqualTo(new Ended(Scene.STREAM, Scene.ASSIGNMENT, 0, false));
    assertThat(events).anyMatch(e -> e instanceof SegmentEnded);
    Instant later = Scene.EPOCH.plusSeconds(60);
    kit.run(
        accept(
            new AudioChunk(
                Scene.STREAM,
                3,
                7,
                0,
                0,
                later,
                new AudioFormat(AudioFormat.Encoding.S16LE, 24_000, 1),
                new byte[9_600],
                true)));
    assertThat(windows())
        .isNotEmpty()
        .allSatisfy(
            window -> {
              assertThat(window.epoch()).isEqualTo(later);
              assertThat(window.rateHz()).isEqualTo(24_000);
            });
    assertThat(kit.isAlive()).isTrue();
  }

  @Test
  void endPadsTheTailTellsEndedAndStops() {
    kit.run(accept(0, false));
    kit.run(End.INSTANCE);
    assertThat(kit.isAlive()).isTrue(); // a window waits for demand
    kit.run(new Demand(1));
    assertThat(kit.isAlive()).isFalse();
    List<Event> events = detector.getAllReceived();
    MelWindow window = ((WindowReady) events.get(1)).window();
    assertThat(window.validFrames()).isEqualTo(8);
    assertThat(window.rows()[8]).containsOnly(0f);
    assertThat(events.get(events.size() - 1))
        .isEqualTo(new Ended(Scene.STREAM, Scene.ASSIGNMENT, 0, true));
  }

  @Test
  void silentWindowsAreSkippedButCounted() {
    kit = featurizer(new FeaturizerSettings(5, -60, Map.of("other", -1.0)));
    kit.run(new Demand(100));
    kit.run(accept(0, false));
    kit.run(accept(chunk(1, CHUNK_SAMPLES, 16_000, new byte[8 * CHUNK_SAMPLES], true)));
    List<Event> events = detector.getAllReceived();
    assertThat(events.stream().filter(e -> e instanceof WindowSkipped).count()).isPositive();
    Counts counts = Counts.NONE;
    for (Event event : events) {
      if (event instanceof StreamFeaturizer.Counted counted) {
        counts = counts.plus(counted.delta());
      }
    }
    assertThat(counts.skippedSamples()).isPositive();
    assertThat(counts.windowedSamples()).isPositive();
    assertThat(counts.pendingSamples()).isZero();
  }

  @Test
  void everyCommandIsExercisedHere() {
    assertThat(Command.class.getPermittedSubclasses())
        .containsExactlyInAnyOrder(Accept.class, Refused.class, Demand.class, End.class);
  }

  private BehaviorTestKit<Command> featurizer(FeaturizerSettings settings) {
    return BehaviorTestKit.create(
        StreamFeaturizer.create(
            Scene.STREAM, settings, SPEC, Scene.DECODER, source.getRef(), detector.getRef()));
  }

  private List<MelWindow> windows() {
    return Scene.windows(detector.getAllReceived());
  }

  private int credits() {
    List<KafkaSource.Command> told = new ArrayList<>(source.getAllReceived());
    assertThat(told)
        .allMatch(c -> c.equals(new KafkaSource.Credit(Scene.ASSIGNMENT, 1, 2L * CHUNK_SAMPLES)));
    return told.size();
  }

  private static Accept accept(int sequence, boolean last) {
    byte[] payload = new byte[2 * CHUNK_SAMPLES];
    for (int i = 0; i < payload.length; i += 2) {
      payload[i + 1] = (byte) (i % 14 - 7);
    }
    return accept(chunk(sequence, (long) sequence * CHUNK_SAMPLES, 16_000, payload, last));
  }

  private static Accept accept(AudioChunk chunk) {
    return new Accept(
        Scene.ASSIGNMENT,
        chunk,
        new ConsumerRecord<>("audio.chunks", 3, chunk.recordOffset(), null, chunk.payload()));
  }

  private static Refused refused(int sequence) {
    return new Refused(
        Scene.ASSIGNMENT,
        sequence,
        sequence,
        (long) sequence * CHUNK_SAMPLES,
        new Rejection(Rejection.Reason.BAD_CONTENT_TYPE, "content-type", "x", "must be audio"));
  }

  private static AudioChunk chunk(
      int sequence, long sampleOffset, int rateHz, byte[] payload, boolean last) {
    return new AudioChunk(
        Scene.STREAM,
        3,
        sequence,
        sequence,
        sampleOffset,
        AudioChunk.timeOf(Scene.EPOCH, sampleOffset, 16_000),
        new AudioFormat(AudioFormat.Encoding.S16LE, rateHz, 1),
        payload,
        last);
  }
}
