package dev.lookaside.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.featurizer.StreamFeaturizer;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StreamsTest {
  private static final Assignment P0 = new Assignment(0, 1);
  private static final Assignment P1 = new Assignment(1, 2);
  private static final Duration IDLE = Duration.ofSeconds(60);

  /** Streams never asks for windows: the stand-ins for a stream's actor take this as their end. */
  private static final StreamFeaturizer.Command DIE = new StreamFeaturizer.Demand(1);

  /** What the stand-ins for a stream's actor report: which of them, and what it was told. */
  private record Told(String actor, StreamId stream, Object message) {}

  private final ActorTestKit kit = ActorTestKit.create();
  private final TestProbe<Told> told = kit.createTestProbe(Told.class);
  private final TestProbe<ActorRef<StreamDetector.Command>> detectors = kit.createTestProbe();
  private ActorRef<Streams.Command> streams;
  private long nextOffset;

  @BeforeEach
  void startStreams() {
    streams = kit.spawn(Streams.create(this::detector, IDLE));
    streams.tell(new Streams.FromSource(new KafkaSource.Assigned(Set.of(P0, P1))));
  }

  @AfterEach
  void stopEverything() {
    kit.shutdownTestKit();
  }

  @Test
  void chunksOfOneStreamGoToOneFeaturizerInOrder() {
    AudioChunk first = arrive(P0, "a", 0);
    AudioChunk second = arrive(P0, "a", 1);
    assertThat(expectChunk("stream-0")).isSameAs(first);
    assertThat(expectChunk("stream-0")).isSameAs(second);

    AudioChunk other = arrive(P0, "b", 1);
    assertThat(expectChunk("stream-1")).isSameAs(other);
    AudioChunk third = arrive(P0, "a", 2);
    assertThat(expectChunk("stream-0")).isSameAs(third);
    assertThat(openStreams()).isEqualTo(2);
  }

  @Test
  void aStreamEndsWhenItsPartitionMovesOnAndNotBefore() {
    arrive(P0, "silent", 0);
    expectChunk("stream-0");
    arrive(P0, "busy", 60);
    expectChunk("stream-1");
    arrive(P1, "elsewhere", 1_000);
    expectChunk("stream-2");
    told.expectNoMessage(Duration.ofMillis(50));

    arrive(P0, "busy", 61);

    assertThat(List.of(told.receiveMessage(), told.receiveMessage()))
        .filteredOn(t -> t.actor().equals("stream-0"))
        .singleElement()
        .isEqualTo(new Told("stream-0", new StreamId("silent"), StreamFeaturizer.End.INSTANCE));
  }

  @Test
  void whatArrivesWhileAStreamEndsWaitsForItsActorsToBeGone() {
    arrive(P0, "a", 0);
    ActorRef<StreamDetector.Command> detector = detectors.receiveMessage();
    expectChunk("stream-0");
    arrive(P0, "b", 100);
    assertThat(List.of(told.receiveMessage().actor(), told.receiveMessage().actor()))
        .containsExactlyInAnyOrder("stream-0", "stream-1");

    AudioChunk late = arrive(P0, "a", 101);
    AudioChunk later = arrive(P0, "a", 102);
    told.expectNoMessage(Duration.ofMillis(50));
    detector.tell(new StreamDetector.Forward(DIE));

    assertThat(expectChunk("stream-2")).isSameAs(late);
    assertThat(expectChunk("stream-2")).isSameAs(later);
    assertThat(openStreams()).isEqualTo(2);
  }

  @Test
  void aRevokedPartitionTakesItsStreamsWithItAndNoOthers() {
    arrive(P0, "a", 0);
    expectChunk("stream-0");
    arrive(P1, "a", 0);
    expectChunk("stream-1");
    ActorRef<StreamDetector.Command> first = detectors.receiveMessage();

    streams.tell(new Streams.FromSource(new KafkaSource.Revoked(Set.of(P0))));
    arrive(P0, "a", 1);

    told.expectTerminated(first);
    assertThat(openStreams()).isEqualTo(1);
    AudioChunk kept = arrive(P1, "a", 1);
    assertThat(expectChunk("stream-1")).isSameAs(kept);
  }

  @Test
  void refusedRecordsReachTheAccountingOfTheirStream() {
    arrive(P0, "a", 0);
    expectChunk("stream-0");
    Rejection rejection = new Rejection(Rejection.Reason.EMPTY, "value", "", "must hold audio");

    streams.tell(
        new Streams.FromSource(
            new KafkaSource.Refused(P0, new StreamId("unknown"), 7, 1, 1600, rejection)));
    streams.tell(new Streams.FromSource(new KafkaSource.Refused(P0, null, 8, -1, -1, rejection)));
    streams.tell(
        new Streams.FromSource(
            new KafkaSource.Refused(P0, new StreamId("a"), 9, 1, 1600, rejection)));

    assertThat(told.receiveMessage().message())
        .isEqualTo(new StreamFeaturizer.Refused(P0, 9, 1, 1600, rejection));
  }

  @Test
  void anActorThatFailsTakesThePipelineDownSoThatItsAudioIsReadAgain() {
    arrive(P0, "a", 0);
    detectors.receiveMessage().tell(new StreamDetector.Forward(DIE));

    told.expectTerminated(streams);
  }

  private Behavior<StreamDetector.Command> detector(StreamId stream) {
    return Behaviors.setup(
        context -> {
          detectors.ref().tell(context.getSelf());
          return Behaviors.receiveMessage(
              message -> {
                StreamFeaturizer.Command command = ((StreamDetector.Forward) message).command();
                if (command.equals(DIE)) {
                  return Behaviors.stopped();
                }
                told.ref().tell(new Told(context.getSelf().path().name(), stream, command));
                return Behaviors.same();
              });
        });
  }

  private AudioChunk expectChunk(String actor) {
    Told next = told.receiveMessage();
    assertThat(next.actor()).isEqualTo(actor);
    return ((StreamFeaturizer.Accept) next.message()).chunk();
  }

  private int openStreams() {
    TestProbe<Integer> count = kit.createTestProbe(Integer.class);
    streams.tell(new Streams.Count(count.ref()));
    return count.receiveMessage();
  }

  private AudioChunk arrive(Assignment assignment, String stream, long logSeconds) {
    long offset = nextOffset++;
    Instant time = Instant.ofEpochSecond(1_000_000 + logSeconds);
    AudioChunk chunk =
        new AudioChunk(
            new StreamId(stream),
            assignment.partition(),
            offset,
            -1,
            -1,
            time,
            new AudioFormat(AudioFormat.Encoding.S16LE, 16_000, 1),
            new byte[] {0, 0},
            false);
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>(
            "audio.chunks",
            assignment.partition(),
            offset,
            time.toEpochMilli(),
            TimestampType.CREATE_TIME,
            stream.length(),
            2,
            stream.getBytes(java.nio.charset.StandardCharsets.UTF_8),
            chunk.payload(),
            new RecordHeaders(),
            Optional.empty());
    streams.tell(new Streams.FromSource(new KafkaSource.Arrived(assignment, chunk, record)));
    return chunk;
  }
}
