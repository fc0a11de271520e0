package dev.lookaside.trainer.publish;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.infer.BackboneSessions;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.GoldenLogits;
import dev.lookaside.classifier.registry.Ledger;
import dev.lookaside.classifier.registry.Promotion;
import dev.lookaside.classifier.registry.RegistrySettings;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.loop.LoopEvent;
import dev.lookaside.trainer.loop.Watch;
import dev.lookaside.trainer.receipt.Receipts;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a trainer's decisions to the ledger and reads what is in it. Everything may be done twice:
 * what is in force already is found and left. For one thread.
 */
public final class Publisher {
  private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);
  private static final String CANARY = "canary";

  /** A worker that has missed as many signs of life is not waited for. */
  private static final int ALIVE_INTERVALS = 3;

  /**
   * With what and for whom.
   *
   * @param author what records call this trainer
   * @param features fingerprint of the windows
   * @param deadline until which workers may prepare an adapter
   * @param registry when decisions take effect, and what is kept
   */
  public record Settings(
      Scope scope, String author, String features, Duration deadline, RegistrySettings registry) {}

  private final Settings settings;
  private final Adapter configured;
  private final Backbone backbone;
  private final ScorerSettings where;
  private final RegistryView view;
  private final RegistryWriter writer;
  private final Clock clock;
  private volatile Receipts receipts = new Receipts(Ledger.EMPTY);

  /**
   * @param configured scores where the ledger has no decision
   * @param view and {@code writer}: stay the caller's to close
   */
  public Publisher(
      Settings settings,
      Adapter configured,
      Backbone backbone,
      ScorerSettings where,
      RegistryView view,
      RegistryWriter writer,
      Clock clock) {
    this.settings = settings;
    this.configured = configured;
    this.backbone = backbone;
    this.where = where;
    this.view = view;
    this.writer = writer;
    this.clock = clock;
  }

  /** The adapter that scores the scope, or will once all that is decided has come into force. */
  public Adapter incumbent() {
    view.refresh();
    return adapter(incumbentDigest());
  }

  /** What has become of labels by the ledger as it was last read. */
  public Receipts receipts() {
    Receipts now = receipts.of(view.ledger());
    receipts = now;
    return now;
  }

  private String incumbentDigest() {
    Optional<Cutover> decides =
        settings.scope().kind() == Scope.Kind.STREAM
            ? view.ledger().inForce(new StreamId(settings.scope().name()), Instant.MAX, c -> true)
            : decided(settings.scope()).or(() -> decided(Scope.ALL));
    return decides.flatMap(c -> Optional.ofNullable(c.adapter())).orElse(configured.digest());
  }

  /** The adapter of this digest, from the topic unless it is the configured one. */
  public Adapter adapter(String digest) {
    return digest.equals(configured.digest())
        ? configured
        : Adapter.of(view.file(digest, settings.registry().maxBytes()));
  }

  /** Whether {@link #adapter} can be had. */
  public boolean has(String digest) {
    return digest.equals(configured.digest()) || view.adapters().contains(digest);
  }

  private Optional<Cutover> decided(Scope scope) {
    return view.ledger().inForce(scope, Instant.MAX, c -> true);
  }

  /**
   * Puts an adapter on the topic, where it stays for a while whether it comes into force or not,
   * and takes away those that no decision has needed for so long.
   */
  public void publish(Adapter adapter) {
    view.refresh();
    if (!view.adapters().contains(adapter.digest())) {
      writer.publish(AdapterFactory.encode(adapter));
      view.refresh();
      Set<String> gone = writer.prune(view, clock.instant(), settings.registry().keep());
      if (!gone.isEmpty()) {
        LOG.info("Deleted {} adapters that no decision needs any more", gone.size());
      }
    }
  }

  /**
   * A candidate that has passed.
   *
   * @param report against what it was judged
   * @param stopped asked now and then; true gives up what is under way
   */
  public record Passed(long round, Adapter candidate, GateReport report, BooleanSupplier stopped) {}

  /**
   * Brings a candidate into force for the scope, and then lets go of the canary's streams.
   *
   * @throws TrainerException if a worker refuses it, or what it was judged against is not what the
   *     scope is scored with any more
   */
  public LoopEvent.Promoted promote(Passed passed) {
    view.refresh();
    String digest = passed.candidate().digest();
    Cutover standing = decided(settings.scope()).orElse(null);
    if (standing == null || !digest.equals(standing.adapter())) {
      standing = promote(settings.scope(), passed, "refit");
    }
    release(digest, "canary ends: in force for " + settings.scope());
    return new LoopEvent.Promoted(passed.round(), standing.id(), standing.previous());
  }

  /**
   * A candidate was compared with one incumbent only, so it is not published if another one is in
   * force by now.
   *
   * @throws TrainerException if so, or if the trainer stops
   */
  private void checkStillCurrent(Passed passed) {
    if (passed.stopped().getAsBoolean()) {
      throw new TrainerException("stopped");
    }
    String now = incumbentDigest();
    String judged = passed.report().incumbent();
    if (!now.equals(judged)) {
      throw new TrainerException(
          "incumbent changed from %s to %s meanwhile".formatted(judged, now));
    }
  }

  /**
   * Streams of the scope that are scored with a candidate first: a share of them, at least one if
   * there are any; the same for the same arguments.
   *
   * @param share 0 to 1
   */
  public List<StreamId> canaries(
      List<StreamId> streams, String candidate, double share, long seed) {
    return drawn(own(streams, candidate), share, seed);
  }

  static List<StreamId> drawn(List<StreamId> streams, double share, long seed) {
    List<StreamId> drawn = new ArrayList<>(streams);
    drawn.sort(
        Comparator.comparingLong((StreamId s) -> Seeds.mix(seed, s.value().hashCode()))
            .thenComparing(StreamId::value));
    int count = (int) Math.max(1, Math.round(share * drawn.size()));
    return List.copyOf(drawn.subList(0, Math.min(count, drawn.size())));
  }

  /**
   * Those streams that the scope decides for, or that a candidate has been brought into force for
   * as a canary; not those whose tenant or that themselves have a decision of their own.
   */
  private List<StreamId> own(List<StreamId> streams, String candidate) {
    view.refresh();
    return streams.stream()
        .filter(
            s ->
                view.ledger().leavesTo(settings.scope(), s, Instant.MAX)
                    || decided(Scope.of(s)).filter(c -> isCanary(c, candidate)).isPresent())
        .toList();
  }

  private static boolean isCanary(Cutover own, String candidate) {
    return candidate.equals(own.adapter()) && own.reason().equals(CANARY);
  }

  /**
   * Brings a candidate into force for single streams that have no record of their own.
   *
   * @throws TrainerException as {@link #promote(Passed)} does
   */
  public LoopEvent.CanaryUp canary(Passed passed, List<StreamId> streams) {
    view.refresh();
    boolean any = false;
    for (StreamId stream : streams) {
      Cutover own = decided(Scope.of(stream)).orElse(null);
      if (own == null) {
        promote(Scope.of(stream), passed, CANARY);
        any = true;
      } else if (isCanary(own, passed.candidate().digest())) {
        any = true;
      }
    }
    return new LoopEvent.CanaryUp(passed.round(), any);
  }

  /** Lets go of all streams that are scored with a candidate because they were its canaries. */
  public void release(String digest, String why) {
    view.refresh();
    for (Scope scope : view.ledger().scopes()) {
      Cutover own = scope.kind() == Scope.Kind.STREAM ? decided(scope).orElse(null) : null;
      if (own != null && isCanary(own, digest)) {
        decide(draft(scope, null, "release", null, reason(why)));
      }
    }
  }

  /**
   * Brings back what was in force before.
   *
   * @return the record's id; empty if the adapter was not in force any more
   * @throws TrainerException if what was in force before is not on the topic any more
   */
  public Optional<String> rollBack(Watch watch, String why) {
    view.refresh();
    Cutover standing = decided(settings.scope()).orElse(null);
    if (standing == null || !watch.adapter().equals(standing.adapter())) {
      return Optional.empty();
    }
    String previous = watch.previous();
    if (previous != null && !view.adapters().contains(previous)) {
      throw new TrainerException(
          "adapter %s: is not on the topic any more, so %s cannot be rolled back"
              .formatted(previous, watch.adapter()));
    }
    Cutover draft =
        draft(
            settings.scope(),
            previous,
            previous == null ? "release" : "rollback",
            null,
            reason(why));
    return Optional.of(decide(draft).id());
  }

  private static ObjectNode reason(String why) {
    return JsonNodeFactory.instance.objectNode().put("passed", false).put("rollback", why);
  }

  private Promotion promotion() {
    return new Promotion(
        view, writer, clock, settings.registry().aliveInterval().multipliedBy(ALIVE_INTERVALS));
  }

  private Cutover decide(Cutover draft) {
    Promotion.When when = new Promotion.When(settings.registry().lead(), null);
    Promotion.Result result = promotion().decide(draft, Duration.ZERO, when, workers -> {});
    warnIfLate(result);
    return result.announced();
  }

  private Cutover promote(Scope scope, Passed passed, String reason) {
    checkStillCurrent(passed);
    Adapter adapter = passed.candidate();
    Cutover draft =
        draft(scope, adapter.digest(), reason, golden(adapter), passed.report().toJson());
    Promotion.Result result =
        promotion()
            .promote(
                draft,
                settings.deadline(),
                new Promotion.When(settings.registry().lead(), null),
                workers -> checkStillCurrent(passed));
    Cutover inForce = result.inForce();
    if (inForce == null) {
      throw new TrainerException("refused: " + refusal(result));
    }
    warnIfLate(result);
    return inForce;
  }

  private static void warnIfLate(Promotion.Result result) {
    Cutover decided = result.inForce();
    if (decided != null && result.late()) {
      LOG.warn(
          "{} took effect late: it was written after {}", decided.id(), decided.effectiveFrom());
    }
  }

  private static String refusal(Promotion.Result result) {
    return result.refusing().stream()
        .flatMap(
            w -> Stream.ofNullable(w.answer()).map(a -> "worker " + w.name() + ": " + a.reason()))
        .findFirst()
        .orElse("by a worker");
  }

  private GoldenLogits golden(Adapter adapter) {
    try (BackboneSessions sessions = new BackboneSessions(backbone, where, 1)) {
      return GoldenLogits.of(sessions, adapter);
    }
  }

  private Cutover draft(
      Scope scope,
      @Nullable String adapter,
      String reason,
      @Nullable GoldenLogits golden,
      JsonNode gate) {
    Instant now = clock.instant();
    return new Cutover(
        scope,
        1,
        adapter,
        now,
        reason,
        settings.author(),
        now,
        decided(scope).map(Cutover::adapter).orElse(null),
        adapter == null ? null : backbone.digest(),
        adapter == null ? null : settings.features(),
        golden,
        gate);
  }
}
