package dev.lookaside.ingest;

import akka.actor.typed.ActorRef;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * What {@link KafkaSource} decides, without Kafka, threads or time: which stream is given which
 * record, what is paused, read again, committed and reported. {@link SourceActor} does it.
 * Partitions are numbers of {@code audio.chunks}.
 */
final class SourceCore implements PartitionFeed.Outlet {
  /** Append time after which the clock of a stream that has ended is forgotten. */
  private static final long FORGET_MILLIS = 24 * 3_600_000L;

  /** What the core wants done. */
  interface Effects {
    /** Makes the stream's actor. */
    ActorRef<StreamMessage> open(StreamFeed feed, long firstOffset);

    void close(ActorRef<StreamMessage> actor);

    void tell(ActorRef<StreamMessage> actor, StreamMessage.FromSource message);

    void toSink(SinkMessage.FromSource message);

    void observe(KafkaSource.Event event);
  }

  private final AudioChunkCodec codec;
  private final PartitionFeed.Limits limits;
  private final long maxBytes;
  private final Effects effects;
  private final TreeMap<Integer, PartitionFeed> feeds = new TreeMap<>();
  private long bytesUnderWay;
  private int deliveredChunks;
  private long deliveredBytes;
  private boolean stalled;
  private boolean draining;
  private final Set<StreamFeed> undrained = new HashSet<>();
  private int openStreams;
  private KafkaSource.StreamCount reported = new KafkaSource.StreamCount(0, 0);

  /**
   * @param maxBytes payload under way in all streams together; more is not read
   */
  SourceCore(AudioChunkCodec codec, PartitionFeed.Limits limits, long maxBytes, Effects effects) {
    this.codec = codec;
    this.limits = limits;
    this.maxBytes = maxBytes;
    this.effects = effects;
  }

  /** A partition is ours: it is read from {@code begin}. */
  void assigned(
      Assignment assignment, long begin, PartitionProgress progress, ResumePoints oldPoints) {
    PartitionFeed feed =
        new PartitionFeed(assignment, begin, progress, oldPoints, codec, limits, this);
    feeds.put(assignment.partition(), feed);
    feed.openUnfinished();
  }

  /** A partition is not ours any more. */
  void revoked(int partition) {
    PartitionFeed feed = feeds.remove(partition);
    if (feed != null) {
      for (StreamFeed stream : feed.streams()) {
        close(stream);
      }
      bytesUnderWay -= feed.lettersBytes();
    }
  }

  Collection<PartitionFeed> feeds() {
    return feeds.values();
  }

  /** The assignments of some partitions, of those that there are. */
  Set<Assignment> assignments(Collection<Integer> partitions) {
    Set<Assignment> found = new HashSet<>();
    for (int partition : partitions) {
      PartitionFeed feed = feeds.get(partition);
      if (feed != null) {
        found.add(feed.assignment());
      }
    }
    return found;
  }

  /** The streams of a partition of which progress is known. */
  List<StreamId> streamsWithProgress(int partition) {
    PartitionFeed feed = feeds.get(partition);
    return feed == null
        ? List.of()
        : feed.streams().stream().filter(s -> s.progress != null).map(s -> s.stream).toList();
  }

  /** A record of the live reading. */
  void live(ConsumerRecord<byte[], byte[]> record) {
    PartitionFeed feed = feeds.get(record.partition());
    if (feed != null && !draining) {
      feed.live(record);
    }
  }

  /** A record of the second reading; false if that ends before it. */
  boolean again(ConsumerRecord<byte[], byte[]> record) {
    PartitionFeed feed = feeds.get(record.partition());
    return feed != null && !draining && feed.again(record);
  }

  /** Nothing should be read now, whatever stream or partition it is of. */
  boolean held() {
    return draining || stalled || bytesUnderWay >= maxBytes;
  }

  /** Partitions that the live reading should leave alone now. */
  Set<Integer> paused() {
    boolean all = held();
    Set<Integer> paused = new TreeSet<>();
    for (PartitionFeed feed : feeds.values()) {
      if (all || feed.farAhead()) {
        paused.add(feed.assignment().partition());
      }
    }
    return paused;
  }

  /** Where second readings should begin now, by partition. */
  Map<Integer, Long> startAgain() {
    Map<Integer, Long> starts = new TreeMap<>();
    if (!held()) {
      for (PartitionFeed feed : feeds.values()) {
        feed.startAgain().ifPresent(from -> starts.put(feed.assignment().partition(), from));
      }
    }
    return starts;
  }

  /** Whether a partition is read again. */
  boolean readingAgain(int partition) {
    PartitionFeed feed = feeds.get(partition);
    return feed != null && feed.readingAgain();
  }

  /** Records {@code [from, until)} of a partition were deleted before they were read. */
  void deleted(int partition, long from, long until) {
    PartitionFeed feed = feeds.get(partition);
    if (feed != null) {
      feed.deletedUntil(until);
      effects.observe(new KafkaSource.Deleted(feed.assignment(), from, until));
    }
  }

  /** As {@link #deleted}, before they were read again. */
  void againDeleted(int partition, long from, long until) {
    PartitionFeed feed = feeds.get(partition);
    if (feed != null) {
      // What the live reading has not come to, it finds deleted by itself.
      long passed = Math.min(until, feed.liveOffset());
      feed.againDeletedUntil(until);
      if (from < passed) {
        effects.observe(new KafkaSource.Deleted(feed.assignment(), from, passed));
      }
    }
  }

  void credit(KafkaSource.Credit credit) {
    StreamFeed stream = stream(credit.assignment(), credit.stream());
    if (stream != null) {
      bytesUnderWay -= stream.giveBack(credit.records(), credit.bytes());
      closeIfFinished(stream);
    }
  }

  void rewind(KafkaSource.Rewind rewind) {
    PartitionFeed feed = feed(rewind.assignment());
    StreamFeed stream = feed == null ? null : feed.stream(rewind.stream());
    if (feed != null && stream != null && stream.actor != null) {
      feed.rewind(stream, rewind);
    }
  }

  void settled(KafkaSource.Settled settled) {
    for (KafkaSource.Progressed p : settled.streams()) {
      PartitionFeed feed = feed(p.assignment());
      StreamFeed stream = feed == null ? null : feed.stream(p.stream());
      if (feed != null && stream != null) {
        feed.settled(stream, p.progress());
        closeIfFinished(stream);
      }
    }
    for (KafkaSource.WrittenLetter letter : settled.letters()) {
      PartitionFeed feed = feed(letter.assignment());
      if (feed != null) {
        bytesUnderWay -= feed.letterWritten(letter.recordOffset());
      }
    }
  }

  void stalled(boolean now) {
    stalled = now;
  }

  private void closeIfFinished(StreamFeed stream) {
    if (stream.actor != null && stream.finished()) {
      close(stream);
      effects.observe(new KafkaSource.StreamClosed(stream.stream));
    }
  }

  private void close(StreamFeed stream) {
    ActorRef<StreamMessage> actor = stream.actor;
    if (actor != null) {
      effects.close(actor);
      stream.actor = null;
      stream.delivery = 0;
      openStreams--;
      bytesUnderWay -= stream.giveBack(Integer.MAX_VALUE, Long.MAX_VALUE);
      undrained.remove(stream);
    }
  }

  private @Nullable PartitionFeed feed(Assignment assignment) {
    PartitionFeed feed = feeds.get(assignment.partition());
    return feed != null && feed.assignment().equals(assignment) ? feed : null;
  }

  private @Nullable StreamFeed stream(Assignment assignment, StreamId stream) {
    PartitionFeed feed = feed(assignment);
    return feed == null ? null : feed.stream(stream);
  }

  /** Positions that have changed, to be committed; also forgets streams that ended long ago. */
  Map<Assignment, Long> newPositions() {
    Map<Assignment, Long> positions = new HashMap<>();
    for (PartitionFeed feed : feeds.values()) {
      feed.newPosition().ifPresent(at -> positions.put(feed.assignment(), at));
      StreamFeed old = feed.forgettable(FORGET_MILLIS);
      if (old != null) {
        effects.toSink(new SinkMessage.Forget(feed.assignment(), old.stream));
      }
    }
    return positions;
  }

  /** What {@link #newPositions} gave is not committed: it gives it again. */
  void notCommitted() {
    feeds.values().forEach(PartitionFeed::notCommitted);
  }

  /** What may be committed now, of all partitions of which something was done. */
  Map<Assignment, Long> movedPositions() {
    Map<Assignment, Long> positions = new HashMap<>();
    for (PartitionFeed feed : feeds.values()) {
      if (feed.moved()) {
        positions.put(feed.assignment(), feed.position());
      }
    }
    return positions;
  }

  /** What may be committed of these partitions now. */
  Map<Assignment, Long> positions(Set<Assignment> assignments) {
    Map<Assignment, Long> positions = new HashMap<>();
    for (PartitionFeed feed : feeds.values()) {
      if (assignments.contains(feed.assignment())) {
        positions.put(feed.assignment(), feed.position());
      }
    }
    return positions;
  }

  /** Sends the observer what has come since this was last called. */
  void report() {
    if (deliveredChunks > 0) {
      effects.observe(new KafkaSource.Delivered(deliveredChunks, deliveredBytes));
      deliveredChunks = 0;
      deliveredBytes = 0;
    }
    int parked = 0;
    for (PartitionFeed feed : feeds.values()) {
      parked += feed.parked();
    }
    KafkaSource.StreamCount now = new KafkaSource.StreamCount(openStreams, parked);
    if (!now.equals(reported)) {
      reported = now;
      effects.observe(now);
    }
  }

  /** Nothing is given any more; every stream brings out what is under way. */
  void drain(ActorRef<KafkaSource.Command> self) {
    draining = true;
    for (PartitionFeed feed : feeds.values()) {
      for (StreamFeed stream : feed.streams()) {
        ActorRef<StreamMessage> actor = stream.actor;
        if (actor != null) {
          undrained.add(stream);
          effects.tell(actor, new StreamMessage.Drain(self));
        }
      }
    }
  }

  void drained(KafkaSource.StreamDrained drained) {
    StreamFeed stream = stream(drained.assignment(), drained.stream());
    if (stream != null) {
      undrained.remove(stream);
    }
  }

  /** After {@link #drain}: all streams have. */
  boolean allDrained() {
    return draining && undrained.isEmpty();
  }

  @Override
  public void open(StreamFeed feed, long firstOffset) {
    if (feed.actor == null) {
      feed.delivery = 0; // A new actor counts anew.
      feed.actor = effects.open(feed, firstOffset);
      openStreams++;
    }
  }

  @Override
  public void give(StreamFeed feed, StreamMessage.FromSource message, long bytes) {
    bytesUnderWay += bytes;
    if (message instanceof StreamMessage.Chunk) {
      deliveredChunks++;
      deliveredBytes += bytes;
    }
    ActorRef<StreamMessage> actor = feed.actor;
    if (actor != null) {
      effects.tell(actor, message);
    }
  }

  @Override
  public void reject(
      PartitionFeed partition,
      ConsumerRecord<byte[], byte[]> record,
      long bytes,
      Rejection reason) {
    bytesUnderWay += bytes;
    effects.observe(new KafkaSource.Discarded(reason));
    effects.toSink(new SinkMessage.Letter(partition.assignment(), record, reason));
  }
}
