package dev.lookaside.classifier.detect;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.StreamDetector.Outcome;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.featurizer.Counts;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.StreamMessage;
import dev.lookaside.ingest.StreamProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.LongPredicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One life of a core between a source, a classifier and a sink made of lists. */
final class CoreRun implements StreamCore.Outbox {
  static final int CLASSES = 3;
  static final Duration MAX_CLOCK_AHEAD = Duration.ofSeconds(5);

  private static final DetectionCodec CODEC = new DetectionCodec();

  /** What the sink was given in one go. */
  record Published(List<String> detections, List<Long> letters, StreamProgress progress) {}

  /** How a life is lived. */
  static final class Setup {
    final SimulatedStream stream;
    final Combination how;
    @Nullable RandomGenerator random;
    boolean unscored;
    Function<Instant, AdapterFacts> adapters = at -> SimulatedStream.facts("adapter", CLASSES);
    @Nullable StreamProgress from;
    LongPredicate deleted = offset -> false;
    Set<Long> newPoison = Set.of();
    @Nullable DetectSettings settings;
    long nowMillis;

    /** The core fails while it takes a window that ends in this record. */
    long failsAt = -1;

    Setup(SimulatedStream stream, Combination how) {
      this.stream = stream;
      this.how = how;
    }

    /** Answers come in a random order, and late; null: at once and in order. */
    Setup wild(@Nullable RandomGenerator wild) {
      random = wild;
      return this;
    }

    Setup adapters(Function<Instant, AdapterFacts> ledger) {
      adapters = ledger;
      return this;
    }

    Setup unscored() {
      unscored = true;
      return this;
    }

    Setup from(@Nullable StreamProgress progress) {
      from = progress;
      return this;
    }

    CoreRun run() {
      CoreRun run = new CoreRun(this);
      run.untilDone(Integer.MAX_VALUE);
      return run;
    }
  }

  private final Setup setup;
  private final SimulatedStream stream;
  private final RandomGenerator random;
  private final int maxWindows;
  private final ArrayDeque<SimulatedStream.Message> toGive;
  private final LinkedHashMap<Long, MelWindow> toScore = new LinkedHashMap<>();
  private final LinkedHashMap<Long, Instant> toResolve = new LinkedHashMap<>();
  private final Map<Long, Instant> atOfTicket = new TreeMap<>();
  private final Set<List<Object>> asked = new HashSet<>();
  private int given;
  private int credited;
  private long bytesUnderWay;
  final StreamCore core;
  final List<Published> published = new ArrayList<>();
  final List<Detection> detections = new ArrayList<>();
  final List<StreamDetector.Windowed> windowed = new ArrayList<>();
  final List<StreamDetector.Event> observed = new ArrayList<>();
  final List<Instant> askedAt = new ArrayList<>();
  final Map<Outcome, Long> samples = new TreeMap<>();
  private Counts counts = Counts.NONE;

  CoreRun(Setup setup) {
    this.setup = setup;
    this.stream = setup.stream;
    this.random = setup.random;
    this.maxWindows = random == null ? 4 : 1 + random.nextInt(9);
    this.toGive = new ArrayDeque<>(stream.messages(setup.from, setup.deleted));
    DetectSettings settings =
        setup.settings != null ? setup.settings : stream.ownSettings(setup.how, maxWindows);
    this.core =
        new StreamCore(
            new StreamCore.Parts(
                SimulatedStream.STREAM,
                SimulatedStream.ASSIGNMENT.partition(),
                stream.ownModel(setup.how, CLASSES),
                settings,
                MAX_CLOCK_AHEAD,
                SimulatedStream::track),
            this,
            setup.from == null ? null : StreamProgress.of(setup.from.toBytes()),
            stream.firstRecord(),
            0,
            setup.newPoison);
  }

  void untilDone(int steps) {
    int idle = 0;
    for (int i = 0; i < steps && idle < 200; i++) {
      idle = step() ? 0 : idle + 1;
      assertThat(toScore.size()).isLessThanOrEqualTo(Math.max(maxWindows, 16));
      assertThat(credited).isLessThanOrEqualTo(given);
    }
    if (idle > 0) {
      core.publishProgress();
    }
  }

  /** One thing happens. */
  private boolean step() {
    boolean unanswered = !toScore.isEmpty() || !toResolve.isEmpty();
    if (random == null) {
      return unanswered ? answerOne() : giveNext();
    }
    int what = random.nextInt(20);
    if (what == 0) {
      core.publishProgress();
      return false;
    }
    return what < 10 ? giveNext() : answerOne();
  }

  /** Until so many messages are left, and all that was asked is answered. */
  void untilLeft(int messages) {
    while (toGive.size() > messages || !toScore.isEmpty() || !toResolve.isEmpty()) {
      step();
    }
  }

  /** The source gives all it has, however much is under way. */
  void giveAll() {
    while (giveNext()) {
      core.publishProgress();
    }
  }

  private boolean giveNext() {
    SimulatedStream.Message next = toGive.pollFirst();
    if (next == null) {
      return false;
    }
    if (!(next.message() instanceof StreamMessage.End)) {
      given++;
      bytesUnderWay += bytes(next.message());
    }
    core.accept(next.message());
    return true;
  }

  private static long bytes(StreamMessage.FromSource m) {
    return m instanceof StreamMessage.Chunk c
        ? StreamCore.bytes(c.record())
        : StreamCore.bytes(((StreamMessage.Rejected) m).record());
  }

  /** Answers all that is asked, until nothing more is. */
  void answerAll() {
    boolean more = true;
    while (more) {
      more = answerOne();
    }
  }

  private boolean answerOne() {
    if (toScore.isEmpty() || random != null && !toResolve.isEmpty() && random.nextBoolean()) {
      return resolveOne();
    }
    long ticket = pick(toScore);
    MelWindow w = toScore.remove(ticket);
    if (setup.unscored && stream.unscored(w.index())) {
      core.unscored(ticket, "scorer failed twice");
    } else {
      AdapterFacts facts = setup.adapters.apply(atOfTicket.get(ticket));
      core.scored(ticket, stream.posteriors(w.index(), facts), facts);
      if (random != null && random.nextInt(10) == 0) {
        core.scored(ticket, new float[CLASSES], SimulatedStream.facts("late double", CLASSES));
      }
    }
    return true;
  }

  private boolean resolveOne() {
    if (toResolve.isEmpty()) {
      return false;
    }
    long ticket = pick(toResolve);
    core.resolved(ticket, setup.adapters.apply(toResolve.remove(ticket)));
    return true;
  }

  private long pick(Map<Long, ?> of) {
    List<Long> tickets = new ArrayList<>(of.keySet());
    return tickets.get(random == null ? 0 : random.nextInt(tickets.size()));
  }

  /** The newest progress; null if the stream has none. */
  @Nullable StreamProgress progress() {
    return published.isEmpty() ? setup.from : published.get(published.size() - 1).progress();
  }

  static StreamAccounts accounts(StreamProgress progress) {
    return StreamState.of(progress).accounts();
  }

  List<String> allDetections() {
    List<String> all = new ArrayList<>();
    published.forEach(p -> all.addAll(p.detections()));
    return all;
  }

  List<Long> allLetters() {
    List<Long> all = new ArrayList<>();
    published.forEach(p -> all.addAll(p.letters()));
    return all;
  }

  /** What must hold when the stream has ended. */
  void checkEnd() {
    assertThat(toGive).isEmpty();
    assertThat(credited).isEqualTo(given);
    assertThat(bytesUnderWay).isZero();
    assertThat(core.unpublished()).isFalse();
    StreamProgress last = progress();
    assertThat(last.ended()).isTrue();
    assertThat(last.resumeOffset()).isEqualTo(last.throughOffset() + 1);
    assertThat(accounts(last).pendingSamples()).isEmpty();
    if (setup.from == null) {
      StreamAccounts.Seconds s = accounts(last).seconds();
      assertThat(s.scored()).isEqualTo(samples.getOrDefault(Outcome.SCORED, 0L) / 16e3);
      assertThat(s.skipped()).isEqualTo(samples.getOrDefault(Outcome.SKIPPED, 0L) / 16e3);
      assertThat(s.shed()).isEqualTo(samples.getOrDefault(Outcome.SHED, 0L) / 16e3);
      assertThat(s.received()).isEqualTo(counts.receivedSamples() / 16e3);
      assertThat(s.gap()).isEqualTo(counts.gapSamples() / 16e3);
    }
  }

  private static String json(Detection d) {
    return new String(CODEC.toJson(d), UTF_8);
  }

  @Override
  public void score(long ticket, MelWindow window, Instant at) {
    if (window.lastRecordOffset() == setup.failsAt) {
      throw new IllegalStateException("as the test wants");
    }
    assertThat(toScore.put(ticket, window)).isNull();
    assertThat(asked.add(List.of(window.epoch(), window.index()))).as("asked for once").isTrue();
    atOfTicket.put(ticket, at);
    askedAt.add(at);
  }

  @Override
  public void resolve(long ticket, Instant at) {
    assertThat(toResolve.put(ticket, at)).isNull();
  }

  @Override
  public void credit(int records, long bytes) {
    credited += records;
    bytesUnderWay -= bytes;
  }

  @Override
  public void publish(
      List<Detection> found,
      List<DetectionSink.RejectedRecord> letters,
      StreamProgress progress,
      boolean ended,
      Instant capturedUntil) {
    StreamProgress before = progress();
    if (before != null) {
      assertThat(progress.resumeOffset()).isGreaterThanOrEqualTo(before.resumeOffset());
      assertThat(progress.throughOffset()).isGreaterThanOrEqualTo(before.throughOffset());
    }
    detections.addAll(found);
    published.add(
        new Published(
            found.stream().map(CoreRun::json).toList(),
            letters.stream().map(l -> l.record().offset()).toList(),
            progress));
  }

  @Override
  public void observe(StreamDetector.Event event) {
    observed.add(event);
    if (event instanceof StreamDetector.Windowed w) {
      windowed.add(w);
      samples.merge(w.outcome(), w.samples(), Long::sum);
      if (w.outcome() == Outcome.SCORED) {
        assertThat(w.posteriors()).isNotNull();
      }
    } else if (event instanceof StreamDetector.Counted counted) {
      counts = counts.plus(counted.delta());
    }
  }

  @Override
  public long nowMillis() {
    return setup.nowMillis;
  }

  static boolean same(StreamProgress a, StreamProgress b) {
    return Arrays.equals(a.toBytes(), b.toBytes());
  }
}
