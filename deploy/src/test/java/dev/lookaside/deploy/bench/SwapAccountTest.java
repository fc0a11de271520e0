package dev.lookaside.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.StreamDetector.Outcome;
import dev.lookaside.classifier.detect.StreamDetector.Windowed;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SwapAccountTest {
  private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
  private static final String NEXT = "a".repeat(64);

  private final SwapAccount account = new SwapAccount();

  private void window(long index, Outcome outcome, String adapter) {
    Instant at = START.plusSeconds(index);
    AdapterFacts facts = new AdapterFacts(adapter, List.of(), 1, Map.of());
    account.windowed(
        new Windowed(
            new StreamId("s"), START, index, outcome, null, facts, at, at, 16_000, 16_000));
  }

  private void decided(int second) {
    Instant from = START.plusSeconds(second);
    account.decided(
        new Cutover(
            Scope.ALL, 1, NEXT, from, "promote", "a test", START, null, null, null, null, null));
  }

  @Test
  void eachFaultIsCountedAsWhatItIs() {
    decided(4);
    for (int i = 0; i < 8; i++) {
      if (i != 2) {
        window(i, i == 3 ? Outcome.SHED : Outcome.SCORED, i < 5 ? "first" : NEXT);
      }
    }
    window(7, Outcome.SCORED, NEXT);
    window(3, Outcome.SCORED, "first");
    assertThat(account.answered()).isEqualTo(7);
    // Window 2 is lost, 3 shed and answered again, 4 by the old adapter, 7 twice.
    assertThat(account.totals(8, "first")).isEqualTo(new SwapAccount.Totals(8, 1, 2, 1, 1, 4, 1));
  }

  @Test
  void aSoundRunHasNone() {
    decided(2);
    for (int i = 0; i < 4; i++) {
      window(i, Outcome.SCORED, i < 2 ? "first" : NEXT);
    }
    assertThat(account.totals(4, "first")).isEqualTo(new SwapAccount.Totals(4, 0, 0, 0, 0, 2, 1));
  }
}
