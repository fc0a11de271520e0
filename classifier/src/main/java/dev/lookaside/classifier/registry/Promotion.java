package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.registry.Ack.State;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Brings a decision into force at one moment everywhere: announces it, waits until every live
 * worker has prepared the adapter or a deadline has passed, and only then sets the time. Blocks.
 */
public final class Promotion {
  /** A live worker and what it said of the announcement; null if nothing yet. */
  public record Worker(String name, @Nullable Ack answer) {}

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
   * @param workers that were alive, the quickest first, silent ones last
   */
  public record Result(Cutover announced, @Nullable Cutover inForce, List<Worker> workers) {
    public Result {
      workers = List.copyOf(workers);
    }
  }

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
    Cutover announced = write(draft, null);
    Instant end = clock.instant().plus(deadline);
    List<Worker> workers = workers(announced);
    while (waiting(workers) && clock.instant().isBefore(end)) {
      view.refresh();
      workers = workers(announced);
      progress.accept(workers);
    }
    boolean refused =
        workers.stream().map(Worker::answer).anyMatch(a -> a != null && a.state() == State.REFUSED);
    return new Result(announced, refused ? null : write(draft, when), workers);
  }

  /** Decides at once, for what every worker has: a rollback or a release. */
  public Cutover decide(Cutover draft, When when) {
    return write(draft, when);
  }

  /** Writes under the next free number until the record counts; null {@code when}: announces. */
  private Cutover write(Cutover draft, @Nullable When when) {
    Optional<Refusal> refusal = Optional.empty();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      view.refresh();
      Instant now = clock.instant();
      Instant from = when == null ? null : effective(draft.scope(), when, now);
      Cutover next = draft.as(view.ledger().nextNumber(draft.scope()), from, now);
      writer.write(next);
      view.refresh();
      if (next.equals(view.cutover(next.id()))) {
        return next;
      }
      refusal =
          view.entries().stream()
              .filter(e -> e.cutover().equals(next))
              .flatMap(e -> e.refusal().stream())
              .findFirst();
      if (refusal.isPresent() && refusal.get().reason() != Refusal.Reason.NUMBER_TAKEN) {
        break;
      }
    }
    throw new RegistryException(
        "cutover of %s: %s"
            .formatted(
                draft.scope(),
                refusal.map(Refusal::message).orElse("does not stand on the topic")));
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
    List<Ack> answers = view.acks(announced.id());
    for (Ack alive : view.alive(clock.instant().minus(aliveWithin))) {
      Ack answer =
          answers.stream().filter(a -> a.worker().equals(alive.worker())).findFirst().orElse(null);
      workers.add(new Worker(alive.worker(), answer));
    }
    workers.sort(Comparator.comparing(w -> w.answer() == null ? Instant.MAX : w.answer().at()));
    return workers;
  }

  private static boolean waiting(List<Worker> workers) {
    return workers.stream().anyMatch(w -> w.answer() == null);
  }
}
