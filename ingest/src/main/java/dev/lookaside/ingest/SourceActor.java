package dev.lookaside.ingest;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.lookaside.ingest.KafkaSource.Command;
import dev.lookaside.ingest.KafkaSource.ConnectDue;
import dev.lookaside.ingest.KafkaSource.Credit;
import dev.lookaside.ingest.KafkaSource.Event;
import dev.lookaside.ingest.KafkaSource.Failed;
import dev.lookaside.ingest.KafkaSource.LettersAnswered;
import dev.lookaside.ingest.KafkaSource.PollDue;
import dev.lookaside.ingest.KafkaSource.Reject;
import dev.lookaside.ingest.KafkaSource.Settled;
import dev.lookaside.ingest.KafkaSource.Stop;
import dev.lookaside.ingest.KafkaSource.Stopped;
import dev.lookaside.ingest.KafkaSource.TickDue;
import dev.lookaside.ingest.KafkaSource.TopicsChecked;
import dev.lookaside.ingest.KafkaSource.Unreachable;
import dev.lookaside.ingest.kafka.BrokerException;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.time.Duration;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The actor behind {@link KafkaSource}: connects, polls by messages to itself, reports silence. */
final class SourceActor extends AbstractBehavior<Command> {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaSource.class);

  private final TimerScheduler<Command> timers;
  private final ActorRef<Event> listener;
  private final IngestSettings settings;
  private final SourceClients clients;
  private final LongSupplier clockMillis;
  private final Reachability reachability;
  private @Nullable SourceLink link;
  private boolean pollQueued;

  static Behavior<Command> create(
      IngestSettings settings,
      ActorRef<Event> listener,
      SourceClients clients,
      LongSupplier clockMillis) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    new SourceActor(context, timers, settings, listener, clients, clockMillis)));
  }

  private SourceActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      IngestSettings settings,
      ActorRef<Event> listener,
      SourceClients clients,
      LongSupplier clockMillis) {
    super(context);
    this.timers = timers;
    this.settings = settings;
    this.listener = listener;
    this.clients = clients;
    this.clockMillis = clockMillis;
    SourceSettings source = settings.source();
    this.reachability =
        new Reachability(
            source.unreachableAfterMillis(),
            source.reportIntervalMillis(),
            clockMillis.getAsLong());
    timers.startTimerWithFixedDelay(
        TickDue.INSTANCE, Duration.ofMillis(source.commitIntervalMillis()));
    context.getSelf().tell(ConnectDue.INSTANCE);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Credit.class, m -> with(l -> l.credit(m)))
        .onMessage(Settled.class, m -> with(l -> l.settled(m)))
        .onMessage(Reject.class, m -> with(l -> l.reject(m)))
        .onMessage(Stop.class, this::onStop)
        .onMessageEquals(ConnectDue.INSTANCE, this::onConnectDue)
        .onMessage(TopicsChecked.class, this::onTopicsChecked)
        .onMessageEquals(PollDue.INSTANCE, this::onPollDue)
        .onMessageEquals(TickDue.INSTANCE, this::onTickDue)
        .onMessageEquals(LettersAnswered.INSTANCE, () -> with(SourceLink::drainLetters))
        .onSignal(PostStop.class, s -> onPostStop())
        .build();
  }

  private Behavior<Command> onConnectDue() {
    getContext()
        .pipeToSelf(clients.ensureTopics(), (done, fault) -> new TopicsChecked(unwrapped(fault)));
    return this;
  }

  private Behavior<Command> onTopicsChecked(TopicsChecked checked) {
    Throwable fault = checked.fault();
    if (fault instanceof UnreachableException) {
      return tryLater(fault);
    }
    if (fault != null) {
      return fail(Objects.requireNonNullElse(fault.getMessage(), fault.toString()));
    }
    try {
      link = open();
    } catch (KafkaException e) {
      BrokerException meant = BrokerException.cannotOpen(settings.servers(), e);
      return meant instanceof UnreachableException
          ? tryLater(meant)
          : fail(String.valueOf(meant.getMessage()));
    }
    reachability.heard(clockMillis.getAsLong());
    queuePoll();
    return this;
  }

  private static @Nullable Throwable unwrapped(@Nullable Throwable fault) {
    return fault instanceof CompletionException ? fault.getCause() : fault;
  }

  private Behavior<Command> tryLater(Throwable fault) {
    report(fault.getMessage(), reachability.failed(clockMillis.getAsLong()));
    timers.startSingleTimer(
        ConnectDue.INSTANCE, Duration.ofMillis(settings.source().reportIntervalMillis()));
    return this;
  }

  private SourceLink open() {
    ActorRef<Command> self = getContext().getSelf();
    SourceSettings source = settings.source();
    var consumer = clients.consumer();
    try {
      DeadLetters letters =
          new DeadLetters(
              clients.letterProducer(),
              settings.topics().deadLetters().name(),
              source.maxLetters(),
              source.creditBytes(),
              () -> self.tell(LettersAnswered.INSTANCE));
      SourceLink opened =
          new SourceLink(consumer, letters, source, settings.codec(), listener::tell);
      opened.subscribe(settings.topics().chunks().name());
      return opened;
    } catch (KafkaException e) {
      consumer.close(CloseOptions.timeout(Duration.ZERO));
      throw e;
    }
  }

  private Behavior<Command> onPollDue() {
    pollQueued = false;
    return with(SourceLink::poll);
  }

  private Behavior<Command> onTickDue() {
    return with(
        l -> {
          see(l);
          l.retryLetters();
          if (!reachability.away()) {
            l.commit();
          }
        });
  }

  private void see(SourceLink l) {
    long now = clockMillis.getAsLong();
    if (reachability.bytesIn(l.bytesIn(), now)) {
      LOG.info("Brokers at {} answer again", settings.servers());
    }
    OptionalLong silence = reachability.due(now);
    if (silence.isPresent()) {
      report("no broker answers", silence.getAsLong());
    }
  }

  private void report(@Nullable String what, long forMillis) {
    LOG.warn("{}, for {} ms now, trying on", what, forMillis);
    listener.tell(new Unreachable(settings.servers(), forMillis));
  }

  private Behavior<Command> onStop(Stop stop) {
    close();
    stop.replyTo().tell(Stopped.INSTANCE);
    return Behaviors.stopped();
  }

  private Behavior<Command> onPostStop() {
    close();
    return this;
  }

  /** Does {@code work} with the link if there is one, and sees to it that polling goes on. */
  private Behavior<Command> with(Consumer<SourceLink> work) {
    SourceLink open = link;
    if (open == null) {
      return this;
    }
    try {
      work.accept(open);
    } catch (RetriableException e) {
      LOG.debug("Kafka says to try again", e);
    } catch (KafkaException e) {
      return fail(Clients.rootMessage(e));
    } catch (IngestException e) {
      return fail(String.valueOf(e.getMessage()));
    }
    goOn(open);
    return this;
  }

  /** Polls at once if that can bring records, else soon, which keeps us in the group. */
  private void goOn(SourceLink open) {
    if (open.readable()) {
      queuePoll();
    } else if (!pollQueued && !timers.isTimerActive(PollDue.INSTANCE)) {
      timers.startSingleTimer(PollDue.INSTANCE, Duration.ofMillis(settings.source().pollMillis()));
    }
  }

  private void queuePoll() {
    if (!pollQueued) {
      timers.cancel(PollDue.INSTANCE);
      pollQueued = true;
      getContext().getSelf().tell(PollDue.INSTANCE);
    }
  }

  private Behavior<Command> fail(String reason) {
    LOG.error("Source stops: {}", reason);
    close();
    listener.tell(new Failed(reason));
    return Behaviors.stopped();
  }

  private void close() {
    SourceLink open = link;
    link = null;
    if (open != null) {
      boolean hurry = reachability.away();
      open.close(Duration.ofMillis(hurry ? 0 : settings.source().stopTimeoutMillis()));
    }
  }
}
