package dev.lookaside.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Props;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.fit.FitProgress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who works when, beside a workplace whose work ends when the test says so. */
@Timeout(120)
class TrainerTest {
  private static final Duration TICK = Duration.ofMillis(100);
  private static final String B = "b".repeat(64);

  private final ActorTestKit kit =
      ActorTestKit.create(ManualTime.config().withFallback(ConfigFactory.load()));
  private final ManualTime time = ManualTime.get(kit.system());
  private final Hands hands = new Hands();
  private final AtomicInteger statuses = new AtomicInteger();
  private volatile @Nullable Consumer<Boolean> leadership;
  private volatile Instant now = Instant.parse("2026-03-01T12:00:00Z");

  @AfterEach
  void stop() {
    hands.pieces.release(1_000_000);
    hands.works.release(1_000_000);
    kit.shutdownTestKit();
  }

  /** Work and pieces of listening that wait to be let go on. */
  private static final class Hands implements TrainerWork {
    final Semaphore works = new Semaphore(0);
    final Semaphore pieces = new Semaphore(0);
    final BlockingQueue<LoopAction.Work> begun = new LinkedBlockingQueue<>();
    final BlockingQueue<LoopEvent> labels = new LinkedBlockingQueue<>();
    final BlockingQueue<LoopEvent> heard = new LinkedBlockingQueue<>();
    final AtomicBoolean listens = new AtomicBoolean(true);
    final AtomicInteger saves = new AtomicInteger();
    final AtomicBoolean savesFail = new AtomicBoolean();
    final AtomicReference<@Nullable Semaphore> slowSave = new AtomicReference<>();
    final AtomicInteger closes = new AtomicInteger();
    final AtomicReference<@Nullable Semaphore> slowClose = new AtomicReference<>();
    final AtomicBoolean collectsFail = new AtomicBoolean();
    final AtomicInteger collectsFailed = new AtomicInteger();
    final AtomicInteger opened = new AtomicInteger();
    final AtomicInteger stopped = new AtomicInteger();
    final AtomicInteger piecesBegun = new AtomicInteger();
    final AtomicInteger piecesEnded = new AtomicInteger();

    @Override
    public LoopState load() {
      return LoopState.FIRST;
    }

    @Override
    public void save(LoopState state) {
      saves.incrementAndGet();
      if (savesFail.getAndSet(false)) {
        throw new IllegalStateException("the disk is full");
      }
      Semaphore slow = slowSave.get();
      if (slow != null) {
        slow.acquireUninterruptibly();
      }
    }

    @Override
    public List<LoopEvent> collect(Set<String> watched, long seenChange) {
      if (collectsFail.get()) {
        collectsFailed.incrementAndGet();
        throw new IllegalStateException("no broker");
      }
      try {
        LoopEvent next = labels.poll(2, TimeUnit.MILLISECONDS);
        return next == null ? List.of() : List.of(next);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public LoopEvent perform(LoopAction.Work work, FitProgress progress) {
      begun.add(work);
      works.acquireUninterruptibly();
      return work instanceof LoopAction.Fit fit
          ? new LoopEvent.Fitted(fit.round().number(), B)
          : new LoopEvent.Judged(
              ((LoopAction.Judge) work).round().number(), LoopCoreTest.report(false));
    }

    @Override
    public void finish(RoundOutcome outcome) {
      // Nobody has asked.
    }

    @Override
    public boolean hasIdleWork() {
      return listens.get();
    }

    @Override
    public TrainerWork.Turn runIdleWork() {
      piecesBegun.incrementAndGet();
      pieces.acquireUninterruptibly();
      LoopEvent event = heard.poll();
      piecesEnded.incrementAndGet();
      return event == null ? TrainerWork.Turn.NOTHING : new TrainerWork.Turn(List.of(event), null);
    }

    @Override
    public void stop() {
      stopped.incrementAndGet();
      works.release(1_000_000);
    }

    @Override
    public void stop(Round round) {
      works.release(1_000_000);
    }

    @Override
    public void close() {
      closes.incrementAndGet();
      Semaphore slow = slowClose.get();
      if (slow != null) {
        slow.acquireUninterruptibly();
      }
    }
  }

  private ActorRef<Trainer.Command> trainer() {
    Trainer.Listener listener =
        new Trainer.Listener() {
          @Override
          public void status(TrainerStatus status) {
            statuses.incrementAndGet();
          }

          @Override
          public void finished(RoundOutcome outcome) {
            // Of no matter here.
          }
        };
    Clock clock =
        new Clock() {
          @Override
          public ZoneId getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(ZoneId zone) {
            return this;
          }

          @Override
          public Instant instant() {
            return now;
          }
        };
    return kit.spawn(
        Trainer.create(
            new Trainer.Parts(
                Scope.ALL,
                LoopCoreTest.settings(false, 0, 0),
                TICK,
                () -> {
                  hands.opened.incrementAndGet();
                  return hands;
                },
                leads -> {
                  leadership = leads;
                  leads.accept(true);
                  return () -> {};
                },
                listener,
                clock)),
        Props.empty().withDispatcherFromConfig(Trainer.DISPATCHER));
  }

  private static void await(String what, BooleanSupplier done) {
    Awaitility.await(what)
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(5))
        .until(done::getAsBoolean);
  }

  /** Each tick is told of. */
  private void ticks(int count) {
    for (int i = 0; i < count; i++) {
      int before = statuses.get();
      time.timePasses(TICK);
      await("a tick", () -> statuses.get() > before);
    }
  }

  private LoopAction.Work work(Class<? extends LoopAction.Work> kind) throws InterruptedException {
    LoopAction.Work begun = hands.begun.poll(60, TimeUnit.SECONDS);
    assertThat(begun).isInstanceOf(kind);
    return begun;
  }

  private void labelled(int fresh, int change) {
    hands.labels.add(new LoopEvent.Labels(fresh, change, Map.of()));
    await("labels that were read", hands.labels::isEmpty);
    ticks(3);
    now = now.plusSeconds(2);
    ticks(1);
  }

  /** A piece that is under way when the fit begins is the last one. */
  @Test
  void noPieceOfListeningBeginsWhileAFitOrAJudgementRuns() throws Exception {
    trainer();
    await("leads", () -> statuses.get() > 2);
    ticks(1);
    await("a piece", () -> hands.piecesBegun.get() == 1);
    labelled(3, 7);
    work(LoopAction.Fit.class);
    hands.pieces.release(100);
    await("its end", () -> hands.piecesEnded.get() >= 1);
    ticks(20);
    assertThat(hands.piecesBegun).as("during the fit").hasValue(1);
    hands.works.release();
    work(LoopAction.Judge.class);
    ticks(20);
    assertThat(hands.piecesBegun).as("during the judgement").hasValue(1);
    hands.works.release();
    await("the end of the round", () -> statuses.get() > 0 && hands.begun.isEmpty());
    ticks(3);
    await("pieces go on", () -> hands.piecesBegun.get() > 1);
  }

  /** Nothing is under way then but a timer of the term that is over: nobody would open anew. */
  @Test
  void aTrainerThatCannotSaveWhileItWaitsToCollectAgainOpensAnew() {
    hands.listens.set(false);
    trainer();
    await("leads", () -> statuses.get() > 2);
    hands.labels.add(new LoopEvent.Labels(3, 7, Map.of()));
    await("labels that were read", hands.labels::isEmpty);
    ticks(1);
    hands.collectsFail.set(true);
    await("a collect that fails", () -> hands.collectsFailed.get() == 1);
    hands.savesFail.set(true);
    now = now.plusSeconds(2);
    time.timePasses(TICK);
    await("a round that cannot be saved", () -> !hands.savesFail.get());
    hands.collectsFail.set(false);
    await(
        "another session",
        () -> {
          time.timePasses(TICK);
          return hands.opened.get() == 2;
        });
  }

  /** A deposed trainer must hear of it at once, not when its disk or a broker answers. */
  @Test
  void whoeverLosesTheScopeStopsItsWorkThoughASaveHangs() {
    hands.pieces.release(1_000_000);
    trainer();
    await("leads", () -> statuses.get() > 2);
    Semaphore slow = new Semaphore(0);
    hands.slowSave.set(slow);
    labelled(3, 7);
    await("a save that hangs", () -> hands.saves.get() > 0);
    Consumer<Boolean> leads = leadership;
    assertThat(leads).isNotNull();
    leads.accept(false);
    await("its work is stopped", () -> hands.stopped.get() > 0);
    hands.slowSave.set(null);
    slow.release(100);
  }

  /** Two would have the same store open. */
  @Test
  void whoeverLeadsAgainOpensNoSessionBeforeTheEarlierOneIsClosed() {
    hands.listens.set(false);
    trainer();
    await("a session", () -> hands.opened.get() == 1);
    Semaphore slow = new Semaphore(0);
    hands.slowClose.set(slow);
    Consumer<Boolean> leads = leadership;
    assertThat(leads).isNotNull();
    leads.accept(false);
    await("a close that hangs", () -> hands.closes.get() == 1);
    leads.accept(true);
    ticks(3);
    assertThat(hands.opened).hasValue(1);
    hands.slowClose.set(null);
    slow.release();
    await(
        "another session",
        () -> {
          time.timePasses(TICK);
          return hands.opened.get() == 2;
        });
  }

  @Test
  void anAlarmThatListeningRaisesLetsASingleLabelBeginARound() throws Exception {
    trainer();
    await("leads", () -> statuses.get() > 2);
    labelled(1, 7);
    assertThat(hands.begun).as("one is too few").isEmpty();
    hands.heard.add(new LoopEvent.Drifted("dock: 4.1"));
    hands.pieces.release();
    await("the piece that heard it", hands.heard::isEmpty);
    ticks(3);
    LoopAction.Fit fit = (LoopAction.Fit) work(LoopAction.Fit.class);
    assertThat(fit.round().trigger()).isEqualTo("drift: dock: 4.1");
    assertThat(fit.round().freshLabels()).isEqualTo(1);
  }
}
