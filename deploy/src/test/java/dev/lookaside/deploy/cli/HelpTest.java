package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import picocli.CommandLine;

class HelpTest {
  @TestFactory
  List<DynamicTest> everyCommandShowsAnExample() {
    List<DynamicTest> tests = new ArrayList<>();
    collect(Main.commandLine(), tests);
    return tests;
  }

  private static void collect(CommandLine parent, List<DynamicTest> tests) {
    for (CommandLine command : parent.getSubcommands().values()) {
      String name = command.getCommandSpec().qualifiedName();
      tests.add(
          DynamicTest.dynamicTest(
              name,
              () ->
                  assertThat(command.getUsageMessage())
                      .contains("Example")
                      .contains("--help")
                      .contains("  lookaside ")));
      collect(command, tests);
    }
  }
}
