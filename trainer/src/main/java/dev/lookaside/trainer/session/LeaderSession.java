package dev.lookaside.trainer.session;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.kafka.ResourceCloser;
import dev.lookaside.ingest.retained.ActiveStreams;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.collect.RefitSettings;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.collect.RoundPlan;
import dev.lookaside.trainer.collect.RoundSounds;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.fit.AtomicFile;
import dev.lookaside.trainer.fit.CheckpointFile;
import dev.lookaside.trainer.fit.FitProgress;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.head.EmbeddingCache;
import dev.lookaside.trainer.loop.LoopAction;
import dev.lookaside.trainer.loop.LoopEvent;
import dev.lookaside.trainer.loop.LoopSettings;
import dev.lookaside.trainer.loop.LoopState;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.TrainerWork;
import dev.lookaside.trainer.loop.TrainerWork.Turn;
import dev.lookaside.trainer.publish.Publisher;
import dev.lookaside.trainer.publish.RefitTopic;
import dev.lookaside.trainer.receipt.Receipts;
import dev.lookaside.trainer.refit.Prefetch;
import dev.lookaside.trainer.refit.Refit;
import dev.lookaside.trainer.refit.RefitTools;
import dev.lookaside.trainer.shadow.ShadowReport;
import dev.lookaside.trainer.shadow.ShadowRequest;
import dev.lookaside.trainer.shadow.ShadowRun;
import dev.lookaside.trainer.shadow.ShadowSummary;
import dev.lookaside.trainer.shadow.ShadowTopic;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.LabelIngest;
import dev.lookaside.trainer.store.StoredExample;
import dev.lookaside.trainer.store.Verdicts;
import dev.lookaside.trainer.watch.BackgroundWatch;
import dev.lookaside.trainer.watch.DriftWatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Store, topics and model of the leader of a scope, from when it leads until it does not. */
public final class LeaderSession implements TrainerWork {
  private static final Logger LOG = LoggerFactory.getLogger(LeaderSession.class);
  private static final Duration ACTIVE = Duration.ofSeconds(60);
  private static final long NO_ROUND = -1;

  /** For a label, before requests are looked for. */
  private static final Duration LABEL_WAIT = Duration.ofMillis(200);

  /** Of the heap, for embeddings. */
  private static final int KEPT_SHARE = 8;

  /**
   * What it is made of.
   *
   * @param shadow tries candidates; null: there is none here
   */
  record Parts(
      TrainerSettings settings,
      IngestSettings ingest,
      RefitTools tools,
      @Nullable ShadowRun shadow,
      Clock clock) {}

  private final Parts parts;
  private final ExampleStore store;
  private final LabelIngest labels;
  private final RefitTopic requests;
  private final Publisher publisher;
  private final @Nullable DriftWatch drift;
  private final @Nullable BackgroundWatch background;
  private final ResourceCloser opened;
  private final EmbeddingCache cache;
  private final Prefetch prefetch;
  private volatile String inForce = "";
  private volatile boolean stopped;
  private volatile long stoppedRound = NO_ROUND;
  private volatile @Nullable Refit running;
  private @Nullable Refit current;
  private long currentRound = NO_ROUND;

  /**
   * @param drift null: streams are not compared
   * @param background null: none is taken
   * @param opened closes all of these, when this is closed
   */
  LeaderSession(
      Parts parts,
      ExampleStore store,
      LabelIngest labels,
      RefitTopic requests,
      Publisher publisher,
      @Nullable DriftWatch drift,
      @Nullable BackgroundWatch background,
      ResourceCloser opened) {
    this.parts = parts;
    this.store = store;
    this.labels = labels;
    this.requests = requests;
    this.publisher = publisher;
    this.drift = drift;
    this.background = background;
    this.opened = opened;
    this.cache =
        opened.add(
            new EmbeddingCache(
                parts.tools().backbone(),
                parts.tools().where(),
                Runtime.getRuntime().maxMemory() / KEPT_SHARE));
    this.prefetch = new Prefetch(parts.tools(), cache, this::nextRound);
  }

  /** For a round of the head that would begin now. */
  private Prefetch.Next nextRound() {
    Adapter incumbent = publisher.incumbent();
    List<StoredExample> examples = usable();
    RefitSettings settings = parts.settings().refit();
    RoundPlan plan =
        RoundPlan.choose(examples, incumbent.digest(), incumbent.labels(), settings, reported());
    return new Prefetch.Next(
        incumbent, plan, new RoundSounds(examples, store.frontEnd(), settings));
  }

  /**
   * Corrections of which a report in the ledger, as it was last read, has what is detected there.
   */
  private Predicate<StoredExample> reported() {
    Receipts receipts = publisher.receipts();
    return e -> receipts.reported(e.id(), new StreamId(e.stream()));
  }

  private String stateName() {
    return "loop " + parts.settings().scope();
  }

  @Override
  public LoopState load() {
    return store.state(stateName()).map(LoopState::fromJson).orElse(LoopState.FIRST);
  }

  @Override
  public void save(LoopState state) {
    store.setState(stateName(), state.toJson());
  }

  @Override
  public List<LoopEvent> collect(Set<String> watched, long seenChange) {
    List<LoopEvent> events = new ArrayList<>();
    labels.step(LABEL_WAIT);
    Scope scope = parts.settings().scope();
    long change = store.changes();
    int fresh = store.usableSince(seenChange, scope);
    if (parts.settings().loop().headFirst()) {
      prefetch.follow(change + " " + inForce);
    }
    Map<String, LoopEvent.Counted> counted = new TreeMap<>();
    for (String digest : watched) {
      Verdicts verdicts = store.verdicts(digest, scope, Instant.EPOCH);
      counted.put(
          digest,
          new LoopEvent.Counted(verdicts.judged(), verdicts.wrong(), verdicts.wrongInHour()));
    }
    requests.refresh();
    requests.unanswered().forEach(r -> events.add(new LoopEvent.Requested(r)));
    events.add(new LoopEvent.Labels(fresh, change, counted));
    return events;
  }

  @Override
  public LoopEvent perform(LoopAction.Work work, FitProgress progress) {
    if (work instanceof LoopAction.Fit w) {
      return fit(w.round(), progress);
    } else if (work instanceof LoopAction.Judge w) {
      return judge(w);
    } else if (work instanceof LoopAction.Shadow w) {
      return shadow(w);
    } else if (work instanceof LoopAction.Canary w) {
      return canary(w);
    } else if (work instanceof LoopAction.Promote w) {
      LoopEvent promoted = publisher.promote(passed(w.round(), w.candidate(), w.report()));
      inForce = w.candidate();
      return promoted;
    } else if (work instanceof LoopAction.Withdraw w) {
      publisher.release(w.candidate(), w.reason());
      return new LoopEvent.Withdrawn(w.round().number());
    }
    LoopAction.RollBack w = (LoopAction.RollBack) work;
    String cutover = publisher.rollBack(w.watch(), w.reason()).orElse(null);
    inForce = "after " + w.watch().adapter();
    return new LoopEvent.RolledBack(w.round().number(), cutover);
  }

  private LoopEvent canary(LoopAction.Canary work) {
    Scope scope = parts.settings().scope();
    // A single stream has nobody to go ahead of it.
    List<StreamId> streams =
        scope.kind() == Scope.Kind.STREAM
            ? List.of()
            : ActiveStreams.newest(parts.ingest(), scope::covers, ACTIVE, parts.clock().instant())
                .keySet()
                .stream()
                .map(StreamId::new)
                .toList();
    double share = parts.settings().loop().canaryShare();
    return publisher.canary(
        passed(work.round(), work.candidate(), work.report()),
        publisher.canaries(streams, work.candidate(), share, seed(work.round())));
  }

  private Publisher.Passed passed(Round round, String candidate, GateReport report) {
    return new Publisher.Passed(round.number(), candidate(round, candidate), report, () -> stopped);
  }

  private long seed(Round round) {
    return Seeds.mix(parts.settings().refit().seed(), round.number(), 7);
  }

  private LoopEvent fit(Round round, FitProgress progress) {
    Path folder = folder(round);
    Refit refit = refit(round);
    running = refit;
    try {
      goOn(round);
      Adapter candidate = refit.fit(new CheckpointFile(folder.resolve("checkpoint")), progress);
      AtomicFile.write(
          candidateFile(round), file -> Files.write(file, AdapterFactory.encode(candidate)));
      return new LoopEvent.Fitted(round.number(), candidate.digest());
    } finally {
      running = null;
    }
  }

  private void goOn(Round round) {
    if (stops(round)) {
      throw new TrainerException("stopped");
    }
  }

  private boolean stops(Round round) {
    return stopped || stoppedRound == round.number();
  }

  private LoopEvent judge(LoopAction.Judge work) {
    Adapter candidate = candidate(work.round(), work.candidate());
    Refit refit = refit(work.round());
    running = refit;
    try {
      goOn(work.round());
      GateReport report = refit.judge(candidate);
      publisher.publish(candidate);
      return new LoopEvent.Judged(work.round().number(), report);
    } finally {
      running = null;
    }
  }

  private LoopEvent shadow(LoopAction.Shadow work) {
    ShadowRun shadow = parts.shadow();
    long number = work.round().number();
    if (shadow == null) {
      String note = "not tried in shadow: this trainer has no shadow run";
      return new LoopEvent.Shadowed(number, work.report().withNote(note), 1.0);
    }
    LoopSettings loop = parts.settings().loop();
    ShadowSummary summary =
        shadow.run(
            new ShadowRequest(
                work.candidate(),
                parts.settings().scope(),
                loop.shadowShare(),
                loop.shadowFor(),
                seed(work.round())),
            () -> stops(work.round()));
    new ShadowTopic(parts.ingest())
        .write(
            ShadowReport.of(
                summary,
                UUID.randomUUID().toString(),
                parts.settings().author(),
                parts.clock().instant()));
    GateReport report = work.report().withNote(summary.note());
    Double agreement = summary.compared() ? summary.agreement() : null;
    return new LoopEvent.Shadowed(number, report, agreement);
  }

  /** The round's plan, made when it is first needed and then kept; its fits, while it lasts. */
  private Refit refit(Round round) {
    Refit known = current;
    if (known != null && currentRound == round.number()) {
      return known;
    }
    Path file = folder(round).resolve("plan.json");
    List<StoredExample> examples = usable();
    try {
      RoundPlan plan;
      if (Files.exists(file)) {
        plan = RoundPlan.fromJson(Files.readString(file));
      } else {
        Adapter now = publisher.incumbent();
        RefitSettings settings = parts.settings().refit();
        plan = RoundPlan.choose(examples, now.digest(), now.labels(), settings, reported());
        String json = plan.toJson();
        AtomicFile.write(file, path -> Files.writeString(path, json));
      }
      Adapter now = publisher.adapter(plan.incumbent());
      Refit made =
          new Refit(parts.tools(), round, plan, sounds(plan, examples), now, base(now), cache);
      current = made;
      currentRound = round.number();
      return made;
    } catch (IOException e) {
      throw new TrainerException(file + ": cannot be read: " + FaultReason.of(e), e);
    }
  }

  /** What a head-only refit has begun from, if it is at hand: it knows nothing of its labels. */
  private Adapter base(Adapter incumbent) {
    String parent = incumbent.metadata().getOrDefault("parent", "");
    if (!publisher.has(parent)) {
      return incumbent;
    }
    Adapter before = publisher.adapter(parent);
    return cache.alike(before, incumbent) ? before : incumbent;
  }

  private List<StoredExample> usable() {
    return store.newestUsable(parts.settings().scope(), Instant.MAX);
  }

  /** Of examples that have become unusable since the round began, the audio is still there. */
  private RoundSounds sounds(RoundPlan plan, List<StoredExample> usable) {
    Map<String, StoredExample> byId = new TreeMap<>();
    usable.forEach(e -> byId.put(e.id(), e));
    for (List<String> ids :
        List.of(plan.examples(), plan.unlabelled(), plan.background(), plan.corrections())) {
      for (String id : ids) {
        if (!byId.containsKey(id)) {
          store.find(id).ifPresent(e -> byId.put(id, e));
        }
      }
    }
    return new RoundSounds(List.copyOf(byId.values()), store.frontEnd(), parts.settings().refit());
  }

  private Path folder(Round round) {
    Path folder =
        parts
            .settings()
            .folder()
            .resolve("rounds")
            .resolve(parts.settings().scope().toString().replaceAll("[^A-Za-z0-9._-]", "_"))
            .resolve(round.name());
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new TrainerException(folder + ": cannot be made: " + FaultReason.of(e), e);
    }
    return folder;
  }

  private Path candidateFile(Round round) {
    return folder(round).resolve("candidate.safetensors");
  }

  private Adapter candidate(Round round, String digest) {
    Adapter found = Adapter.load(candidateFile(round));
    if (!found.digest().equals(digest)) {
      throw new TrainerException(
          "%s: digest \"%s\": must be %s".formatted(candidateFile(round), found.digest(), digest));
    }
    return found;
  }

  @Override
  public void finish(RoundOutcome outcome) {
    if (currentRound == outcome.round().number()) {
      current = null;
    }
    requests.answer(outcome, parts.clock().instant());
    Path folder = folder(outcome.round());
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      // The outcome is told; what takes room must not keep the next round from beginning.
      LOG.warn("{}: cannot be removed: {}", folder, FaultReason.of(e));
    }
  }

  @Override
  public boolean hasIdleWork() {
    return prefetchDue()
        || (drift != null && drift.due())
        || (background != null && background.due());
  }

  @Override
  public Turn runIdleWork() {
    if (prefetchDue()) {
      prefetch.step();
      return Turn.NOTHING;
    }
    if (background != null && background.due()) {
      background.step();
      return Turn.NOTHING;
    }
    return drift == null ? Turn.NOTHING : drift.step();
  }

  private boolean prefetchDue() {
    return !stopped && prefetch.due();
  }

  @Override
  public void stop() {
    stopped = true;
    stopRunning();
  }

  @Override
  public void stop(Round round) {
    stoppedRound = round.number();
    stopRunning();
  }

  private void stopRunning() {
    Refit refit = running;
    if (refit != null) {
      refit.stop();
    }
  }

  @Override
  public void close() {
    opened.close();
  }
}
