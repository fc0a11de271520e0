package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BenchCommandTest {
  @Test
  void anUnknownPartIsAWrongCall() {
    Cli run = Cli.run("bench", "frontend");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .startsWith("lookaside bench: PART \"frontend\": must be all or of [front-end");
  }
}
