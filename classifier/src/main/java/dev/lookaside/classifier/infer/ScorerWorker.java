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
 * Runs batches on the scorer it opens and closes, and answers the streams; lives on a thread of its
 * own and blocks there. A failure stops it: {@link GpuClassifier} makes a new one with a new
 * scorer.
 */
final class ScorerWorker extends AbstractBehavior<ScorerWorker.Run> {
  record Run(ScoreQueue.Batch batch) {}

  sealed interface Event {}

  record Opened(String device) implements Event {}

  /** The windows of the batch are answered. */
  record Done(long batch) implements Event {}

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
    List<ScoreQueue.Item> items = run.batch().items();
    float[][] posteriors = scorer.score(items);
    for (int i = 0; i < posteriors.length; i++) {
      GpuClassifier.Score asked = items.get(i).score();
      asked
          .replyTo()
          .tell(
              new GpuClassifier.Scored(
                  asked.ticket(), posteriors[i], items.get(i).adapter().facts()));
    }
    events.tell(new Done(run.batch().number()));
    return this;
  }

  private Behavior<Run> onPostStop(PostStop signal) {
    scorer.close();
    return this;
  }
}
