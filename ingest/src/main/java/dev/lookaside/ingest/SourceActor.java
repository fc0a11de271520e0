package dev.lookaside.ingest;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.PostStop;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.lookaside.ingest.KafkaSource.Command;
import dev.lookaside.ingest.KafkaSource.ConnectDue;
import dev.lookaside.ingest.KafkaSource.Event;
import dev.lookaside.ingest.KafkaSource.PollDue;
import dev.lookaside.ingest.KafkaSource.TickDue;
import dev.lookaside.ingest.KafkaSource.TopicsChecked;
import dev.lookaside.ingest.kafka.BrokerException;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The actor behind {@link KafkaSource}: owns the consumers and does what {@link SourceCore}
 * decides. Polls by messages to itself.
 */
final class SourceActor extends AbstractBehavior<Command> implements ConsumerRebalanceListener {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaSource.class);

  /** Unique within the process, whatever sources come and go. */
  private static final AtomicLong ASSIGNMENTS = new AtomicLong();

  /** A worker that died may leave a transaction open for as long as the brokers allow it. */
  private static final Duration PROGRESS_TIMEOUT = Duration.ofSeconds(60);

  /**
   * 2 to 4 MiB of memory in each partition. Six times as many as records of 100 ms (16 kHz, 16
   * bits) that {@link SourceSettings#readAheadBytes} holds.
   */
  private static final int READ_AHEAD_RECORDS = 1 << 17;

  private final TimerScheduler<Command> timers;
  private final KafkaSource.StreamFactory streams;
  private final ActorRef<SinkMessage> sink;
  private final ActorRef<Event> observer;
  private final IngestSettings settings;
  private final String topic;
  private final SourceClients clients;
  private final LongSupplier clockMillis;
  private final Reachability reachability;
  private final SourceCore core;
  private @Nullable Consumer<byte[], byte[]> live;
  private @Nullable Consumer<byte[], byte[]> again;
  private final Set<TopicPartition> readAgain = new HashSet<>();
  private @Nullable ActorRef<KafkaSource.Drained> drainTo;
  private @Nullable ConsumerGroupMetadata group;
  private boolean pollQueued;
  private boolean closing;

  /** The group is asked to rebalance once this member is in it. */
  private boolean asksForRebalance;

  private long waitsSinceMillis = -1;
  private long opened;

  static Behavior<Command> create(
      IngestSettings settings,
      Duration idle,
      KafkaSource.StreamFactory streams,
      ActorRef<SinkMessage> sink,
      ActorRef<Event> observer,
      SourceClients clients,
      LongSupplier clockMillis) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    new SourceActor(
                        context,
                        timers,
                        settings,
                        idle,
                        streams,
                        sink,
                        observer,
                        clients,
                        clockMillis)));
  }

  private SourceActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      IngestSettings settings,
      Duration idle,
      KafkaSource.StreamFactory streams,
      ActorRef<SinkMessage> sink,
      ActorRef<Event> observer,
      SourceClients clients,
      LongSupplier clockMillis) {
    super(context);
    this.timers = timers;
    this.settings = settings;
    this.topic = settings.topics().chunks().name();
    this.streams = streams;
    this.sink = sink;
    this.observer = observer;
    this.clients = clients;
    this.clockMillis = clockMillis;
    SourceSettings source = settings.source();
    this.reachability =
        new Reachability(
            source.unreachableAfterMillis(),
            source.reportIntervalMillis(),
            clockMillis.getAsLong());
    this.core =
        new SourceCore(
            settings.codec(),
            new PartitionFeed.Limits(
                source.creditRecords(),
                source.creditBytes(),
                idle.toMillis(),
                source.readAheadBytes(),
                READ_AHEAD_RECORDS),
            source.maxBytesUnderWay(),
            new Effects());
    timers.startTimerWithFixedDelay(
        TickDue.INSTANCE, Duration.ofMillis(source.commitIntervalMillis()));
    context.getSelf().tell(ConnectDue.INSTANCE);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(KafkaSource.Credit.class, m -> with(() -> core.credit(m)))
        .onMessage(KafkaSource.Rewind.class, m -> with(() -> core.rewind(m)))
        .onMessage(KafkaSource.Settled.class, m -> with(() -> core.settled(m)))
        .onMessage(KafkaSource.WritesStalled.class, m -> with(() -> core.stalled(m.stalled())))
        .onMessage(KafkaSource.StreamDrained.class, this::onStreamDrained)
        .onMessage(KafkaSource.Drain.class, this::onDrain)
        .onMessage(KafkaSource.Stop.class, this::onStop)
        .onMessageEquals(ConnectDue.INSTANCE, this::onConnectDue)
        .onMessage(TopicsChecked.class, this::onTopicsChecked)
        .onMessageEquals(PollDue.INSTANCE, this::onPollDue)
        .onMessageEquals(TickDue.INSTANCE, this::onTickDue)
        // ChildFailed is a Terminated: the narrower one first.
        .onSignal(ChildFailed.class, this::onStreamFailed)
        .onSignal(Terminated.class, s -> this)
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
      return connectLater();
    }
    if (fault != null) {
      return fail(Objects.requireNonNullElse(fault.getMessage(), fault.toString()));
    }
    try {
      Consumer<byte[], byte[]> member = clients.member();
      live = member;
      asksForRebalance =
          !instance().isEmpty() && settings.clients().cooperative(settings.source().membership());
      member.subscribe(List.of(topic), this);
    } catch (UnreachableException e) {
      return connectLater();
    } catch (BrokerException e) {
      return fail(String.valueOf(e.getMessage()));
    }
    reachability.answered(clockMillis.getAsLong());
    queuePoll();
    return this;
  }

  private static @Nullable Throwable unwrapped(@Nullable Throwable fault) {
    return fault instanceof CompletionException ? fault.getCause() : fault;
  }

  private Behavior<Command> connectLater() {
    report(reachability.failed(clockMillis.getAsLong()));
    timers.startSingleTimer(
        ConnectDue.INSTANCE, Duration.ofMillis(settings.source().reportIntervalMillis()));
    return this;
  }

  private Behavior<Command> onPollDue() {
    pollQueued = false;
    return with(
        () -> {
          Consumer<byte[], byte[]> member = live;
          if (member != null) {
            boolean any = pollLive(member);
            askForRebalance(member);
            tellGroup(member);
            pollAgain(member, any);
          }
        });
  }

  /** One poll; true if it brought records. */
  private boolean pollLive(Consumer<byte[], byte[]> member) {
    boolean busyElsewhere = !readAgain.isEmpty() && !core.held();
    long waitMillis = readable(member) && !busyElsewhere ? settings.source().pollMillis() : 0;
    boolean any = false;
    try {
      for (ConsumerRecord<byte[], byte[]> record : member.poll(Duration.ofMillis(waitMillis))) {
        core.live(record);
        any = true;
      }
    } catch (OffsetOutOfRangeException e) {
      e.offsetOutOfRangePartitions().forEach((p, at) -> outOfRange(member, p, at));
    }
    return any;
  }

  /**
   * A static member is given what the one before it had at the end of a rebalance, and brokers
   * begin no other. If that one crashed before it gave away what was to leave it, nobody would have
   * those partitions until the group changes again. Asking is cheap: where all is distributed,
   * nothing moves.
   */
  private void askForRebalance(Consumer<byte[], byte[]> member) {
    if (asksForRebalance && member.groupMetadata().generationId() >= 0) {
      asksForRebalance = false;
      member.enforceRebalance("a static member began again");
    }
  }

  /**
   * Every change of the group makes its metadata new, also where no partition moves, and brokers
   * take no transaction with the old one.
   */
  private void tellGroup(Consumer<byte[], byte[]> member) {
    if (settings.source().exactlyOnce() && !core.feeds().isEmpty()) {
      ConsumerGroupMetadata now = member.groupMetadata();
      if (!now.equals(group)) {
        group = now;
        sink.tell(new SinkMessage.Positions(Map.of(), now));
      }
    }
  }

  /** The log does not hold the next record: it was deleted, or the topic was made anew. */
  private void outOfRange(Consumer<byte[], byte[]> member, TopicPartition partition, long at) {
    Duration wait = Duration.ofMillis(settings.source().unreachableAfterMillis());
    long begin = of(member.beginningOffsets(Set.of(partition), wait), partition);
    long end = of(member.endOffsets(Set.of(partition), wait), partition);
    if (at < begin) {
      LOG.warn(
          "Records {} to {} of {} were deleted before they were read; streams account them as gaps",
          at,
          begin - 1,
          partition);
      core.deleted(partition.partition(), at, begin);
      member.seek(partition, begin);
    } else if (at > end) {
      LOG.warn("{} ends at {}, before {}: the topic was made anew", partition, end, at);
      List<StreamId> known = core.streamsWithProgress(partition.partition());
      drop(Set.of(partition));
      begin(Map.of(partition, begin), Map.of(), Map.of());
      forget(partition, known);
      member.seek(partition, begin);
    }
  }

  /** Progress in a topic that is no more would make streams skip records of the new one. */
  private void forget(TopicPartition partition, Collection<StreamId> known) {
    for (Assignment assignment : core.assignments(Set.of(partition.partition()))) {
      known.forEach(stream -> sink.tell(new SinkMessage.Forget(assignment, stream)));
    }
  }

  /** Reads again for streams that were parked, one poll. */
  private void pollAgain(Consumer<byte[], byte[]> member, boolean liveIsBusy) {
    if (core.held()) {
      return;
    }
    Map<Integer, Long> starts = core.startAgain();
    if (starts.isEmpty() && readAgain.isEmpty()) {
      return;
    }
    Consumer<byte[], byte[]> consumer = again;
    if (consumer == null) {
      consumer = clients.again();
      again = consumer;
    }
    if (!starts.isEmpty()) {
      starts.keySet().forEach(p -> readAgain.add(new TopicPartition(topic, p)));
      consumer.assign(readAgain);
      for (Map.Entry<Integer, Long> start : starts.entrySet()) {
        consumer.seek(new TopicPartition(topic, start.getKey()), start.getValue());
      }
    }
    try {
      long waitMillis = liveIsBusy ? 0 : settings.source().pollMillis();
      ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(waitMillis));
      for (TopicPartition partition : records.partitions()) {
        for (ConsumerRecord<byte[], byte[]> record : records.records(partition)) {
          if (!core.again(record)) {
            break;
          }
        }
      }
      for (PartitionFeed feed : core.feeds()) {
        TopicPartition p = new TopicPartition(topic, feed.assignment().partition());
        if (readAgain.contains(p) && feed.readingAgain()) {
          feed.againAt(consumer.position(p, Duration.ofSeconds(1)));
        }
      }
    } catch (OffsetOutOfRangeException e) {
      againOutOfRange(member, consumer, e);
    }
    if (readAgain.removeIf(p -> !core.readingAgain(p.partition()))) {
      consumer.assign(readAgain);
    }
  }

  private void againOutOfRange(
      Consumer<byte[], byte[]> member,
      Consumer<byte[], byte[]> consumer,
      OffsetOutOfRangeException e) {
    Duration wait = Duration.ofMillis(settings.source().unreachableAfterMillis());
    for (Map.Entry<TopicPartition, Long> at : e.offsetOutOfRangePartitions().entrySet()) {
      TopicPartition partition = at.getKey();
      long begin = of(consumer.beginningOffsets(Set.of(partition), wait), partition);
      if (at.getValue() >= begin) {
        outOfRange(member, partition, at.getValue());
        continue;
      }
      LOG.warn(
          "Records {} to {} of {} were deleted before parked streams were given them; these account"
              + " them as gaps",
          at.getValue(),
          begin - 1,
          partition);
      core.againDeleted(partition.partition(), at.getValue(), begin);
      consumer.seek(partition, begin);
    }
  }

  /** True if polling can bring something: a partition is not paused, or none is assigned yet. */
  private boolean readable(Consumer<byte[], byte[]> member) {
    return core.feeds().isEmpty() || member.paused().size() < core.feeds().size();
  }

  private void steer() {
    Consumer<byte[], byte[]> member = live;
    if (member == null) {
      return;
    }
    Set<TopicPartition> want = new HashSet<>();
    core.paused().forEach(p -> want.add(new TopicPartition(topic, p)));
    Set<TopicPartition> pausedNow = member.paused();
    Set<TopicPartition> pause = new HashSet<>(want);
    pause.removeAll(pausedNow);
    Set<TopicPartition> resume = new HashSet<>(pausedNow);
    resume.removeAll(want);
    if (!pause.isEmpty()) {
      member.pause(pause);
    }
    if (!resume.isEmpty()) {
      member.resume(resume);
    }
  }

  private Behavior<Command> onTickDue() {
    return with(
        () -> {
          Consumer<byte[], byte[]> member = live;
          if (member == null) {
            return;
          }
          see(member);
          core.report();
          Map<Assignment, Long> positions = core.newPositions();
          if (!positions.isEmpty()) {
            commit(member, positions);
          }
        });
  }

  private void commit(Consumer<byte[], byte[]> member, Map<Assignment, Long> positions) {
    if (settings.source().exactlyOnce()) {
      ConsumerGroupMetadata now = member.groupMetadata();
      group = now;
      sink.tell(new SinkMessage.Positions(positions, now));
    } else {
      member.commitAsync(
          offsets(positions),
          (offsets, e) -> {
            if (e != null) {
              LOG.debug("Commit of {} failed; a later one repeats it", offsets, e);
              core.notCommitted();
            }
          });
    }
  }

  private Map<TopicPartition, OffsetAndMetadata> offsets(Map<Assignment, Long> positions) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    positions.forEach(
        (assignment, at) ->
            offsets.put(
                new TopicPartition(topic, assignment.partition()), new OffsetAndMetadata(at)));
    return offsets;
  }

  private void see(Consumer<byte[], byte[]> member) {
    long now = clockMillis.getAsLong();
    if (reachability.bytesIn(bytesIn(member), now)) {
      observer.tell(new KafkaSource.Reachable(settings.servers()));
    }
    OptionalLong silence = reachability.due(now);
    if (silence.isPresent()) {
      report(silence.getAsLong());
    }
  }

  /** Bytes received from brokers so far, negative if the consumer does not say. */
  private static double bytesIn(Consumer<byte[], byte[]> member) {
    return member.metrics().entrySet().stream()
        .filter(m -> m.getKey().name().equals("incoming-byte-total"))
        .filter(m -> m.getKey().tags().keySet().equals(Set.of("client-id")))
        .map(m -> m.getValue().metricValue())
        .filter(Double.class::isInstance)
        .mapToDouble(Double.class::cast)
        .findFirst()
        .orElse(-1);
  }

  private void report(long forMillis) {
    observer.tell(new KafkaSource.Unreachable(settings.servers(), forMillis));
  }

  private Behavior<Command> onDrain(KafkaSource.Drain drain) {
    drainTo = drain.replyTo();
    return with(() -> core.drain(getContext().getSelf()));
  }

  private Behavior<Command> onStreamDrained(KafkaSource.StreamDrained drained) {
    return with(
        () -> {
          core.drained(drained);
        });
  }

  private void answerDrained() {
    ActorRef<KafkaSource.Drained> to = drainTo;
    if (to != null && core.allDrained()) {
      drainTo = null;
      to.tell(KafkaSource.Drained.INSTANCE);
    }
  }

  /** Streams mend their own failures; what stops one all the same is a fault of the process. */
  private Behavior<Command> onStreamFailed(ChildFailed failed) {
    return fail("a stream's actor failed: " + failed.getCause());
  }

  private Behavior<Command> onStop(KafkaSource.Stop stop) {
    close();
    stop.replyTo().tell(KafkaSource.Stopped.INSTANCE);
    return Behaviors.stopped();
  }

  private Behavior<Command> onPostStop() {
    close();
    return this;
  }

  /** Does {@code work}, and sees to it that polling goes on. */
  private Behavior<Command> with(Runnable work) {
    try {
      work.run();
      steer();
    } catch (RetriableException e) {
      LOG.debug("Kafka asks for a retry", e);
    } catch (UnreleasedInstanceIdException e) {
      waitForPlace();
    } catch (FencedInstanceIdException e) {
      return fail(new KafkaSource.SupersededException(settings.source().group(), instance()));
    } catch (KafkaException e) {
      // What a rebalance callback throws comes out of the poll as the cause of another exception.
      return fail(
          e.getCause() instanceof IngestException its
              ? String.valueOf(its.getMessage())
              : Clients.rootMessage(e));
    } catch (IngestException | BrokerException e) {
      return fail(String.valueOf(e.getMessage()));
    }
    Consumer<byte[], byte[]> member = live;
    if (member != null) {
      goOn(member);
    }
    // A stream that is closed meanwhile does not answer any more.
    answerDrained();
    return this;
  }

  /** Polls at once if that can bring records, else soon, which keeps us in the group. */
  private void goOn(Consumer<byte[], byte[]> member) {
    if (readable(member) || !readAgain.isEmpty() && !core.held()) {
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

  /**
   * The group has a member of our static name. By the newer protocol brokers take no other until
   * that one has left or its session is over, also where it was this worker before a crash.
   */
  private void waitForPlace() {
    Consumer<byte[], byte[]> member = Objects.requireNonNull(live, "live");
    Set<TopicPartition> had = new HashSet<>();
    core.feeds().forEach(f -> had.add(new TopicPartition(topic, f.assignment().partition())));
    onPartitionsLost(had);
    live = null;
    closeQuietly(member, Duration.ZERO);
    long now = clockMillis.getAsLong();
    waitsSinceMillis = waitsSinceMillis < 0 ? now : waitsSinceMillis;
    observer.tell(
        new KafkaSource.StaticMemberInUse(
            settings.source().group(), instance(), now - waitsSinceMillis));
    timers.startSingleTimer(
        ConnectDue.INSTANCE, Duration.ofMillis(settings.source().reportIntervalMillis()));
  }

  private String instance() {
    return settings.source().membership().instance().orElse("");
  }

  /** A fault that does not pass ends the actor, with the reason. */
  private Behavior<Command> fail(String reason) {
    return fail(new IngestException(reason));
  }

  private Behavior<Command> fail(IngestException fault) {
    LOG.error("Source stops: {}", fault.getMessage());
    close();
    throw fault;
  }

  /** Commits what is settled, leaves the group and closes. Does nothing the second time. */
  private void close() {
    Consumer<byte[], byte[]> member = live;
    live = null;
    closing = true;
    Duration timeout =
        Duration.ofMillis(reachability.away() ? 0 : settings.source().stopTimeoutMillis());
    if (member != null) {
      try {
        // All: whether the last commit of each was taken is not known.
        Map<Assignment, Long> positions = core.movedPositions();
        if (!positions.isEmpty() && !timeout.isZero()) {
          // Behind the durable progress, so it needs no transaction.
          member.commitSync(offsets(positions), timeout);
        }
      } catch (KafkaException e) {
        LOG.warn("Last commit failed, records will be read again: {}", e.getMessage());
      }
      closeQuietly(member, timeout);
    }
    Consumer<byte[], byte[]> second = again;
    again = null;
    if (second != null) {
      closeQuietly(second, Duration.ZERO);
    }
  }

  private static void closeQuietly(Consumer<byte[], byte[]> consumer, Duration timeout) {
    try {
      consumer.close(CloseOptions.timeout(timeout));
    } catch (KafkaException e) {
      LOG.warn("Closing a consumer: {}", e.getMessage());
    }
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    Consumer<byte[], byte[]> member = live;
    if (partitions.isEmpty() || member == null) {
      return;
    }
    try {
      assigned(member, partitions);
    } catch (KafkaException | IngestException | BrokerException e) {
      // Also where a retry is asked for: by the classic protocol the partitions are ours already,
      // and nothing would be read of them.
      throw new IngestException(
          "partitions %s: where to go on cannot be read (%s)"
              .formatted(partitions, Clients.rootMessage(e)),
          e);
    }
  }

  private void assigned(Consumer<byte[], byte[]> member, Collection<TopicPartition> partitions) {
    Duration wait = Duration.ofMillis(settings.source().unreachableAfterMillis());
    // In this order: a transaction of whoever had them before holds the first call back until it
    // is settled, so the second one sees what it wrote.
    Map<TopicPartition, OffsetAndMetadata> committed =
        member.committed(Set.copyOf(partitions), PROGRESS_TIMEOUT);
    Map<Integer, PartitionProgress> found =
        clients.progress(
            partitions.stream().map(TopicPartition::partition).toList(), PROGRESS_TIMEOUT);
    Map<Integer, PartitionProgress> progress = new HashMap<>();
    Map<TopicPartition, Long> begins = member.beginningOffsets(partitions, wait);
    Map<TopicPartition, Long> ends = member.endOffsets(partitions, wait);
    Map<TopicPartition, Long> starts = new HashMap<>();
    Map<TopicPartition, ResumePoints> points = new HashMap<>();
    Map<TopicPartition, Long> deletedFrom = new HashMap<>();
    Map<TopicPartition, Set<StreamId>> stale = new HashMap<>();
    for (TopicPartition p : partitions) {
      OffsetAndMetadata at = committed.get(p);
      long begin = of(begins, p);
      long end = of(ends, p);
      PartitionProgress its = found.getOrDefault(p.partition(), PartitionProgress.NONE);
      Map<StreamId, StreamProgress> known = new HashMap<>(its.streams());
      long lettersThrough = its.lettersThrough() < end ? its.lettersThrough() : -1;
      boolean anew = false;
      if (at != null && at.offset() > end) {
        anew = true;
        LOG.warn("{} ends at {}, before {}: the topic was made anew", p, end, at.offset());
        known.clear();
        lettersThrough = -1;
      }
      // Progress beyond the end is of another topic of that name.
      known.values().removeIf(one -> one.throughOffset() >= end);
      if (at == null && !known.isEmpty()) {
        // Offsets are deleted with their topic, or expire. An append time tells which it was.
        OffsetAndTimestamp oldest = member.offsetsForTimes(Map.of(p, 0L), wait).get(p);
        known
            .values()
            .removeIf(
                one ->
                    oldest != null
                        && one.throughOffset() >= oldest.offset()
                        && one.logTimeMillis() < oldest.timestamp());
        lettersThrough = known.isEmpty() ? -1 : lettersThrough;
      }
      stale.put(p, without(its.streams().keySet(), known.keySet()));
      progress.put(p.partition(), new PartitionProgress(known, lettersThrough));
      if (at == null || anew) {
        // Streams that are known are given nothing twice; others may have records before theirs.
        long from =
            settings.source().startsAtEnd() && at == null
                ? known.values().stream().mapToLong(StreamProgress::resumeOffset).min().orElse(end)
                : begin;
        if (from < begin) {
          deletedFrom.put(p, from);
        }
        starts.put(p, Math.max(begin, from));
      } else {
        if (at.offset() < begin) {
          deletedFrom.put(p, at.offset());
        }
        starts.put(p, Math.max(begin, at.offset()));
        points.put(p, oldPoints(at));
      }
    }
    begin(starts, progress, points);
    stale.forEach(this::forget);
    starts.forEach(member::seek);
    for (Map.Entry<TopicPartition, Long> gap : deletedFrom.entrySet()) {
      long begin = of(starts, gap.getKey());
      LOG.warn(
          "Records {} to {} of {} were deleted before they were read; streams account them as gaps",
          gap.getValue(),
          begin - 1,
          gap.getKey());
      core.deleted(gap.getKey().partition(), gap.getValue(), begin);
    }
  }

  private void begin(
      Map<TopicPartition, Long> starts,
      Map<Integer, PartitionProgress> progress,
      Map<TopicPartition, ResumePoints> points) {
    Consumer<byte[], byte[]> member = Objects.requireNonNull(live, "live");
    Map<Assignment, Long> begun = new HashMap<>();
    Map<TopicPartition, Assignment> assignments = new HashMap<>();
    for (Map.Entry<TopicPartition, Long> start : starts.entrySet()) {
      Assignment assignment =
          new Assignment(start.getKey().partition(), ASSIGNMENTS.getAndIncrement());
      assignments.put(start.getKey(), assignment);
      begun.put(assignment, start.getValue());
    }
    LOG.info("Assigned {}", starts.keySet());
    waitsSinceMillis = -1;
    ConsumerGroupMetadata now = member.groupMetadata();
    group = now;
    // First the sink: what streams publish is dropped for an assignment that it does not know.
    sink.tell(new SinkMessage.Begin(begun, now, getContext().getSelf()));
    observer.tell(new KafkaSource.Assigned(begun.keySet()));
    assignments.forEach(
        (p, assignment) ->
            core.assigned(
                assignment,
                of(starts, p),
                progress.getOrDefault(p.partition(), PartitionProgress.NONE),
                points.getOrDefault(p, new ResumePoints())));
  }

  private static Set<StreamId> without(Set<StreamId> all, Set<StreamId> some) {
    Set<StreamId> rest = new HashSet<>(all);
    rest.removeAll(some);
    return rest;
  }

  private static long of(Map<TopicPartition, Long> offsets, TopicPartition partition) {
    return Objects.requireNonNull(offsets.get(partition), "offset of " + partition);
  }

  private static ResumePoints oldPoints(OffsetAndMetadata at) {
    try {
      return ResumePoints.read(at.offset(), at.metadata());
    } catch (IngestException e) {
      LOG.warn("Resume points of an earlier version are ignored: {}", e.getMessage());
      return new ResumePoints();
    }
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    Set<Assignment> leaving =
        core.assignments(partitions.stream().map(TopicPartition::partition).toList());
    Consumer<byte[], byte[]> member = live;
    if (!leaving.isEmpty() && !closing && member != null) {
      release(member, leaving);
      if (!settings.source().exactlyOnce()) {
        commitLeaving(member, leaving);
      }
    }
    drop(partitions);
  }

  /** Waits, a bounded time, until what the sink has of them is durable. */
  private void release(Consumer<byte[], byte[]> member, Set<Assignment> leaving) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    // By the classic protocol the group has a new generation already: the old one's are not taken.
    tellGroup(member);
    sink.tell(new SinkMessage.Release(leaving, done));
    try {
      clients.await(done, Duration.ofMillis(settings.source().stopTimeoutMillis()));
    } catch (TimeoutException e) {
      done.cancel(false);
      LOG.warn("Results of {} were not written before they left; they are scored again", leaving);
    } catch (ExecutionException e) {
      LOG.warn("Results of {} were not written before they left", leaving, e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void commitLeaving(Consumer<byte[], byte[]> member, Set<Assignment> leaving) {
    try {
      member.commitSync(
          offsets(core.positions(leaving)),
          Duration.ofMillis(settings.source().stopTimeoutMillis()));
    } catch (KafkaException e) {
      LOG.warn("Last commit failed, records will be read again: {}", e.getMessage());
    }
  }

  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    sink.tell(
        new SinkMessage.Lost(
            core.assignments(partitions.stream().map(TopicPartition::partition).toList())));
    drop(partitions);
  }

  private void drop(Collection<TopicPartition> partitions) {
    Set<Assignment> gone =
        core.assignments(partitions.stream().map(TopicPartition::partition).toList());
    partitions.forEach(p -> core.revoked(p.partition()));
    Consumer<byte[], byte[]> second = again;
    if (readAgain.removeAll(partitions) && second != null) {
      second.assign(readAgain);
    }
    if (!gone.isEmpty()) {
      LOG.info("Revoked {}", partitions);
      observer.tell(new KafkaSource.Revoked(gone));
    }
  }

  private final class Effects implements SourceCore.Effects {
    @Override
    public ActorRef<StreamMessage> open(StreamFeed feed, long firstOffset) {
      // Stream ids may hold any character and an actor path may not: the number names the actor.
      ActorRef<StreamMessage> actor =
          getContext()
              .spawn(
                  streams.create(
                      feed.assignment,
                      feed.stream,
                      feed.progress,
                      firstOffset,
                      getContext().getSelf()),
                  "stream-" + opened++);
      getContext().watch(actor);
      return actor;
    }

    @Override
    public void close(ActorRef<StreamMessage> actor) {
      getContext().stop(actor);
    }

    @Override
    public void tell(ActorRef<StreamMessage> actor, StreamMessage.FromSource message) {
      actor.tell(message);
    }

    @Override
    public void toSink(SinkMessage.FromSource message) {
      sink.tell(message);
    }

    @Override
    public void observe(Event event) {
      observer.tell(event);
    }
  }
}
