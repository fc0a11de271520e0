package dev.lookaside.classifier.registry;

import static dev.lookaside.classifier.registry.Cutovers.NOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.infer.TinyAdapters;
import dev.lookaside.classifier.registry.Ack.State;
import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import dev.lookaside.ingest.StreamId;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegistryCoreTest {
  private static final StreamId STREAM = new StreamId("acme/door");
  private static final LoadedAdapter CONFIGURED = TinyAdapters.of("configured");
  private static final LoadedAdapter FIRST = TinyAdapters.of("first");
  private static final LoadedAdapter SECOND = TinyAdapters.of("second");

  private RegistryCore core;
  private Instant now = NOON;

  @BeforeEach
  void start() {
    core = core(2);
  }

  private static RegistryCore core(int maxPrepared) {
    return core(maxPrepared, TrustedKeys.of(List.of(), true));
  }

  private static RegistryCore core(int maxPrepared, TrustedKeys trusted) {
    RegistrySettings settings =
        new RegistrySettings(
            true,
            "worker",
            Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            1 << 20,
            maxPrepared,
            4,
            Duration.ofSeconds(5),
            Duration.ofDays(30),
            null,
            Path.of("keys"),
            Duration.ofSeconds(5),
            true);
    return new RegistryCore("worker", trusted, CONFIGURED, settings);
  }

  private static Cutover cutover(String scope, long number, LoadedAdapter adapter, int second) {
    return new Cutover(
        Scope.parse(scope),
        number,
        adapter.digest(),
        NOON.plusSeconds(second),
        "promote",
        "a test",
        NOON,
        null,
        null,
        null,
        null,
        null);
  }

  private void read(Cutover c) {
    core.read(CutoverCodec.fromJson(CutoverCodec.toJson(c, null), 0), now);
  }

  private void publish(LoadedAdapter adapter) {
    core.read(new Slice(adapter.digest(), 0, 1, 1, new byte[1]), 0, now);
  }

  private void seenToEnd() {
    core.seenToEnd(now);
  }

  private AdapterPlan.Choice choose(AdapterPlan plan, int second) {
    return plan.choose(STREAM, NOON.plusSeconds(second));
  }

  private static AdapterPlan.Use use(LoadedAdapter adapter, String decision) {
    return new AdapterPlan.Use(adapter, decision);
  }

  @Test
  void nothingIsScoredBeforeBothTopicsWereReadToTheirEnds() {
    read(cutover("*", 1, FIRST, 0));
    assertThat(core.plan()).contains(AdapterPlan.UNKNOWN);
    assertThat(core.next(now)).isEmpty();
    seenToEnd();
    AdapterPlan plan = core.plan().orElseThrow();
    assertThat(choose(plan, -1)).isEqualTo(use(CONFIGURED, ""));
    assertThat(choose(plan, 0)).isEqualTo(new AdapterPlan.Wait("*@1"));
    assertThat(core.plan()).as("nothing new").isEmpty();
  }

  @Test
  void aPreparedAdapterScoresFromItsTimeOn() {
    read(cutover("*", 1, FIRST, 3));
    publish(FIRST);
    seenToEnd();
    RegistryCore.Task task = core.next(now).orElseThrow();
    assertThat(task.cutover().id()).isEqualTo("*@1");
    core.prepared(task.cutover(), FIRST, 7, 99, now);
    assertThat(core.next(now)).isEmpty();
    AdapterPlan plan = core.plan().orElseThrow();
    assertThat(choose(plan, 2)).isEqualTo(use(CONFIGURED, ""));
    assertThat(choose(plan, 3)).isEqualTo(use(FIRST, "*@1"));
    core.applied("*@1", now);
    assertThat(core.takeAcks())
        .extracting(Ack::state, Ack::millis, Ack::bytes)
        .containsExactly(tuple(State.PREPARED, 7L, 99L), tuple(State.APPLIED, 0L, 0L));
  }

  @Test
  void aRefusedAdapterLeavesTheIncumbent() {
    read(cutover("*", 1, FIRST, 0));
    read(cutover("*", 2, SECOND, 1));
    publish(FIRST);
    publish(SECOND);
    seenToEnd();
    core.prepared(core.next(now).orElseThrow().cutover(), FIRST, 0, 0, now);
    AdapterRejection refusal =
        new AdapterRejection(Reason.NOT_FINITE, "file", "x", "must be finite");
    core.refused(core.next(now.plusSeconds(2)).orElseThrow().cutover(), refusal, now);
    AdapterPlan plan = core.plan().orElseThrow();
    assertThat(choose(plan, 4)).isEqualTo(use(FIRST, "*@1"));
    assertThat(core.takeAcks())
        .extracting(Ack::state, Ack::reasonWord)
        .contains(tuple(State.REFUSED, "not-finite"));
  }

  @Test
  void missingSlicesAreWaitedForRefusedAndTakenWhenTheyCome() {
    read(cutover("*", 1, FIRST, 0));
    seenToEnd();
    assertThat(core.next(now)).isEmpty();
    assertThat(core.next(now.plusSeconds(9))).isEmpty();
    assertThat(core.takeAcks()).isEmpty();
    assertThat(core.next(now.plusSeconds(10))).isEmpty();
    assertThat(core.takeAcks())
        .extracting(Ack::reason)
        .containsExactly("missing-slices: parts \"[0]\": must be on the topic within 10 s");
    assertThat(choose(core.plan().orElseThrow(), 1)).isEqualTo(use(CONFIGURED, ""));
    publish(FIRST);
    core.prepared(core.next(now).orElseThrow().cutover(), FIRST, 0, 0, now);
    assertThat(choose(core.plan().orElseThrow(), 1)).isEqualTo(use(FIRST, "*@1"));
  }

  @Test
  void whoHasLostSightOfTheLedgerLetsWindowsWait() {
    seenToEnd();
    AdapterPlan plan = core.plan().orElseThrow();
    assertThat(choose(plan, 4)).isEqualTo(use(CONFIGURED, ""));
    assertThat(choose(plan, 5)).isEqualTo(new AdapterPlan.Wait(""));
    assertThat(choose(plan, 3_600)).as("ahead of the clock").isEqualTo(new AdapterPlan.Wait(""));
    assertThat(core.plan()).as("nothing new").isEmpty();
    now = now.plusSeconds(7);
    seenToEnd();
    plan = core.plan().orElseThrow();
    assertThat(choose(plan, 5)).isEqualTo(use(CONFIGURED, ""));
    assertThat(choose(plan, 11)).isEqualTo(use(CONFIGURED, ""));
    assertThat(choose(plan, 12)).isEqualTo(new AdapterPlan.Wait(""));
  }

  @Test
  void anAdapterThatWasLetGoIsPreparedAgainWhenAWindowOfItsTimeComes() {
    core = core(1);
    read(cutover("*", 1, FIRST, 0));
    read(cutover("*", 2, SECOND, 10));
    publish(FIRST);
    publish(SECOND);
    now = NOON.plusSeconds(20);
    seenToEnd();
    core.want("*@1");
    core.prepared(core.next(now).orElseThrow().cutover(), FIRST, 0, 0, now);
    core.prepared(core.next(now).orElseThrow().cutover(), SECOND, 0, 0, now);
    AdapterPlan plan = core.plan().orElseThrow();
    assertThat(choose(plan, 10)).isEqualTo(use(SECOND, "*@2"));
    assertThat(choose(plan, 5)).isEqualTo(new AdapterPlan.Wait("*@1"));
    assertThat(core.next(now)).as("nobody wants it").isEmpty();
    core.want("*@1");
    assertThat(core.next(now).orElseThrow().cutover().id()).isEqualTo("*@1");
  }

  @Test
  void theConfiguredAdapterNeedsNoSlices() {
    read(cutover("stream:acme/door", 1, CONFIGURED, 0));
    seenToEnd();
    assertThat(core.next(now)).isEmpty();
    assertThat(choose(core.plan().orElseThrow(), 1))
        .isEqualTo(use(CONFIGURED, "stream:acme/door@1"));
  }

  @Test
  void recordsThatDoNotCountAreSaidAndChangeNothing() {
    read(cutover("*", 2, FIRST, 10));
    read(cutover("*", 2, SECOND, 20));
    core.unreadable("*@7", "value: is malformed JSON", now);
    core.seenToEnd(NOON.plusSeconds(30));
    assertThat(core.takeAcks())
        .extracting(Ack::cutover, Ack::reasonWord)
        .containsExactly(tuple("*@2", "number-taken"), tuple("*@7", "bad-record"));
    assertThat(choose(core.plan().orElseThrow(), 30)).isEqualTo(new AdapterPlan.Wait("*@2"));
  }

  @Test
  void aDecisionRefusedForItsKeyIsTakenOnceTheKeyIsTrusted(@TempDir Path folder) {
    KeyFolder keys = new KeyFolder(folder);
    SigningKey key = keys.create("late");
    core = core(2, TrustedKeys.of(List.of(), false));
    Cutover first = cutover("*", 1, FIRST, 0);
    core.read(CutoverCodec.fromJson(CutoverCodec.toJson(first, key), 0), now);
    publish(FIRST);
    seenToEnd();
    assertThat(core.next(now)).isEmpty();
    assertThat(choose(core.plan().orElseThrow(), 1)).isEqualTo(use(CONFIGURED, ""));

    TrustedKeys trusted = TrustedKeys.of(keys.trusted(), false);
    core.trust(trusted, now);
    core.prepared(core.next(now).orElseThrow().cutover(), FIRST, 0, 0, now);
    assertThat(choose(core.plan().orElseThrow(), 1)).isEqualTo(use(FIRST, "*@1"));
    core.trust(trusted, now);
    assertThat(core.plan()).as("nothing new").isEmpty();

    core.trust(TrustedKeys.of(List.of(), false), now);
    assertThat(choose(core.plan().orElseThrow(), 1)).isEqualTo(use(CONFIGURED, ""));
    assertThat(core.next(now)).isEmpty();
    assertThat(core.takeAcks())
        .extracting(Ack::state, Ack::reasonWord)
        .containsExactly(
            tuple(State.REFUSED, "unknown-key"),
            tuple(State.PREPARED, ""),
            tuple(State.REFUSED, "unknown-key"));
  }

  /** The number of a decision that no longer counts goes to another, which is not prepared yet. */
  @Test
  void whatWasReadyIsNotTakenForAnotherDecisionOfItsNumber(@TempDir Path folder) {
    KeyFolder keys = new KeyFolder(folder);
    SigningKey one = keys.create("one");
    SigningKey two = keys.create("two");
    core = core(2, TrustedKeys.of(keys.trusted(), false));
    core.read(CutoverCodec.fromJson(CutoverCodec.toJson(cutover("*", 1, FIRST, 0), one), 0), now);
    core.read(CutoverCodec.fromJson(CutoverCodec.toJson(cutover("*", 1, SECOND, 0), two), 1), now);
    publish(FIRST);
    seenToEnd();
    core.prepared(core.next(now).orElseThrow().cutover(), FIRST, 0, 0, now);
    assertThat(choose(core.plan().orElseThrow(), 1)).isEqualTo(use(FIRST, "*@1"));
    keys.forget("one");
    core.trust(TrustedKeys.of(keys.trusted(), false), now);
    assertThat(choose(core.plan().orElseThrow(), 1)).isEqualTo(new AdapterPlan.Wait("*@1"));
    publish(SECOND);
    core.prepared(core.next(now).orElseThrow().cutover(), SECOND, 0, 0, now);
    assertThat(choose(core.plan().orElseThrow(), 1)).isEqualTo(use(SECOND, "*@1"));
  }

  @Test
  void acksAreReadAsTheyWereWritten() {
    AdapterRejection refusal =
        new AdapterRejection(Reason.TOO_LARGE, "bytes", "9", "must be at most 8");
    Cutover c = cutover("*", 1, FIRST, 0);
    for (Ack ack :
        List.of(
            Ack.alive("w", NOON, List.of("a", "b")),
            Ack.stopped("w", NOON),
            Ack.prepared("w", State.PREPARED, NOON, c, 5, 6),
            Ack.refused("w", NOON, "*@1", null, refusal))) {
      assertThat(Ack.fromJson(ack.toJson())).isEqualTo(ack);
    }
  }
}
