package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.infer.AdapterPlan.Use;
import dev.lookaside.classifier.infer.AdapterPlan.Wait;
import dev.lookaside.classifier.infer.GpuClassifier.Resolve;
import dev.lookaside.classifier.infer.GpuClassifier.Score;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Windows that wait for the scorer, each with its adapter, and before them those that are held
 * until their adapter is ready. Bounded together. One thread; time comes in as an argument.
 *
 * <p>However long a window is held, it is not given up. Whoever has asked for it loses patience
 * after a while and asks again: that question is answered with {@link GpuClassifier.Held} at once,
 * and the next one for the same window takes its place.
 */
final class WaitingRoom {
  /** Decisions remembered as told; one that comes back after so many others is told again. */
  private static final int REMEMBERED = 10_000;

  /**
   * A window of a stream; after a new start of the stream its numbers come again at other times.
   */
  private record Key(StreamId stream, long index, Instant at, boolean scored) {}

  /**
   * A question that is held, and the window to be scored with its answer, null if there is none.
   */
  private static final class Holding {
    private final long sinceNanos;
    private Resolve question;
    private @Nullable Score score;
    private String decision;

    /** False: it was answered with {@link GpuClassifier.Held}, and is awaited once more. */
    private boolean open = true;

    /** Whether it was counted as such. */
    private boolean overdue;

    Holding(Resolve question, @Nullable Score score, String decision, long sinceNanos) {
      this.question = question;
      this.score = score;
      this.decision = decision;
      this.sinceNanos = sinceNanos;
    }
  }

  private final int limit;
  private final long holdBoundNanos;
  private final Consumer<AdapterEvent> events;
  private final MicroBatcher<ScoreBatch.Item> batcher;
  private final LinkedHashMap<Key, Holding> held = new LinkedHashMap<>();
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
    this.holdBoundNanos = settings.holdBound().toNanos();
    this.batcher = new MicroBatcher<>(settings.maxBatch(), settings.maxDelay().toNanos(), limit);
    this.plan = plan;
    this.events = events;
  }

  /** Takes a window in, or says false if there is no room. */
  boolean enter(Score score, long nowNanos) {
    return enter(score.question(), score, nowNanos);
  }

  /** Answers a question, now or when it can be; false if there is no room. */
  boolean enter(Resolve question, long nowNanos) {
    return enter(question, null, nowNanos);
  }

  private boolean enter(Resolve question, @Nullable Score score, long nowNanos) {
    Key key = new Key(question.stream(), question.index(), question.at(), score != null);
    Holding known = held.get(key);
    if (known != null) {
      askedAgain(known, question, score);
      return true;
    }
    if (batcher.size() + held.size() >= limit) {
      return false;
    }
    AdapterPlan.Choice choice = plan.choose(question.stream(), question.at());
    if (choice instanceof Wait wait) {
      held.put(key, new Holding(question, score, wait.decision(), nowNanos));
      want(wait);
    } else if (choice instanceof Use use) {
      go(question, score, use, nowNanos);
    }
    return true;
  }

  private static void askedAgain(Holding known, Resolve question, @Nullable Score score) {
    if (known.open) {
      known.open = false;
      question.replyTo().tell(new GpuClassifier.Held(question.stream(), question.index()));
    } else {
      known.question = question;
      known.score = score;
      known.open = true;
    }
  }

  private void want(Wait wait) {
    if (!wait.decision().isEmpty() && wanted.add(wait.decision())) {
      events.accept(new AdapterEvent.Wanted(wait.decision()));
    }
  }

  private void go(Resolve question, @Nullable Score score, Use use, long nowNanos) {
    if (score != null) {
      batcher.offer(new ScoreBatch.Item(score, use), nowNanos);
    } else {
      question
          .replyTo()
          .tell(
              new GpuClassifier.Resolved(
                  question.stream(), question.index(), use.adapter().facts()));
    }
  }

  /** From here on this plan decides, also for what is held. */
  void follow(AdapterPlan next, long nowNanos) {
    plan = next;
    wanted.clear();
    Iterator<Holding> all = held.values().iterator();
    while (all.hasNext()) {
      Holding h = all.next();
      AdapterPlan.Choice choice = plan.choose(h.question.stream(), h.question.at());
      if (choice instanceof Wait wait) {
        h.decision = wait.decision();
        want(wait);
      } else if (choice instanceof Use use) {
        all.remove();
        if (h.open) { // Else nobody waits for an answer; the window is asked for again at once.
          go(h.question, h.score, use, nowNanos);
        }
      }
    }
  }

  /** What is held now; counts what has come to be held for longer than the bound. */
  AdapterEvent.Holds look(long nowNanos) {
    int overdue = 0;
    int newly = 0;
    for (Holding h : held.values()) {
      if (nowNanos - h.sinceNanos > holdBoundNanos) {
        overdue++;
        newly += h.overdue ? 0 : 1;
        h.overdue = true;
      }
    }
    // In the order in which they came.
    Holding oldest = held.isEmpty() ? null : held.values().iterator().next();
    return new AdapterEvent.Holds(
        held.size(),
        overdue,
        newly,
        Duration.ofNanos(oldest == null ? 0 : nowNanos - oldest.sinceNanos),
        oldest == null ? "" : oldest.decision);
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

  /** Windows that are held until their adapter is ready. */
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
