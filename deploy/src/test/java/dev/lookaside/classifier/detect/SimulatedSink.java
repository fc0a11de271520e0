package dev.lookaside.classifier.detect;

import akka.actor.typed.Behavior;
import dev.lookaside.ingest.ProgressBytes;
import dev.lookaside.ingest.SinkMessage;
import dev.lookaside.ingest.StreamProgress;
import java.time.Clock;
import java.util.Arrays;
import java.util.Map;
import java.util.function.LongSupplier;

/** Lets a simulation in another package run a sink by its own clock and look into progress. */
public final class SimulatedSink {
  private SimulatedSink() {}

  /** The real sink, with the clients of {@code settings}. */
  public static Behavior<SinkMessage> create(
      SinkSettings settings, DetectionSink.Peers peers, LongSupplier nanoTime, Clock clock) {
    return DetectionSink.create(
        settings, peers, () -> KafkaResults.open(settings), nanoTime, clock);
  }

  /** Samples that wait for their window, per rate. */
  public static Map<Integer, Long> pending(StreamProgress progress) {
    return StreamState.of(progress).accounts().pendingSamples();
  }

  /** The accounts. */
  public static StreamAccounts.Seconds seconds(StreamProgress progress) {
    return StreamState.of(progress).accounts().seconds();
  }

  /** A detection from the value of its record. */
  public static Detection detection(byte[] value) {
    return new DetectionCodec().fromJson(value);
  }

  /** The accounts, to be compared. */
  public static String accounts(StreamProgress progress) {
    ProgressBytes.Writer out = new ProgressBytes.Writer();
    StreamAccounts accounts = StreamState.of(progress).accounts();
    accounts.write(out);
    return accounts.seconds() + " " + Arrays.hashCode(out.toByteArray());
  }
}
