package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.KafkaSource.Command;
import dev.lookaside.ingest.KafkaSource.Event;
import dev.lookaside.ingest.KafkaSource.Stop;
import dev.lookaside.ingest.KafkaSource.Stopped;
import dev.lookaside.ingest.KafkaSource.Unreachable;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The source as an actor on its own dispatcher, with time moved by hand. */
class KafkaSourceTimersTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create(ManualTime.config().withFallback(ConfigFactory.load()));

  private final ManualTime time = ManualTime.get(KIT.system());

  @AfterAll
  static void shutDown() {
    KIT.shutdownTestKit();
  }

  @Test
  void unreachableBrokersAreTriedOncePerIntervalAndStopIsImmediate() {
    AtomicInteger attempts = new AtomicInteger();
    SourceClients nobody =
        new SourceClients() {
          @Override
          public CompletionStage<Void> ensureTopics() {
            attempts.incrementAndGet();
            return CompletableFuture.failedFuture(
                new UnreachableException("nobody", new RuntimeException()));
          }

          @Override
          public Consumer<byte[], byte[]> consumer() {
            throw new AssertionError("no consumer before the topics are known");
          }

          @Override
          public Producer<byte[], byte[]> letterProducer() {
            throw new AssertionError("no producer before the topics are known");
          }
        };
    TestProbe<Event> events = KIT.createTestProbe();
    ActorRef<Command> source =
        KIT.spawn(
            SourceActor.create(IngestSettingsTest.of(""), events.getRef(), nobody, () -> 0),
            KafkaSource.dispatcher());
    events.expectMessage(new Unreachable("localhost:9092", 0));
    time.expectNoMessageFor(Duration.ofMillis(4_999), events);
    time.timePasses(Duration.ofMillis(1));
    events.expectMessage(new Unreachable("localhost:9092", 0));
    assertThat(attempts).hasValue(2);

    TestProbe<Stopped> answer = KIT.createTestProbe();
    source.tell(new Stop(answer.getRef()));
    answer.expectMessage(Stopped.INSTANCE);
    answer.expectTerminated(source);
  }
}
