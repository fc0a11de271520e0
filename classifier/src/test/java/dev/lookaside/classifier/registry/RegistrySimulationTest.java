package dev.lookaside.classifier.registry;

import static dev.lookaside.classifier.registry.Cutovers.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.infer.TinyAdapters;
import dev.lookaside.ingest.StreamId;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A worker whose registry blocks in preparations for up to three leads and loses sight of the
 * broker now and then, while decisions are written and windows come, also ahead of the clock.
 */
class RegistrySimulationTest {
  private static final StreamId STREAM = new StreamId("acme/door");
  private static final LoadedAdapter CONFIGURED = TinyAdapters.of("configured");
  private static final List<LoadedAdapter> ADAPTERS =
      List.of(TinyAdapters.of("a"), TinyAdapters.of("b"), TinyAdapters.of("c"));
  private static final Duration LEAD = Duration.ofSeconds(5);
  private static final Duration STEP = Duration.ofMillis(50);

  private final List<Cutover> topic = new ArrayList<>();

  /** When each record of the topic can be read: its date is older. */
  private final List<Instant> written = new ArrayList<>();

  private final List<Instant> held = new ArrayList<>();
  private final Map<Instant, String> scored = new TreeMap<>();
  private final RegistryCore core =
      new RegistryCore("worker", TrustedKeys.of(List.of(), true), CONFIGURED, settings());
  private AdapterPlan plan = AdapterPlan.UNKNOWN;
  private Instant now = NOON;
  private Instant busyUntil = NOON;
  private RegistryCore.Task task;
  private int read;

  private static RegistrySettings settings() {
    return new RegistrySettings(
        true,
        "worker",
        LEAD,
        Duration.ofSeconds(10),
        1 << 20,
        2,
        4,
        Duration.ofSeconds(5),
        Duration.ofDays(30),
        null,
        Path.of("keys"),
        Duration.ofSeconds(5),
        true);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void everyWindowIsScoredAsTheWholeLedgerSays(long seed) {
    Random random = new Random(seed);
    ADAPTERS.forEach(a -> core.read(new Slice(a.digest(), 0, 1, 1, new byte[1]), 0, now));
    boolean reachable = true;
    for (int step = 0; step < 6_000; step++, now = now.plus(STEP)) {
      if (random.nextInt(150) == 0) {
        write(
            ADAPTERS.get(random.nextInt(ADAPTERS.size())), Duration.ofMillis(random.nextInt(450)));
      }
      reachable = random.nextInt(200) == 0 ? !reachable : reachable;
      turn(reachable, Duration.ofMillis(random.nextInt(15_000)));
      int ahead = random.nextInt(20) == 0 ? random.nextInt(10_000) : -random.nextInt(2_000);
      held.add(now.plusMillis(ahead).plusNanos(step));
      look();
    }
    assertThat(scored).as("in the first five minutes, seed " + seed).hasSizeGreaterThan(3_000);
    now = now.plusSeconds(60);
    while (task != null || !held.isEmpty()) {
      turn(true, Duration.ZERO);
      look();
    }

    Ledger ledger = Ledger.EMPTY;
    for (Cutover c : topic) {
      ledger = ledger.with(c);
    }
    assertThat(topic).hasSizeGreaterThan(10);
    for (Map.Entry<Instant, String> window : scored.entrySet()) {
      assertThat(window.getValue())
          .as("the decision for %s, seed %d", window.getKey(), seed)
          .isEqualTo(
              ledger.inForce(STREAM, window.getKey(), c -> true).map(Cutover::id).orElse(""));
    }
  }

  /** In the steady state a renewed plan shares all that it holds. */
  @Test
  void aConfirmationAloneCopiesNothing() {
    write(CONFIGURED, Duration.ZERO);
    turn(true, Duration.ZERO);
    LedgerAdapterPlan before = (LedgerAdapterPlan) plan;
    now = now.plusSeconds(1);
    turn(true, Duration.ZERO);
    LedgerAdapterPlan after = (LedgerAdapterPlan) plan;
    assertThat(after.knownUntil()).isEqualTo(before.knownUntil().plusSeconds(1));
    assertThat(after.ledger()).isSameAs(before.ledger());
    assertThat(after.ready()).isSameAs(before.ready());
    assertThat(after.refused()).isSameAs(before.refused());
    assertThat(after.loaded()).isSameAs(before.loaded());
  }

  private void write(LoadedAdapter adapter, Duration writing) {
    Instant readable = now.plus(writing);
    Instant last = written.isEmpty() ? readable : written.get(written.size() - 1);
    written.add(readable.isBefore(last) ? last : readable);
    topic.add(
        new Cutover(
            Scope.ALL,
            topic.size() + 1,
            adapter.digest(),
            now.plus(LEAD),
            "promote",
            "a test",
            now,
            null,
            null,
            null,
            null,
            null));
  }

  /** What the registry's thread does, in the order in which it does it. */
  private void turn(boolean reachable, Duration preparation) {
    if (now.isBefore(busyUntil)) {
      return;
    }
    if (task == null) {
      while (reachable && read < topic.size() && !written.get(read).isAfter(now)) {
        core.read(CutoverCodec.fromJson(CutoverCodec.toJson(topic.get(read), null), 0), now);
        read++;
      }
      if (reachable) {
        core.seenToEnd(now);
      }
      task = core.next(now).orElse(null);
      if (task != null) {
        busyUntil = now.plus(preparation);
        return;
      }
    } else {
      LoadedAdapter adapter =
          ADAPTERS.stream()
              .filter(a -> a.digest().equals(task.shelved().digest()))
              .findFirst()
              .orElseThrow();
      core.prepared(task.cutover(), adapter, 0, 0, now);
      task = null;
    }
    core.plan().ifPresent(next -> plan = next);
  }

  /** Scores what the plan lets score; wants what it waits for. */
  private void look() {
    Iterator<Instant> windows = held.iterator();
    while (windows.hasNext()) {
      Instant window = windows.next();
      AdapterPlan.Choice choice = plan.choose(STREAM, window);
      if (choice instanceof AdapterPlan.Use use) {
        scored.put(window, use.decision());
        windows.remove();
      } else if (choice instanceof AdapterPlan.Wait wait) {
        core.want(wait.decision());
      }
    }
  }
}
