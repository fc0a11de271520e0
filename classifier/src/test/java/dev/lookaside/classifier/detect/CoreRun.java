package dev.lookaside.classifier.detect;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.StreamDetector.Outcome;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamFeaturizer;
import dev.lookaside.ingest.Assignment;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/** One life of a core between a featurizer, a classifier, a sink and a source made of lists. */
final class CoreRun implements DetectorCore.Outbox {
  static final int CLASSES = 3;

  private static final DetectionCodec CODEC = new DetectionCodec();
  private final SimulatedStream stream;
  private final RandomGenerator random;
  private final boolean sheds;
  private final int maxWindows;
  private final Function<Instant, AdapterFacts> adapters;
  private final ArrayDeque<StreamFeaturizer.Event> toTell;
  private final DetectorCore core;
  private final LinkedHashMap<Long, MelWindow> toScore = new LinkedHashMap<>();
  private final LinkedHashMap<Long, Instant> toResolve = new LinkedHashMap<>();
  final TreeMap<Long, List<Detection>> waitingPublishes = new TreeMap<>();
  private final List<MelWindow> told = new ArrayList<>();
  final List<Detection> detections = new ArrayList<>();
  final List<String> published = new ArrayList<>();
  final List<String> durable = new ArrayList<>();
  final Map<Outcome, Long> samples = new TreeMap<>();
  private long receivedSamples;
  private long unheardSamples;
  long settled;
  private long windowsDone;
  int room;
  boolean brokerDown;
  boolean done;

  CoreRun(
      SimulatedStream stream,
      long fromRecord,
      Combination how,
      RandomGenerator random,
      boolean sheds) {
    this(stream, fromRecord, how, random, sheds, at -> SimulatedStream.facts("adapter", CLASSES));
  }

  CoreRun(
      SimulatedStream stream,
      long fromRecord,
      Combination how,
      RandomGenerator random,
      boolean sheds,
      Function<Instant, AdapterFacts> adapters) {
    this(
        stream,
        fromRecord,
        how,
        random,
        sheds,
        random == null ? 4 : 1 + random.nextInt(9),
        5,
        adapters);
  }

  CoreRun(
      SimulatedStream stream,
      long fromRecord,
      Combination how,
      RandomGenerator random,
      boolean sheds,
      int maxWindows,
      int maxPublishes,
      Function<Instant, AdapterFacts> adapters) {
    this.adapters = adapters;
    this.stream = stream;
    this.random = random;
    this.sheds = sheds;
    this.maxWindows = maxWindows;
    this.settled = fromRecord;
    this.toTell = new ArrayDeque<>(stream.events(fromRecord));
    this.core =
        new DetectorCore(
            SimulatedStream.STREAM,
            stream.ownModel(how, CLASSES),
            stream.ownSettings(how, maxWindows, maxPublishes),
            this);
    core.start();
  }

  void untilDone(int steps) {
    int idle = 0;
    for (int i = 0; i < steps && !done && idle < 1_000; i++) {
      idle = step() ? 0 : idle + 1;
      check();
    }
  }

  /** One thing happens: told, scored or made durable. */
  private boolean step() {
    int what = random == null ? -1 : random.nextInt(3);
    boolean unanswered = !toScore.isEmpty() || !toResolve.isEmpty();
    if (what == 0 || what < 0 && !unanswered && waitingIsStuck()) {
      return tellNext();
    }
    if (what == 1 || what < 0 && unanswered) {
      return answerOne();
    }
    return writeOne();
  }

  private boolean waitingIsStuck() {
    return waitingPublishes.isEmpty() || brokerDown;
  }

  private boolean tellNext() {
    StreamFeaturizer.Event next = toTell.peekFirst();
    if (next == null) {
      return false;
    }
    MelWindow w = SimulatedStream.window(next);
    if (w != null) {
      if (room == 0) {
        return false;
      }
      room--;
      told.add(w);
    }
    core.heard(toTell.removeFirst());
    return true;
  }

  private boolean answerOne() {
    if (toScore.isEmpty() || random != null && !toResolve.isEmpty() && random.nextBoolean()) {
      return resolveOne();
    }
    List<Long> tickets = new ArrayList<>(toScore.keySet());
    long ticket = tickets.get(random == null ? 0 : random.nextInt(tickets.size()));
    MelWindow w = toScore.remove(ticket);
    if (sheds && random != null && random.nextInt(6) == 0) {
      core.shed(ticket, "queue full");
    } else {
      AdapterFacts facts = adapters.apply(w.captureTime());
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
    List<Long> tickets = new ArrayList<>(toResolve.keySet());
    long ticket = tickets.get(random == null ? 0 : random.nextInt(tickets.size()));
    core.resolved(ticket, adapters.apply(toResolve.remove(ticket)));
    return true;
  }

  private boolean writeOne() {
    if (waitingPublishes.isEmpty() || brokerDown) {
      return false;
    }
    List<Long> numbers = new ArrayList<>(waitingPublishes.keySet());
    long number = numbers.get(random == null ? 0 : random.nextInt(numbers.size()));
    waitingPublishes.remove(number).forEach(d -> durable.add(json(d)));
    core.durable(number, Instant.EPOCH);
    return true;
  }

  /** What must hold after every step. */
  private void check() {
    assertThat(toScore.size()).isLessThanOrEqualTo(maxWindows);
    for (List<Detection> waiting : waitingPublishes.values()) {
      for (Detection d : waiting) {
        assertThat(d.origin().firstRecordOffset()).isGreaterThanOrEqualTo(settled);
      }
    }
    for (int i = (int) windowsDone; i < told.size(); i++) {
      assertThat(settled).isLessThanOrEqualTo(told.get(i).resumeOffset());
    }
    if (!done) {
      assertThat(room + told.size() - windowsDone).isLessThanOrEqualTo(maxWindows);
    }
  }

  void checkEnd() {
    assertThat(done).isTrue();
    assertThat(windowsDone).isEqualTo(told.size());
    assertThat(settled).isEqualTo(stream.endRecord());
    long windowed = samples.values().stream().mapToLong(Long::longValue).sum();
    assertThat(receivedSamples - windowed - unheardSamples).isZero();
    assertThat(durable).containsExactlyInAnyOrderElementsOf(published);
  }

  private static String json(Detection d) {
    return new String(CODEC.toJson(d), UTF_8);
  }

  @Override
  public void score(long ticket, MelWindow window) {
    assertThat(toScore.put(ticket, window)).isNull();
  }

  @Override
  public void resolve(long ticket, Instant at) {
    assertThat(toResolve.put(ticket, at)).isNull();
  }

  @Override
  public void demand(int windows) {
    room += windows;
  }

  @Override
  public void publish(long number, List<Detection> found) {
    assertThat(found).isNotEmpty();
    waitingPublishes.put(number, found);
    detections.addAll(found);
    found.forEach(d -> published.add(json(d)));
  }

  @Override
  public void settle(Assignment assignment, long resumeOffset) {
    assertThat(assignment).isEqualTo(SimulatedStream.ASSIGNMENT);
    assertThat(resumeOffset).isGreaterThanOrEqualTo(settled);
    settled = resumeOffset;
  }

  @Override
  public void tell(StreamDetector.Event event) {
    if (event instanceof StreamDetector.Windowed w) {
      MelWindow expected = told.get((int) windowsDone++);
      assertThat(w.index()).isEqualTo(expected.index());
      assertThat(w.samples()).isEqualTo(expected.freshSamples());
      if (w.outcome() != Outcome.SHED) {
        assertThat(w.adapter()).isEqualTo(adapters.apply(expected.captureTime()));
      }
      samples.merge(w.outcome(), w.samples(), Long::sum);
    } else if (event instanceof StreamDetector.Counted counted) {
      receivedSamples += counted.delta().receivedSamples();
      unheardSamples += counted.delta().unheardSamples();
    }
  }

  @Override
  public void done() {
    assertThat(done).isFalse();
    done = true;
  }
}
