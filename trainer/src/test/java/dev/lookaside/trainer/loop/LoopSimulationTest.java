package dev.lookaside.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.loop.LoopAction.Work;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The loop with a made-up store, fit and ledger. The trainer dies between any two actions, before a
 * piece of work has had its effect or after it, and comes back with the state that was saved last.
 */
class LoopSimulationTest {
  private static final int STEPS = 400;

  @Test
  void whereverItDiesWhatIsInForceHasPassedAndNoCanaryIsForgotten() {
    AtomicInteger takenBack = new AtomicInteger();
    AtomicInteger drifted = new AtomicInteger();
    SeededRandom.forAll(
        LoopSimulationTest.class,
        500,
        random -> {
          World world = new World(random);
          for (int i = 0; i < STEPS; i++) {
            world.step(true);
            world.checkAlways();
          }
          world.settle();
          world.checkSettled();
          takenBack.addAndGet(world.takenBack);
          drifted.addAndGet(world.drifted);
        });
    assertThat(takenBack).as("adapters taken back").hasValueGreaterThan(100);
    assertThat(drifted).as("rounds that an alarm began").hasValueGreaterThan(100);
  }

  /** Digests are those of the round's number; whether a round is good is part of the world. */
  private static final class World {
    private final RandomGenerator random;
    private final LoopSettings settings;
    private final ArrayDeque<LoopAction> actions = new ArrayDeque<>();
    private final Set<String> refused = new HashSet<>();
    private final Set<String> fitted = new HashSet<>();
    private final Set<String> begun = new HashSet<>();
    private final List<RoundOutcome> told = new ArrayList<>();
    private final Set<String> canaries = new TreeSet<>();
    private final List<String> history = new ArrayList<>();
    private LoopState saved = LoopState.FIRST;
    private LoopCore core;
    private int takenBack;
    private int drifted;
    private boolean stopped;
    private @Nullable Work running;
    private @Nullable String inForce;
    private Instant now = Instant.parse("2026-03-01T12:00:00Z");
    private long labels;

    /** Of each adapter the counts that it has had, oldest first. */
    private final Map<String, List<LoopEvent.Counted>> counted = new TreeMap<>();

    /** What a look at the store has found that was not told yet. */
    private LoopEvent.@Nullable Labels onItsWay;

    World(RandomGenerator random) {
      this.random = random;
      this.settings =
          LoopCoreTest.settings(
              random.nextBoolean(), random.nextBoolean() ? .5 : 0, random.nextBoolean() ? .5 : 0);
      this.core = new LoopCore(settings);
      tell(new LoopEvent.Led(saved));
    }

    void step(boolean troubles) {
      now = now.plusMillis(random.nextInt(5_000));
      int choice = random.nextInt(troubles ? 100 : 60);
      if (choice < 30 && !actions.isEmpty()) {
        act(actions.remove());
      } else if (choice < 45 && running != null) {
        Work done = running;
        running = null;
        boolean tooLate = random.nextBoolean();
        tell(stopped && !tooLate ? new LoopEvent.Failed("work", "stopped", true) : perform(done));
      } else if (choice < 60) {
        collect();
      } else if (choice < 75) {
        labels += random.nextInt(3);
        hearing().forEach(this::judge);
      } else if (choice < 85) {
        tell(LoopEvent.Tick.INSTANCE);
      } else if (choice < 88) {
        tell(new LoopEvent.Requested(new RefitRequest("r" + labels, random.nextBoolean(), "a")));
      } else if (choice < 90) {
        boolean over = random.nextInt(3) == 0;
        tell(over ? LoopEvent.DriftOver.INSTANCE : new LoopEvent.Drifted("dock: 4.1"));
      } else if (choice < 92 && running != null) {
        running = null;
        tell(new LoopEvent.Failed("work", "no luck", random.nextInt(4) == 0));
      } else if (choice >= 94) {
        die();
      }
    }

    /** As the trainer does: what was found is told, and the next look begins at once. */
    private void collect() {
      LoopEvent found = onItsWay;
      if (found != null) {
        tell(found);
      }
      Map<String, LoopEvent.Counted> asked = new TreeMap<>();
      core.watched().forEach(digest -> asked.put(digest, counts(digest)));
      int fresh = (int) (labels - saved.seenChange());
      onItsWay = new LoopEvent.Labels(fresh, labels, asked);
    }

    /** Adapters that streams are heard with. */
    private Set<String> hearing() {
      Set<String> hearing = new TreeSet<>();
      canaries.forEach(c -> hearing.add(c.split(" ", 2)[1]));
      if (inForce != null) {
        hearing.add(inForce);
      }
      return hearing;
    }

    private LoopEvent.Counted counts(String digest) {
      List<LoopEvent.Counted> known = counted.getOrDefault(digest, List.of());
      return known.isEmpty() ? LoopEvent.Counted.NONE : known.get(known.size() - 1);
    }

    /** Every fourth adapter is bad. */
    private void judge(String digest) {
      LoopEvent.Counted last = counts(digest);
      boolean wrong = random.nextInt(10) < (digest.endsWith("2") || digest.endsWith("6") ? 9 : 2);
      counted
          .computeIfAbsent(digest, d -> new ArrayList<>())
          .add(new LoopEvent.Counted(last.judged() + 1, last.wrong() + (wrong ? 1 : 0), 0));
    }

    private void tell(LoopEvent event) {
      for (LoopAction action : core.on(event, now)) {
        if (action instanceof LoopAction.RollBack back) {
          assertSaidOf(back.watch().adapter(), back.reason());
        } else if (action instanceof LoopAction.Withdraw withdraw && !withdraw.failed()) {
          assertSaidOf(withdraw.candidate(), withdraw.reason());
        }
        actions.add(action);
      }
    }

    private void assertSaidOf(String digest, String reason) {
      assertThat(counted.getOrDefault(digest, List.of()))
          .as("%s: %s", digest, reason)
          .anyMatch(
              c ->
                  c.judged() >= settings.judgedMin()
                      && reason.startsWith(
                          "%d of %d labelled detections".formatted(c.wrong(), c.judged())));
      takenBack++;
    }

    /** What was decided and not done is lost, and so is what work would have said. */
    private void die() {
      if (running != null && random.nextBoolean()) {
        perform(running);
      }
      running = null;
      onItsWay = null;
      actions.clear();
      core = new LoopCore(settings);
      tell(new LoopEvent.Led(saved));
    }

    private void act(LoopAction action) {
      if (action instanceof LoopAction.Save save) {
        saved = save.state();
      } else if (action instanceof LoopAction.Finish finish) {
        told.add(finish.outcome());
      } else if (action instanceof LoopAction.StopRound) {
        stopped = true;
      } else if (action instanceof LoopAction.Again again) {
        start(again.work());
      } else if (action instanceof Work work) {
        start(work);
      }
    }

    private void start(Work work) {
      assertThat(running).as("one piece of work at a time").isNull();
      if (work instanceof LoopAction.Fit fit) {
        String round = fit.round().number() + " " + fit.round().trigger();
        begun.add(round);
        if (round.contains("drift") && fit.round().fullFollows() == settings.headFirst()) {
          assertThat(fit.round().freshLabels()).as("drift alone begins nothing").isPositive();
          drifted++;
        }
        assertThat(saved.phase())
            .as("saved before it begins")
            .isEqualTo(new Phase.Fitting(fit.round()));
      }
      stopped = false;
      running = work;
    }

    private static String digest(Round round) {
      return "%064x".formatted(round.number());
    }

    private LoopEvent perform(Work work) {
      if (work instanceof LoopAction.Fit w) {
        fitted.add(digest(w.round()));
        return new LoopEvent.Fitted(w.round().number(), digest(w.round()));
      } else if (work instanceof LoopAction.Judge w) {
        assertThat(fitted).contains(w.candidate());
        GateReport report = LoopCoreTest.report(w.round().number() % 3 != 0);
        if (!report.passed()) {
          refused.add(w.candidate());
        }
        return new LoopEvent.Judged(w.round().number(), report);
      } else if (work instanceof LoopAction.Shadow w) {
        double agreement = w.round().number() % 5 == 0 ? .2 : .9;
        if (agreement < settings.shadowAgreementMin()) {
          refused.add(w.candidate());
        }
        return new LoopEvent.Shadowed(w.round().number(), w.report(), agreement);
      } else if (work instanceof LoopAction.Canary w) {
        canaries.add("dock " + w.candidate());
        return new LoopEvent.CanaryUp(w.round().number(), true);
      } else if (work instanceof LoopAction.Promote w) {
        return promote(w);
      } else if (work instanceof LoopAction.Withdraw w) {
        canaries.remove("dock " + w.candidate());
        return new LoopEvent.Withdrawn(w.round().number());
      }
      LoopAction.RollBack w = (LoopAction.RollBack) work;
      if (!w.watch().adapter().equals(inForce)) {
        return new LoopEvent.RolledBack(w.round().number(), null);
      }
      inForce = w.watch().previous();
      history.add(String.valueOf(inForce));
      return new LoopEvent.RolledBack(w.round().number(), "*@" + history.size());
    }

    private LoopEvent promote(LoopAction.Promote w) {
      String previous = inForce;
      if (w.candidate().equals(inForce)) {
        previous = history.size() < 2 ? null : history.get(history.size() - 2);
      } else {
        inForce = w.candidate();
        history.add(inForce);
      }
      canaries.remove("dock " + w.candidate());
      return new LoopEvent.Promoted(w.round().number(), "*@" + history.size(), previous);
    }

    void checkAlways() {
      assertThat(inForce == null || !refused.contains(inForce)).as("in force: " + inForce).isTrue();
      assertThat(canaries.size()).isLessThanOrEqualTo(1);
    }

    /** Time passes and nothing goes wrong any more. */
    void settle() {
      for (int i = 0; i < 5_000; i++) {
        step(false);
        if (i % 10 == 0) {
          tell(LoopEvent.Tick.INSTANCE);
        }
      }
    }

    void checkSettled() {
      assertThat(saved.phase()).isInstanceOf(Phase.Collecting.class);
      assertThat(canaries).isEmpty();
      assertThat(labels - saved.seenChange()).as("labels left").isLessThan(settings.labels());
      assertThat(saved.waiting()).isEmpty();
      Set<Long> numbers = new HashSet<>();
      begun.forEach(b -> assertThat(numbers.add(Long.valueOf(b.split(" ", 2)[0]))).as(b).isTrue());
      Set<Long> ended = new HashSet<>();
      told.forEach(o -> ended.add(o.round().number()));
      assertThat(ended).as("each round that began was told of").containsAll(numbers);
      for (RoundOutcome o : told) {
        if (o.kind() == RoundOutcome.Kind.PUBLISHED) {
          assertThat(history).contains(o.candidate());
        }
      }
    }
  }

  @Test
  void aStateComesBackFromItsJson() {
    Round round = new Round(3, Round.Kind.HEAD, "5 new labels", "r1", true, 5, 77);
    GateReport report = LoopCoreTest.report(false);
    String digest = "b".repeat(64);
    List<Phase> phases =
        List.of(
            new Phase.Collecting(),
            new Phase.Fitting(round),
            new Phase.Judging(round, digest),
            new Phase.Shadowing(round, digest, report),
            new Phase.Publishing(round, digest, report, null),
            new Phase.Publishing(round, digest, report, new Phase.Canary(99)),
            new Phase.RollingBack(new Watch(round, digest, null, 5), "wrong"));
    for (Phase phase : phases) {
      LoopState state =
          new LoopState(
              3,
              17,
              19,
              2,
              4,
              new Watch(round, digest, digest, 8),
              List.of(new RefitRequest("r2", true, "ann")),
              phase,
              1);
      assertThat(LoopState.fromJson(state.toJson())).isEqualTo(state);
    }
  }

  /** As trainers have saved it that needed them. */
  @Test
  void aStateThatNamesTheStreamsOfItsCanaryCanBeRead() {
    Round round = new Round(3, Round.Kind.HEAD, "5 new labels", null, false, 5, 77);
    Phase phase =
        new Phase.Publishing(
            round, "b".repeat(64), LoopCoreTest.report(true), new Phase.Canary(99));
    LoopState state = new LoopState(3, 17, 19, 2, 4, null, List.of(), phase, 1);
    String json = state.toJson();
    String earlier = json.replace("\"canary\":{", "\"canary\":{\"streams\":[\"dock\"],");
    assertThat(earlier).isNotEqualTo(json);
    assertThat(LoopState.fromJson(earlier)).isEqualTo(state);
  }
}
