package dev.lookaside.deploy.simulation;

import akka.actor.AbstractScheduler;
import akka.actor.ActorSystem;
import akka.actor.Cancellable;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import akka.dispatch.DispatcherPrerequisites;
import akka.dispatch.ExecutorServiceConfigurator;
import akka.dispatch.ExecutorServiceFactory;
import akka.dispatch.Mailbox;
import akka.event.LoggingAdapter;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import scala.concurrent.ExecutionContext;
import scala.concurrent.duration.FiniteDuration;

/**
 * An actor system whose actors all run on the caller's thread, one message at a time, in the order
 * the caller chooses, and whose timers go off when the caller lets time pass. There is one in the
 * process, because starting one takes longer than most simulations; {@link #reset} makes it new.
 */
public final class VirtualActors {
  /** Whose message comes next: actor paths begin with the child of {@link #spawn}. */
  record Ready(Runnable run, String child, String role) {}

  private record Timer(long atNanos, long number, Runnable task, boolean[] cancelled)
      implements Comparable<Timer> {
    @Override
    public int compareTo(Timer other) {
      int byTime = Long.compare(atNanos, other.atNanos);
      return byTime == 0 ? Long.compare(number, other.number) : byTime;
    }
  }

  private sealed interface Command {}

  private record Spawn(Behavior<Object> behavior, String name, CountDownLatch done)
      implements Command {}

  private record Gone(String name) implements Command {}

  private static final String CONFIG =
      """
      akka {
        loglevel = OFF
        stdout-loglevel = OFF
        log-dead-letters = off
        jvm-shutdown-hooks = off
        coordinated-shutdown.run-by-jvm-shutdown-hook = off
        daemonic = on
        loggers-dispatcher = akka.actor.internal-dispatcher
        scheduler.implementation = "%1$s$Timers"
        actor.default-dispatcher { type = Dispatcher, executor = "%1$s$Executor", throughput = 1 }
      }
      lookaside {
        ingest.pinned-dispatcher { type = Dispatcher, executor = "%1$s$Executor", throughput = 1 }
      }
      """
          .formatted(VirtualActors.class.getName());

  private static final List<Runnable> SUBMITTED = Collections.synchronizedList(new ArrayList<>());
  private static final PriorityQueue<Timer> TIMERS = new PriorityQueue<>();
  private static long nowNanos;
  private static long timersMade;
  private static VirtualActors started;

  private final List<Ready> ready = new ArrayList<>();
  private final Map<Object, Ready> known = new IdentityHashMap<>();
  private final ActorRef<Command> root;
  private BiConsumer<String, VirtualActors> gone = (name, actors) -> {};

  private VirtualActors() throws InterruptedException {
    Config config = ConfigFactory.parseString(CONFIG).withFallback(ConfigFactory.load());
    ActorSystem system = ActorSystem.create("simulation", config);
    Behavior<Command> world =
        Behaviors.setup(
            context ->
                Behaviors.receive(Command.class)
                    .onMessage(
                        Spawn.class,
                        spawn -> {
                          if (spawn.behavior() != null) {
                            context.watchWith(
                                context.spawn(spawn.behavior(), spawn.name()),
                                new Gone(spawn.name()));
                          }
                          spawn.done().countDown();
                          return Behaviors.same();
                        })
                    .onMessage(
                        Gone.class,
                        its -> {
                          gone.accept(its.name(), this);
                          return Behaviors.same();
                        })
                    .build());
    root = Adapter.spawn(system, world, "world");
    CountDownLatch done = new CountDownLatch(1);
    root.tell(new Spawn(null, "", done));
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    // Akka's own threads make the root; from then on nothing runs but here.
    while (!done.await(1, TimeUnit.MILLISECONDS)) {
      if (System.nanoTime() > until) {
        throw new IllegalStateException("the actor system does not start");
      }
      runSubmitted();
    }
    runSubmitted();
  }

  private void runSubmitted() {
    while (!SUBMITTED.isEmpty()) {
      SUBMITTED.remove(0).run();
    }
  }

  /** The one system of this process. */
  static synchronized VirtualActors get() {
    try {
      if (started == null) {
        started = new VirtualActors();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return started;
  }

  /**
   * Begins anew at a time. All actors must have stopped.
   *
   * @param ended is told when a child has stopped
   */
  void reset(long atNanos, BiConsumer<String, VirtualActors> ended) {
    take();
    if (!ready.isEmpty()) {
      throw new IllegalStateException("actors are left: " + ready);
    }
    known.clear();
    synchronized (TIMERS) {
      TIMERS.clear();
      timersMade = 0;
      nowNanos = atNanos;
    }
    gone = ended;
  }

  long nowNanos() {
    return nowNanos;
  }

  /** Makes an actor at once; it begins when its turn comes. */
  @SuppressWarnings("unchecked")
  <T> void spawn(Behavior<T> behavior, String name) {
    CountDownLatch done = new CountDownLatch(1);
    root.tell(new Spawn((Behavior<Object>) (Behavior<?>) behavior, name, done));
    while (done.getCount() > 0) {
      List<Ready> all = ready();
      for (int i = 0; i < all.size(); i++) {
        if (all.get(i).child().isEmpty()) {
          run(i);
          break;
        }
      }
    }
  }

  /** Actors with something to do, in the order in which they got it. Not to be changed. */
  List<Ready> ready() {
    take();
    return ready;
  }

  /** Runs the next message of one of {@link #ready}. */
  void run(int index) {
    ready.remove(index).run().run();
  }

  /** When the next timer goes off; {@link Long#MAX_VALUE} if there is none. */
  long nextTimerNanos() {
    synchronized (TIMERS) {
      while (!TIMERS.isEmpty() && TIMERS.peek().cancelled()[0]) {
        TIMERS.remove();
      }
      return TIMERS.isEmpty() ? Long.MAX_VALUE : TIMERS.peek().atNanos();
    }
  }

  /** Lets time pass to the next timer, which goes off, with all others of that moment. */
  void advance() {
    long at = nextTimerNanos();
    nowNanos = Math.max(nowNanos, at);
    while (nextTimerNanos() <= nowNanos) {
      Timer timer;
      synchronized (TIMERS) {
        timer = TIMERS.remove();
      }
      timer.task().run();
    }
  }

  /** Does something at a time. */
  void at(long atNanos, Runnable task) {
    add(atNanos, task);
  }

  private static Cancellable add(long atNanos, Runnable task) {
    boolean[] cancelled = new boolean[1];
    synchronized (TIMERS) {
      TIMERS.add(new Timer(Math.max(atNanos, nowNanos), timersMade++, task, cancelled));
    }
    return new Cancellable() {
      @Override
      public boolean cancel() {
        boolean first = !cancelled[0];
        cancelled[0] = true;
        return first;
      }

      @Override
      public boolean isCancelled() {
        return cancelled[0];
      }
    };
  }

  private void take() {
    if (SUBMITTED.isEmpty()) {
      return;
    }
    synchronized (SUBMITTED) {
      for (Runnable run : SUBMITTED) {
        ready.add(known.computeIfAbsent(run, VirtualActors::named));
      }
      SUBMITTED.clear();
    }
  }

  private static Ready named(Object key) {
    Runnable run = (Runnable) key;
    if (!(run instanceof Mailbox mailbox)) {
      return new Ready(run, "", "task");
    }
    // akka://simulation/user/world/CHILD/ROLE/...
    String[] path = mailbox.actor().self().path().toStringWithoutAddress().split("/");
    String child = path.length > 3 ? path[3] : "";
    String role = path.length > 4 ? path[path.length - 1] : "";
    if (path.length > 5) {
      role = path[4].equals("source") ? "stream" : "scorer";
    }
    return new Ready(run, child, role);
  }

  /** Collects what actors have to do. */
  public static final class Executor extends ExecutorServiceConfigurator {
    /** As Akka makes it. */
    public Executor(Config config, DispatcherPrerequisites prerequisites) {
      super(config, prerequisites);
    }

    @Override
    public ExecutorServiceFactory createExecutorServiceFactory(String id, ThreadFactory threads) {
      return Submitting::new;
    }
  }

  private static final class Submitting extends AbstractExecutorService {
    @Override
    public void execute(Runnable command) {
      SUBMITTED.add(command);
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
      return List.of();
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return true;
    }
  }

  /** Akka's scheduler, in virtual time. */
  public static final class Timers extends AbstractScheduler {
    /** As Akka makes it. */
    public Timers(Config config, LoggingAdapter log, ThreadFactory threads) {}

    @Override
    public Cancellable schedule(
        FiniteDuration initialDelay,
        FiniteDuration interval,
        Runnable runnable,
        ExecutionContext executor) {
      throw new UnsupportedOperationException("deprecated by Akka");
    }

    @Override
    public Cancellable scheduleOnce(
        FiniteDuration delay, Runnable runnable, ExecutionContext executor) {
      return add(nowNanos + delay.toNanos(), () -> executor.execute(runnable));
    }

    @Override
    public double maxFrequency() {
      return 1e9;
    }
  }
}
