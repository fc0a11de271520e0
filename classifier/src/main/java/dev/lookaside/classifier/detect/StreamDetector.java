package dev.lookaside.classifier.detect;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.classifier.infer.GpuClassifier;
import dev.lookaside.featurizer.Counts;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamFeaturizer;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.StreamId;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Says what sounds in one stream. Owns the stream's featurizer (its child: the two live and die
 * together), the order of its windows and its open events. Windows are asked for in bounded number,
 * scored, decoded in order, published; records are settled once what came of them is durable.
 *
 * <p>Stops by itself after {@link StreamFeaturizer.End}, when all is durable and settled. A
 * detection that cannot be written at all fails the actor: its parent restarts the stream.
 */
public final class StreamDetector extends AbstractBehavior<StreamDetector.Command> {
  public sealed interface Command {}

  /** For the featurizer of this stream; order is kept. */
  public record Forward(StreamFeaturizer.Command command) implements Command {}

  private record Heard(StreamFeaturizer.Event event) implements Command {}

  private record Answered(Question question, int attempt, GpuClassifier.@Nullable Reply reply)
      implements Command {}

  /** What the classifier is asked; {@code window} null if nothing is to be scored. */
  private record Question(long ticket, Instant at, @Nullable MelWindow window) {}

  private record Written(DetectionSink.Reply reply) implements Command {}

  private enum Child implements Command {
    STOPPED,
    GONE
  }

  /** What became of a window. */
  public enum Outcome {
    SCORED,
    /** Kept back by the silence gate; counts as zeros. */
    SKIPPED,
    /** Not scored for want of time or of a working scorer. */
    SHED
  }

  /** What the observer is told. Nothing depends on anyone listening. */
  public sealed interface Event {
    StreamId stream();
  }

  /**
   * A window is done with; each exactly once and in order.
   *
   * @param posteriors row-major {@code [columns][labels]}, read only; null unless scored
   * @param adapter in force for it; null if that is not known
   * @param captureTime of the window's start
   * @param capturedUntil capture time of the window's end
   * @param samples the window's share of the stream's native samples; shares add up
   */
  @SuppressWarnings("ArrayRecordComponent") // Never written again; copies per window are waste.
  public record Windowed(
      StreamId stream,
      Instant epoch,
      long index,
      Outcome outcome,
      float @Nullable [] posteriors,
      @Nullable AdapterFacts adapter,
      Instant captureTime,
      Instant capturedUntil,
      long samples,
      int rateHz)
      implements Event {}

  /** The featurizer's accounting: deltas in native samples. */
  public record Counted(StreamId stream, int rateHz, Counts delta) implements Event {}

  /**
   * Detections are durable.
   *
   * @param capturedUntil capture time of the newest audio needed to decide them
   * @param durableAt when that was known, wall clock
   */
  public record Delivered(
      StreamId stream, List<Detection> detections, Instant capturedUntil, Instant durableAt)
      implements Event {
    public Delivered {
      detections = List.copyOf(detections);
    }

    Delivered durableAt(Instant at) {
      return new Delivered(stream, detections, capturedUntil, at);
    }
  }

  /** The stream has ended, all of it is durable and settled; the actor stops. */
  public record Finished(StreamId stream) implements Event {}

  /**
   * Whom a detector talks to.
   *
   * @param observer gets every {@link Event}
   * @param clock for {@link Delivered#durableAt} alone
   */
  public record Peers(
      ActorRef<GpuClassifier.Command> classifier,
      ActorRef<DetectionSink.Command> sink,
      ActorRef<KafkaSource.Command> source,
      ActorRef<Event> observer,
      Clock clock) {}

  private final StreamId stream;
  private final DetectSettings settings;
  private final Peers peers;
  private final ActorRef<StreamFeaturizer.Command> featurizer;
  private final ActorRef<DetectionSink.Reply> written;
  private final DetectorCore core;
  private boolean done;

  private StreamDetector(
      ActorContext<Command> context,
      StreamId stream,
      DetectorModel model,
      DetectSettings settings,
      Function<ActorRef<StreamFeaturizer.Event>, Behavior<StreamFeaturizer.Command>> featurizer,
      Peers peers) {
    super(context);
    this.stream = stream;
    this.settings = settings;
    this.peers = peers;
    this.written = context.messageAdapter(DetectionSink.Reply.class, Written::new);
    this.featurizer =
        context.spawn(
            featurizer.apply(context.messageAdapter(StreamFeaturizer.Event.class, Heard::new)),
            "featurizer");
    context.watchWith(this.featurizer, Child.STOPPED);
    this.core = new DetectorCore(stream, model, settings, new Wishes());
    core.start();
  }

  /**
   * @param featurizer behavior of the stream's featurizer that tells the given actor
   */
  public static Behavior<Command> create(
      StreamId stream,
      DetectorModel model,
      DetectSettings settings,
      Function<ActorRef<StreamFeaturizer.Event>, Behavior<StreamFeaturizer.Command>> featurizer,
      Peers peers) {
    return Behaviors.setup(
        context -> new StreamDetector(context, stream, model, settings, featurizer, peers));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Forward.class, this::onForward)
        .onMessage(Heard.class, this::onHeard)
        .onMessage(Answered.class, this::onAnswered)
        .onMessage(Written.class, this::onWritten)
        .onMessageEquals(Child.STOPPED, this::onFeaturizerStopped)
        .onMessageEquals(Child.GONE, this::onFeaturizerGone)
        .build();
  }

  private Behavior<Command> onForward(Forward forward) {
    featurizer.tell(forward.command());
    return this;
  }

  private Behavior<Command> onHeard(Heard heard) {
    core.heard(heard.event());
    return next();
  }

  private Behavior<Command> onAnswered(Answered a) {
    long ticket = a.question().ticket();
    if (a.reply() instanceof GpuClassifier.Scored scored) {
      core.scored(ticket, scored.posteriors(), scored.adapter());
    } else if (a.reply() instanceof GpuClassifier.Resolved resolved) {
      core.resolved(ticket, resolved.adapter());
    } else if (a.reply() instanceof GpuClassifier.Shed shed) {
      core.shed(ticket, shed.reason());
    } else if (a.reply() instanceof GpuClassifier.Held) {
      // Its adapter is not ready. The classifier lives and has the window: it is waited for.
      ask(a.question(), 1);
    } else if (a.attempt() < settings.scoreAttempts()) {
      if (a.attempt() > 1) { // The first time it may be held, which the next answer says.
        getContext()
            .getLog()
            .warn("{}: audio of {} had no answer, asked again", stream, a.question().at());
      }
      ask(a.question(), a.attempt() + 1);
    } else {
      String reason =
          "no answer within %d ms, %d times"
              .formatted(settings.scoreTimeout().toMillis(), settings.scoreAttempts());
      core.shed(ticket, reason);
    }
    return next();
  }

  private Behavior<Command> onWritten(Written written) {
    if (written.reply() instanceof DetectionSink.Failed failed) {
      throw new DetectException("%s: %s".formatted(stream, failed.reason()));
    }
    core.durable(written.reply().number(), peers.clock().instant());
    return next();
  }

  /** News of a child's end overtakes what it said before: look again from the mailbox's end. */
  private Behavior<Command> onFeaturizerStopped() {
    getContext().getSelf().tell(Child.GONE);
    return this;
  }

  /** Right after its last event; otherwise the parent must know. */
  private Behavior<Command> onFeaturizerGone() {
    if (!core.stopping()) {
      throw new DetectException("%s: the featurizer stopped".formatted(stream));
    }
    return this;
  }

  private Behavior<Command> next() {
    return done ? Behaviors.stopped() : this;
  }

  private void ask(Question question, int attempt) {
    MelWindow window = question.window();
    getContext()
        .ask(
            GpuClassifier.Reply.class,
            peers.classifier(),
            settings.scoreTimeout(),
            (ActorRef<GpuClassifier.Reply> replyTo) ->
                window != null
                    ? new GpuClassifier.Score(window, replyTo)
                    : new GpuClassifier.Resolve(stream, question.ticket(), question.at(), replyTo),
            (reply, failure) -> new Answered(question, attempt, reply));
  }

  private final class Wishes implements DetectorCore.Outbox {
    @Override
    public void score(long ticket, MelWindow window) {
      ask(new Question(ticket, window.captureTime(), window), 1);
    }

    @Override
    public void resolve(long ticket, Instant at) {
      ask(new Question(ticket, at, null), 1);
    }

    @Override
    public void demand(int windows) {
      featurizer.tell(new StreamFeaturizer.Demand(windows));
    }

    @Override
    public void publish(long number, List<Detection> detections) {
      peers.sink().tell(new DetectionSink.Publish(number, detections, written));
    }

    @Override
    public void settle(Assignment assignment, long resumeOffset) {
      peers.source().tell(new KafkaSource.Settled(assignment, stream, resumeOffset));
    }

    @Override
    public void tell(Event event) {
      peers.observer().tell(event);
    }

    @Override
    public void done() {
      done = true;
      peers.observer().tell(new Finished(stream));
    }
  }
}
