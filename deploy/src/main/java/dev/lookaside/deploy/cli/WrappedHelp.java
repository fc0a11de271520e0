package dev.lookaside.deploy.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Help whose lines break between words alone. Picocli's own may end after a hyphen or a dot, and so
 * within an option, a setting or the name of a file, which then cannot be copied or searched for.
 */
final class WrappedHelp extends Help {
  WrappedHelp(CommandSpec spec, ColorScheme scheme) {
    super(spec, scheme);
  }

  @Override
  public String description(Object... params) {
    return paragraphs(commandSpec().usageMessage().description(), params);
  }

  @Override
  public String footer(Object... params) {
    return paragraphs(commandSpec().usageMessage().footer(), params);
  }

  private String paragraphs(String[] texts, Object... params) {
    StringBuilder all = new StringBuilder();
    for (String text : texts) {
      for (String line : String.format(text, params).split("\n", -1)) {
        int leading = line.length() - line.stripLeading().length();
        int hang = leading == 0 ? 0 : leading + 2;
        wrap(line, width(), hang).forEach(l -> all.append(l).append(System.lineSeparator()));
      }
    }
    return all.toString();
  }

  /** Picocli's lines are put together again: a break within brackets is one within an option. */
  @Override
  public String synopsis(int headingLength) {
    StringBuilder whole = new StringBuilder();
    int open = 0;
    for (String line : super.synopsis(headingLength).split("\\R")) {
      String part = line.strip();
      boolean within = open > 0 && !part.startsWith("|") && whole.charAt(whole.length() - 1) != '|';
      whole.append(whole.isEmpty() || within ? "" : " ").append(part);
      open += part.chars().map(c -> c == '[' ? 1 : c == ']' ? -1 : 0).sum();
    }
    int hang = headingLength + commandSpec().qualifiedName().length() + 1;
    List<String> lines = wrap(" ".repeat(headingLength) + whole, width(), hang);
    return String.join(System.lineSeparator(), lines).substring(headingLength)
        + System.lineSeparator();
  }

  @Override
  public Layout createDefaultLayout(
      List<OptionSpec> options, List<PositionalParamSpec> parameters, ColorScheme scheme) {
    Layout layout = super.createDefaultLayout(options, parameters, scheme);
    return new Layout(
        scheme, layout.textTable(), layout.optionRenderer(), layout.parameterRenderer()) {
      @Override
      public void layout(ArgSpec arg, Text[][] rows) {
        super.layout(arg, wrapped(rows, textTable().columns(), scheme));
      }
    };
  }

  /** Rows whose last cell, the description, fits into its column. */
  private static Text[][] wrapped(Text[][] rows, Column[] columns, ColorScheme scheme) {
    int last = columns.length - 1;
    int width = columns[last].width - columns[last].indent;
    List<Text[]> fitting = new ArrayList<>();
    for (Text[] row : rows) {
      if (row.length <= last) {
        fitting.add(row);
        continue;
      }
      Text[] next = row.clone();
      for (String line : wrap(row[last].toString(), width, 2)) {
        next[last] = scheme.text(line);
        fitting.add(next);
        next = new Text[row.length];
        Arrays.fill(next, scheme.text(""));
      }
    }
    return fitting.toArray(new Text[0][]);
  }

  private int width() {
    return commandSpec().usageMessage().width();
  }

  /**
   * Breaks a line at blanks. A word longer than a line stays whole.
   *
   * @param hang blanks before all lines but the first
   */
  static List<String> wrap(String text, int width, int hang) {
    List<String> lines = new ArrayList<>();
    String rest = text.stripTrailing();
    String indent = "";
    while (indent.length() + rest.length() > width) {
      int leading = rest.length() - rest.stripLeading().length();
      int at = rest.lastIndexOf(' ', width - indent.length());
      if (at <= leading) {
        at = rest.indexOf(' ', leading);
      }
      if (at < 0) {
        break;
      }
      lines.add(indent + rest.substring(0, at).stripTrailing());
      rest = rest.substring(at).strip();
      indent = " ".repeat(hang);
    }
    lines.add(rest.isEmpty() ? rest : indent + rest);
    return lines;
  }
}
