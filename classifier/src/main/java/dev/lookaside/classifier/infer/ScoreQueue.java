package dev.lookaside.classifier.infer;

import akka.actor.typed.ActorRef;
import dev.lookaside.classifier.infer.AdapterPlan.Use;
import dev.lookaside.classifier.infer.AdapterPlan.Wait;
import dev.lookaside.classifier.infer.GpuClassifier.Resolve;
import dev.lookaside.classifier.infer.GpuClassifier.Score;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
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
 * What waits for the scorer: windows held until their adapter is ready, windows in fair turns of
 * their streams, and the batches given to the scorer. Pure: one thread, time comes in as an
 * argument, answers and adapter events go out through what it was made with.
 *
 * <p>Nothing is ever asked for twice and nothing expires; each stream bounds how many windows it
 * has here. What a stream has here goes with it: {@link #withdraw}.
 */
final class ScoreQueue {
  /** The scorer finds the next batch ready when it has done one. */
  private static final int BATCHES_AHEAD = 2;

  /**
   * Decisions remembered as applied; one that comes back after so many others is reported again.
   */
  private static final int APPLIED_REMEMBERED = 10_000;

  /** A window with the adapter that scores it, chosen when the window came. */
  record Item(Score score, Use use) implements AdapterScorer.Input {
    @Override
    public MelWindow window() {
      return score.window();
    }

    @Override
    public LoadedAdapter adapter() {
      return use.adapter();
    }
  }

  /**
   * Windows given to the scorer together.
   *
   * @param retry whether a scorer has failed on these windows before
   */
  record Batch(long number, List<Item> items, boolean retry) {
    Batch {
      items = List.copyOf(items);
    }
  }

  /** Something that waits for its adapter: a window, or with {@code score} null a question. */
  private static final class Held {
    private final StreamId stream;
    private final Instant at;
    private final ActorRef<GpuClassifier.Reply> replyTo;
    private final @Nullable Score score;
    private final long ticket;
    private final long sinceNanos;
    private String decision;
    private boolean overdue;

    Held(Score score, String decision, long sinceNanos) {
      this.stream = score.window().stream();
      this.at = score.at();
      this.replyTo = score.replyTo();
      this.score = score;
      this.ticket = score.ticket();
      this.decision = decision;
      this.sinceNanos = sinceNanos;
    }

    Held(Resolve question, String decision, long sinceNanos) {
      this.stream = question.stream();
      this.at = question.at();
      this.replyTo = question.replyTo();
      this.score = null;
      this.ticket = question.ticket();
      this.decision = decision;
      this.sinceNanos = sinceNanos;
    }
  }

  private final BatchSettings settings;
  private final Consumer<AdapterEvent> events;
  private final FairQueue<ActorRef<GpuClassifier.Reply>, Item> queue;
  private final ArrayDeque<Held> held = new ArrayDeque<>();
  private final ArrayDeque<Batch> underWay = new ArrayDeque<>();
  private final ArrayDeque<Batch> again = new ArrayDeque<>();
  private final Set<String> wanted = new HashSet<>();
  private final Set<String> applied =
      Collections.newSetFromMap(
          new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
              return size() > APPLIED_REMEMBERED;
            }
          });
  private AdapterPlan plan;
  private long nextBatch;

  ScoreQueue(BatchSettings settings, AdapterPlan plan, Consumer<AdapterEvent> events) {
    this.settings = settings;
    this.plan = plan;
    this.events = events;
    this.queue = new FairQueue<>(settings.maxBatch(), settings.maxDelay().toNanos());
  }

  /** Takes a window in. */
  void add(Score score, long nowNanos) {
    AdapterPlan.Choice choice = plan.choose(score.window().stream(), score.at());
    if (choice instanceof Wait wait) {
      held.addLast(new Held(score, wait.decision(), nowNanos));
      want(wait);
    } else if (choice instanceof Use use) {
      enqueue(score, use, nowNanos);
    }
  }

  /** Answers a question, now or when it can be. */
  void add(Resolve question, long nowNanos) {
    AdapterPlan.Choice choice = plan.choose(question.stream(), question.at());
    if (choice instanceof Wait wait) {
      held.addLast(new Held(question, wait.decision(), nowNanos));
      want(wait);
    } else if (choice instanceof Use use) {
      question.replyTo().tell(new GpuClassifier.Resolved(question.ticket(), use.adapter().facts()));
    }
  }

  /** From here on this plan decides, also for what is held. */
  void follow(AdapterPlan next, long nowNanos) {
    plan = next;
    wanted.clear();
    for (Iterator<Held> all = held.iterator(); all.hasNext(); ) {
      Held h = all.next();
      AdapterPlan.Choice choice = plan.choose(h.stream, h.at);
      if (choice instanceof Wait wait) {
        h.decision = wait.decision();
        want(wait);
      } else if (choice instanceof Use use) {
        all.remove();
        if (h.score != null) {
          enqueue(h.score, use, nowNanos);
        } else {
          h.replyTo.tell(new GpuClassifier.Resolved(h.ticket, use.adapter().facts()));
        }
      }
    }
  }

  /** The stream that asked with {@code replyTo} wants no answer any more. */
  void withdraw(ActorRef<GpuClassifier.Reply> replyTo) {
    queue.remove(replyTo);
    held.removeIf(h -> h.replyTo.equals(replyTo));
  }

  private void want(Wait wait) {
    if (!wait.decision().isEmpty() && wanted.add(wait.decision())) {
      events.accept(new AdapterEvent.Wanted(wait.decision()));
    }
  }

  private void enqueue(Score score, Use use, long nowNanos) {
    int weight = queue.waits(score.replyTo()) ? 1 : settings.weight(score.window().stream());
    queue.add(score.replyTo(), weight, new Item(score, use), nowNanos);
  }

  /** The batch to give to the scorer now; null if none is due or it has enough. */
  @Nullable Batch nextBatch(long nowNanos) {
    if (underWay.size() >= BATCHES_AHEAD) {
      return null;
    }
    Batch batch = again.pollFirst();
    if (batch == null) {
      List<Item> items = queue.poll(!underWay.isEmpty(), nowNanos);
      if (items.isEmpty()) {
        return null;
      }
      batch = new Batch(nextBatch++, items, false);
    }
    underWay.addLast(batch);
    return batch;
  }

  /**
   * When {@link #nextBatch} has something though nothing else comes: 0 if now, {@link
   * Long#MAX_VALUE} if never.
   */
  long nanosUntilDue(long nowNanos) {
    return underWay.isEmpty() ? queue.nanosUntilDue(nowNanos) : Long.MAX_VALUE;
  }

  /**
   * The scorer has done a batch and answered its windows.
   *
   * @return its windows
   * @throws IllegalStateException if another batch was to come first
   */
  int done(long number) {
    Batch first = underWay.removeFirst();
    if (first.number() != number) {
      throw new IllegalStateException(
          "batch %d done, but %d is first under way".formatted(number, first.number()));
    }
    for (Item item : first.items()) {
      String decision = item.use().decision();
      if (!decision.isEmpty() && applied.add(decision)) {
        events.accept(new AdapterEvent.Applied(decision));
      }
    }
    return first.items().size();
  }

  /**
   * The scorer has failed. What was under way is given again, window by window, except a window
   * that failed it alone.
   *
   * @return windows that are given up
   */
  List<Item> failed() {
    List<Batch> back = new ArrayList<>(underWay);
    back.addAll(again);
    boolean first = !underWay.isEmpty(); // A scorer that did not open has failed on no batch.
    underWay.clear();
    again.clear();
    List<Item> givenUp = new ArrayList<>();
    for (Batch b : back) {
      // The worker runs batches in order, so only the first can have failed it.
      if (first && b.retry()) {
        givenUp.addAll(b.items());
      } else {
        b.items().forEach(i -> again.addLast(new Batch(nextBatch++, List.of(i), true)));
      }
      first = false;
    }
    return givenUp;
  }

  /** What is held now; counts what has come to be held for longer than the bound. */
  AdapterEvent.Holds holds(long nowNanos) {
    int overdue = 0;
    int newly = 0;
    for (Held h : held) {
      if (nowNanos - h.sinceNanos > settings.holdBound().toNanos()) {
        overdue++;
        newly += h.overdue ? 0 : 1;
        h.overdue = true;
      }
    }
    Held oldest = held.peekFirst();
    return new AdapterEvent.Holds(
        held.size(),
        overdue,
        newly,
        Duration.ofNanos(oldest == null ? 0 : nowNanos - oldest.sinceNanos),
        oldest == null ? "" : oldest.decision);
  }

  /** Windows that wait for their turn. */
  int waiting() {
    return queue.size();
  }

  /** Windows and questions that wait for their adapter. */
  int held() {
    return held.size();
  }
}
