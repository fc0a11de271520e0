package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import akka.actor.testkit.typed.javadsl.TestInbox;
import akka.actor.typed.ActorRef;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

/**
 * What the source decides, under random events, against a model of its streams: records and poison
 * of several streams, any room, two readings of any size, consumption, progress, failures of
 * streams, letters, commits, crashes. All messages to the source wait in one mailbox.
 *
 * <p>Of every stream each record from where it goes on is given exactly once per delivery number,
 * in order, and an end exactly where its append times leave a pause; no room is overdrawn; no
 * commit passes a record that is needed; in the end all is given and committed.
 */
class KafkaSourceSimulationTest {
  private static final long IDLE_MILLIS = 100;

  @Test
  void invariantsHoldWhateverHappens() {
    SeededRandom.forAll(KafkaSourceSimulationTest.class, 500, r -> new World(r).run());
  }

  private static final class World implements SourceCore.Effects {
    final RandomGenerator random;
    final TreeMap<Long, ConsumerRecord<byte[], byte[]>> log = new TreeMap<>();

    /** Per stream its records from the first chunk on: what its actor is to be given. */
    final Map<StreamId, TreeSet<Long>> records = new HashMap<>();

    final TreeSet<Long> strays = new TreeSet<>();
    final List<Long> lettersWaiting = new ArrayList<>();
    final TreeSet<Long> lettersWritten = new TreeSet<>();
    final Map<StreamId, StreamProgress> durable = new HashMap<>();
    final Map<ActorRef<StreamMessage>, Actor> actors = new HashMap<>();
    final Deque<Runnable> mailbox = new ArrayDeque<>();
    final AudioChunkCodec codec = new AudioChunkCodec("test", 1 << 20, null);
    final PartitionFeed.Limits limits;
    final long maxBytes;
    final int streams;
    SourceCore core;
    Assignment assignment;
    long tenures;
    long opened;
    long livePos;
    long againPos;
    long newestRead;
    long committed;
    long end;
    long now = 1_000;

    World(RandomGenerator random) {
      this.random = random;
      streams = 1 + random.nextInt(5);
      limits =
          new PartitionFeed.Limits(
              1 + random.nextInt(6),
              1 + random.nextInt(60),
              IDLE_MILLIS,
              1 + random.nextInt(200),
              1 + random.nextInt(60));
      maxBytes = 20 + random.nextInt(200);
      begin();
    }

    void begin() {
      actors.clear();
      mailbox.clear();
      lettersWaiting.clear();
      assignment = new Assignment(0, tenures++);
      core = new SourceCore(codec, limits, maxBytes, this);
      livePos = committed;
      newestRead = Long.MIN_VALUE;
      core.assigned(assignment, committed, new PartitionProgress(durable, -1), new ResumePoints());
    }

    void run() {
      for (int step = 0; step < 400; step++) {
        switch (random.nextInt(14)) {
          case 0, 1, 2 -> append();
          case 3, 4 -> readLive(1 + random.nextInt(8));
          case 5 -> readAgain(1 + random.nextInt(8));
          case 6, 7, 8 -> anyActor().ifPresent(Actor::consume);
          case 9 -> anyActor().ifPresent(Actor::publish);
          case 10 -> {
            if (random.nextInt(6) == 0) {
              anyActor().ifPresent(Actor::restart);
            } else {
              anyActor().ifPresent(Actor::consume);
            }
          }
          case 11 -> tick();
          case 12 -> {
            if (random.nextInt(15) == 0) {
              begin();
            } else {
              letterWritten();
            }
          }
          default -> handleMail(1 + random.nextInt(4));
        }
      }
      finish();
    }

    /** Nothing more is made and nothing fails: all comes out. */
    void finish() {
      now += 10 * IDLE_MILLIS;
      appendRecord("last", false);
      for (int round = 0; round < 3_000 && !done(); round++) {
        handleMail(Integer.MAX_VALUE);
        readLive(50);
        readAgain(50);
        for (Actor actor : List.copyOf(actors.values())) {
          while (actor.consume()) {}
          actor.publish();
        }
        letterWritten();
        tick();
      }
      assertThat(committed)
          .as(
              "all is given, settled and committed; records %s, durable %s, actors %s, letters %s",
              records, durable, actors.values(), lettersWaiting)
          .isEqualTo(end);
      records.forEach(
          (stream, its) -> {
            StreamProgress progress = durable.get(stream);
            assertThat(progress.throughOffset()).as(stream.value()).isEqualTo(its.last());
            assertThat(progress.ended()).isEqualTo(!stream.value().equals("last"));
          });
      assertThat(actors.values()).extracting(a -> a.stream.value()).containsExactly("last");
    }

    boolean done() {
      return committed == end && actors.size() == 1 && mailbox.isEmpty();
    }

    void append() {
      if (random.nextInt(12) == 0) {
        now += random.nextInt((int) (2 * IDLE_MILLIS));
      }
      now += random.nextInt(10);
      appendRecord("s" + random.nextInt(streams), random.nextInt(5) == 0);
    }

    void appendRecord(String stream, boolean poison) {
      long offset = end + (random.nextInt(10) == 0 ? random.nextInt(3) : 0);
      StreamId id = new StreamId(stream);
      boolean keyless = poison && random.nextInt(4) == 0;
      log.put(
          offset,
          SourceHarness.record(
              0,
              offset,
              keyless ? null : stream,
              poison ? "video/mp4" : SourceHarness.PCM,
              new byte[1 + random.nextInt(20)],
              now));
      if (poison && (keyless || !records.containsKey(id))) {
        strays.add(offset);
      } else {
        records.computeIfAbsent(id, none -> new TreeSet<>()).add(offset);
      }
      end = offset + 1;
    }

    java.util.Optional<Actor> anyActor() {
      return actors.isEmpty()
          ? java.util.Optional.empty()
          : actors.values().stream()
              .sorted(java.util.Comparator.comparing(a -> a.stream.value()))
              .skip(random.nextInt(actors.size()))
              .findFirst();
    }

    void handleMail(int count) {
      for (int i = 0; i < count && !mailbox.isEmpty(); i++) {
        mailbox.remove().run();
      }
    }

    void readLive(int count) {
      for (int i = 0; i < count; i++) {
        Map.Entry<Long, ConsumerRecord<byte[], byte[]>> next = log.ceilingEntry(livePos);
        if (next == null || core.paused().contains(0)) {
          return;
        }
        livePos = next.getKey() + 1;
        newestRead = Math.max(newestRead, next.getValue().timestamp());
        core.live(next.getValue());
      }
    }

    void readAgain(int count) {
      Long start = core.startAgain().get(0);
      if (start != null) {
        againPos = start;
      }
      for (int i = 0; i < count && core.readingAgain(0) && !core.held(); i++) {
        Map.Entry<Long, ConsumerRecord<byte[], byte[]>> next = log.ceilingEntry(againPos);
        if (next == null) {
          break;
        }
        againPos = next.getKey() + 1;
        if (!core.again(next.getValue())) {
          return;
        }
      }
      for (PartitionFeed feed : core.feeds()) {
        feed.againAt(againPos);
      }
    }

    void tick() {
      Long position = core.newPositions().get(assignment);
      if (position == null) {
        return;
      }
      committed = position;
      records.forEach(
          (stream, its) -> {
            StreamProgress progress = durable.get(stream);
            Long needed = its.ceiling(progress == null ? 0 : progress.resumeOffset());
            if (needed != null && needed < committed) {
              fail("commit %d passes record %d of %s", committed, needed, stream);
            }
          });
      strays.forEach(
          offset -> {
            if (offset < committed && !lettersWritten.contains(offset)) {
              fail("commit %d passes letter %d", committed, offset);
            }
          });
    }

    void letterWritten() {
      for (long offset : lettersWaiting) {
        lettersWritten.add(offset);
        KafkaSource.Settled settled =
            new KafkaSource.Settled(
                List.of(), List.of(new KafkaSource.WrittenLetter(assignment, offset)));
        mailbox.add(() -> core.settled(settled));
      }
      lettersWaiting.clear();
    }

    @Override
    public ActorRef<StreamMessage> open(StreamFeed feed, long firstOffset) {
      ActorRef<StreamMessage> ref = TestInbox.<StreamMessage>create("stream-" + opened++).getRef();
      actors.put(ref, new Actor(this, feed.stream, feed.progress, firstOffset));
      return ref;
    }

    @Override
    public void close(ActorRef<StreamMessage> ref) {
      Actor actor = actors.remove(ref);
      assertThat(actor.ended).as("closed in the middle").isTrue();
      assertThat(actor.inbox).isEmpty();
      assertThat(durable.get(actor.stream).throughOffset()).isEqualTo(actor.through);
    }

    @Override
    public void tell(ActorRef<StreamMessage> ref, StreamMessage.FromSource message) {
      Actor actor = actors.get(ref);
      actor.inbox.add(message);
      long room = actor.inbox.stream().filter(m -> !(m instanceof StreamMessage.End)).count();
      assertThat(room).as("room of " + actor.stream).isLessThanOrEqualTo(limits.records());
    }

    @Override
    public void toSink(SinkMessage.FromSource message) {
      if (message instanceof SinkMessage.Letter letter) {
        assertThat(strays).contains(letter.record().offset());
        lettersWaiting.add(letter.record().offset());
      } else {
        fail("to the sink: " + message);
      }
    }

    @Override
    public void observe(KafkaSource.Event event) {}
  }

  /** A stream's actor: what it was given must be what follows. */
  private static final class Actor {
    final World world;
    final StreamId stream;
    final long firstOffset;
    final Deque<StreamMessage.FromSource> inbox = new ArrayDeque<>();
    StreamProgress published;
    long delivery;

    /** Newest record consumed of this delivery, or the one before the first. */
    long last;

    /** Newest record that the state knows of, negative for none. */
    long through;

    long throughMillis;
    boolean ended;
    long segmentStart;

    Actor(World world, StreamId stream, StreamProgress progress, long firstOffset) {
      this.world = world;
      this.stream = stream;
      this.published = progress;
      this.firstOffset = firstOffset;
      goOn();
    }

    private void goOn() {
      StreamProgress from = published;
      last = (from == null ? firstOffset : from.resumeOffset()) - 1;
      segmentStart = last + 1;
      through = from == null ? -1 : from.throughOffset();
      throughMillis = from == null ? 0 : from.logTimeMillis();
      ended = from != null && from.ended();
    }

    @Override
    public String toString() {
      return "%s: delivery %d, last %d, through %d, ended %b, %d waiting"
          .formatted(stream, delivery, last, through, ended, inbox.size());
    }

    /** Takes the next message; false if there is none. */
    boolean consume() {
      StreamMessage.FromSource message = inbox.poll();
      if (message == null) {
        return false;
      }
      if (message instanceof StreamMessage.End end) {
        if (end.delivery() == delivery) {
          end();
        }
        return true;
      }
      ConsumerRecord<byte[], byte[]> record;
      long its;
      if (message instanceof StreamMessage.Chunk chunk) {
        record = chunk.record();
        its = chunk.delivery();
      } else {
        record = ((StreamMessage.Rejected) message).record();
        its = ((StreamMessage.Rejected) message).delivery();
      }
      if (its == delivery) {
        record(record);
      }
      KafkaSource.Credit credit =
          new KafkaSource.Credit(world.assignment, stream, 1, record.value().length);
      world.mailbox.add(() -> world.core.credit(credit));
      return true;
    }

    private void record(ConsumerRecord<byte[], byte[]> record) {
      assertThat(record.offset())
          .as("next record of %s after %d", stream, last)
          .isEqualTo(world.records.get(stream).higher(last));
      last = record.offset();
      if (last > through) {
        boolean pause = record.timestamp() - throughMillis > IDLE_MILLIS;
        if (through >= 0 && pause && !ended) {
          fail("%s: no end before %d", stream, last);
        }
        through = last;
        throughMillis = record.timestamp();
        ended = false;
      }
    }

    private void end() {
      assertThat(ended).as("%s: ended twice after %d", stream, through).isFalse();
      assertThat(last).as("%s: ended between old records", stream).isGreaterThanOrEqualTo(through);
      assertThat(world.newestRead - throughMillis).isGreaterThan(IDLE_MILLIS);
      Long next = world.records.get(stream).higher(through);
      if (next != null) {
        assertThat(world.log.get(next).timestamp() - throughMillis)
            .as("%s: ended between %d and %d", stream, through, next)
            .isGreaterThan(IDLE_MILLIS);
      }
      ended = true;
      segmentStart = through + 1;
    }

    /** Makes durable how far it is; what is kept begins after its last end. */
    void publish() {
      if (through < 0 || last < through) {
        return;
      }
      long resume = through + 1;
      if (!ended && world.random.nextBoolean() && world.end < Long.MAX_VALUE) {
        Long older = world.records.get(stream).ceiling(segmentStart);
        long least = published == null ? 0 : published.resumeOffset();
        if (older != null && world.log.size() % 2 == 0) {
          resume = Math.max(least, Math.min(resume, older));
        }
      }
      published = new StreamProgress(resume, through, throughMillis, ended, new byte[0]);
      // The sink writes all that waits in one transaction.
      world.letterWritten();
      world.durable.put(stream, published);
      KafkaSource.Settled settled =
          new KafkaSource.Settled(
              List.of(new KafkaSource.Progressed(world.assignment, stream, published)), List.of());
      world.mailbox.add(() -> world.core.settled(settled));
    }

    /** It has failed, and begins again from what it has published. */
    void restart() {
      if (published != null && published.ended() && inbox.isEmpty()) {
        return; // It has nothing to do that could fail, and is about to be closed.
      }
      delivery++;
      goOn();
      KafkaSource.Rewind rewind =
          new KafkaSource.Rewind(world.assignment, stream, published, firstOffset, delivery);
      world.mailbox.add(() -> world.core.rewind(rewind));
    }
  }
}
