package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.deploy.console.Errors;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class MainTest {
  @Test
  void versionGoesToStandardOutput() {
    Cli run = Cli.run("--version");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).startsWith("lookaside 0.").doesNotContain("${");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void noCommandIsAWrongCall() {
    Cli run = Cli.run();
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("lookaside: no command given");
  }

  @Test
  void anUnknownCommandIsNamed() {
    Cli run = Cli.run("listne");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err())
        .startsWith("lookaside: \"listne\": no such command (did you mean \"listen\"?)")
        .doesNotContain("\tat ", "Did you mean");
    assertThat(Cli.run("clasify", "a.wav").err()).contains("(did you mean \"classify\"?)");
    assertThat(Cli.run("label", "lits").err())
        .contains("\"lits\": no such command (did you mean \"list\"?)");
    assertThat(Cli.run("bake").err()).contains("\"bake\": no such command\n");
    assertThat(Cli.run("classify", "--frmat=json", "a.wav").err())
        .contains("\"--frmat\": no such option (did you mean \"--format\"?)");
  }

  @Test
  void anUnknownOptionIsNamed() {
    Cli run = Cli.run("--colour");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--colour").doesNotContain("\tat ");
  }

  @Test
  void errorsOfTheFileSystemSayWhatIsWrong() {
    assertThat(Errors.describe(new NoSuchFileException("a.wav"))).isEqualTo("a.wav: no such file");
    assertThat(Errors.describe(new IOException("disk full"))).isEqualTo("disk full");
  }

  @Test
  void aBugIsNotPassedOffAsAUserError() {
    assertThat(Errors.describe(new NullPointerException("x is null")))
        .contains("unexpected")
        .contains("--stacktrace");
  }
}
