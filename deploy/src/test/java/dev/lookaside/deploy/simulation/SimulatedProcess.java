package dev.lookaside.deploy.simulation;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.BehaviorInterceptor;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.Terminated;
import akka.actor.typed.TypedActorContext;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import dev.lookaside.classifier.detect.DetectionSink;
import dev.lookaside.classifier.detect.SimulatedSink;
import dev.lookaside.classifier.detect.SinkSettings;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.infer.AdapterEvent;
import dev.lookaside.classifier.infer.AdapterScorer;
import dev.lookaside.classifier.infer.GpuClassifier;
import dev.lookaside.classifier.infer.ScorerException;
import dev.lookaside.classifier.infer.SimulatedClassifier;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.PartitionProgress;
import dev.lookaside.ingest.SimulatedClients;
import dev.lookaside.ingest.SinkMessage;
import dev.lookaside.ingest.kafka.KafkaClients;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;
import org.jspecify.annotations.Nullable;

/**
 * A worker's process in {@link LiveWorld}: runs the real source, streams, classifier, scorer's
 * thread and sink, as a pipeline that begins again when it fails. Can be killed, paused and cut off
 * from the brokers at any step.
 */
final class SimulatedProcess {
  private enum Command {
    STOP,
    KILL,
    DRAINED,
    SINK_STOPPED,
    SOURCE_STOPPED
  }

  private static final int BATCHES_UNDER_WAY = 2;

  /** By then whatever failed was given to the scorer again. */
  private static final int CALLS_AFTER_FAILURE = 30;

  private final LiveWorld world;
  private final String transactionalId;
  private final String instance;
  private final Deque<String> faults = new ArrayDeque<>();
  private final Map<String, Long> busyUntil = new HashMap<>();
  private final Map<Integer, Long> readyAtNanos = new TreeMap<>();
  private ActorRef<Command> pipeline;
  private ActorRef<GpuClassifier.Command> classifier;
  private String pipelineName = "";
  private boolean dead;
  private boolean paused;
  private boolean cutOff;
  private boolean stopping;
  private boolean stopped;
  private boolean comesBack;

  /**
   * Streams were closed while others were drained: what they asked for may not be withdrawn yet.
   */
  private boolean gaveAwayWhileStopping;

  private boolean registryStalled;
  private int callsSinceFailure;
  private int slowness = 1;
  private @Nullable ApiException outOfGroup;
  private @Nullable Place place;
  private AdapterEvent.Holds holds = AdapterEvent.Holds.NONE;
  private Asked asked = new Asked();

  /** What the classifier of one pipeline was asked and has not been told to forget. */
  private static final class Asked {
    final Map<ActorRef<GpuClassifier.Reply>, Set<List<Object>>> windows = new HashMap<>();
    final Map<ActorRef<GpuClassifier.Reply>, Set<Long>> open = new HashMap<>();
    final Set<List<Object>> scored = new HashSet<>();

    /** Tickets that nobody waits for any more, with the number of calls of the scorer by then. */
    final Map<List<Object>, Integer> withdrawn = new HashMap<>();

    int calls;
  }

  /** What a static member had when it was asked to stop. */
  private record Place(int epoch, Set<Integer> partitions, long changesOfOthers) {}

  /**
   * @param instance its static name in the group; empty: none
   */
  SimulatedProcess(LiveWorld world, String transactionalId, String instance) {
    this.world = world;
    this.transactionalId = transactionalId;
    this.instance = instance;
    start();
    follow();
  }

  LiveWorld world() {
    return world;
  }

  String transactionalId() {
    return transactionalId;
  }

  String instance() {
    return instance;
  }

  boolean dead() {
    return dead;
  }

  boolean paused() {
    return paused;
  }

  boolean stopping() {
    return stopping;
  }

  boolean stopped() {
    return stopped;
  }

  AdapterEvent.Holds holds() {
    return holds;
  }

  boolean reachable() {
    return !dead && !cutOff && !paused && world.brokersUp();
  }

  /** What was asked of the classifier and not answered. */
  String unanswered() {
    Map<String, Set<Long>> open = new TreeMap<>();
    asked.open.forEach(
        (asker, tickets) -> {
          if (!tickets.isEmpty()) {
            open.put(asker.path().parent().name(), tickets);
          }
        });
    return "%s %s %s".formatted(pipelineName, open, holds);
  }

  void checkAlive() {
    if (dead) {
      throw new KafkaException("simulated: the process is dead");
    }
  }

  void checkReachable(String what) {
    checkAlive();
    if (!reachable() || takeFault("lookup")) {
      throw new org.apache.kafka.common.errors.TimeoutException("simulated: no answer, " + what);
    }
  }

  /** The next call of this kind fails so. */
  void addFault(String kind) {
    faults.add(kind);
  }

  boolean takeFault(String kind) {
    return faults.remove(kind);
  }

  void pause(boolean now) {
    paused = now;
  }

  void cutOff(boolean now) {
    cutOff = now;
  }

  void slow(int times) {
    slowness = times;
  }

  void stallRegistry(boolean now) {
    registryStalled = now;
  }

  void heal() {
    faults.clear();
    paused = false;
    cutOff = false;
    registryStalled = false;
    slowness = 1;
  }

  /** This actor blocks for a while. */
  void busy(String role, long nanos) {
    long until = world.nowNanos() + nanos;
    busyUntil.put(role, until);
    world.after(nanos, () -> {});
  }

  /** Whether an actor of this process can go on. */
  boolean runs(String role) {
    return dead || !paused && busyUntil.getOrDefault(role, 0L) <= world.nowNanos();
  }

  boolean mayBlockOnSink() {
    return !world.underWay(pipelineName, "sink") || world.draw(4) == 0;
  }

  private void start() {
    outOfGroup = null;
    busyUntil.clear();
    asked = new Asked();
    pipelineName = world.newPipeline(this);
    world.spawn(Behaviors.setup(Pipeline::new), pipelineName);
  }

  /** A pipeline of this process has ended. */
  void gone() {
    holds = AdapterEvent.Holds.NONE;
    if (stopping) {
      stopped = true;
      comeBack();
    } else if (!dead) {
      world.restarted();
      world.after(
          300_000_000L,
          () -> {
            if (!dead && !stopping) {
              start();
            } else {
              stopped = true;
            }
          });
    }
  }

  /** Its consumer was told that the group has no place for it; null: it has asked anew. */
  void outOfGroup(@Nullable ApiException why) {
    if (why instanceof UnreleasedInstanceIdException) {
      world.reached(LiveWorld.Turn.WAITED_FOR_ITS_PLACE);
    }
    outOfGroup = why;
  }

  /** The service gives up a place that another process has taken, and waits for one. */
  private void sourceFailed(@Nullable Throwable cause) {
    boolean ends = cause instanceof KafkaSource.SupersededException;
    if (outOfGroup instanceof UnreleasedInstanceIdException) {
      world.fail("the place of " + instance + " is not free, and it does not wait: " + cause);
    } else if (outOfGroup != null && !ends) {
      world.fail("another process is " + instance + ", and this one begins again: " + cause);
    }
    if (ends) {
      world.note(transactionalId + " is superseded");
      world.reached(LiveWorld.Turn.SUPERSEDED);
      stopping = true;
    }
  }

  /** An orderly stop; then it is started again, by the same static name if it has one. */
  void restart() {
    SimulatedGroup group = world.broker().group();
    comesBack = true;
    if (!instance.isEmpty() && group.stable() && group.has(instance)) {
      place = new Place(group.epoch(), group.targetOf(instance), group.changesOfOthers(instance));
    }
    stop();
  }

  private void comeBack() {
    if (comesBack && !dead) {
      world.after(
          200_000_000L,
          () -> {
            if (!world.healed()) {
              world.launch(transactionalId, instance).place = place;
            }
          });
    }
    comesBack = false;
  }

  /** Its consumer gives partitions to another process. */
  void gaveAway() {
    world.moved();
    gaveAwayWhileStopping |= stopping;
  }

  /** Its consumer was given partitions: those it had, if it has come back within the session. */
  void assigned() {
    Place had = place;
    place = null;
    SimulatedGroup group = world.broker().group();
    if (had != null && group.changesOfOthers(instance) == had.changesOfOthers()) {
      world.reached(LiveWorld.Turn.CAME_BACK);
      if (group.epoch() != had.epoch() || !group.targetOf(instance).equals(had.partitions())) {
        world.fail(
            "%s had partitions %s of epoch %d and came back to %s of epoch %d"
                .formatted(
                    instance,
                    had.partitions(),
                    had.epoch(),
                    group.targetOf(instance),
                    group.epoch()));
      }
    }
  }

  /** kill -9: nothing of it reaches the brokers any more. */
  void kill() {
    dead = true;
    if (pipeline != null) {
      pipeline.tell(Command.KILL);
    }
  }

  /** An orderly stop. */
  void stop() {
    stopping = true;
    if (pipeline != null) {
      pipeline.tell(Command.STOP);
    }
  }

  private void follow() {
    if (dead || stopped) {
      return;
    }
    world.after(150_000_000L, this::follow);
    if (!registryStalled && !paused && classifier != null) {
      classifier.tell(new GpuClassifier.Follow(world.plan(readyAtNanos)));
    }
  }

  private KafkaClients clients() {
    return new KafkaClients(
        world.clientProperties(),
        Duration.ofSeconds(1),
        new KafkaClients.Factory() {
          @Override
          public Consumer<byte[], byte[]> consumer(Map<String, Object> properties) {
            return new SimulatedConsumer(
                world.broker(), SimulatedProcess.this, properties, world.maxPollRecords());
          }

          @Override
          public Producer<byte[], byte[]> producer(Map<String, Object> properties) {
            return new SimulatedProducer(
                world.broker(),
                SimulatedProcess.this,
                String.valueOf(properties.getOrDefault("transactional.id", "")),
                Long.parseLong(String.valueOf(properties.get("transaction.timeout.ms")))
                    * 1_000_000L);
          }

          @Override
          public Admin admin(Map<String, Object> properties) {
            throw new UnsupportedOperationException();
          }
        });
  }

  /** The wiring and the order of the stop are those of the service's pipeline. */
  private final class Pipeline extends AbstractBehavior<Command> {
    private final ActorRef<KafkaSource.Command> source;
    private final ActorRef<SinkMessage> sink;
    private boolean draining;

    Pipeline(ActorContext<Command> context) {
      super(context);
      pipeline = context.getSelf();
      KafkaClients clients = clients();
      ActorRef<GpuClassifier.Command> scoring =
          context.spawn(
              Behaviors.intercept(
                  () -> new Watch(asked),
                  SimulatedClassifier.create(
                      SimulatedScorer::new, world.batch(), this::adapters, world::nowNanos)),
              "classifier");
      classifier = scoring;
      SinkSettings settings =
          new SinkSettings(
              clients,
              SimulatedBroker.DETECTIONS,
              SimulatedBroker.PROGRESS,
              SimulatedBroker.DEAD_LETTERS,
              SimulatedBroker.CHUNKS,
              "lookaside",
              Optional.of(transactionalId),
              world.exactlyOnce(),
              Duration.ofMillis(200),
              Duration.ofSeconds(2));
      sink =
          context.spawn(
              SimulatedSink.create(
                  settings,
                  new DetectionSink.Peers(ignored(), ignored()),
                  world::nowNanos,
                  new VirtualClock()),
              "sink",
              DispatcherSelector.fromConfig(DetectionSink.DISPATCHER));
      source =
          context.spawn(
              SimulatedClients.source(
                  world.ingest(instance).with(clients),
                  world.idle(),
                  (assignment, stream, progress, firstOffset, itsSource) ->
                      StreamDetector.create(
                          assignment,
                          stream,
                          world.model(),
                          world.detect(),
                          LiveWorld.MAX_CLOCK_AHEAD,
                          world.tracks(),
                          new StreamDetector.Peers(
                              scoring, sink, itsSource, ignored(), world::nowMillis),
                          progress,
                          firstOffset),
                  sink,
                  ignored(),
                  new Clients(clients),
                  world::nowMillis),
              "source",
              KafkaSource.dispatcher());
      context.watch(scoring);
      context.watch(sink);
      context.watch(source);
      if (stopping) {
        context.getSelf().tell(Command.STOP);
      }
    }

    private <T> ActorRef<T> ignored() {
      return getContext().getSystem().ignoreRef();
    }

    private void adapters(AdapterEvent event) {
      if (event instanceof AdapterEvent.Holds its) {
        holds = its;
      }
    }

    @Override
    public Receive<Command> createReceive() {
      return newReceiveBuilder()
          .onMessageEquals(Command.STOP, this::onStop)
          .onMessageEquals(Command.KILL, Behaviors::stopped)
          .onMessageEquals(Command.DRAINED, this::onDrained)
          .onMessageEquals(Command.SINK_STOPPED, this::onSinkStopped)
          .onMessageEquals(Command.SOURCE_STOPPED, Behaviors::stopped)
          .onSignal(ChildFailed.class, this::onFailed)
          .onSignal(Terminated.class, ended -> draining ? this : fail(null))
          .build();
    }

    private Behavior<Command> onFailed(ChildFailed failed) {
      if (failed.getRef().path().name().equals("source") && !dead) {
        sourceFailed(failed.getCause());
      }
      return fail(failed.getCause());
    }

    private Behavior<Command> fail(Throwable cause) {
      if (!dead) {
        world.note("pipeline " + pipelineName + " failed: " + cause);
      }
      return Behaviors.stopped();
    }

    private Behavior<Command> onStop() {
      if (!draining) {
        draining = true;
        source.tell(
            new KafkaSource.Drain(
                getContext().messageAdapter(KafkaSource.Drained.class, d -> Command.DRAINED)));
      }
      return this;
    }

    private Behavior<Command> onDrained() {
      if (!gaveAwayWhileStopping && !asked.open.values().stream().allMatch(Set::isEmpty)) {
        world.fail("drained, but windows are under way: " + asked.open);
      }
      sink.tell(
          new DetectionSink.Stop(
              getContext().messageAdapter(DetectionSink.Stopped.class, s -> Command.SINK_STOPPED)));
      return this;
    }

    private Behavior<Command> onSinkStopped() {
      source.tell(
          new KafkaSource.Stop(
              getContext().messageAdapter(KafkaSource.Stopped.class, s -> Command.SOURCE_STOPPED)));
      return this;
    }
  }

  /** Sees what the classifier is asked, in the order in which it is. */
  private final class Watch
      extends BehaviorInterceptor<GpuClassifier.Command, GpuClassifier.Command> {
    private final Asked its;

    Watch(Asked its) {
      super(GpuClassifier.Command.class);
      this.its = its;
    }

    @Override
    public Behavior<GpuClassifier.Command> aroundReceive(
        TypedActorContext<GpuClassifier.Command> context,
        GpuClassifier.Command message,
        ReceiveTarget<GpuClassifier.Command> target) {
      if (message instanceof GpuClassifier.Score score) {
        MelWindow w = score.window();
        List<Object> window = List.of(w.epoch(), w.index(), w.lastRecordOffset());
        if (!its.windows.computeIfAbsent(score.replyTo(), r -> new HashSet<>()).add(window)) {
          world.fail("asked twice by one stream: " + w.stream() + " window " + w.index());
        }
        its.open.computeIfAbsent(score.replyTo(), r -> new HashSet<>()).add(score.ticket());
      } else if (message instanceof GpuClassifier.Withdraw withdraw) {
        its.windows.remove(withdraw.replyTo());
        Set<Long> open = its.open.remove(withdraw.replyTo());
        if (open != null) {
          open.forEach(t -> its.withdrawn.put(List.of(withdraw.replyTo(), t), its.calls));
        }
      }
      return target.apply(context, message);
    }
  }

  /** A pure function of window and adapter, at a limited rate. */
  private final class SimulatedScorer implements AdapterScorer {
    private final Asked its = asked;

    @Override
    public float[][] score(List<? extends Input> inputs) {
      if (dead) {
        throw new ScorerException("simulated: the process is dead", null);
      }
      its.calls++;
      busy("scorer", world.scoreNanos() * slowness * inputs.size());
      boolean failing =
          inputs.stream().anyMatch(i -> world.unscorable(i.window()))
              || callsSinceFailure > CALLS_AFTER_FAILURE && takeFault("scorer");
      callsSinceFailure = failing ? 0 : callsSinceFailure + 1;
      if (failing) {
        // Will be given up, or be asked again.
        inputs.stream()
            .filter(i -> world.unscorable(i.window()))
            .map(SimulatedClassifier::asked)
            .filter(s -> its.open.containsKey(s.replyTo()))
            .forEach(s -> its.open.get(s.replyTo()).remove(s.ticket()));
        throw new ScorerException("simulated: the device fails", null);
      }
      float[][] posteriors = new float[inputs.size()][];
      for (int i = 0; i < posteriors.length; i++) {
        GpuClassifier.Score score = SimulatedClassifier.asked(inputs.get(i));
        List<Object> asker = List.of(score.replyTo(), score.ticket());
        if (!its.scored.add(asker)) {
          world.fail("scored twice for one asker: " + score.window().stream());
        }
        // The batches that were under way by then, and what had failed before, are scored.
        int latest = its.withdrawn.getOrDefault(asker, its.calls) + BATCHES_UNDER_WAY;
        if (its.calls > latest && callsSinceFailure > CALLS_AFTER_FAILURE) {
          world.fail("scored for nobody: " + score.window().stream());
        }
        Set<Long> open = its.open.get(score.replyTo());
        if (open != null) {
          open.remove(score.ticket());
        }
        world.scoring(score.window());
        posteriors[i] = world.posteriors(score.window(), inputs.get(i).adapter());
      }
      return posteriors;
    }

    @Override
    public String deviceDescription() {
      return "simulated";
    }

    @Override
    public void close() {}
  }

  private final class Clients extends SimulatedClients {
    private final KafkaClients clients;

    Clients(KafkaClients clients) {
      this.clients = clients;
    }

    @Override
    public CompletionStage<Void> ensureTopics() {
      return reachable()
          ? CompletableFuture.completedFuture(null)
          : CompletableFuture.failedFuture(world.unreachable());
    }

    @Override
    public Consumer<byte[], byte[]> member() {
      return clients.member("source", world.ingest(instance).source().membership());
    }

    @Override
    public Consumer<byte[], byte[]> again() {
      return clients.consumer("source-again");
    }

    @Override
    public Map<Integer, PartitionProgress> progress(
        Collection<Integer> partitions, Duration within) {
      world.yield(SimulatedProcess.this);
      checkReachable("progress");
      List<SimulatedBroker.Transaction> open = world.broker().openProgress(partitions);
      world.waitUntil(
          SimulatedProcess.this,
          () -> open.stream().noneMatch(t -> t.state == SimulatedBroker.State.OPEN),
          within.toNanos());
      checkReachable("progress");
      Map<Integer, PartitionProgress> found = new HashMap<>();
      partitions.forEach(p -> found.put(p, world.broker().progress(p)));
      return found;
    }

    @Override
    public void await(CompletableFuture<Void> done, Duration within) throws TimeoutException {
      if (!world.waitUntil(SimulatedProcess.this, done::isDone, within.toNanos())) {
        throw new TimeoutException();
      }
    }
  }

  private final class VirtualClock extends Clock {
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
      return Instant.ofEpochMilli(world.nowMillis());
    }
  }
}
