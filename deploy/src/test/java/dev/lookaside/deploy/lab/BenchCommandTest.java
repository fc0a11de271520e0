package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.deploy.cli.Cli;
import org.junit.jupiter.api.Test;

class BenchCommandTest {
  @Test
  void anUnknownPartIsAWrongCall() {
    Cli run = Cli.run("bench", "frontend");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .startsWith("lookaside bench: PART \"frontend\": must be all or some of [front-end");
  }

  @Test
  void tooFewSwapsAreAWrongCall() {
    Cli run = Cli.run("bench", "swaps", "--swaps", "100");
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.err()).contains("--swaps \"100\": must be 101 to 100000");
  }

  @Test
  void noSetsAreAWrongCall() {
    Cli run = Cli.run("bench", "gate", "--sets", "0");
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.err()).contains("--sets \"0\": must be 1 to 1000");
  }
}
