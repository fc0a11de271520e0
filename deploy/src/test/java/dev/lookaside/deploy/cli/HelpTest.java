package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

class HelpTest {
  @TestFactory
  List<DynamicTest> everyCommandShowsAnExample() {
    List<DynamicTest> tests = new ArrayList<>();
    collect(Main.commandLine(), tests);
    return tests;
  }

  /**
   * A line that ends within an option, a setting or a file's name can be neither copied nor found.
   */
  @TestFactory
  List<DynamicTest> linesBreakBetweenWords() {
    List<DynamicTest> tests = new ArrayList<>();
    collectWraps(Main.commandLine(), tests);
    return tests;
  }

  private static void collectWraps(CommandLine command, List<DynamicTest> tests) {
    CommandSpec spec = command.getCommandSpec();
    tests.add(
        DynamicTest.dynamicTest(
            spec.qualifiedName(),
            () -> {
              Set<String> words = new HashSet<>();
              List<String> texts = new ArrayList<>();
              texts.addAll(List.of(spec.usageMessage().description()));
              texts.addAll(List.of(spec.usageMessage().footer()));
              spec.args().forEach(arg -> texts.addAll(List.of(arg.description())));
              texts.forEach(t -> words.addAll(List.of(String.format(t).split("\\s+"))));
              List<String> broken = new ArrayList<>();
              Set<String> shown = new HashSet<>(List.of(command.getUsageMessage().split("\\s+")));
              words.stream()
                  .filter(
                      w ->
                          !w.isEmpty()
                              && !w.contains("${")
                              && w.length() < 50
                              && !shown.contains(w))
                  .forEach(broken::add);
              assertThat(broken).isEmpty();
            }));
    command.getSubcommands().values().forEach(child -> collectWraps(child, tests));
  }

  /** Picocli formats every text; one that it cannot format is shown with a warning before it. */
  @TestFactory
  List<DynamicTest> everyTextIsAFormat() {
    List<DynamicTest> tests = new ArrayList<>();
    collectTexts(Main.commandLine(), tests);
    return tests;
  }

  private static void collectTexts(CommandLine command, List<DynamicTest> tests) {
    CommandSpec spec = command.getCommandSpec();
    List<String> texts = new ArrayList<>();
    texts.addAll(List.of(spec.usageMessage().header()));
    texts.addAll(List.of(spec.usageMessage().description()));
    texts.addAll(List.of(spec.usageMessage().footer()));
    spec.args().forEach(arg -> texts.addAll(List.of(arg.description())));
    tests.add(
        DynamicTest.dynamicTest(
            spec.qualifiedName(),
            () ->
                assertThat(texts)
                    .allSatisfy(
                        text ->
                            assertThatCode(() -> String.format(text))
                                .as(text)
                                .doesNotThrowAnyException())));
    command.getSubcommands().values().forEach(child -> collectTexts(child, tests));
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
