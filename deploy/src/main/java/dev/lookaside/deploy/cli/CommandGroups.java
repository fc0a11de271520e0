package dev.lookaside.deploy.cli;

import dev.lookaside.deploy.lab.BenchCommand;
import dev.lookaside.deploy.lab.Calibrate;
import dev.lookaside.deploy.lab.Compare;
import dev.lookaside.deploy.lab.Decoders;
import dev.lookaside.deploy.lab.Evaluate;
import dev.lookaside.deploy.lab.Explain;
import dev.lookaside.deploy.lab.Features;
import dev.lookaside.deploy.lab.FitCommand;
import dev.lookaside.deploy.lab.Models;
import dev.lookaside.deploy.lab.PlotCommand;
import dev.lookaside.deploy.lab.Recipes;
import dev.lookaside.deploy.lab.ReportCommand;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.Column.Overflow;
import picocli.CommandLine.Help.TextTable;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Which commands there are and under which heading the help lists them. */
final class CommandGroups {
  /** A new command is one more class in this list. */
  private static final Map<String, List<Class<?>>> GROUPS = new LinkedHashMap<>();

  static {
    GROUPS.put(
        "Streams on Kafka:",
        List.of(
            Demo.class,
            Run.class,
            Send.class,
            Listen.class,
            StreamsCommand.class,
            ReplayCommand.class));
    GROUPS.put(
        "Audio files:", List.of(Classify.class, PlotCommand.class, Explain.class, Features.class));
    GROUPS.put(
        "Models:",
        List.of(
            FitCommand.class,
            Calibrate.class,
            Decoders.class,
            Compare.class,
            Evaluate.class,
            ReportCommand.class,
            Recipes.class,
            Backbones.class,
            Models.class));
    GROUPS.put(
        "Corrections:",
        List.of(
            LabelCommand.class,
            ExamplesCommand.class,
            TrainerCommand.class,
            RefitCommand.class,
            DriftCommand.class));
    GROUPS.put("Adapters in force:", List.of(AdapterCommand.class, KeysCommand.class));
    GROUPS.put("This machine:", List.of(BenchCommand.class));
  }

  private CommandGroups() {}

  static void addTo(CommandLine root) {
    Map<String, List<String>> namesByHeading = new LinkedHashMap<>();
    GROUPS.forEach(
        (heading, types) -> {
          List<String> names = new ArrayList<>();
          for (Class<?> type : types) {
            CommandLine command = new CommandLine(type);
            root.addSubcommand(command);
            names.add(command.getCommandName());
          }
          namesByHeading.put(heading, names);
        });
    root.getHelpSectionMap().remove(UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING);
    root.getHelpSectionMap()
        .put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, help -> render(help, namesByHeading));
  }

  private static String render(Help help, Map<String, List<String>> namesByHeading) {
    StringBuilder text = new StringBuilder();
    int nameWidth =
        help.subcommands().keySet().stream().mapToInt(String::length).max().orElse(0) + 4;
    int width = help.commandSpec().usageMessage().width();
    namesByHeading.forEach(
        (heading, names) -> {
          if (names.isEmpty()) {
            return;
          }
          TextTable table =
              TextTable.forColumns(
                  help.colorScheme(),
                  new Column(nameWidth, 2, Overflow.SPAN),
                  new Column(width - nameWidth, 2, Overflow.WRAP));
          for (String name : names) {
            table.addRowValues(
                help.colorScheme().commandText(name), firstLine(help.subcommands().get(name)));
          }
          text.append(String.format("%n"))
              .append(heading)
              .append(String.format("%n"))
              .append(table);
        });
    return text.toString();
  }

  private static Text firstLine(@org.jspecify.annotations.Nullable Help command) {
    String[] lines =
        command == null ? new String[0] : command.commandSpec().usageMessage().description();
    return Help.Ansi.AUTO.text(lines.length == 0 ? "" : lines[0]);
  }
}
