package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ReplayCommandTest {
  private static Cli replay(String from, String to) {
    return Cli.run("replay", "--stream", "dock", "--from", from, "--to", to);
  }

  @Test
  void saysWhichTimeIsWrong() {
    Cli noTime = replay("noon", "2026-03-01T12:00:00Z");
    assertThat(noTime.exitCode()).isNotZero();
    assertThat(noTime.err()).contains("--from \"noon\": must be a time as 2026-03-01T12:00:00Z");
    Cli backwards = replay("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z");
    assertThat(backwards.exitCode()).isNotZero();
    assertThat(backwards.err()).contains("must be after --from");
  }
}
