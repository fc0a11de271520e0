package dev.lookaside.classifier.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.PreRestart;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.lookaside.classifier.infer.AdapterEvent;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.infer.ScorerException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.kafka.KafkaClients;
import dev.lookaside.ingest.kafka.ResourceCloser;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/**
 * Follows the ledger and the adapters, prepares what is or will be in force, and publishes by which
 * plan to score. Lives on a thread of its own and blocks there: in its consumers, and for the
 * window that a new adapter is tried on.
 *
 * <p>No plan is given out before both topics were read to their ends, and each says until which
 * capture time it is good: the lead, less what writing a decision takes, after the moment at which
 * a broker last said that this was still so. A decision that is not known here cannot be in force
 * before. Later windows wait for the next plan, whether no broker answers, this thread is blocked
 * or they were captured ahead of this machine's clock.
 */
public final class AdapterRegistry extends AbstractBehavior<AdapterRegistry.Command> {
  /** Dispatcher to spawn it on. */
  public static final String DISPATCHER = IngestSettings.PINNED_DISPATCHER;

  private static final Duration POLL = Duration.ofMillis(20);
  private static final Duration CONFIRM_EVERY = Duration.ofMillis(500);
  private static final Duration TRY_AGAIN = Duration.ofSeconds(1);

  /** For an answer of the brokers, while nothing else is done here. */
  private static final Duration ASK = Duration.ofSeconds(2);

  public sealed interface Command {}

  /** Something happened in the classifier. */
  public record Happened(AdapterEvent event) implements Command {}

  private enum Turn implements Command {
    INSTANCE
  }

  /** Whom it talks to; called on its own thread. */
  public record Listeners(Consumer<AdapterPlan> plans, Consumer<Ack> acks) {}

  /**
   * What it works with.
   *
   * @param trusted keys at the start; read again while it runs
   * @param configured scores where the ledger has no decision
   */
  public record Parts(
      RegistrySettings settings,
      TrustedKeys trusted,
      IngestSettings ingest,
      Preparation preparation,
      LoadedAdapter configured,
      Clock clock) {}

  private final Parts parts;
  private final Listeners listeners;
  private final TimerScheduler<Command> timers;
  private final RegistryCore core;
  private final AdapterCache cache;
  private final KeyWatch keys;
  private final Reader reader = new Reader();
  private ResourceCloser clients = new ResourceCloser();
  private @Nullable RegistryTopics topics;
  private @Nullable Producer<byte[], byte[]> producer;
  private Instant confirmedAt = Instant.MIN;
  private Instant aliveAt = Instant.MIN;
  private Instant notBefore = Instant.MIN;

  private AdapterRegistry(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Parts parts,
      Listeners listeners) {
    super(context);
    this.parts = parts;
    this.listeners = listeners;
    this.timers = timers;
    RegistrySettings settings = parts.settings();
    this.core = new RegistryCore(settings.worker(), parts.trusted(), parts.configured(), settings);
    this.cache = new AdapterCache(settings.cache());
    this.keys = new KeyWatch(settings::trusted, settings.keysInterval(), parts.trusted(), now());
    context.getSelf().tell(Turn.INSTANCE);
  }

  /** Spawn it on {@link #DISPATCHER}. */
  public static Behavior<Command> create(Parts parts, Listeners listeners) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(timers -> new AdapterRegistry(context, timers, parts, listeners)));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Happened.class, this::onHappened)
        .onMessageEquals(Turn.INSTANCE, this::onTurn)
        .onSignal(PreRestart.class, restarting -> onStopped())
        .onSignal(PostStop.class, stopped -> onStopped())
        .build();
  }

  private Behavior<Command> onHappened(Happened happened) {
    if (happened.event() instanceof AdapterEvent.Wanted wanted) {
      core.want(wanted.decision());
    } else if (happened.event() instanceof AdapterEvent.Applied applied) {
      core.applied(applied.decision(), now());
    }
    return this;
  }

  private Instant now() {
    return parts.clock().instant();
  }

  private Behavior<Command> onTurn() {
    RegistryTopics open = topics;
    if (open == null) {
      open = open();
      if (open == null) {
        timers.startSingleTimer(Turn.INSTANCE, TRY_AGAIN);
        return this;
      }
    }
    open.poll(POLL, reader);
    trust(false);
    confirm(open);
    core.next(now()).ifPresent(task -> prepare(task, topics));
    tell();
    getContext().getSelf().tell(Turn.INSTANCE);
    return this;
  }

  /** Takes note of keys that were added or taken away. */
  private void trust(boolean wanted) {
    keys.look(wanted, now())
        .ifPresent(
            others -> {
              getContext().getLog().info("The trusted keys have changed");
              core.trust(others, now());
            });
  }

  private @Nullable RegistryTopics open() {
    try {
      Topics.ensureRegistry(parts.ingest());
      KafkaClients kafka = parts.ingest().clients().withTimeout(ASK);
      try (ResourceCloser opened = new ResourceCloser()) {
        RegistryTopics reader =
            opened.add(RegistryTopics.open(kafka, parts.ingest().topics().registry(), false));
        producer = opened.add(kafka.producer("acks"));
        clients = opened.keep();
        topics = reader;
        return reader;
      }
    } catch (UnreachableException e) {
      // The source has the same brokers, and says so.
      getContext().getLog().debug("Adapters: {}; retrying", e.getMessage());
      return null;
    }
  }

  private void confirm(RegistryTopics open) {
    Instant before = now();
    if (Duration.between(confirmedAt.equals(Instant.MIN) ? Instant.EPOCH : confirmedAt, before)
            .compareTo(CONFIRM_EVERY)
        < 0) {
      return;
    }
    try {
      if (open.atEnd()) {
        core.seenToEnd(before);
        confirmedAt = before;
      }
    } catch (UnreachableException e) {
      getContext().getLog().debug("Adapters: {}", e.getMessage());
    }
  }

  private void prepare(RegistryCore.Task task, @Nullable RegistryTopics open) {
    Instant start = now();
    if (open == null || start.isBefore(notBefore)) {
      return;
    }
    try {
      LoadedAdapter known = core.loaded(task.shelved().digest());
      if (known != null) {
        took(task.cutover(), parts.preparation().prepare(task.cutover(), known), start, 0);
        return;
      }
      byte[] file = file(task, open);
      if (file != null) {
        Preparation.Result result = parts.preparation().prepare(task.cutover(), file);
        took(task.cutover(), result, start, file.length);
      }
    } catch (ScorerException e) {
      getContext().getLog().warn("Cutover {} cannot be tried now", task.cutover().id(), e);
      notBefore = now().plus(TRY_AGAIN);
    }
  }

  private void took(Cutover cutover, Preparation.Result result, Instant start, long bytes) {
    Instant now = now();
    if (result instanceof Preparation.Loaded loaded) {
      long millis = Duration.between(start, now).toMillis();
      core.prepared(cutover, loaded.adapter(), millis, bytes, now);
    } else if (result instanceof Preparation.Refused refused) {
      core.refused(cutover, refused.refusal(), now);
    }
  }

  /** The file from disk or topic; null if there is none now, which has been dealt with. */
  private byte @Nullable [] file(RegistryCore.Task task, RegistryTopics open) {
    String digest = task.shelved().digest();
    byte[] kept = cache.get(digest);
    if (kept != null) {
      return kept;
    }
    RegistrySettings s = parts.settings();
    RegistryTopics.Fetched fetched;
    try {
      fetched = open.fetch(task.shelved(), s.maxBytes(), s.fetchTimeout()).orElse(null);
    } catch (UnreachableException e) {
      getContext().getLog().warn("Adapter {}: {}; retrying", digest, e.getMessage());
      fetched = null;
    }
    if (fetched == null) {
      notBefore = now().plus(TRY_AGAIN);
      return null;
    }
    if (fetched.refusal().isPresent()) {
      core.refused(task.cutover(), fetched.refusal().get(), now());
      return null;
    }
    cache.put(digest, fetched.file());
    return fetched.file();
  }

  private void tell() {
    Instant now = now();
    Optional<AdapterPlan> plan = core.plan();
    plan.ifPresent(listeners.plans());
    for (Ack ack : core.takeAcks()) {
      if (ack.state() == Ack.State.REFUSED) {
        getContext().getLog().warn("Cutover {} rejected: {}", ack.cutover(), ack.reason());
      }
      listeners.acks().accept(ack);
      send(ack);
    }
    if (core.current(now) && !now.isBefore(aliveAt)) {
      aliveAt = now.plus(parts.settings().aliveInterval());
      send(Ack.alive(parts.settings().worker(), now, core.loadedDigests()));
    }
  }

  private void send(Ack ack) {
    Producer<byte[], byte[]> open = producer;
    if (open == null) {
      return;
    }
    try {
      open.send(ack.record(parts.ingest().topics().registry().acks().name()));
    } catch (KafkaException e) {
      getContext().getLog().warn("Ack not sent: {}", e.getMessage());
    }
  }

  private Behavior<Command> onStopped() {
    send(Ack.stopped(parts.settings().worker(), now()));
    clients.close();
    return this;
  }

  private final class Reader implements RegistryTopics.Reader {
    @Override
    public void cutover(ConsumerRecord<byte[], byte[]> record) {
      try {
        SignedCutover signed = CutoverCodec.decode(record);
        if (core.wantsKey(signed)) {
          trust(true);
        }
        core.read(signed, now());
      } catch (RegistryException e) {
        String key = record.key() == null ? "" : new String(record.key(), UTF_8);
        core.unreadable(key, String.valueOf(e.getMessage()), now());
      }
    }

    @Override
    public void slice(Slice slice, ConsumerRecord<byte[], byte[]> record) {
      core.read(slice, record.offset(), Instant.ofEpochMilli(record.timestamp()));
    }
  }
}
