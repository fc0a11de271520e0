package dev.lookaside.deploy;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.featurizer.StreamFeaturizer;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Gives every stream an actor of its own and every chunk to the right one.
 *
 * <p>A stream is ended when its partition has moved on for {@code idle} without a chunk of it. That
 * is read off the record timestamps and never off a wall clock, so a replay ends it at the same
 * record. What arrives for a stream that is just ending waits until its actor is gone: two of them
 * must not settle offsets of one stream at the same time. What waits is bounded by the source's
 * credit.
 */
public final class Streams extends AbstractBehavior<Streams.Command> {
  /** What this actor is told. */
  public sealed interface Command {}

  /** Something of the source that concerns streams. */
  public record FromSource(KafkaSource.Event event) implements Command {}

  /** A stream's actor has stopped. */
  private record Gone(Key key, ActorRef<StreamDetector.Command> detector) implements Command {}

  /** How many streams are open now. */
  public record Count(ActorRef<Integer> replyTo) implements Command {}

  private record Key(Assignment assignment, StreamId stream) {}

  private record LastHeard(long logTimeMillis, StreamId stream) {}

  /** One open stream. {@code waiting} is null until it is told to end. */
  private static final class Open {
    final ActorRef<StreamDetector.Command> detector;
    LastHeard lastHeard;
    @Nullable List<KafkaSource.Arrived> waiting;

    Open(ActorRef<StreamDetector.Command> detector, LastHeard lastHeard) {
      this.detector = detector;
      this.lastHeard = lastHeard;
    }
  }

  /** One tenure of a partition: its newest log time and its streams, longest silent first. */
  private static final class Tenure {
    private static final Comparator<LastHeard> LONGEST_SILENT_FIRST =
        Comparator.comparingLong(LastHeard::logTimeMillis).thenComparing(h -> h.stream().value());

    final TreeSet<LastHeard> silent = new TreeSet<>(LONGEST_SILENT_FIRST);
    long newestMillis = Long.MIN_VALUE;
  }

  private final Function<StreamId, Behavior<StreamDetector.Command>> detectors;
  private final long idleMillis;
  private final Map<Assignment, Tenure> tenures = new HashMap<>();
  private final Map<Key, Open> open = new HashMap<>();
  private long started;

  /**
   * The behavior.
   *
   * @param detectors makes the actor of a stream; it returns the credit of all it was given, stops
   *     by itself after {@link StreamFeaturizer.End} when all is settled, and otherwise only by
   *     failing
   * @param idle silence in log time that ends a stream
   */
  public static Behavior<Command> create(
      Function<StreamId, Behavior<StreamDetector.Command>> detectors, Duration idle) {
    return Behaviors.setup(context -> new Streams(context, detectors, idle));
  }

  private Streams(
      ActorContext<Command> context,
      Function<StreamId, Behavior<StreamDetector.Command>> detectors,
      Duration idle) {
    super(context);
    this.detectors = detectors;
    this.idleMillis = idle.toMillis();
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(FromSource.class, this::onFromSource)
        .onMessage(Gone.class, this::onGone)
        .onMessage(Count.class, this::onCount)
        .build();
  }

  private Behavior<Command> onFromSource(FromSource message) {
    KafkaSource.Event event = message.event();
    if (event instanceof KafkaSource.Assigned assigned) {
      assigned.assignments().forEach(a -> tenures.put(a, new Tenure()));
    } else if (event instanceof KafkaSource.Revoked revoked) {
      revoked.assignments().forEach(this::drop);
    } else if (event instanceof KafkaSource.Arrived arrived) {
      onArrived(arrived);
    } else if (event instanceof KafkaSource.Refused refused) {
      onRefused(refused);
    }
    return this;
  }

  private void onArrived(KafkaSource.Arrived arrived) {
    Tenure tenure = tenures.get(arrived.assignment());
    if (tenure == null) {
      // Sent before its revocation, which came first: the next owner will read it.
      return;
    }
    Key key = new Key(arrived.assignment(), arrived.chunk().stream());
    hear(tenure, key, arrived);
    endIdle(tenure, arrived.assignment());
  }

  private void hear(Tenure tenure, Key key, KafkaSource.Arrived arrived) {
    long logTimeMillis = arrived.record().timestamp();
    LastHeard heard = new LastHeard(logTimeMillis, key.stream());
    tenure.newestMillis = Math.max(tenure.newestMillis, logTimeMillis);
    Open stream = open.get(key);
    if (stream != null && stream.waiting != null) {
      stream.waiting.add(arrived);
      return;
    }
    if (stream == null) {
      stream = new Open(start(key), heard);
      open.put(key, stream);
    } else {
      tenure.silent.remove(stream.lastHeard);
      stream.lastHeard = heard;
    }
    tenure.silent.add(heard);
    tell(
        stream,
        new StreamFeaturizer.Accept(arrived.assignment(), arrived.chunk(), arrived.record()));
  }

  private ActorRef<StreamDetector.Command> start(Key key) {
    // Stream ids may hold any character and an actor path may not: the number names the actor.
    ActorRef<StreamDetector.Command> detector =
        getContext().spawn(detectors.apply(key.stream()), "stream-" + started++);
    getContext().watchWith(detector, new Gone(key, detector));
    return detector;
  }

  private static void tell(Open stream, StreamFeaturizer.Command command) {
    stream.detector.tell(new StreamDetector.Forward(command));
  }

  private void endIdle(Tenure tenure, Assignment assignment) {
    while (!tenure.silent.isEmpty()
        && tenure.newestMillis - tenure.silent.first().logTimeMillis() > idleMillis) {
      LastHeard silent = tenure.silent.pollFirst();
      Open stream = open.get(new Key(assignment, silent.stream()));
      if (stream != null && stream.waiting == null) {
        stream.waiting = new ArrayList<>();
        tell(stream, StreamFeaturizer.End.INSTANCE);
      }
    }
  }

  private void onRefused(KafkaSource.Refused refused) {
    StreamId id = refused.stream();
    Open stream = id == null ? null : open.get(new Key(refused.assignment(), id));
    if (stream != null && stream.waiting == null) {
      tell(
          stream,
          new StreamFeaturizer.Refused(
              refused.assignment(),
              refused.recordOffset(),
              refused.sequence(),
              refused.sampleOffset(),
              refused.rejection()));
    }
  }

  private Behavior<Command> onGone(Gone gone) {
    Open stream = open.get(gone.key());
    if (stream == null || !stream.detector.equals(gone.detector())) {
      return this;
    }
    open.remove(gone.key());
    Tenure tenure = tenures.get(gone.key().assignment());
    List<KafkaSource.Arrived> waiting = stream.waiting;
    if (waiting == null) {
      // Only a fault stops a stream that was not told to end: replay is the way to lose nothing.
      throw new DeployException("stream \"" + gone.key().stream().value() + "\": its actor failed");
    }
    if (tenure != null) {
      waiting.forEach(arrived -> hear(tenure, gone.key(), arrived));
    }
    return this;
  }

  private void drop(Assignment assignment) {
    tenures.remove(assignment);
    for (Iterator<Map.Entry<Key, Open>> i = open.entrySet().iterator(); i.hasNext(); ) {
      Map.Entry<Key, Open> e = i.next();
      if (e.getKey().assignment().equals(assignment)) {
        i.remove();
        getContext().unwatch(e.getValue().detector);
        getContext().stop(e.getValue().detector);
      }
    }
  }

  private Behavior<Command> onCount(Count message) {
    message.replyTo().tell(open.size());
    return this;
  }
}
