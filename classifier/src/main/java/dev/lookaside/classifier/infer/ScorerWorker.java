package dev.lookaside.classifier.infer;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import java.util.List;
import java.util.function.Supplier;

/**
 * Runs batches on the scorer it opens and closes; lives on a thread of its own and blocks there. A
 * failure stops it: {@link GpuClassifier} makes a new one with a new scorer.
 */
final class ScorerWorker extends AbstractBehavior<ScorerWorker.Run> {
  record Run(long batch, List<AdaptedWindow> windows) {}

  sealed interface Event {}

  record Opened(String device) implements Event {}

  /** {@code posteriors} in the order of the windows. */
  @SuppressWarnings("ArrayRecordComponent") // Handed over, never written again.
  record Done(long batch, float[][] posteriors) implements Event {}

  private final AdapterScorer scorer;
  private final ActorRef<Event> events;

  private ScorerWorker(ActorContext<Run> context, AdapterScorer scorer, ActorRef<Event> events) {
    super(context);
    this.scorer = scorer;
    this.events = events;
  }

  static Behavior<Run> create(Supplier<? extends AdapterScorer> open, ActorRef<Event> events) {
    return Behaviors.setup(
        context -> {
          AdapterScorer scorer = open.get();
          events.tell(new Opened(scorer.deviceDescription()));
          return new ScorerWorker(context, scorer, events);
        });
  }

  @Override
  public Receive<Run> createReceive() {
    return newReceiveBuilder()
        .onMessage(Run.class, this::onRun)
        .onSignal(PostStop.class, this::onPostStop)
        .build();
  }

  private Behavior<Run> onRun(Run run) {
    events.tell(new Done(run.batch(), scorer.score(run.windows())));
    return this;
  }

  private Behavior<Run> onPostStop(PostStop signal) {
    scorer.close();
    return this;
  }
}
