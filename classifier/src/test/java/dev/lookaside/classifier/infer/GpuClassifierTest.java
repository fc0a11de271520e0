package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.classifier.infer.GpuClassifier.GetStats;
import dev.lookaside.classifier.infer.GpuClassifier.Reply;
import dev.lookaside.classifier.infer.GpuClassifier.Score;
import dev.lookaside.classifier.infer.GpuClassifier.Scored;
import dev.lookaside.classifier.infer.GpuClassifier.Stats;
import dev.lookaside.classifier.infer.GpuClassifier.Unscored;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GpuClassifierTest {
  private static final Duration DELAY = Duration.ofMillis(20);
  private static final BatchSettings SETTINGS =
      new BatchSettings(
          4,
          DELAY,
          Duration.ofSeconds(2),
          Map.of(),
          Duration.ofMillis(100),
          Duration.ofMillis(400));

  private static final LoadedAdapter FIRST = TinyAdapters.of("first");
  private static final LoadedAdapter SECOND = TinyAdapters.of("second");

  private final List<AdapterEvent> adapterEvents = new CopyOnWriteArrayList<>();
  private final ActorTestKit kit =
      ActorTestKit.create(ManualTime.config().withFallback(ConfigFactory.load()));
  private final ManualTime time = ManualTime.get(kit.system());
  private final AtomicLong nanos = new AtomicLong();
  private final TestProbe<Reply> replies = kit.createTestProbe(Reply.class);
  private final List<List<Long>> batches = new CopyOnWriteArrayList<>();
  private final AtomicInteger opened = new AtomicInteger();
  private final AtomicInteger closed = new AtomicInteger();
  private final AtomicInteger openFailures = new AtomicInteger();

  @AfterEach
  void shutdown() {
    kit.shutdownTestKit();
  }

  @Test
  void aFullBatchIsScoredAtOnceAndAnsweredInOrder() {
    ActorRef<GpuClassifier.Command> actor = spawn(w -> false);
    send(actor, 0, 4);
    for (long i = 0; i < 4; i++) {
      Scored s = replies.expectMessageClass(Scored.class);
      assertThat(s.ticket()).isEqualTo(i);
      assertThat(s.posteriors()).containsExactly(i);
      assertThat(s.adapter().digest()).isEqualTo(FIRST.digest());
    }
    assertThat(batches).containsExactly(List.of(0L, 1L, 2L, 3L));
    Stats stats = statsAfter(actor, 4);
    assertThat(stats.batches()).isEqualTo(1);
    assertThat(stats.device()).isEqualTo("fake");
  }

  @Test
  void aPartialBatchWaitsForCompanyNoLongerThanTheDelay() {
    ActorRef<GpuClassifier.Command> actor = spawn(w -> false);
    send(actor, 0, 2);
    stats(actor);
    pass(Duration.ofMillis(19));
    stats(actor);
    assertThat(batches).isEmpty();
    pass(Duration.ofMillis(1));
    replies.receiveSeveralMessages(2);
    assertThat(batches).containsExactly(List.of(0L, 1L));
  }

  @Test
  void aBacklogIsScoredOnceHoweverLongAndNothingIsShed() {
    Semaphore gate = new Semaphore(0);
    ActorRef<GpuClassifier.Command> actor = spawnHeldBy(gate);
    awaitReady(actor);
    send(actor, 0, 100);
    stats(actor); // All have come before the time passes.
    pass(Duration.ofHours(1));
    // Two batches are given to the scorer; the others wait.
    assertThat(stats(actor).waiting()).isEqualTo(92);
    replies.expectNoMessage(Duration.ZERO);
    gate.release(100);
    assertThat(tickets(replies.receiveSeveralMessages(100), Scored.class).keySet()).hasSize(100);
    assertThat(batches.stream().mapToInt(List::size).sum()).isEqualTo(100);
    statsAfter(actor, 100);
  }

  @Test
  void aStreamWithABacklogDoesNotDelayAnother() {
    Semaphore gate = new Semaphore(0);
    ActorRef<GpuClassifier.Command> actor = spawnHeldBy(gate);
    awaitReady(actor);
    send(actor, 0, 103);
    TestProbe<Reply> other = kit.createTestProbe(Reply.class);
    actor.tell(new Score(7, Windows.of("t", 1_000), Instant.EPOCH, other.getRef()));
    stats(actor);
    gate.release(12); // What was given before, and one batch more.
    assertThat(other.expectMessageClass(Scored.class).ticket()).isEqualTo(7);
    gate.release(100);
    replies.receiveSeveralMessages(103);
  }

  @Test
  void whatIsWithdrawnIsNeitherScoredNorHeldNorAnswered() {
    AdapterPlan oneWaits =
        (stream, start) ->
            stream.value().equals("t")
                ? new AdapterPlan.Wait("*@3")
                : new AdapterPlan.Use(FIRST, "");
    ActorRef<GpuClassifier.Command> actor = spawn(w -> false, oneWaits);
    TestProbe<Reply> stopped = kit.createTestProbe(Reply.class);
    for (int i = 0; i < 3; i++) {
      actor.tell(new Score(i, Windows.of("t", i), Instant.EPOCH, stopped.getRef()));
      actor.tell(new Score(3 + i, Windows.of("u", i), Instant.EPOCH, stopped.getRef()));
    }
    actor.tell(new GpuClassifier.Resolve(new StreamId("t"), 8, Instant.EPOCH, stopped.getRef()));
    assertThat(stats(actor).held()).isEqualTo(4);
    lookAfter(actor, 0);
    actor.tell(new GpuClassifier.Withdraw(stopped.getRef()));
    Stats stats = stats(actor);
    assertThat(stats.held()).isZero();
    assertThat(stats.waiting()).isZero();
    assertThat(adapterEvents).last().isEqualTo(AdapterEvent.Holds.NONE);
    actor.tell(new GpuClassifier.Follow(AdapterPlan.always(FIRST)));
    send(actor, 10, 14);
    replies.receiveSeveralMessages(4);
    assertThat(batches).containsExactly(List.of(10L, 11L, 12L, 13L));
    stopped.expectNoMessage(Duration.ZERO);
  }

  @Test
  void aFailureCostsARestartAndNoWindow() {
    AtomicInteger failures = new AtomicInteger(1);
    ActorRef<GpuClassifier.Command> actor = spawn(w -> failures.getAndDecrement() > 0);
    send(actor, 0, 8);
    passUntilOpened(2);
    assertThat(tickets(replies.receiveSeveralMessages(8), Scored.class)).hasSize(8);
    replies.expectNoMessage(Duration.ZERO);
    assertThat(opened.get()).isEqualTo(2);
    assertThat(stats(actor).restarts()).isEqualTo(1);
  }

  @Test
  void aWindowThatKillsTheScorerIsGivenUpAloneAfterItsSecondFailure() {
    ActorRef<GpuClassifier.Command> actor = spawn(w -> w.index() == 2);
    send(actor, 0, 4);
    passUntilOpened(3);
    List<Reply> early = replies.receiveSeveralMessages(2);
    assertThat(tickets(early, Scored.class).keySet()).containsExactly(0L, 1L);
    Unscored unscored = replies.expectMessageClass(Unscored.class);
    assertThat(unscored.ticket()).isEqualTo(2);
    assertThat(unscored.reason()).contains("failed twice");
    assertThat(replies.expectMessageClass(Scored.class).ticket()).isEqualTo(3);
    assertThat(closed.get()).isEqualTo(2);
    assertThat(stats(actor).unscored()).isEqualTo(1);
  }

  @Test
  void aScorerThatDoesNotOpenAgainCostsNoWindowThatFailedOnce() {
    AtomicInteger failures = new AtomicInteger(1);
    ActorRef<GpuClassifier.Command> actor =
        spawn(
            w -> {
              boolean fails = failures.getAndDecrement() > 0;
              if (fails) {
                openFailures.set(2);
              }
              return fails;
            });
    send(actor, 0, 4);
    passUntilOpened(4);
    assertThat(tickets(replies.receiveSeveralMessages(4), Scored.class)).hasSize(4);
  }

  @Test
  void aScorerThatDoesNotOpenIsTriedAgainAndNothingIsLost() {
    openFailures.set(2);
    ActorRef<GpuClassifier.Command> actor = spawn(w -> false);
    send(actor, 0, 4);
    passUntilOpened(3);
    assertThat(tickets(replies.receiveSeveralMessages(4), Scored.class)).hasSize(4);
    assertThat(opened.get()).isEqualTo(3);
  }

  @Test
  void oneBatchHoldsWindowsOfSeveralAdapters() {
    AdapterPlan.Use second = new AdapterPlan.Use(SECOND, "stream:t@1");
    AdapterPlan byStream =
        (stream, start) -> stream.value().equals("t") ? second : new AdapterPlan.Use(FIRST, "");
    ActorRef<GpuClassifier.Command> actor = spawn(w -> false, byStream);
    send(actor, 0, 2);
    actor.tell(new Score(2, Windows.of("t", 2), Instant.EPOCH, replies.getRef()));
    actor.tell(new Score(3, Windows.of("t", 3), Instant.EPOCH, replies.getRef()));
    List<Reply> all = replies.receiveSeveralMessages(4);
    assertThat(all)
        .extracting(r -> ((Scored) r).posteriors()[0])
        .containsExactly(0f, 1f, 1002f, 1003f);
    assertThat(all)
        .extracting(r -> ((Scored) r).adapter())
        .containsExactly(FIRST.facts(), FIRST.facts(), SECOND.facts(), SECOND.facts());
    assertThat(batches).containsExactly(List.of(0L, 1L, 2L, 3L));
    stats(actor);
    assertThat(adapterEvents).containsExactly(new AdapterEvent.Applied("stream:t@1"));
  }

  @Test
  void aWindowWhoseAdapterIsNotReadyWaitsAndOthersGoAhead() {
    AdapterPlan oneWaits =
        (stream, start) ->
            stream.value().equals("t")
                ? new AdapterPlan.Wait("next")
                : new AdapterPlan.Use(FIRST, "");
    ActorRef<GpuClassifier.Command> actor = spawn(w -> false, oneWaits);
    actor.tell(new Score(7, Windows.of("t", 7), Instant.EPOCH, replies.getRef()));
    actor.tell(new GpuClassifier.Resolve(new StreamId("t"), 8, Instant.EPOCH, replies.getRef()));
    send(actor, 0, 4);
    assertThat(tickets(replies.receiveSeveralMessages(4), Scored.class).keySet())
        .containsExactly(0L, 1L, 2L, 3L);
    assertThat(stats(actor).held()).isEqualTo(2);
    assertThat(adapterEvents).containsExactly(new AdapterEvent.Wanted("next"));
    actor.tell(new GpuClassifier.Follow(AdapterPlan.always(SECOND)));
    assertThat(replies.expectMessageClass(GpuClassifier.Resolved.class))
        .isEqualTo(new GpuClassifier.Resolved(8, SECOND.facts()));
    stats(actor);
    pass(DELAY);
    assertThat(replies.expectMessageClass(Scored.class).posteriors()).containsExactly(1007f);
    assertThat(stats(actor).held()).isZero();
  }

  @Test
  void aPlanThatLetsWindowsWaitOnChangesNeitherWhichNorSinceWhen() {
    ActorRef<GpuClassifier.Command> actor = spawn(w -> false, AdapterPlan.UNKNOWN);
    send(actor, 0, 8);
    actor.tell(new GpuClassifier.Follow(AdapterPlan.UNKNOWN));
    assertThat(stats(actor).held()).isEqualTo(8);
    actor.tell(new GpuClassifier.Follow(AdapterPlan.always(FIRST)));
    assertThat(tickets(replies.receiveSeveralMessages(8), Scored.class)).hasSize(8);
    assertThat(batches).containsExactly(List.of(0L, 1L, 2L, 3L), List.of(4L, 5L, 6L, 7L));
    assertThat(stats(actor).held()).isZero();
    assertThat(adapterEvents).containsOnly(AdapterEvent.Holds.NONE);
  }

  @Test
  void holdingIsToldAndCountedOncePerWindowBeyondTheBound() {
    ActorRef<GpuClassifier.Command> actor =
        spawn(w -> false, (stream, start) -> new AdapterPlan.Wait("*@3"));
    send(actor, 0, 2);
    stats(actor);
    lookAfter(actor, 1);
    send(actor, 2, 3);
    stats(actor);
    lookAfter(actor, 1);
    lookAfter(actor, 1);
    lookAfter(actor, 1);
    actor.tell(new GpuClassifier.Follow(AdapterPlan.always(FIRST)));
    stats(actor);
    assertThat(adapterEvents)
        .containsExactly(
            new AdapterEvent.Wanted("*@3"),
            holds(2, 0, 0, 1),
            holds(3, 0, 0, 2),
            holds(3, 2, 2, 3),
            holds(3, 3, 1, 4),
            AdapterEvent.Holds.NONE);
    pass(Duration.ofSeconds(5));
    replies.receiveSeveralMessages(3);
    stats(actor);
    assertThat(adapterEvents).as("nothing is held any more").hasSize(6);
  }

  private static AdapterEvent.Holds holds(int windows, int overdue, int newly, int seconds) {
    return new AdapterEvent.Holds(windows, overdue, newly, Duration.ofSeconds(seconds), "*@3");
  }

  private void lookAfter(ActorRef<GpuClassifier.Command> actor, int seconds) {
    pass(Duration.ofSeconds(seconds));
    stats(actor);
  }

  @Test
  void theScorerIsClosedWithTheActor() {
    ActorRef<GpuClassifier.Command> actor = spawn(w -> false);
    send(actor, 0, 4);
    replies.receiveSeveralMessages(4);
    kit.stop(actor);
    assertThat(closed.get()).isEqualTo(1);
  }

  @Test
  void theseTestsKnowEveryCommand() {
    assertThat(Arrays.stream(GpuClassifier.Command.class.getPermittedSubclasses()))
        .extracting(Class::getSimpleName)
        .containsExactlyInAnyOrder(
            "Score",
            "Resolve",
            "Withdraw",
            "Follow",
            "GetStats",
            "Due",
            "WorkerEvent",
            "WorkerStopped",
            "WorkerGone");
  }

  private ActorRef<GpuClassifier.Command> spawn(Predicate<MelWindow> fails) {
    return spawn(fails, AdapterPlan.always(FIRST));
  }

  private ActorRef<GpuClassifier.Command> spawn(Predicate<MelWindow> fails, AdapterPlan plan) {
    return kit.spawn(
        GpuClassifier.create(
            () -> new FakeScorer(fails), SETTINGS, plan, adapterEvents::add, nanos::get));
  }

  private void send(ActorRef<GpuClassifier.Command> actor, int from, int until) {
    for (int i = from; i < until; i++) {
      actor.tell(new Score(i, Windows.of("s", i), Instant.EPOCH, replies.getRef()));
    }
  }

  private Stats stats(ActorRef<GpuClassifier.Command> actor) {
    TestProbe<Stats> probe = kit.createTestProbe(Stats.class);
    actor.tell(new GetStats(probe.getRef()));
    return probe.receiveMessage();
  }

  /** The scorer answers streams itself; the classifier counts what it is told after that. */
  private Stats statsAfter(ActorRef<GpuClassifier.Command> actor, long scored) {
    return replies.awaitAssert(
        () -> {
          Stats stats = stats(actor);
          assertThat(stats.scored()).isEqualTo(scored);
          return stats;
        });
  }

  private void pass(Duration d) {
    nanos.addAndGet(d.toNanos());
    time.timePasses(d);
  }

  private void awaitReady(ActorRef<GpuClassifier.Command> actor) {
    replies.awaitAssert(
        () -> {
          assertThat(stats(actor).device()).isEqualTo("fake");
          return null;
        });
  }

  /** Lets time pass until the scorer was opened so often: the news of its end takes real time. */
  private void passUntilOpened(int n) {
    replies.awaitAssert(
        Duration.ofSeconds(30),
        Duration.ofMillis(20),
        () -> {
          pass(Duration.ofMillis(100));
          assertThat(opened.get()).isEqualTo(n);
          return null;
        });
  }

  private static Map<Long, Reply> tickets(List<Reply> replies, Class<? extends Reply> type) {
    Map<Long, Reply> byTicket = new TreeMap<>();
    for (Reply r : replies) {
      assertThat(r).isInstanceOf(type);
      assertThat(byTicket.put(r.ticket(), r)).as("answered twice").isNull();
    }
    return byTicket;
  }

  /** Posteriors are the window's index; a second adapter adds 1000. */
  private final class FakeScorer implements AdapterScorer {
    private final Predicate<MelWindow> fails;

    FakeScorer(Predicate<MelWindow> fails) {
      opened.incrementAndGet();
      if (openFailures.getAndDecrement() > 0) {
        throw new ScorerException("no device");
      }
      this.fails = fails;
    }

    @Override
    public float[][] score(List<? extends Input> windows) {
      batches.add(windows.stream().map(w -> w.window().index()).toList());
      float[][] posteriors = new float[windows.size()][];
      for (int i = 0; i < posteriors.length; i++) {
        MelWindow w = windows.get(i).window();
        if (fails.test(w)) {
          throw new ScorerException("made to fail");
        }
        posteriors[i] = new float[] {w.index() + (windows.get(i).adapter() == FIRST ? 0 : 1000)};
      }
      return posteriors;
    }

    @Override
    public String deviceDescription() {
      return "fake";
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }

  /** One whose scorer takes a permit for each batch. */
  private ActorRef<GpuClassifier.Command> spawnHeldBy(Semaphore gate) {
    return spawn(
        w -> {
          gate.acquireUninterruptibly();
          return false;
        });
  }
}
