package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.infer.AdapterPlan.Use;
import dev.lookaside.classifier.infer.AdapterPlan.Wait;
import dev.lookaside.classifier.infer.GpuClassifier.Resolve;
import dev.lookaside.classifier.infer.GpuClassifier.Score;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Windows that wait for the scorer, each with its adapter, and before them those that wait for
 * their adapter. Bounded together. One thread; time comes in as an argument.
 */
final class WaitingRoom {
  /** Decisions remembered as told; one that comes back after so many others is told again. */
  private static final int REMEMBERED = 10_000;

  /** A question, and the window to be scored with its answer, null if there is none. */
  private record Held(Resolve question, @Nullable Score score) {}

  private final int limit;
  private final Consumer<AdapterEvent> events;
  private final MicroBatcher<ScoreBatch.Item> batcher;
  private final ArrayDeque<Held> held = new ArrayDeque<>();
  private final Set<String> wanted = new HashSet<>();
  private final Set<String> applied =
      Collections.newSetFromMap(
          new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
              return size() > REMEMBERED;
            }
          });
  private AdapterPlan plan;

  WaitingRoom(BatchSettings settings, AdapterPlan plan, Consumer<AdapterEvent> events) {
    this.limit = settings.queueLimit();
    this.batcher = new MicroBatcher<>(settings.maxBatch(), settings.maxDelay().toNanos(), limit);
    this.plan = plan;
    this.events = events;
  }

  /** Takes a window in, or says false if there is no room. */
  boolean enter(Score score, long nowNanos) {
    return enter(new Held(score.question(), score), nowNanos);
  }

  /** Answers a question, now or when it can be; false if there is no room. */
  boolean enter(Resolve question, long nowNanos) {
    return enter(new Held(question, null), nowNanos);
  }

  private boolean enter(Held h, long nowNanos) {
    if (batcher.size() + held.size() >= limit) {
      return false;
    }
    Resolve question = h.question();
    AdapterPlan.Choice choice = plan.choose(question.stream(), question.at());
    if (choice instanceof Wait wait) {
      held.addLast(h);
      if (!wait.digest().isEmpty() && wanted.add(wait.digest())) {
        events.accept(new AdapterEvent.Wanted(wait.digest()));
      }
    } else if (choice instanceof Use use) {
      if (h.score() != null) {
        batcher.offer(new ScoreBatch.Item(h.score(), use), nowNanos);
      } else {
        question
            .replyTo()
            .tell(
                new GpuClassifier.Resolved(
                    question.stream(), question.index(), use.adapter().facts()));
      }
    }
    return true;
  }

  /** From here on this plan decides, also for what waited. */
  void follow(AdapterPlan next, long nowNanos) {
    plan = next;
    wanted.clear();
    List<Held> all = new ArrayList<>(held);
    held.clear();
    all.forEach(h -> enter(h, nowNanos));
  }

  /** The batch that is due now: full or aged, or with {@code onlyFull} full. Empty if none is. */
  List<ScoreBatch.Item> poll(boolean onlyFull, long nowNanos) {
    return onlyFull ? batcher.pollFull() : batcher.poll(nowNanos);
  }

  /** As {@link MicroBatcher#nanosUntilDue}. */
  long nanosUntilDue(long nowNanos) {
    return batcher.nanosUntilDue(nowNanos);
  }

  /** Windows that wait for the scorer. */
  int waiting() {
    return batcher.size();
  }

  /** Windows that wait for their adapter. */
  int held() {
    return held.size();
  }

  /** A window was scored. */
  void scored(Use use) {
    if (!use.decision().isEmpty() && applied.add(use.decision())) {
      events.accept(new AdapterEvent.Applied(use.decision()));
    }
  }
}
