package dev.lookaside.classifier.infer;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import dev.lookaside.featurizer.MelWindow;
import java.util.List;
import java.util.function.Supplier;

/**
 * Runs batches on the scorer it opens and closes; lives on a thread of its own and blocks there. A
 * failure stops it: {@link GpuClassifier} makes a new one with a new scorer.
 */
final class ScorerWorker extends AbstractBehavior<ScorerWorker.Run> {
  record Run(long batch, List<MelWindow> windows) {}

  sealed interface Event {}

  record Opened(String device) implements Event {}

  record Done(long batch, Scores scores, String adapterDigest) implements Event {}

  private final WindowScorer scorer;
  private final ActorRef<Event> events;

  private ScorerWorker(ActorContext<Run> context, WindowScorer scorer, ActorRef<Event> events) {
    super(context);
    this.scorer = scorer;
    this.events = events;
  }

  static Behavior<Run> create(Supplier<? extends WindowScorer> open, ActorRef<Event> events) {
    return Behaviors.setup(
        context -> {
          WindowScorer scorer = open.get();
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
    Scores scores = scorer.score(run.windows());
    events.tell(new Done(run.batch(), scores, scorer.adapterDigest()));
    return this;
  }

  private Behavior<Run> onPostStop(PostStop signal) {
    scorer.close();
    return this;
  }
}
