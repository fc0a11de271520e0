package dev.lookaside.deploy.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;

/**
 * The coordinator of the consumer group, for one of Kafka's two protocols, with dynamic and static
 * members. {@link SimulatedConsumer} is the other side.
 *
 * <p>By the newer protocol (KIP-848) every member has an epoch of its own and gives partitions away
 * at heartbeats. By the classic one all members join each rebalance; it is complete when all have,
 * and only then has the group a new generation.
 */
final class SimulatedGroup {
  /** What a heartbeat is answered. */
  enum Answer {
    WELCOME,
    /** Its session was over: what it had belongs to others. */
    UNKNOWN,
    /** Another process is the member of this static name now. */
    FENCED
  }

  /** A member as the coordinator knows it. */
  private static final class Member {
    final String instance;
    int epoch;

    /** By the newer protocol what it has; by the classic one what it had when it joined. */
    final Set<Integer> owned = new TreeSet<>();

    final Set<Integer> target = new TreeSet<>();
    long seenNanos;

    /** It has left in order, and its place is kept until its session is over. */
    boolean away;

    /** Classic: it takes part in the rebalance that is under way, or took part in the last one. */
    boolean joined;

    Member(String instance) {
      this.instance = instance;
    }
  }

  private final VirtualActors actors;
  private final int partitions;
  private final long sessionNanos;
  private final boolean classic;
  private final TreeMap<String, Member> members = new TreeMap<>();
  private final List<String> changes = new ArrayList<>();
  private int epoch;
  private boolean rebalancing;

  SimulatedGroup(VirtualActors actors, int partitions, long sessionNanos, boolean classic) {
    this.actors = actors;
    this.partitions = partitions;
    this.sessionNanos = sessionNanos;
    this.classic = classic;
  }

  /** How often partitions were distributed. */
  int epoch() {
    return epoch;
  }

  /**
   * Members that came, left, were lost or asked for a rebalance, by static name, but for those of
   * {@code instance}.
   */
  long changesOfOthers(String instance) {
    return changes.stream().filter(c -> !c.equals(instance)).count();
  }

  /** Whether there is a member of this static name: one whose session has run out is none. */
  boolean has(String instance) {
    return members.values().stream().anyMatch(m -> m.instance.equals(instance));
  }

  /** What the member of this static name is to have. */
  Set<Integer> targetOf(String instance) {
    Set<Integer> all = new TreeSet<>();
    members.values().stream()
        .filter(m -> m.instance.equals(instance))
        .forEach(m -> all.addAll(m.target));
    return all;
  }

  /** Every partition is somebody's, or about to be, and nothing changes by itself. */
  boolean stable() {
    int distributed = members.values().stream().mapToInt(m -> m.target.size()).sum();
    return !rebalancing && distributed == partitions;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(rebalancing ? "rebalancing" : "epoch " + epoch);
    members.forEach(
        (id, m) ->
            text.append(
                ", %s %s%s: %s of %s"
                    .formatted(id, m.instance, m.away ? " away" : "", m.owned, m.target)));
    return text.toString();
  }

  /** Commits of offsets are taken from a member as it is now. */
  void check(ConsumerGroupMetadata by) {
    Member member = members.get(by.memberId());
    int now = member == null ? -1 : classic ? epoch : member.epoch;
    if (member == null || member.away || now != by.generationId()) {
      throw new CommitFailedException(
          "simulated: member "
              + by.memberId()
              + " of epoch "
              + by.generationId()
              + (member == null ? " is none" : " is of epoch " + now));
    }
  }

  /** A heartbeat. */
  Answer seen(String id, String instance) {
    Member member = members.get(id);
    if (member == null) {
      return !instance.isEmpty() && idOf(instance) != null ? Answer.FENCED : Answer.UNKNOWN;
    }
    member.seenNanos = actors.nowNanos();
    return Answer.WELCOME;
  }

  private String idOf(String instance) {
    for (Map.Entry<String, Member> m : members.entrySet()) {
      if (!instance.isEmpty() && m.getValue().instance.equals(instance)) {
        return m.getKey();
      }
    }
    return null;
  }

  /**
   * The consumer is closed.
   *
   * @param stays a static one keeps its place until its session is over
   */
  void leave(String id, boolean stays) {
    Member member = members.get(id);
    if (member != null && stays) {
      member.away = true;
    } else if (member != null) {
      members.remove(id);
      changed(member.instance);
    }
  }

  /** Members that have not been seen for the session are none any more. */
  void expire() {
    long oldest = actors.nowNanos() - sessionNanos;
    List<String> gone =
        members.entrySet().stream()
            .filter(m -> m.getValue().seenNanos < oldest)
            .map(Map.Entry::getKey)
            .toList();
    gone.forEach(members::remove);
    gone.forEach(id -> changed("session of " + id));
  }

  private void changed(String whose) {
    changes.add(whose);
    if (classic) {
      rebalance();
      completeIfAllJoined();
    } else {
      distribute();
    }
  }

  // The newer protocol

  /** A new member. */
  void join(String id, String instance) {
    Member member = new Member(instance);
    member.seenNanos = actors.nowNanos();
    String before = idOf(instance);
    if (before == null) {
      members.put(id, member);
      changed(instance);
      return;
    }
    Member old = members.get(before);
    if (!old.away) {
      throw new UnreleasedInstanceIdException("simulated: " + before + " is " + instance);
    }
    members.remove(before);
    member.target.addAll(old.target);
    members.put(id, member);
  }

  /** What this member must give away before it is given anything. */
  Set<Integer> toRevoke(String id) {
    Member member = members.get(id);
    Set<Integer> excess = new TreeSet<>(member.owned);
    excess.removeAll(member.target);
    return excess;
  }

  void revoked(String id, Set<Integer> partitions) {
    Member member = members.get(id);
    if (member != null) {
      member.owned.removeAll(partitions);
    }
  }

  /** After all is given away: the member is of the group's epoch, and is given what is free. */
  Set<Integer> assign(String id) {
    Member member = members.get(id);
    member.epoch = epoch;
    Set<Integer> free = new TreeSet<>(member.target);
    members.values().forEach(m -> free.removeAll(m.owned));
    member.owned.addAll(free);
    return free;
  }

  // The classic protocol

  /**
   * A member takes part in the rebalance that is under way, or begins one. A static one that comes
   * back, in order or not, takes the place of the one before it without a rebalance.
   *
   * @param owned what it has and would keep
   */
  void joinClassic(String id, String instance, Set<Integer> owned) {
    Member member = members.get(id);
    if (member == null) {
      member = new Member(instance);
      member.seenNanos = actors.nowNanos();
      String before = idOf(instance);
      if (before != null) {
        Member old = members.remove(before);
        member.target.addAll(old.target);
        member.joined = old.joined;
        members.put(id, member);
        if (!rebalancing) {
          return;
        }
      } else {
        members.put(id, member);
      }
      changes.add(instance);
    } else if (!instance.isEmpty() && !member.instance.equals(instance)) {
      throw new FencedInstanceIdException("simulated: " + id);
    }
    if (!rebalancing) {
      changes.add(instance);
    }
    member.seenNanos = actors.nowNanos();
    member.owned.clear();
    member.owned.addAll(owned);
    rebalance();
    member.joined = true;
    completeIfAllJoined();
  }

  private void rebalance() {
    if (!rebalancing) {
      rebalancing = true;
      members.values().forEach(m -> m.joined = false);
    }
  }

  /** Whether this member is asked to join a rebalance. */
  boolean mustJoin(String id) {
    Member member = members.get(id);
    return rebalancing && member != null && !member.joined;
  }

  /** Whether there is an assignment for this member. */
  boolean assigned(String id) {
    return !rebalancing && members.containsKey(id);
  }

  /** What this member has in this generation. */
  Set<Integer> assignment(String id) {
    return new TreeSet<>(members.get(id).target);
  }

  private void completeIfAllJoined() {
    if (rebalancing && members.values().stream().allMatch(m -> m.joined)) {
      rebalancing = false;
      distribute();
      // What another member would have to give away first comes with the next generation.
      for (Member m : members.values()) {
        m.target.removeIf(
            p ->
                members.values().stream().anyMatch(other -> other != m && other.owned.contains(p)));
      }
    }
  }

  // Both

  /** The epoch of which a member is. */
  int epoch(String id) {
    return classic ? epoch : members.get(id).epoch;
  }

  /** Everybody has about as many, and keeps what it has if it may. */
  private void distribute() {
    epoch++;
    members.values().forEach(m -> m.target.clear());
    if (members.isEmpty()) {
      return;
    }
    int most = (partitions + members.size() - 1) / members.size();
    List<Integer> left = new ArrayList<>();
    for (int p = 0; p < partitions; p++) {
      int partition = p;
      Member owner =
          members.values().stream()
              .filter(m -> m.owned.contains(partition) && m.target.size() < most)
              .findFirst()
              .orElse(null);
      if (owner == null) {
        left.add(p);
      } else {
        owner.target.add(p);
      }
    }
    for (int p : left) {
      members.values().stream()
          .min((a, b) -> Integer.compare(a.target.size(), b.target.size()))
          .ifPresent(m -> m.target.add(p));
    }
  }
}
