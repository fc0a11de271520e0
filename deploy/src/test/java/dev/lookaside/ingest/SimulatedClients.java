package dev.lookaside.ingest;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import java.time.Duration;
import java.util.function.LongSupplier;

/** Lets a simulation in another package give a source clients of its own. */
public abstract class SimulatedClients implements SourceClients {
  /** The real source, with these clients and this clock. */
  public static Behavior<KafkaSource.Command> source(
      IngestSettings settings,
      Duration idle,
      KafkaSource.StreamFactory streams,
      ActorRef<SinkMessage> sink,
      ActorRef<KafkaSource.Event> observer,
      SimulatedClients clients,
      LongSupplier clockMillis) {
    return SourceActor.create(settings, idle, streams, sink, observer, clients, clockMillis);
  }
}
