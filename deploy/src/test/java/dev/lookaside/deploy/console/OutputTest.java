package dev.lookaside.deploy.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class OutputTest {
  @Command(name = "count")
  static final class Count implements Runnable {
    @Mixin private Output output = new Output();

    @Override
    public void run() {
      Output.Table table = output.table("%-5s %,7d %6.2f  %s", "NAME", "COUNT", "SHARE", "WHAT");
      for (String name : List.of("horn", "bird")) {
        table.row(
            JsonNodeFactory.instance.objectNode().put("name", name), name, 1234, 0.5, "of it");
      }
      output.end(table);
    }
  }

  private static String printed(String... words) {
    StringWriter out = new StringWriter();
    CommandLine line = new CommandLine(new Count());
    line.setOut(new PrintWriter(out));
    assertThat(line.execute(words)).isZero();
    return out.toString();
  }

  @Test
  void headingsAreAsWideAsTheirColumns() {
    assertThat(printed())
        .isEqualToNormalizingNewlines(
            """
            NAME    COUNT  SHARE  WHAT
            horn    1,234   0.50  of it
            bird    1,234   0.50  of it
            """);
  }

  @Test
  void asJsonTheRowsAreOneArrayAndNothingElse() throws Exception {
    assertThat(new JsonMapper().readTree(printed("--json")))
        .extracting(row -> row.get("name").textValue())
        .containsExactly("horn", "bird");
  }

  @Test
  void elsewhereThanOnATerminalProgressIsALineNowAndThen() {
    StringWriter err = new StringWriter();
    try (Progress progress =
        new Progress(new PrintWriter(err), false, "counting", "", 1, 0, Progress.UNKNOWN)) {
      progress.at(1, 3, () -> "too soon");
      progress.note("at once");
    }
    assertThat(err.toString()).isEqualToNormalizingNewlines("at once\n");
  }

  @Test
  void theBeginningOfAnIdMeansTheOnlyOneThatHasIt() {
    List<String> ids = List.of("3f2a", "3f2b", "77aa");
    assertThat(OptionValue.startingWith("adapter", "7", ids, id -> id)).isEqualTo("77aa");
    assertThatThrownBy(() -> OptionValue.startingWith("adapter", "3f", ids, id -> id))
        .hasMessage("adapter \"3f\": 2 adapters have ids that start with it; give more digits");
    assertThatThrownBy(() -> OptionValue.startingWith("adapter", "9", ids, id -> id))
        .hasMessage("adapter \"9\": no adapter on the topic has an id that starts with it");
  }

  @Test
  void numbersOutOfRangeAreNamedWithOptionValueAndRange() {
    OptionValue.within("--count", 10, 1, 10);
    assertThatThrownBy(() -> OptionValue.within("--count", 11, 1, 10))
        .hasMessage("--count \"11\": must be 1 to 10");
    assertThatThrownBy(() -> OptionValue.atLeast("--count", 0, 1))
        .hasMessage("--count \"0\": must be 1 or more");
  }
}
