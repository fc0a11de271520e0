package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.registry.Ack.State;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Brings a decision into force at one moment everywhere: announces it, waits until every live
 * worker has prepared the adapter or a deadline has passed, and only then sets the time. Blocks.
 */
public final class Promotion {
  /** A live worker and its answer to the announcement; null if there is none yet. */
  public record Worker(String name, @Nullable Ack answer) {
    boolean refuses() {
      return answer != null && answer.state() == State.REFUSED;
    }
  }

  /**
   * When a decision takes effect.
   *
   * @param lead over the moment of writing, but not before what is decided already for later
   * @param at a given capture time instead; null: the lead counts
   */
  public record When(Duration lead, @Nullable Instant at) {}

  /**
   * How it went.
   *
   * @param announced the first record
   * @param inForce the record that set the time; null if a worker refused the adapter
   * @param workers that were alive, the quickest first, silent ones last; none for a release, which
   *     nobody has to prepare
   * @param late whether the time had come before the record was written: windows of then may have
   *     been scored by what was in force, here and not there
   */
  public record Result(
      Cutover announced, @Nullable Cutover inForce, List<Worker> workers, boolean late) {
    public Result {
      workers = List.copyOf(workers);
    }

    /** The workers that do not use the adapter. */
    public List<Worker> refusing() {
      return workers.stream().filter(Worker::refuses).toList();
    }
  }

  private record Written(Cutover cutover, boolean late) {}

  private static final int ATTEMPTS = 5;

  private final RegistryView view;
  private final RegistryWriter writer;
  private final Clock clock;
  private final Duration aliveWithin;

  /**
   * @param aliveWithin a worker whose last sign of life is older is not waited for
   */
  public Promotion(RegistryView view, RegistryWriter writer, Clock clock, Duration aliveWithin) {
    this.view = view;
    this.writer = writer;
    this.clock = clock;
    this.aliveWithin = aliveWithin;
  }

  /**
   * Announces, waits and decides.
   *
   * @param draft what to decide; its number and times are replaced
   * @param deadline for the workers
   * @param when it takes effect, once announced and prepared
   * @param progress sees the workers each time something was read
   * @throws RegistryException if the records do not count, for want of a trusted key for one
   */
  public Result promote(
      Cutover draft, Duration deadline, When when, Consumer<List<Worker>> progress) {
    Cutover announced = write(draft, null).cutover();
    List<Worker> workers = answers(announced, deadline, progress);
    if (workers.stream().anyMatch(Worker::refuses)) {
      return new Result(announced, null, workers, false);
    }
    Written decided = write(draft, when);
    return new Result(announced, decided.cutover(), workers, decided.late());
  }

  /**
   * Decides at once, for what every worker should have: a rollback, a pin or a release. What
   * workers answer changes nothing any more.
   *
   * @param deadline for the workers' answers
   * @return {@link Result#announced} is the decision, too
   */
  public Result decide(
      Cutover draft, Duration deadline, When when, Consumer<List<Worker>> progress) {
    Written decided = write(draft, when);
    Cutover c = decided.cutover();
    List<Worker> workers = c.adapter() == null ? List.of() : answers(c, deadline, progress);
    return new Result(c, c, workers, decided.late());
  }

  private List<Worker> answers(Cutover record, Duration deadline, Consumer<List<Worker>> progress) {
    Instant end = clock.instant().plus(deadline);
    List<Worker> workers = workers(record);
    while (waiting(workers) && clock.instant().isBefore(end)) {
      view.refresh();
      workers = workers(record);
      progress.accept(workers);
    }
    return workers;
  }

  /** Writes under the next free number until the record counts; null {@code when}: announces. */
  private Written write(Cutover draft, @Nullable When when) {
    Optional<AdapterRejection> refusal = Optional.empty();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      view.refresh();
      Instant now = clock.instant();
      Instant from = when == null ? null : effective(draft.scope(), when, now);
      Cutover next = draft.as(view.ledger().nextNumber(draft.scope()), from, now);
      writer.write(next);
      boolean late = from != null && from.isBefore(clock.instant());
      view.refresh();
      if (next.equals(view.cutover(next.id()))) {
        return new Written(next, late);
      }
      refusal =
          view.entries().stream()
              .filter(e -> e.cutover().equals(next))
              .flatMap(e -> e.refusal().stream())
              .findFirst();
      if (refusal.isPresent() && refusal.get().reason() != AdapterRejection.Reason.NUMBER_TAKEN) {
        break;
      }
    }
    throw new RegistryException(
        "cutover of %s: %s"
            .formatted(
                draft.scope(),
                refusal.map(AdapterRejection::message).orElse("is not on the topic")));
  }

  private Instant effective(Scope scope, When when, Instant now) {
    if (when.at() != null) {
      return when.at();
    }
    Instant latest = now.plus(when.lead());
    for (Cutover known : view.ledger().of(scope)) {
      Instant from = known.effectiveFrom();
      latest = from != null && from.isAfter(latest) ? from : latest;
    }
    return latest;
  }

  private List<Worker> workers(Cutover announced) {
    List<Worker> workers = new ArrayList<>();
    Map<String, Ack> last = new HashMap<>();
    // In the order of the topic: a worker's last answer counts.
    view.acks(announced.id()).forEach(ack -> last.put(ack.worker(), ack));
    for (Ack alive : view.alive(clock.instant().minus(aliveWithin))) {
      workers.add(new Worker(alive.worker(), last.get(alive.worker())));
    }
    workers.sort(Comparator.comparing(w -> w.answer() == null ? Instant.MAX : w.answer().at()));
    return workers;
  }

  private static boolean waiting(List<Worker> workers) {
    return workers.stream().anyMatch(w -> w.answer() == null);
  }
}
