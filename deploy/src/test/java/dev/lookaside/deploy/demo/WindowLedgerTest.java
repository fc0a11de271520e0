package dev.lookaside.deploy.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WindowLedgerTest {
  @Test
  void countsEveryExpectedWindowOnce() {
    WindowLedger ledger = new WindowLedger();
    ledger.expect("a", 3);
    ledger.expect("b", 1);
    for (long k : new long[] {2, 0, 1}) {
      assertThat(ledger.complete()).isFalse();
      ledger.scored("a", k);
    }
    ledger.scored("b", 0);

    assertThat(ledger.complete()).isTrue();
    assertThat(ledger.expected()).isEqualTo(4);
    assertThat(ledger.scored()).isEqualTo(4);
    assertThat(ledger.lost()).isZero();
    assertThat(ledger.doubled()).isZero();
  }

  @Test
  void aMissingAndARepeatedWindowDoNotCancelOut() {
    WindowLedger ledger = new WindowLedger();
    ledger.expect("a", 3);
    ledger.scored("a", 0);
    ledger.scored("a", 0);
    ledger.scored("a", 1);

    assertThat(ledger.scored()).isEqualTo(3);
    assertThat(ledger.lost()).isEqualTo(1);
    assertThat(ledger.doubled()).isEqualTo(1);
  }

  @Test
  void aWindowNobodySentIsNoticed() {
    WindowLedger ledger = new WindowLedger();
    ledger.expect("a", 1);
    ledger.scored("a", 0);
    ledger.scored("a", 1);
    ledger.scored("ghost", 0);

    assertThat(ledger.doubled()).isEqualTo(2);
    assertThat(ledger.lost()).isZero();
  }
}
