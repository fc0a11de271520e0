package dev.lookaside.deploy.simulation;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;
import org.jspecify.annotations.Nullable;

/**
 * A consumer of {@link SimulatedBroker}'s chunks, as a member of the group or assigned by hand. A
 * member's heartbeats go on by themselves, as a real one's do in its background thread; what they
 * bring is done in {@link #poll}, where a member of the classic protocol joins rebalances, too.
 */
final class SimulatedConsumer extends MockConsumer<byte[], byte[]> {
  private static final long HEARTBEAT_NANOS = 300_000_000L;

  private final SimulatedBroker broker;
  private final SimulatedGroup group;
  private final SimulatedProcess process;
  private final boolean member;
  private final boolean classic;
  private final boolean eager;
  private final String instance;
  private final int maxPollRecords;
  private final TreeMap<Integer, Long> positions = new TreeMap<>();
  private final Set<Integer> paused = new TreeSet<>();
  private final Set<Integer> toRevoke = new TreeSet<>();
  private final Set<Integer> given = new TreeSet<>();
  private final Set<Integer> toAssign = new TreeSet<>();
  private ConsumerRebalanceListener listener;
  private String id = "";
  private int epoch = -1;
  private boolean fenced;
  private @Nullable ApiException fatal;

  /** Classic: the group rebalances, and this one has not joined yet. */
  private boolean mustJoin = true;

  /** Classic: this one has joined, and waits for the others. */
  private boolean joined;

  private boolean over;
  private double bytesIn;

  SimulatedConsumer(
      SimulatedBroker broker,
      SimulatedProcess process,
      Map<String, Object> properties,
      int maxPollRecords) {
    super("none");
    this.broker = broker;
    this.group = broker.group();
    this.process = process;
    this.member = properties.containsKey(ConsumerConfig.GROUP_ID_CONFIG);
    this.classic = "CLASSIC".equals(properties.get(ConsumerConfig.GROUP_PROTOCOL_CONFIG));
    this.eager =
        classic
            && !String.valueOf(properties.get(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG))
                .contains("Cooperative");
    this.instance =
        String.valueOf(properties.getOrDefault(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, ""));
    this.maxPollRecords = maxPollRecords;
  }

  @Override
  public synchronized void subscribe(
      Collection<String> topics, ConsumerRebalanceListener rebalances) {
    listener = rebalances;
    process.outOfGroup(null);
    heartbeat();
  }

  private void heartbeat() {
    if (over || process.dead()) {
      return;
    }
    process.world().after(HEARTBEAT_NANOS, this::heartbeat);
    if (process.reachable()) {
      beat();
    }
  }

  private void beat() {
    bytesIn++;
    if (fenced || fatal != null || classic && id.isEmpty()) {
      return;
    }
    if (id.isEmpty()) {
      String its = process.world().newMember(process);
      try {
        group.join(its, instance);
        id = its;
      } catch (UnreleasedInstanceIdException e) {
        fatal = e;
        return;
      }
    }
    if (!alive(group.seen(id, instance))) {
      return;
    }
    if (classic) {
      mustJoin |= group.mustJoin(id);
    } else {
      group.revoked(id, given);
      given.clear();
      toRevoke.addAll(group.toRevoke(id));
      if (toRevoke.isEmpty()) {
        toAssign.addAll(group.assign(id));
        epoch = group.epoch(id);
      }
    }
  }

  /** Whether it is still a member. */
  private boolean alive(SimulatedGroup.Answer answer) {
    switch (answer) {
      case UNKNOWN -> fenced = true;
      case FENCED ->
          fatal = new FencedInstanceIdException("simulated: " + instance + " is another one now");
      case WELCOME -> {}
    }
    return answer == SimulatedGroup.Answer.WELCOME;
  }

  @Override
  public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
    process.checkAlive();
    if (member) {
      rebalance();
    }
    Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> found = new HashMap<>();
    if (process.reachable()) {
      bytesIn++;
      fetch(found);
    }
    if (found.isEmpty()) {
      process.busy("source", Math.max(1, timeout.toMillis()) * 1_000_000L);
    }
    return new ConsumerRecords<>(found, Map.of());
  }

  private void fetch(Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> found) {
    Map<TopicPartition, Long> outOfRange = new HashMap<>();
    int room = 1 + process.world().draw(maxPollRecords);
    for (Map.Entry<Integer, Long> at : positions.entrySet()) {
      int p = at.getKey();
      if (paused.contains(p) || toAssign.contains(p)) {
        continue;
      }
      if (at.getValue() < broker.begin(p) || at.getValue() > broker.end(p)) {
        outOfRange.put(partition(p), at.getValue());
        continue;
      }
      List<ConsumerRecord<byte[], byte[]>> records = broker.read(p, at.getValue(), room);
      if (!records.isEmpty()) {
        found.put(partition(p), List.copyOf(records));
        room -= records.size();
      }
    }
    if (!outOfRange.isEmpty()) {
      found.clear();
      throw new OffsetOutOfRangeException(outOfRange);
    }
    found.forEach(
        (p, records) -> positions.put(p.partition(), records.get(records.size() - 1).offset() + 1));
  }

  /** Does what the heartbeats brought. */
  private void rebalance() {
    ApiException end = fatal;
    if (end != null) {
      if (!classic) {
        lose();
      }
      process.outOfGroup(end);
      throw end;
    }
    if (fenced) {
      lose();
    } else if (classic) {
      joinClassic();
      syncClassic();
    } else {
      reconcile();
    }
  }

  private void lose() {
    Set<Integer> lost = new TreeSet<>(positions.keySet());
    toAssign.forEach(lost::remove);
    call(() -> listener.onPartitionsLost(partitions(lost)), lost);
    positions.clear();
    paused.clear();
    toRevoke.clear();
    toAssign.clear();
    given.clear();
    id = "";
    epoch = -1;
    fenced = false;
    mustJoin = true;
    joined = false;
  }

  private void reconcile() {
    if (!toRevoke.isEmpty() && process.mayBlockOnSink()) {
      Set<Integer> leaving = new TreeSet<>(toRevoke);
      Set<Integer> known = new TreeSet<>(leaving);
      known.removeAll(toAssign);
      call(() -> listener.onPartitionsRevoked(partitions(known)), known);
      leaving.forEach(positions::remove);
      paused.removeAll(leaving);
      toAssign.removeAll(leaving);
      toRevoke.clear();
      process.gaveAway();
      given.addAll(leaving);
      if (process.reachable()) {
        beat();
      }
    }
    // A transaction of the former owner holds the real call back until it is settled.
    if (!toAssign.isEmpty() && process.reachable() && broker.offsetsStable(toAssign)) {
      Set<Integer> mine = new TreeSet<>(toAssign);
      toAssign.clear();
      take(mine);
    }
  }

  private void take(Set<Integer> mine) {
    mine.forEach(p -> positions.put(p, -1L));
    call(() -> listener.onPartitionsAssigned(partitions(mine)), mine);
    process.assigned();
  }

  /** With an eager assignor everything is given away first. */
  private void joinClassic() {
    if (!mustJoin || eager && !positions.isEmpty() && !process.mayBlockOnSink()) {
      return;
    }
    if (eager && !positions.isEmpty()) {
      giveAway(new TreeSet<>(positions.keySet()));
    }
    if (process.reachable()) {
      if (id.isEmpty()) {
        id = process.world().newMember(process);
      } else if (!alive(group.seen(id, instance))) {
        return;
      }
      mustJoin = false;
      joined = true;
      group.joinClassic(id, instance, positions.keySet());
    }
  }

  @Override
  public synchronized void enforceRebalance(String why) {
    mustJoin = true;
  }

  private void giveAway(Set<Integer> leaving) {
    process.gaveAway();
    call(() -> listener.onPartitionsRevoked(partitions(leaving)), leaving);
    leaving.forEach(positions::remove);
    paused.removeAll(leaving);
  }

  private void syncClassic() {
    if (joined && !mustJoin && process.reachable() && group.mustJoin(id)) {
      mustJoin = true; // Another rebalance has begun meanwhile.
    }
    if (!joined || mustJoin || !process.reachable() || !group.assigned(id)) {
      return;
    }
    Set<Integer> mine = group.assignment(id);
    Set<Integer> leaving = new TreeSet<>(positions.keySet());
    leaving.removeAll(mine);
    if (!leaving.isEmpty() && !process.mayBlockOnSink()) {
      return;
    }
    joined = false;
    epoch = group.epoch(id);
    if (!leaving.isEmpty()) {
      giveAway(leaving);
      mustJoin = true; // Whoever gets them waits for it.
    }
    mine.removeAll(positions.keySet());
    if (!mine.isEmpty()) {
      take(mine);
    }
  }

  private void call(Runnable callback, Set<Integer> about) {
    if (about.isEmpty()) {
      return;
    }
    try {
      callback.run();
    } catch (RuntimeException e) {
      throw new KafkaException("User rebalance callback throws an error", e);
    }
  }

  private static TopicPartition partition(int p) {
    return new TopicPartition(SimulatedBroker.CHUNKS, p);
  }

  private static List<TopicPartition> partitions(Set<Integer> numbers) {
    return numbers.stream().map(SimulatedConsumer::partition).toList();
  }

  @Override
  public synchronized void assign(Collection<TopicPartition> mine) {
    Set<Integer> numbers = new TreeSet<>();
    mine.forEach(p -> numbers.add(p.partition()));
    positions.keySet().retainAll(numbers);
    numbers.forEach(p -> positions.putIfAbsent(p, 0L));
  }

  @Override
  public synchronized Set<TopicPartition> assignment() {
    return new HashSet<>(partitions(positions.keySet()));
  }

  @Override
  public synchronized void seek(TopicPartition at, long offset) {
    if (positions.replace(at.partition(), offset) == null) {
      throw new IllegalStateException("No current assignment for partition " + at);
    }
  }

  @Override
  public synchronized long position(TopicPartition at, Duration timeout) {
    return positions.get(at.partition());
  }

  @Override
  public synchronized Set<TopicPartition> paused() {
    Set<TopicPartition> now = new HashSet<>();
    paused.forEach(p -> now.add(new TopicPartition(SimulatedBroker.CHUNKS, p)));
    return now;
  }

  @Override
  public synchronized void pause(Collection<TopicPartition> which) {
    which.forEach(p -> mine(p, paused.add(p.partition())));
  }

  @Override
  public synchronized void resume(Collection<TopicPartition> which) {
    which.forEach(p -> mine(p, paused.remove(p.partition())));
  }

  private void mine(TopicPartition p, boolean changed) {
    if (!positions.containsKey(p.partition())) {
      throw new IllegalStateException("No current assignment for partition " + p);
    }
  }

  @Override
  public synchronized Map<TopicPartition, OffsetAndMetadata> committed(
      Set<TopicPartition> which, Duration timeout) {
    process.checkReachable("committed offsets");
    Set<Integer> numbers = new TreeSet<>();
    which.forEach(p -> numbers.add(p.partition()));
    if (!broker.offsetsStable(numbers)
        && !process
            .world()
            .waitUntil(process, () -> broker.offsetsStable(numbers), timeout.toNanos())) {
      throw new TimeoutException("simulated: a transaction is open");
    }
    process.checkReachable("committed offsets");
    Map<TopicPartition, OffsetAndMetadata> found = new HashMap<>();
    for (TopicPartition p : which) {
      Long at = broker.committedOffsets().get(p.partition());
      found.put(p, at == null ? null : new OffsetAndMetadata(at));
    }
    return found;
  }

  @Override
  public Map<TopicPartition, Long> beginningOffsets(
      Collection<TopicPartition> which, Duration timeout) {
    process.checkReachable("beginnings");
    Map<TopicPartition, Long> found = new HashMap<>();
    which.forEach(p -> found.put(p, broker.begin(p.partition())));
    return found;
  }

  @Override
  public synchronized Map<TopicPartition, OffsetAndTimestamp> offsetsForTimes(
      Map<TopicPartition, Long> which, Duration timeout) {
    process.checkReachable("times");
    Map<TopicPartition, OffsetAndTimestamp> found = new HashMap<>();
    which.forEach(
        (p, millis) ->
            broker.read(p.partition(), 0, Integer.MAX_VALUE).stream()
                .filter(r -> r.timestamp() >= millis)
                .findFirst()
                .ifPresent(r -> found.put(p, new OffsetAndTimestamp(r.offset(), r.timestamp()))));
    return found;
  }

  @Override
  public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> which, Duration timeout) {
    process.checkReachable("ends");
    Map<TopicPartition, Long> found = new HashMap<>();
    which.forEach(p -> found.put(p, broker.end(p.partition())));
    return found;
  }

  @Override
  public ConsumerGroupMetadata groupMetadata() {
    return new ConsumerGroupMetadata(
        "lookaside", epoch, id, instance.isEmpty() ? Optional.empty() : Optional.of(instance));
  }

  @Override
  public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
    if (!process.reachable()) {
      process.busy("source", timeout.toNanos());
      throw new TimeoutException("simulated: no answer to a commit");
    }
    Map<Integer, Long> at = new TreeMap<>();
    offsets.forEach((p, o) -> at.put(p.partition(), o.offset()));
    broker.commitOffsets(at, groupMetadata());
  }

  @Override
  public synchronized void commitAsync(
      Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
    Exception failure = null;
    try {
      commitSync(offsets, Duration.ZERO);
    } catch (KafkaException e) {
      failure = e;
    }
    callback.onComplete(offsets, failure);
  }

  @Override
  public synchronized Map<MetricName, ? extends Metric> metrics() {
    MetricName name =
        new MetricName("incoming-byte-total", "consumer-metrics", "", Map.of("client-id", "c"));
    double now = bytesIn;
    Metric metric =
        new Metric() {
          @Override
          public MetricName metricName() {
            return name;
          }

          @Override
          public Object metricValue() {
            return now;
          }
        };
    return Map.of(name, metric);
  }

  @Override
  public void close(CloseOptions options) {
    over = true;
    if (process.dead() || id.isEmpty()) {
      return;
    }
    if (fatal != null) {
      leaving(new TreeSet<>(positions.keySet()));
    } else if (fenced) {
      lose();
    } else if (process.reachable()) {
      Set<Integer> mine = new TreeSet<>(positions.keySet());
      mine.removeAll(toAssign);
      leaving(mine);
      boolean stays =
          switch (options.groupMembershipOperation()) {
            case LEAVE_GROUP -> false;
            case REMAIN_IN_GROUP -> true;
            case DEFAULT -> !instance.isEmpty();
          };
      group.leave(id, stays);
    }
    // Without an answer the member stays until its session is over.
  }

  private void leaving(Set<Integer> mine) {
    if (!mine.isEmpty()) {
      listener.onPartitionsRevoked(partitions(mine));
    }
  }
}
