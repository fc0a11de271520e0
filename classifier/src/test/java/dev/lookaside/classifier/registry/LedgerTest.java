package dev.lookaside.classifier.registry;

import static dev.lookaside.classifier.registry.Cutovers.NOON;
import static dev.lookaside.classifier.registry.Cutovers.digest;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.StreamId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LedgerTest {
  private static final Predicate<Cutover> ALL = c -> true;
  private static final String[] SCOPES = {
    "*", "tenant:a", "tenant:b", "stream:a/1", "stream:a/2", "stream:c"
  };
  private static final String[] STREAMS = {"a/1", "a/2", "a/3", "b/1", "c", "/a", "a"};

  private static Ledger ledger(Cutover... records) {
    Ledger ledger = Ledger.EMPTY;
    for (Cutover c : records) {
      ledger = ledger.with(c);
    }
    return ledger;
  }

  private static Optional<String> adapterOf(Ledger ledger, String stream, int second) {
    return ledger
        .inForce(new StreamId(stream), NOON.plusSeconds(second), ALL)
        .map(Cutover::adapter);
  }

  @Test
  void theMostSpecificScopeInForceDecides() {
    Ledger ledger =
        ledger(
            Cutovers.of("*", 1, "all", 0),
            Cutovers.of("tenant:a", 1, "tenant", 10),
            Cutovers.of("stream:a/1", 1, "stream", 20));
    assertThat(adapterOf(ledger, "a/1", 9)).contains(digest("all"));
    assertThat(adapterOf(ledger, "a/1", 10)).contains(digest("tenant"));
    assertThat(adapterOf(ledger, "a/1", 20)).contains(digest("stream"));
    assertThat(adapterOf(ledger, "a/2", 20)).contains(digest("tenant"));
    assertThat(adapterOf(ledger, "a", 20)).contains(digest("all"));
    assertThat(adapterOf(ledger, "a/1", -1)).isEmpty();
  }

  @Test
  void aScopeIsHeardWhereNothingMoreSpecificHasTheWord() {
    Ledger ledger =
        ledger(
            Cutovers.of("*", 1, "all", 0),
            Cutovers.of("tenant:a", 1, "tenant", 0),
            Cutovers.of("tenant:a", 2, null, 20),
            Cutovers.of("stream:a/1", 1, "stream", 10));
    Scope a = Scope.parse("tenant:a");
    assertThat(heard(ledger, Scope.ALL, 10)).containsExactly("b/1", "c", "/a", "a");
    assertThat(heard(ledger, a, 9)).containsExactly("a/1", "a/2", "a/3");
    assertThat(heard(ledger, a, 10)).containsExactly("a/2", "a/3");
    assertThat(heard(ledger, Scope.parse("stream:a/1"), 10)).containsExactly("a/1");
    assertThat(heard(ledger, Scope.ALL, 20)).containsExactly("a/2", "a/3", "b/1", "c", "/a", "a");
    assertThat(heard(Ledger.EMPTY, Scope.ALL, 0)).containsExactly(STREAMS);
  }

  private static List<String> heard(Ledger ledger, Scope scope, int second) {
    return Stream.of(STREAMS)
        .filter(s -> ledger.leavesTo(scope, new StreamId(s), NOON.plusSeconds(second)))
        .toList();
  }

  @Test
  void aReleaseGivesTheWordToLessSpecificScopes() {
    Ledger ledger =
        ledger(
            Cutovers.of("*", 1, "all", 0),
            Cutovers.of("stream:a/1", 1, "pinned", 0),
            Cutovers.of("stream:a/1", 2, null, 10));
    assertThat(adapterOf(ledger, "a/1", 9)).contains(digest("pinned"));
    assertThat(adapterOf(ledger, "a/1", 10)).contains(digest("all"));
  }

  @Test
  void anAnnouncementChangesNothingButIsNeeded() {
    Ledger ledger = ledger(Cutovers.of("*", 1, "old", 0), Cutovers.of("*", 2, "next", null));
    assertThat(adapterOf(ledger, "a", 100)).contains(digest("old"));
    assertThat(ledger.digestsNeededSince(NOON, ALL)).contains(digest("old"), digest("next"));
  }

  @Test
  void aRecordThatIsNotUsableIsAsIfNeverWritten() {
    Ledger ledger = ledger(Cutovers.of("*", 1, "good", 0), Cutovers.of("*", 2, "bad", 5));
    Predicate<Cutover> usable = c -> !digest("bad").equals(c.adapter());
    assertThat(ledger.inForce(new StreamId("s"), NOON.plusSeconds(9), usable))
        .map(Cutover::number)
        .contains(1L);
    assertThat(ledger.digestsNeededSince(NOON.plusSeconds(9), usable))
        .containsExactlyInAnyOrder(digest("good"), digest("bad"));
  }

  @Test
  void whatIsDecidedStaysDecided() {
    Ledger ledger = ledger(Cutovers.of("*", 1, "a", 10), Cutovers.of("*", 4, "b", 20));
    assertThat(ledger.refusal(Cutovers.of("*", 4, "c", 30)))
        .map(AdapterRejection::reason)
        .contains(Reason.NUMBER_TAKEN);
    assertThat(ledger.refusal(Cutovers.of("*", 5, "c", 19)))
        .map(AdapterRejection::reason)
        .contains(Reason.EFFECTIVE_TOO_EARLY);
    assertThat(ledger.refusal(Cutovers.of("*", 5, "c", 20))).isEmpty();
    assertThat(ledger.refusal(Cutovers.of("tenant:x", 1, "c", 0))).isEmpty();
    assertThat(ledger.nextNumber(Scope.ALL)).isEqualTo(5);
    assertThatThrownBy(() -> ledger.with(Cutovers.of("*", 2, "c", 30)))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("number \"2\": must be above 4");
  }

  @Test
  void answersAsASearchThroughAllRecordsDoes() {
    SeededRandom.forAll(
        LedgerTest.class,
        200,
        random -> {
          List<Cutover> written = new ArrayList<>();
          Ledger ledger = Ledger.EMPTY;
          for (int i = 0; i < 30; i++) {
            Cutover next = randomRecord(random, ledger);
            if (ledger.refusal(next).isEmpty()) {
              ledger = ledger.with(next);
              written.add(next);
            }
          }
          for (int i = 0; i < 50; i++) {
            String stream = STREAMS[random.nextInt(STREAMS.length)];
            int second = random.nextInt(-2, 40);
            assertThat(adapterOf(ledger, stream, second))
                .as("%s at %d of %s", stream, second, written)
                .isEqualTo(search(written, stream, second));
          }
        });
  }

  private static Cutover randomRecord(RandomGenerator random, Ledger ledger) {
    String scope = SCOPES[random.nextInt(SCOPES.length)];
    long number = ledger.nextNumber(Scope.parse(scope)) + random.nextInt(-1, 2);
    int kind = random.nextInt(5);
    String adapter = kind == 0 ? null : "adapter" + random.nextInt(9);
    Integer second = kind == 1 ? null : Integer.valueOf(random.nextInt(35));
    return Cutovers.of(scope, Math.max(1, number), adapter, second);
  }

  /** The definition, word by word. */
  private static Optional<String> search(List<Cutover> written, String stream, int second) {
    int slash = stream.indexOf('/');
    List<String> scopes = new ArrayList<>(List.of("stream:" + stream));
    if (slash > 0) {
      scopes.add("tenant:" + stream.substring(0, slash));
    }
    scopes.add("*");
    for (String scope : scopes) {
      Cutover best = null;
      for (Cutover c : written) {
        boolean counts =
            c.scope().toString().equals(scope)
                && c.effectiveFrom() != null
                && !c.effectiveFrom().isAfter(NOON.plusSeconds(second));
        if (counts && (best == null || c.number() > best.number())) {
          best = c;
        }
      }
      if (best != null && best.adapter() != null) {
        return Optional.of(best.adapter());
      }
    }
    return Optional.empty();
  }
}
