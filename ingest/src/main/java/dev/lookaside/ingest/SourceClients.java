package dev.lookaside.ingest;

import dev.lookaside.ingest.kafka.KafkaClients;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.Consumer;

/** The Kafka clients a {@link KafkaSource} works with; tests give it others. */
interface SourceClients {
  /**
   * Makes sure that all topics are there, without keeping the caller waiting. Fails with {@link
   * dev.lookaside.ingest.kafka.UnreachableException} if no broker answers, with another exception
   * if a topic is missing or wrong.
   */
  CompletionStage<Void> ensureTopics();

  /** The member of the group, not subscribed yet; the caller's to close. */
  Consumer<byte[], byte[]> member();

  /** For the reading again: without a group; the caller's to close. */
  Consumer<byte[], byte[]> again();

  /** {@link ProgressTopic#read}. */
  Map<Integer, PartitionProgress> progress(Collection<Integer> partitions, Duration within);

  /** Blocks until {@code done} is completed, or that time has passed. */
  default void await(CompletableFuture<Void> done, Duration within)
      throws InterruptedException, ExecutionException, TimeoutException {
    done.get(within.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Real ones. */
  static SourceClients of(IngestSettings settings) {
    // Where to go on is decided here: a consumer that jumps by itself would lose audio in silence.
    KafkaClients clients =
        settings
            .clients()
            .with(settings.source().consumerProperties())
            .with(Map.of("auto.offset.reset", "none"));
    return new SourceClients() {
      @Override
      public CompletionStage<Void> ensureTopics() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread =
            new Thread(
                () -> {
                  try {
                    Topics.ensure(settings);
                    done.complete(null);
                  } catch (RuntimeException | Error e) {
                    done.completeExceptionally(e);
                  }
                },
                "lookaside-topics");
        // A check that hangs must not keep the process alive.
        thread.setDaemon(true);
        thread.start();
        return done;
      }

      @Override
      public Consumer<byte[], byte[]> member() {
        return clients.member("source", settings.source().membership());
      }

      @Override
      public Consumer<byte[], byte[]> again() {
        return clients.consumer("source-again");
      }

      @Override
      public Map<Integer, PartitionProgress> progress(
          Collection<Integer> partitions, Duration within) {
        return new ProgressTopic(
                settings.clients(), settings.topics().progress().name(), settings.source().group())
            .read(partitions, within);
      }
    };
  }
}
