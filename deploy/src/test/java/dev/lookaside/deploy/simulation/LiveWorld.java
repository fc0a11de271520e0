package dev.lookaside.deploy.simulation;

import akka.actor.typed.Behavior;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.classifier.detect.DecoderSettings;
import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.BatchSettings;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamTrack;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.SourceSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/**
 * One simulation of the live path: senders, brokers, and workers of which each runs the real
 * source, streams, classifier and sink. Everything that happens follows from the seed.
 */
final class LiveWorld implements SimulatedBroker.Observer {
  static final Duration MAX_CLOCK_AHEAD = Duration.ofMillis(400);
  private static final Instant START = Instant.parse("2026-01-31T12:00:00Z");
  private static final long MILLI = 1_000_000L;
  private static final long SECOND = 1_000 * MILLI;
  private static final Duration LEAD = Duration.ofSeconds(1);
  private static final int WINDOW_FRAMES = 16;
  private static final int HOP_FRAMES = 8;
  private static final List<String> LABELS = List.of("low", "high");
  private static final AudioFormat TAIL_FORMAT =
      AudioFormat.parse("audio/x-raw;format=S16LE;rate=16000;channels=1");
  private static final int MOST_NESTED = 5;
  private static final int MOST_STEPS = 400_000;
  private static final int MOST_STEPS_AT_ONCE = 50_000;

  /** A healthy stream's window is scored so soon after its audio came, whatever others do. */
  private static final long SCORED_WITHIN_MILLIS = 1_000;

  /** The same where its partition goes to another worker meanwhile. */
  private static final long HANDED_OVER_WITHIN_MILLIS = 5_000;

  /** What some simulations come to; without them little would be shown. */
  enum Turn {
    /** Windows that were too old were shed. */
    SHED,
    /** A static member came back within its session. */
    CAME_BACK,
    /** A static member had to wait until the session of the one before was over. */
    WAITED_FOR_ITS_PLACE,
    /** A static member was fenced by another process of the same name. */
    SUPERSEDED,
    /** Partitions went from one running worker to another, by each protocol. */
    MOVED_BY_CONSUMER,
    MOVED_BY_COOPERATIVE,
    MOVED_BY_EAGER
  }

  /** How the group assigns partitions. */
  private enum Protocol {
    CONSUMER(Turn.MOVED_BY_CONSUMER),
    /** The classic one as the product sets it. */
    COOPERATIVE(Turn.MOVED_BY_COOPERATIVE),
    /** The classic one with an assignor of the user's. */
    EAGER(Turn.MOVED_BY_EAGER);

    private final Turn moved;

    Protocol(Turn moved) {
      this.moved = moved;
    }
  }

  private static final Config CONFIG = ConfigFactory.load();
  private static final AudioDecoder DECODER = new AudioDecoder(ChannelPolicy.MIX, 1 << 20);
  private static final List<LoadedAdapter> ADAPTERS = List.of(adapter(1), adapter(2), adapter(3));

  /**
   * A decision about an adapter.
   *
   * @param stream for it alone; empty: for all
   * @param fromNanos windows from here on
   */
  private record Cutover(
      int number, String stream, long writtenNanos, long fromNanos, LoadedAdapter adapter) {}

  /** Fails its stream, so many times. */
  private static final class Poison extends ConsumerRecord<byte[], byte[]> {
    private int left;

    Poison(ConsumerRecord<byte[], byte[]> of, int times) {
      super(
          of.topic(),
          of.partition(),
          of.offset(),
          of.timestamp(),
          TimestampType.LOG_APPEND_TIME,
          of.serializedKeySize(),
          of.serializedValueSize(),
          of.key(),
          of.value(),
          of.headers(),
          Optional.empty());
      left = times;
    }

    @Override
    public TimestampType timestampType() {
      if (left > 0) {
        left -= left == Integer.MAX_VALUE ? 0 : 1;
        throw new IllegalStateException("simulated poison");
      }
      return super.timestampType();
    }
  }

  private final VirtualActors actors = VirtualActors.get();
  private final RandomGenerator random;
  private final boolean disturbed;
  private final boolean calm;
  private final boolean exactlyOnce;
  private final int partitions;
  private final Scenario scenario;
  private final Invariants invariants;
  private final SimulatedBroker broker;
  private final Protocol protocol;
  private final boolean statics;
  private final Config ingest;
  private final Map<String, IngestSettings> ingestOf = new HashMap<>();
  private final String detectConfig;
  private final DetectSettings detect;
  private final BatchSettings batch;
  private final DetectorModel model;
  private final int maxPollRecords;
  private final long scoreNanos;
  private final List<Cutover> cutovers = new ArrayList<>();
  private final List<SimulatedProcess> processes = new ArrayList<>();
  private final Map<String, SimulatedProcess> pipelines = new HashMap<>();
  private final Deque<Scenario.Send> unsent = new ArrayDeque<>();
  private final Map<String, Set<Long>> traps = new HashMap<>();
  private final Set<String> underWay = new HashSet<>();
  private final List<Runnable> armed = new ArrayList<>();
  private final Deque<String> notes = new ArrayDeque<>();
  private final Set<Integer> deletedFrom = new TreeSet<>();
  private final Set<Turn> reached = EnumSet.noneOf(Turn.class);
  private boolean brokersUp = true;
  private boolean healed;
  private boolean ledgerKnown;
  private int nested;
  private int steps;
  private int stepsAtOnce;
  private int restarts;
  private int tails;
  private int members;
  private int transactionalIds;
  private AssertionError failure;
  private long trace = 17;
  private long boundMillis;
  private long worstMillis;

  /** A simulation with all its troubles. */
  LiveWorld(RandomGenerator random) {
    this.random = random;
    this.disturbed = true;
    calm = random.nextInt(3) == 0;
    exactlyOnce = calm || random.nextInt(8) != 0;
    partitions = 1 + random.nextInt(3);
    actors.reset(START.getEpochSecond() * SECOND, this::gone);
    scenario = new Scenario(random, START, partitions, calm);
    maxPollRecords = 1 + random.nextInt(20);
    scoreNanos = (1 + random.nextInt(calm ? 2 : 6)) * MILLI;
    protocol =
        switch (random.nextInt(10)) {
          case 0, 1, 2, 3 -> Protocol.CONSUMER;
          case 4, 5, 6 -> Protocol.COOPERATIVE;
          default -> Protocol.EAGER;
        };
    statics = chance(0.4);
    Map<String, Object> source = new HashMap<>();
    source.put("credit-records", 1 + random.nextInt(8));
    source.put("credit-bytes", 4_000 + random.nextInt(30_000));
    source.put("max-bytes-under-way", chance(0.3) ? 20_000 : 1 << 20);
    // A stream that begins behind a backlog waits for so much of it to be read.
    source.put("read-ahead-bytes", calm ? 1 << 26 : 10_000 + random.nextInt(80_000));
    source.put("commit-interval-millis", 250);
    source.put("poll-millis", 20 + random.nextInt(80));
    source.put("stop-timeout-millis", 1_000);
    source.put("unreachable-after-millis", 1_000);
    source.put("delivery", exactlyOnce ? "exactly-once" : "at-least-once");
    source.put("report-interval-millis", 500);
    source.put("group-protocol", protocol == Protocol.CONSUMER ? "consumer" : "classic");
    ingest = sourceConfig(source);
    detectConfig =
        """
        progress-interval-millis = %d
        max-windows-under-way = %d
        thresholds { low { on = 0.5, off = 0.3 }, high { on = 0.5, off = 0.3 } }
        """
            .formatted(50 + random.nextInt(400), 1 + random.nextInt(8));
    boolean allSkip = chance(0.2);
    String streams =
        scenario.streams.stream()
            .filter(s -> chance(0.2))
            .map(s -> "\"%s\" = %s".formatted(s.name(), allSkip ? "process-all" : "skip-to-live"))
            .collect(Collectors.joining(", "));
    detect =
        detectSettings(
            detectConfig
                + "overload { policy = %s, skip-after-seconds = %d, streams { %s } }"
                    .formatted(
                        allSkip ? "skip-to-live" : "process-all", 1 + random.nextInt(2), streams));
    batch =
        new BatchSettings(
            1 + random.nextInt(6),
            Duration.ofMillis(random.nextInt(8)),
            Duration.ofSeconds(2),
            Map.of(),
            Duration.ofMillis(50),
            Duration.ofMillis(400));
    model = model(detect);
    invariants = new Invariants(this, exactlyOnce);
    broker =
        new SimulatedBroker(actors, partitions, 2_500 * MILLI, protocol != Protocol.CONSUMER, this);
    decide();
  }

  private static Config sourceConfig(Map<String, Object> settings) {
    return ConfigFactory.parseMap(settings).atPath("lookaside.ingest.source").withFallback(CONFIG);
  }

  private static DetectSettings detectSettings(String text) {
    Config own = ConfigFactory.parseString(text);
    DetectSettings s =
        DetectSettings.of(own.atPath("lookaside.classifier.detect").withFallback(CONFIG));
    return new DetectSettings(
        s.clipCombination(),
        s.columnsCombination(),
        s.thresholds(),
        s.minLength(),
        s.minGap(),
        s.maxWindowsUnderWay(),
        Duration.ofMillis(own.getLong("progress-interval-millis")),
        s.overload(),
        s.overloadOfStreams());
  }

  /** What users set, and what is a constant for them. */
  private static IngestSettings ingestSettings(Config config) {
    IngestSettings ingest = IngestSettings.of(config);
    SourceSettings s = ingest.source();
    Config own = config.getConfig("lookaside.ingest.source");
    return new IngestSettings(
        ingest.clients(),
        ingest.chunkSource(),
        ingest.maxPayloadBytes(),
        ingest.defaultFormat(),
        ingest.topics(),
        new SourceSettings(
            s.membership(),
            s.exactlyOnce(),
            s.startsAtEnd(),
            s.creditRecords(),
            s.creditBytes(),
            s.maxBytesUnderWay(),
            constant(own, "read-ahead-bytes", s.readAheadBytes()),
            s.commitIntervalMillis(),
            constant(own, "poll-millis", s.pollMillis()),
            constant(own, "unreachable-after-millis", s.unreachableAfterMillis()),
            constant(own, "report-interval-millis", s.reportIntervalMillis()),
            constant(own, "stop-timeout-millis", s.stopTimeoutMillis()),
            s.consumerProperties()),
        ingest.retained());
  }

  private static long constant(Config own, String key, long otherwise) {
    return own.hasPath(key) ? own.getLong(key) : otherwise;
  }

  /** The same log again, by one worker that nothing happens to and that sheds nothing. */
  LiveWorld(LiveWorld other) {
    random = new java.util.Random(1);
    disturbed = false;
    calm = true;
    exactlyOnce = true;
    partitions = other.partitions;
    actors.reset(other.nowNanos(), this::gone);
    scenario = other.scenario;
    maxPollRecords = 50;
    scoreNanos = 0;
    protocol = Protocol.CONSUMER;
    statics = false;
    ingest = sourceConfig(Map.of("commit-interval-millis", 250));
    detectConfig = other.detectConfig;
    detect = detectSettings(detectConfig); // Nothing is shed.
    batch =
        new BatchSettings(
            8,
            Duration.ZERO,
            Duration.ofSeconds(2),
            Map.of(),
            Duration.ofMillis(1),
            Duration.ofMillis(1));
    model = other.model;
    invariants = new Invariants(this, true);
    broker = new SimulatedBroker(actors, partitions, 1_000 * SECOND, false, this);
    cutovers.addAll(other.cutovers);
    tails = other.tails;
    traps.putAll(other.traps);
    ledgerKnown = true;
    for (int p = 0; p < partitions; p++) {
      for (ConsumerRecord<byte[], byte[]> r : other.broker.all(p)) {
        // What failed a stream once or twice and then did not is no trouble here.
        boolean always = r instanceof Poison poison && poison.left == Integer.MAX_VALUE;
        ConsumerRecord<byte[], byte[]> same = always ? r : new Poison(r, 0);
        broker.append(same);
        invariants.appended(same);
      }
    }
    healed = true;
  }

  private static LoadedAdapter adapter(long seed) {
    return LoadedAdapter.of(
        AdapterFactory.fresh(
            new ViTSpec(64, 1, 1, 128, 2, 8, 8, 1e-6f),
            new AdapterFactory.Meaning(
                LABELS,
                Activation.SIGMOID,
                HeadKind.CLIP,
                FrontEnd.AST_FBANK,
                WINDOW_FRAMES,
                -4.25f,
                4.5f),
            Optional.empty(),
            Optional.empty(),
            0,
            seed));
  }

  private static DetectorModel model(DetectSettings detect) {
    return new DetectorModel(
        LABELS,
        1,
        new FeatureSpec(FrontEnd.AST_FBANK, WINDOW_FRAMES, HOP_FRAMES),
        new DecoderSettings(
            detect.clipCombination(),
            new float[] {0.5f, 0.5f},
            new float[] {0.3f, 0.3f},
            new int[] {16, 16},
            16),
        ADAPTERS.get(0).digest(),
        "0".repeat(64));
  }

  // What processes need

  SimulatedBroker broker() {
    return broker;
  }

  /** Settings of a worker of this static name. */
  IngestSettings ingest(String instance) {
    return ingestOf.computeIfAbsent(
        instance,
        its ->
            ingestSettings(
                ConfigFactory.parseMap(Map.of("lookaside.ingest.source.instance", its))
                    .withFallback(ingest)));
  }

  /** What the user passes to every client. */
  Map<String, Object> clientProperties() {
    Map<String, Object> properties = new HashMap<>();
    properties.put("bootstrap.servers", "simulated:9092");
    properties.put("transaction.timeout.ms", "3000");
    if (protocol == Protocol.EAGER) {
      properties.put(
          "partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor");
    }
    return properties;
  }

  void reached(Turn turn) {
    reached.add(turn);
  }

  Set<Turn> reached() {
    return reached;
  }

  /** Partitions that a running worker had go to another. */
  void moved() {
    reached(protocol.moved);
  }

  boolean healed() {
    return healed;
  }

  /** Whether windows of this stream may be shed. */
  boolean skipping(String stream) {
    return detect.overloadOfStreams().getOrDefault(stream, detect.overload()).skipAfter() != null;
  }

  /** Whether nothing of this stream is ever late: it is healthy, and no partition moves. */
  boolean alwaysInTime(Scenario.Stream stream) {
    return calm && stream.healthy() && boundMillis == SCORED_WITHIN_MILLIS;
  }

  List<Scenario.Stream> streams() {
    return scenario.streams;
  }

  DetectSettings detect() {
    return detect;
  }

  BatchSettings batch() {
    return batch;
  }

  DetectorModel model() {
    return model;
  }

  boolean exactlyOnce() {
    return exactlyOnce;
  }

  Duration idle() {
    return Duration.ofSeconds(3);
  }

  int maxPollRecords() {
    return maxPollRecords;
  }

  long scoreNanos() {
    return scoreNanos;
  }

  boolean brokersUp() {
    return brokersUp;
  }

  UnreachableException unreachable() {
    return new UnreachableException("simulated: no broker answers", null);
  }

  StreamTrack.Factory tracks() {
    Map<String, Double> gates = new HashMap<>();
    scenario.streams.forEach(s -> gates.put(s.name(), s.gateDbfs()));
    return (stream, state) ->
        new StreamTrack(
            stream,
            model.spec(),
            gates.getOrDefault(stream.value(), Double.NEGATIVE_INFINITY),
            DECODER,
            state);
  }

  long nowNanos() {
    return actors.nowNanos();
  }

  long nowMillis() {
    return actors.nowNanos() / MILLI;
  }

  int draw(int bound) {
    return disturbed ? random.nextInt(bound) : bound - 1;
  }

  private boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  void after(long nanos, Runnable task) {
    actors.at(nowNanos() + nanos, task);
  }

  void spawn(Behavior<?> behavior, String name) {
    actors.spawn(behavior, name);
  }

  String newPipeline(SimulatedProcess process) {
    String name = "p" + pipelines.size();
    pipelines.put(name, process);
    return name;
  }

  String newMember(SimulatedProcess process) {
    return "member-" + members++;
  }

  boolean underWay(String pipeline, String role) {
    return underWay.contains(pipeline + "/" + role);
  }

  private void gone(String pipeline, VirtualActors all) {
    SimulatedProcess process = pipelines.get(pipeline);
    if (process != null) {
      process.gone();
    }
  }

  void restarted() {
    restarts++;
  }

  // Adapters

  private void decide() {
    int count = random.nextInt(4);
    long at = nowNanos();
    for (int i = 0; i < count; i++) {
      at += (200 + random.nextInt(3_000)) * MILLI;
      boolean single = calm || random.nextInt(3) == 0;
      List<Scenario.Stream> ill = scenario.streams.stream().filter(s -> !s.healthy()).toList();
      if (single && ill.isEmpty()) {
        continue;
      }
      cutovers.add(
          new Cutover(
              i,
              single ? ill.get(random.nextInt(ill.size())).name() : "",
              at,
              at + LEAD.toNanos() + random.nextInt(500) * MILLI,
              ADAPTERS.get(random.nextInt(ADAPTERS.size()))));
    }
  }

  /**
   * What a worker knows now.
   *
   * @param readyAtNanos when it has what adapter; filled in here
   */
  AdapterPlan plan(Map<Integer, Long> readyAtNanos) {
    long now = nowNanos();
    Instant knownUntil =
        ledgerKnown ? Instant.MAX : Instant.EPOCH.plusNanos(now).plus(LEAD).minusMillis(300);
    List<Cutover> known = new ArrayList<>();
    Set<Integer> ready = new HashSet<>();
    for (Cutover c : cutovers) {
      if (ledgerKnown || c.writtenNanos() <= now) {
        known.add(c);
        long at =
            readyAtNanos.computeIfAbsent(
                c.number(), n -> c.writtenNanos() + draw(chanceOf3() ? 4_000 : 600) * MILLI);
        if (ledgerKnown || at <= now) {
          ready.add(c.number());
        }
      }
    }
    return (stream, at) -> choose(known, ready, knownUntil, stream, at);
  }

  private boolean chanceOf3() {
    return draw(3) == 0;
  }

  private static AdapterPlan.Choice choose(
      List<Cutover> known, Set<Integer> ready, Instant until, StreamId stream, Instant at) {
    if (at.isAfter(until)) {
      return new AdapterPlan.Wait("");
    }
    Cutover inForce = null;
    for (Cutover c : known) {
      boolean its = c.stream().isEmpty() || c.stream().equals(stream.value());
      if (its && !Instant.EPOCH.plusNanos(c.fromNanos()).isAfter(at)) {
        inForce = c;
      }
    }
    if (inForce == null) {
      return new AdapterPlan.Use(ADAPTERS.get(0), "");
    }
    return ready.contains(inForce.number())
        ? new AdapterPlan.Use(inForce.adapter(), "cutover-" + inForce.number())
        : new AdapterPlan.Wait("cutover-" + inForce.number());
  }

  boolean unscorable(MelWindow w) {
    return trapped(Scenario.Trap.UNSCORABLE, w);
  }

  private boolean trapped(Scenario.Trap trap, MelWindow w) {
    Set<Long> offsets = traps.get(trap + w.stream().value());
    return offsets != null && offsets.contains(w.lastRecordOffset());
  }

  /** Posteriors of two labels, which differ if a single bit of the window or the adapter does. */
  float[] posteriors(MelWindow w, LoadedAdapter adapter) {
    if (trapped(Scenario.Trap.UNDECODABLE, w)) {
      return new float[0];
    }
    int hash = adapter.digest().hashCode();
    double low = 0;
    double high = 0;
    for (int f = 0; f < w.validFrames(); f++) {
      float[] row = w.rows()[f];
      hash = 31 * hash + Arrays.hashCode(row);
      low += row[26];
      high += row[85];
    }
    float noise = (hash & 0xffff) / 65_536f * 0.1f - 0.05f;
    return new float[] {
      posterior(low / w.validFrames(), noise), posterior(high / w.validFrames(), -noise)
    };
  }

  private static float posterior(double level, float noise) {
    double logistic = 1 / (1 + Math.exp(-(level - 1)));
    return (float) Math.max(0, Math.min(1, logistic + noise));
  }

  /**
   * A window's turn has come: of a healthy stream soon, where only other streams are in trouble.
   */
  void scoring(MelWindow w) {
    // A padded one comes when the stream is found to have ended, as a resampler's last samples do.
    boolean live =
        w.stream().value().startsWith("healthy")
            && w.validFrames() == WINDOW_FRAMES
            && w.rateHz() == FrontEnd.AST_FBANK.rateHz();
    if (calm && disturbed && live) {
      long waited = nowMillis() - w.logTimeMillis();
      worstMillis = Math.max(worstMillis, waited);
      if (waited > boundMillis) {
        fail("window %d of %s waited %d ms".formatted(w.index(), w.stream(), waited));
      }
    }
  }

  // What is durable

  @Override
  public void durable(List<ProducerRecord<byte[], byte[]>> records, Map<Integer, Long> offsets) {
    invariants.durable(records, offsets);
  }

  Set<Integer> deletedFrom() {
    return deletedFrom;
  }

  /**
   * Whether decoding this stream fails. Its records may have been taken when a window fails: what
   * becomes of the rest depends on what was written by then.
   */
  boolean undecodable(String stream) {
    return traps.containsKey(Scenario.Trap.UNDECODABLE + stream);
  }

  // Steps

  /** An invariant does not hold. An actor that runs into this may not swallow it. */
  void fail(String what) {
    failure = failure == null ? failed(what) : failure;
    throw failure;
  }

  private AssertionError failed(String what) {
    return new AssertionError(
        "%s%n  at %s, step %d, %s%n  %s"
            .formatted(
                what,
                Instant.EPOCH.plusNanos(nowNanos()),
                steps,
                this,
                String.join(System.lineSeparator() + "  ", notes)));
  }

  void note(String what) {
    notes.addLast(Instant.EPOCH.plusNanos(nowNanos()) + " " + steps + " " + what);
    if (notes.size() > 60) {
      notes.removeFirst();
    }
  }

  /** Somebody blocks for a random while. */
  void yield(SimulatedProcess process) {
    if (disturbed && nested < MOST_NESTED) {
      int kind = draw(8);
      if (kind >= 4) {
        waitFor(process, (1 + draw(kind == 7 ? 500 : 20)) * MILLI);
      }
    }
  }

  void waitFor(SimulatedProcess process, long nanos) {
    waitUntil(process, () -> false, nanos);
  }

  /** Everybody else goes on until something is so, or time has passed; true if it is so. */
  boolean waitUntil(SimulatedProcess process, BooleanSupplier holds, long nanos) {
    long until = nowNanos() + nanos;
    after(nanos, () -> {});
    nested++;
    while (!process.dead() && (process.paused() || !holds.getAsBoolean() && nowNanos() < until)) {
      step();
    }
    nested--;
    return holds.getAsBoolean();
  }

  private void runUntil(long atNanos) {
    actors.at(atNanos, () -> {});
    while (nowNanos() < atNanos) {
      step();
    }
  }

  /** One message of one actor, or the next timer. */
  private void step() {
    if (failure != null) {
      throw failure;
    }
    steps++;
    stepsAtOnce++;
    if (stepsAtOnce > MOST_STEPS_AT_ONCE) {
      fail("no time passes: " + actors.ready());
    }
    if (steps > MOST_STEPS) {
      fail("it does not end");
    }
    while (!armed.isEmpty() && draw(12) == 0) {
      armed.remove(0).run();
    }
    List<VirtualActors.Ready> ready = actors.ready();
    int able = 0;
    for (VirtualActors.Ready r : ready) {
      able += runs(r) ? 1 : 0;
    }
    if (able == 0 || disturbed && draw(80) == 0) {
      if (actors.nextTimerNanos() == Long.MAX_VALUE) {
        fail("nothing is left to do");
      }
      stepsAtOnce = 0;
      actors.advance();
      return;
    }
    int chosen = disturbed ? draw(able) : 0;
    for (int i = 0; i < ready.size(); i++) {
      VirtualActors.Ready r = ready.get(i);
      if (runs(r) && chosen-- == 0) {
        trace = 31 * (31 * trace + r.child().hashCode()) + r.role().hashCode();
        trace = 31 * trace + nowNanos();
        String key = r.child() + "/" + r.role();
        underWay.add(key);
        actors.run(i);
        underWay.remove(key);
        return;
      }
    }
  }

  private boolean runs(VirtualActors.Ready ready) {
    SimulatedProcess process = pipelines.get(ready.child());
    return process == null || process.runs(ready.role());
  }

  // The course of things

  /** All of it; then the same log without trouble must give the same. */
  void run() {
    try {
      send();
      int workers = calm && chance(0.7) ? 1 : 1 + random.nextInt(3);
      boundMillis = workers == 1 ? SCORED_WITHIN_MILLIS : HANDED_OVER_WITHIN_MILLIS;
      for (int w = 0; w < workers; w++) {
        launch();
      }
      if (!calm) {
        trouble();
      }
      runUntil(nowNanos() + scenario.lastMillis() * MILLI + SECOND);
      heal();
      finish();
      stop();
    } finally {
      clear();
    }
    invariants.shedRunsAreThoseOfTheAccounts();
    LiveWorld reference = new LiveWorld(this);
    try {
      reference.launch();
      reference.runUntil(reference.nowNanos() + SECOND);
      reference.finish();
      reference.stop();
    } finally {
      reference.clear();
    }
    invariants.sameAs(reference.invariants);
  }

  long trace() {
    return trace;
  }

  @Override
  public String toString() {
    return "%d partitions, %d streams, %s%s, %s, %s, %d steps, %d restarts, worst %d ms"
        .formatted(
            partitions,
            scenario.streams.size(),
            protocol,
            statics ? " static" : "",
            !disturbed ? "without trouble" : calm ? "calm" : "troubled",
            exactlyOnce ? "exactly once" : "at least once",
            steps,
            restarts,
            worstMillis);
  }

  private SimulatedProcess launch() {
    int number = transactionalIds++;
    return launch("id-" + number, statics ? "worker-" + number : "");
  }

  SimulatedProcess launch(String transactionalId, String instance) {
    SimulatedProcess process = new SimulatedProcess(this, transactionalId, instance);
    processes.add(process);
    return process;
  }

  private void send() {
    for (Scenario.Send s : scenario.sends) {
      after(
          s.afterMillis() * MILLI,
          () -> {
            unsent.addLast(s);
            append();
          });
    }
  }

  private void append() {
    while (brokersUp && !unsent.isEmpty()) {
      Scenario.Send s = unsent.removeFirst();
      append(s.record(), s.stream().partition(), s.stream().name(), s.trap());
    }
  }

  private void append(
      ProducerRecord<byte[], byte[]> record, int partition, String stream, Scenario.Trap trap) {
    // Offsets that hold no record: markers of other senders' transactions.
    long offset = broker.end(partition) + (draw(20) == 0 ? 1 + draw(3) : 0);
    ConsumerRecord<byte[], byte[]> appended =
        new ConsumerRecord<>(
            record.topic(),
            partition,
            offset,
            nowMillis(),
            TimestampType.LOG_APPEND_TIME,
            0,
            record.value().length,
            record.key(),
            record.value(),
            new RecordHeaders(record.headers()),
            Optional.empty());
    switch (trap) {
      case POISON -> appended = new Poison(appended, Integer.MAX_VALUE);
      case TRANSIENT -> appended = new Poison(appended, 1 + draw(2));
      case UNDECODABLE, UNSCORABLE ->
          traps.computeIfAbsent(trap + stream, t -> new HashSet<>()).add(offset);
      case NONE -> {}
    }
    broker.append(appended);
    invariants.appended(appended);
  }

  private List<SimulatedProcess> alive() {
    return processes.stream().filter(p -> !p.dead() && !p.stopping()).toList();
  }

  private void trouble() {
    int count = random.nextInt(8);
    long within = scenario.lastMillis() + 2_000;
    for (int i = 0; i < count; i++) {
      long at = (long) (random.nextDouble() * within) * MILLI;
      int kind = random.nextInt(17);
      int which = random.nextInt(100);
      long lasts = (50 + random.nextInt(random.nextInt(3) == 0 ? 6_000 : 1_000)) * MILLI;
      after(at, () -> armed.add(() -> happen(kind, which, lasts)));
    }
    after(300 * MILLI, this::expire);
  }

  private void expire() {
    after(300 * MILLI, this::expire);
    if (brokersUp) {
      broker.group().expire();
    }
  }

  private void happen(int kind, int which, long lasts) {
    List<SimulatedProcess> alive = alive();
    if (healed || alive.isEmpty()) {
      return;
    }
    SimulatedProcess victim = alive.get(which % alive.size());
    switch (kind) {
      case 0, 1 -> {
        note("kill " + victim.transactionalId());
        victim.kill();
        after(
            lasts,
            () -> {
              if (!healed && (statics || which % 2 == 0)) {
                launch(victim.transactionalId(), victim.instance());
              } else if (!healed) {
                launch();
              }
            });
      }
      case 2, 3 -> {
        if (!exactlyOnce) {
          return; // Without transactions nobody stops one who wakes up too late.
        }
        note("pause " + victim.transactionalId() + " for " + lasts / MILLI);
        victim.pause(true);
        after(lasts, () -> victim.pause(false));
      }
      case 4 -> {
        if (!exactlyOnce) {
          return;
        }
        note("cut off " + victim.transactionalId() + " for " + lasts / MILLI);
        victim.cutOff(true);
        after(lasts, () -> victim.cutOff(false));
      }
      case 5 -> {
        note("brokers down for " + lasts / MILLI);
        brokersUp = false;
        after(
            lasts,
            () -> {
              brokersUp = true;
              append();
            });
      }
      case 6 -> {
        if (alive.size() < 3) {
          note("one more worker");
          launch();
        }
      }
      case 7 -> {
        if (alive.size() > 1) {
          note("stop " + victim.transactionalId());
          victim.stop();
        }
      }
      case 8 -> {
        int p = which % partitions;
        long until = broker.begin(p) + (broker.end(p) - broker.begin(p)) * (which % 10) / 9;
        if (which > 50 && until > broker.begin(p)) {
          note("delete records of partition %d before %d".formatted(p, until));
          broker.deleteBefore(p, until);
          deletedFrom.add(p);
        }
      }
      case 9 -> {
        note("slow scorer of " + victim.transactionalId());
        victim.slow(15);
        after(lasts, () -> victim.slow(1));
      }
      case 10 -> victim.addFault("scorer");
      case 14, 15 -> {
        note("restart " + victim.transactionalId());
        victim.restart();
      }
      case 16 -> {
        // As one who wakes up too late, what is fenced by the group writes on without transactions.
        if (statics && exactlyOnce && alive.size() < 3) {
          note("one more worker of the same name, " + victim.instance());
          launch(victim.transactionalId(), victim.instance());
        }
      }
      case 11 -> {
        String fault = List.of("timeout", "abortable", "answer", "fenced").get(which % 4);
        note("fault " + fault + " of " + victim.transactionalId());
        victim.addFault(fault);
      }
      case 12 -> {
        note("registry of " + victim.transactionalId() + " stalls for " + lasts / MILLI);
        victim.stallRegistry(true);
        after(lasts, () -> victim.stallRegistry(false));
      }
      default -> {
        note("fault lookup of " + victim.transactionalId());
        victim.addFault("lookup");
      }
    }
  }

  private void heal() {
    note("healed");
    healed = true;
    brokersUp = true;
    armed.clear();
    append();
    processes.forEach(SimulatedProcess::heal);
    if (alive().isEmpty()) {
      launch();
    }
  }

  /** Time goes on in every partition, so that all streams end. */
  private void finish() {
    for (int more = 5; more > 0 || !invariants.settled().isEmpty(); more--) {
      if (more < -15) {
        fail(
            "not done a minute after all was well again: %s, unanswered %s, group %s"
                .formatted(
                    invariants.settled(),
                    alive().stream().map(SimulatedProcess::unanswered).toList(),
                    broker.group()));
      }
      for (int p = 0; p < partitions; p++) {
        AudioChunk chunk =
            new AudioChunk(
                new StreamId("tail-" + p),
                p,
                AudioChunk.NOT_GIVEN,
                tails,
                tails * 1_600L,
                Instant.EPOCH.plusNanos(nowNanos()),
                TAIL_FORMAT,
                new byte[3_200],
                false);
        ProducerRecord<byte[], byte[]> record =
            new AudioChunkCodec("/simulated", 1 << 20, null).encode(SimulatedBroker.CHUNKS, chunk);
        append(record, p, "tail-" + p, Scenario.Trap.NONE);
      }
      tails++;
      runUntil(nowNanos() + 3_600 * MILLI);
    }
  }

  private void stop() {
    long until = nowNanos() + 6 * SECOND;
    actors.at(until, () -> {});
    for (SimulatedProcess p : alive()) {
      if (p.holds().windows() != 0) {
        fail(p.holds() + " though nothing is left");
      }
      p.stop();
    }
    while (processes.stream().anyMatch(p -> !p.dead() && !p.stopped())) {
      if (nowNanos() > until) {
        fail("not stopped after 6 s");
      }
      step();
    }
  }

  /** Nothing may be left for the next world. */
  private void clear() {
    nested = 0;
    for (SimulatedProcess p : processes) {
      p.heal();
      p.kill();
    }
    int left = 100_000;
    while (!actors.ready().isEmpty() && left-- > 0) {
      actors.run(0);
    }
  }
}
