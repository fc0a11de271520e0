package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.StreamDetector.Outcome;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamTrack;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.StreamMessage;
import dev.lookaside.ingest.StreamProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/**
 * One stream, from records to detections and progress, without threads or time. Answers of the
 * scorer may come in any order; windows are decoded in the stream's. {@link StreamDetector} is its
 * actor.
 *
 * <p>What it publishes is atomic: detections, dead letters and the progress that follows from them
 * belong together. A core made from published progress, given the records from its resume offset
 * on, publishes what would have followed.
 */
final class StreamCore {
  /** A capture time ahead of the append time by more than this is reported. */
  private static final Duration CLOCK_AHEAD_REPORTED = Duration.ofSeconds(1);

  /** A capture time behind the append time by more than this is reported. */
  private static final Duration CLOCK_BEHIND_REPORTED = Duration.ofSeconds(60);

  /** Where the core's results go. */
  interface Outbox {
    /** Score this window with the adapter in force at {@code at}; one answer is expected. */
    void score(long ticket, MelWindow window, Instant at);

    /** Which adapter is in force then; one answer with this ticket is expected. */
    void resolve(long ticket, Instant at);

    /** A record has been consumed. */
    void credit(int records, long bytes);

    /**
     * Make these durable together.
     *
     * @param letters rejected records
     * @param ended the stream ended since the last of these
     * @param capturedUntil capture time of the newest audio needed to decide the detections
     */
    void publish(
        List<Detection> detections,
        List<DetectionSink.RejectedRecord> letters,
        StreamProgress progress,
        boolean ended,
        Instant capturedUntil);

    /** For whoever watches. */
    void observe(StreamDetector.Event event);

    /** Wall clock, milliseconds since 1970: how late a window is. */
    long nowMillis();
  }

  /**
   * What a stream is made with.
   *
   * @param maxClockAhead capture times ahead of the broker's append time by more than this do not
   *     count when the adapter in force is looked up
   * @param tracks makes the track that goes on from a state
   */
  record Parts(
      StreamId stream,
      int partition,
      DetectorModel model,
      DetectSettings settings,
      Duration maxClockAhead,
      Function<StreamTrack.State, StreamTrack> tracks) {}

  /**
   * Where the stream is at a boundary.
   *
   * @param logTimeMillis append time of the newest record that has had its boundary
   * @param idle the boundary is the end of a stream that fell idle
   */
  private record StreamPoint(long logTimeMillis, boolean idle) {}

  /** In the stream's order; the first one waits until it is complete. */
  private abstract static sealed class Item permits Window, Change {
    final StreamTrack.State after;
    int unanswered;

    Item(StreamTrack.State after) {
      this.after = after;
    }

    abstract void answer(long ticket, float @Nullable [] posteriors, @Nullable AdapterFacts its);
  }

  private static final class Window extends Item {
    private final WindowMark mark;
    private final Instant epoch;
    private final boolean segmentStart;
    private Outcome outcome;
    private float @Nullable [] posteriors;
    private @Nullable AdapterFacts adapter;
    private String reason = "";

    /** {@code outcome} as it is expected. */
    Window(MelWindow w, Outcome outcome, StreamTrack.State after) {
      super(after);
      this.mark = WindowMark.of(w);
      this.epoch = w.epoch();
      this.segmentStart = w.segmentStart();
      this.outcome = outcome;
    }

    @Override
    void answer(long ticket, float @Nullable [] scores, @Nullable AdapterFacts its) {
      posteriors = scores;
      adapter = its;
    }
  }

  private static final class Change extends Item {
    private final StreamTrack.Boundary boundary;
    private final List<DetectionSink.RejectedRecord> letters;
    private final Map<Long, Integer> gapOfTicket = new HashMap<>();
    private final @Nullable AdapterFacts[] adapters;

    private final StreamPoint point;

    Change(
        StreamTrack.Boundary boundary,
        List<DetectionSink.RejectedRecord> letters,
        StreamPoint point) {
      super(boundary.after());
      this.boundary = boundary;
      this.letters = letters;
      this.point = point;
      this.adapters = new AdapterFacts[boundary.gaps().size()];
    }

    @Override
    void answer(long ticket, float @Nullable [] scores, @Nullable AdapterFacts its) {
      Integer gap = gapOfTicket.get(ticket);
      if (gap != null) {
        adapters[gap] = its;
      }
    }
  }

  private final Parts parts;
  private final Outbox out;
  private final StreamTrack track;
  private final StreamDecoder decoder;
  private final StreamAccounts accounts;
  private final TreeSet<Long> poison;
  private final Set<Long> newPoison;
  private final Deque<StreamMessage.FromSource> inputs = new ArrayDeque<>();
  private final Deque<Item> line = new ArrayDeque<>();
  private final Map<Long, Item> asked = new HashMap<>();
  private final List<DetectionSink.RejectedRecord> lettersOfRecord = new ArrayList<>();
  private final List<DetectionSink.RejectedRecord> letters = new ArrayList<>();
  private StreamTrack.State position;
  private StreamMessage.@Nullable FromSource current;
  private long currentOffset;
  private long begunOffset;
  private long nextTicket;
  private int windowsInLine;
  private long begunLogTimeMillis;

  /** Of the newest boundary that was pulled, and of the newest that was decoded. */
  private StreamPoint taken = new StreamPoint(0, false);

  private StreamPoint decoded = taken;
  private long clockAheadMillis;
  private boolean unpublished;
  private boolean draining;

  /**
   * A stream that goes on from {@code progress}.
   *
   * @param progress null if nothing is known of the stream
   * @param firstOffset without progress: the first record there will be
   * @param firstTicket greater than every ticket of an earlier core of the stream
   * @param newPoison offsets of records that failed the stream and have no dead letter yet
   */
  StreamCore(
      Parts parts,
      Outbox out,
      @Nullable StreamProgress progress,
      long firstOffset,
      long firstTicket,
      Set<Long> newPoison) {
    this.parts = parts;
    this.out = out;
    this.newPoison = new TreeSet<>(newPoison);
    this.nextTicket = firstTicket;
    this.decoder =
        new StreamDecoder(parts.stream(), parts.partition(), parts.model(), parts.settings());
    if (progress == null) {
      position = StreamTrack.State.startAt(firstOffset);
      accounts = new StreamAccounts();
      poison = new TreeSet<>();
    } else {
      StreamState state = StreamState.of(progress);
      accounts = state.accounts();
      poison = new TreeSet<>(state.poison());
      clockAheadMillis = state.clockAheadMillis();
      taken = new StreamPoint(progress.logTimeMillis(), progress.ended());
      decoded = taken;
      position = state.track();
      if (state.fingerprint().equals(fingerprint())) {
        decoder.read(state.decoder());
        state.checkEnd();
      } else {
        position = withoutSegment(state.track());
      }
    }
    currentOffset = position.throughOffset();
    begunOffset = currentOffset;
    track = parts.tracks().apply(position);
  }

  /** Windows of another grid cannot go on: the stream's clock does, its windows begin anew. */
  private StreamTrack.State withoutSegment(StreamTrack.State old) {
    if (old.segment() != null) {
      accounts.dropPending(old.segment().rateHz());
      out.observe(
          new StreamDetector.Restarted(
              parts.stream(),
              old.throughOffset(),
              "its windows were cut by another front end, window or hop; they begin anew"));
    }
    return new StreamTrack.State(
        old.throughOffset() + 1,
        old.throughOffset(),
        old.sequencer(),
        old.sequencer(),
        null,
        old.acceptedUntil());
  }

  private String fingerprint() {
    return parts.model().spec().fingerprint();
  }

  /** The next message of the source. */
  void accept(StreamMessage.FromSource message) {
    if (draining) {
      return;
    }
    inputs.add(message);
    work();
  }

  /** Takes nothing more in; what is under way comes out. */
  void drain() {
    draining = true;
    inputs.clear();
  }

  /** After {@link #drain}: nothing is under way. */
  boolean drained() {
    return draining && asked.isEmpty();
  }

  /** Posteriors of a window, row-major {@code [columns][labels]}; a ticket unknown is ignored. */
  void scored(long ticket, float[] posteriors, AdapterFacts adapter) {
    answered(ticket, posteriors, adapter, null);
  }

  /** The adapter in force, where nothing is to be scored. */
  void resolved(long ticket, AdapterFacts adapter) {
    answered(ticket, null, adapter, null);
  }

  /** The window cannot be scored. */
  void unscored(long ticket, String reason) {
    answered(ticket, null, null, reason);
  }

  private void answered(
      long ticket,
      float @Nullable [] posteriors,
      @Nullable AdapterFacts adapter,
      @Nullable String unscored) {
    Item item = asked.remove(ticket);
    if (item == null) {
      return;
    }
    item.answer(ticket, posteriors, adapter);
    item.unanswered--;
    if (unscored != null && item instanceof Window window) {
      shed(window, unscored);
    }
    work();
  }

  /** Whether something has come that {@link #publishProgress} would publish. */
  boolean unpublished() {
    return unpublished;
  }

  /** Publishes how far the stream is. */
  void publishProgress() {
    if (unpublished) {
      publish(List.of(), false);
    }
  }

  /** The record that is worked on, or that was last: the one to blame for a failure. */
  long currentOffset() {
    return currentOffset;
  }

  long nextTicket() {
    return nextTicket;
  }

  /** No window is pulled before one under way is answered. */
  boolean full() {
    return windowsInLine >= parts.settings().maxWindowsUnderWay();
  }

  /** Records not consumed yet, with the bytes of their payload: their room goes back unused. */
  List<StreamMessage.FromSource> unconsumed() {
    List<StreamMessage.FromSource> all = new ArrayList<>(inputs);
    if (current != null) {
      all.add(current);
    }
    return all;
  }

  private void work() {
    boolean more = true;
    while (more) {
      decodeLine();
      more = takeEvents();
      if (!more && !track.busy() && !draining) {
        giveBack();
        StreamMessage.FromSource next = inputs.poll();
        if (next != null) {
          begin(next);
          more = true;
        }
      }
    }
  }

  /** Pulls what the track has, as far as there is room; true if anything came. */
  private boolean takeEvents() {
    boolean any = false;
    currentOffset = begunOffset;
    while (!draining) {
      StreamTrack.Event event = track.next(windowsInLine < parts.settings().maxWindowsUnderWay());
      if (event == null) {
        break;
      }
      any = true;
      if (event instanceof StreamTrack.Window window) {
        take(window);
      } else if (event instanceof StreamTrack.Boundary boundary) {
        take(boundary);
      }
    }
    return any;
  }

  private void take(StreamTrack.Window event) {
    MelWindow w = event.window();
    Window item = new Window(w, event.silent() ? Outcome.SKIPPED : Outcome.SCORED, event.after());
    windowsInLine++;
    line.addLast(item);
    Instant at = effective(w.captureTime(), w.logTimeMillis());
    if (event.silent()) {
      out.resolve(ask(item), at);
    } else if (late(w)) {
      Duration after = parts.settings().overload(parts.stream()).skipAfter();
      shed(
          item,
          "older than %d s when its turn came (overload = skip-to-live)"
              .formatted(after == null ? 0 : after.toSeconds()));
    } else {
      out.score(ask(item), w, at);
    }
  }

  private boolean late(MelWindow w) {
    Duration after = parts.settings().overload(parts.stream()).skipAfter();
    // What comes with a stream's end has waited for that, not for its turn.
    return after != null
        && !(current instanceof StreamMessage.End)
        && w.logTimeMillis() != StreamTrack.NO_LOG_TIME
        && out.nowMillis() - w.logTimeMillis() > after.toMillis();
  }

  private static void shed(Window item, String reason) {
    if (item.outcome == Outcome.SCORED) {
      item.outcome = Outcome.SHED;
      item.reason = reason;
    }
  }

  private void take(StreamTrack.Boundary boundary) {
    if (current instanceof StreamMessage.End) {
      taken = new StreamPoint(taken.logTimeMillis(), true);
    } else if (boundary.after().throughOffset() == begunOffset) {
      taken = new StreamPoint(begunLogTimeMillis, false);
    }
    Change item = new Change(boundary, List.copyOf(lettersOfRecord), taken);
    lettersOfRecord.clear();
    line.addLast(item);
    for (int g = 0; g < boundary.gaps().size(); g++) {
      StreamTrack.Gap gap = boundary.gaps().get(g);
      long ticket = ask(item);
      item.gapOfTicket.put(ticket, g);
      out.resolve(ticket, effective(gap.from(), gap.logTimeMillis()));
    }
  }

  private long ask(Item item) {
    item.unanswered++;
    asked.put(nextTicket, item);
    return nextTicket++;
  }

  /**
   * The time by which the adapter in force is looked up. A sender whose clock is far ahead would
   * have its windows wait until the ledger is known so far: they count as captured when the broker
   * got them, or a little later. A function of the log alone, so a replay finds the same.
   */
  private Instant effective(Instant captured, long appendedMillis) {
    if (appendedMillis == StreamTrack.NO_LOG_TIME) {
      return captured;
    }
    Instant latest = Instant.ofEpochMilli(appendedMillis).plus(parts.maxClockAhead());
    return captured.isAfter(latest) ? latest : captured;
  }

  private void begin(StreamMessage.FromSource message) {
    current = message;
    if (message instanceof StreamMessage.Chunk chunk) {
      begin(chunk);
    } else if (message instanceof StreamMessage.Rejected rejected) {
      see(rejected.record());
      track.rejected(rejected.record().offset(), rejected.sequence(), rejected.sampleOffset());
      letter(rejected.record(), rejected.rejection());
    } else if (message instanceof StreamMessage.End) {
      unpublished = true;
      track.end();
    }
  }

  private void begin(StreamMessage.Chunk chunk) {
    ConsumerRecord<byte[], byte[]> record = chunk.record();
    see(record);
    boolean failed = newPoison.remove(record.offset());
    if (failed || poison.contains(record.offset())) {
      track.rejected(record.offset(), chunk.chunk().sequence(), chunk.chunk().sampleOffset());
      if (failed) {
        poison.add(record.offset());
        poisonLetter(record);
      }
      return;
    }
    long appended = appendTime(record);
    if (isNew(record)) {
      watchClock(chunk, appended);
    }
    Rejection rejection = track.accept(chunk.chunk(), appended);
    if (rejection != null) {
      letter(record, rejection);
    }
  }

  private void poisonLetter(ConsumerRecord<byte[], byte[]> record) {
    Rejection rejection =
        new Rejection(
            Rejection.Reason.FAILED,
            "record",
            Long.toString(record.offset()),
            "must not fail its stream, which it did " + StreamDetector.FAILURES_MAX + " times");
    (isNew(record) ? lettersOfRecord : letters)
        .add(new DetectionSink.RejectedRecord(record, rejection));
    unpublished = true;
  }

  private void see(ConsumerRecord<byte[], byte[]> record) {
    begunOffset = record.offset();
    begunLogTimeMillis = record.timestamp();
    currentOffset = begunOffset;
  }

  /** One letter a record: what was taken before has had its letter. */
  private void letter(ConsumerRecord<byte[], byte[]> record, Rejection rejection) {
    if (isNew(record)) {
      lettersOfRecord.add(new DetectionSink.RejectedRecord(record, rejection));
    }
  }

  /** False if it is read again for its samples alone. */
  private boolean isNew(ConsumerRecord<byte[], byte[]> record) {
    return record.offset() > position.throughOffset();
  }

  /** The broker's own clock, where the topic is set to use it. */
  private static long appendTime(ConsumerRecord<byte[], byte[]> record) {
    return record.timestampType() == TimestampType.LOG_APPEND_TIME
        ? record.timestamp()
        : StreamTrack.NO_LOG_TIME;
  }

  /** Reports a clock that is wrong once, and again if it is wrong by much more or right again. */
  private void watchClock(StreamMessage.Chunk chunk, long appendedMillis) {
    if (appendedMillis == StreamTrack.NO_LOG_TIME) {
      return;
    }
    long ahead = chunk.chunk().captureTime().toEpochMilli() - appendedMillis;
    boolean wrong =
        ahead > CLOCK_AHEAD_REPORTED.toMillis() || ahead < -CLOCK_BEHIND_REPORTED.toMillis();
    boolean reported = clockAheadMillis != 0;
    boolean changed = Math.abs(ahead - clockAheadMillis) > Math.abs(clockAheadMillis);
    if (wrong && (!reported || changed)) {
      clockAheadMillis = ahead;
      out.observe(new StreamDetector.ClockOff(parts.stream(), Duration.ofMillis(ahead)));
    } else if (!wrong && reported) {
      clockAheadMillis = 0;
      out.observe(new StreamDetector.ClockOff(parts.stream(), Duration.ZERO));
    }
  }

  private void giveBack() {
    StreamMessage.FromSource done = current;
    current = null;
    if (done instanceof StreamMessage.Chunk chunk) {
      out.credit(1, bytes(chunk.record()));
    } else if (done instanceof StreamMessage.Rejected rejected) {
      out.credit(1, bytes(rejected.record()));
    }
  }

  /** Bytes of a record's value, which is what its room is measured in. */
  static long bytes(ConsumerRecord<byte[], byte[]> record) {
    return record.value() == null ? 0 : record.value().length;
  }

  private void decodeLine() {
    List<Detection> found = new ArrayList<>();
    boolean ended = false;
    while (!line.isEmpty() && line.getFirst().unanswered == 0) {
      Item item = line.removeFirst();
      unpublished = true;
      if (item instanceof Window window) {
        windowsInLine--;
        currentOffset = window.mark.lastRecordOffset();
        decode(window, found);
      } else if (item instanceof Change change) {
        currentOffset = item.after.throughOffset();
        decode(change, found);
        ended |= change.boundary.streamEnded();
        decoded = change.point;
      }
      position = item.after;
    }
    if (!found.isEmpty() || !letters.isEmpty() || ended) {
      publish(found, ended);
    }
  }

  private void decode(Window w, List<Detection> found) {
    decoder.begin(w.mark, w.epoch, w.segmentStart, w.adapter, found);
    float[] posteriors = w.posteriors;
    if (posteriors != null) {
      decoder.scored(w.mark, posteriors, found);
    } else if (w.outcome == Outcome.SKIPPED) {
      decoder.skipped(w.mark, found);
    } else {
      decoder.shed(w.mark, w.reason, found);
    }
    accounts.window(w.outcome, w.mark.freshSamples(), w.mark.rateHz());
    out.observe(
        new StreamDetector.Windowed(
            parts.stream(),
            w.epoch,
            w.mark.index(),
            w.outcome,
            posteriors,
            w.adapter,
            w.mark.captureTime(),
            w.mark.capturedUntil(),
            w.mark.freshSamples(),
            w.mark.rateHz()));
  }

  private void decode(Change change, List<Detection> found) {
    StreamTrack.Boundary b = change.boundary;
    if (b.segmentEnded()) {
      decoder.segmentEnded(found);
    }
    if (b.streamEnded()) {
      decoder.streamEnded(found);
    }
    for (int g = 0; g < b.gaps().size(); g++) {
      decoder.gap(b.gaps().get(g), change.adapters[g], found);
    }
    letters.addAll(change.letters);
    accounts.add(b.counts(), b.rateHz());
    out.observe(new StreamDetector.Counted(parts.stream(), b.rateHz(), b.counts()));
  }

  private void publish(List<Detection> found, boolean ended) {
    unpublished = false;
    Set<Long> done = poison.headSet(position.resumeOffset());
    done.clear();
    out.publish(
        found,
        List.copyOf(letters),
        new StreamProgress(
            position.resumeOffset(),
            position.throughOffset(),
            decoded.logTimeMillis(),
            decoded.idle(),
            StreamState.bytes(
                fingerprint(),
                clockAheadMillis,
                accounts,
                // A later one has its letter yet to come: until then it is not known.
                poison.headSet(position.throughOffset() + 1),
                position,
                decoder)),
        ended,
        decoder.capturedUntil());
    letters.clear();
  }
}
