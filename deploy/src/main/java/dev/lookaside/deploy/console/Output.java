package dev.lookaside.deploy.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Where a command prints its result, and whether for people or as JSON. */
public final class Output {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Print JSON, one object or an array, instead of text.")
  private boolean json;

  /** Whether {@code --json} is given. */
  public boolean json() {
    return json;
  }

  /** Gets results. */
  public PrintWriter out() {
    return spec.commandLine().getOut();
  }

  /** Gets everything else. */
  public PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** Prints one of the two; the other one is not made. */
  public void print(Supplier<? extends JsonNode> object, Runnable text) {
    if (json) {
      out().println(object.get().toPrettyString());
    } else {
      text.run();
    }
    out().flush();
  }

  /** Prints one of the two. */
  public void print(JsonNode object, String text) {
    print(() -> object, () -> out().println(text));
  }

  /**
   * A result of rows of one kind.
   *
   * @param format of a row, in English numbers; a heading is as wide as its column
   * @param headings of the columns; none: no line for them
   */
  public Table table(String format, Object... headings) {
    return new Table(json ? null : out(), format, headings);
  }

  /** Prints the rows as JSON if that is wanted; as text they are printed already. */
  public void end(Table table) {
    if (json) {
      out().println(table.objects.toPrettyString());
    }
    out().flush();
  }

  /**
   * Writes figures to the file that an option names.
   *
   * @throws CliException naming option and file
   */
  public static void write(String option, Path file, JsonNode figures) {
    try {
      Files.writeString(file, figures.toPrettyString() + "\n");
    } catch (IOException e) {
      throw new CliException(
          "%s \"%s\": cannot be written: %s".formatted(option, file, Errors.describe(e)), e);
    }
  }

  /** Aligned columns for people, each row printed as it comes, or one JSON array at the end. */
  public static final class Table {
    private static final Pattern CELL = Pattern.compile("%(-?)[,+]?(\\d*)(?:\\.\\d+)?[sdf]");

    private final @Nullable PrintWriter out;
    private final String format;
    private final ArrayNode objects = JsonNodeFactory.instance.arrayNode();

    /** A table without JSON; its parameters as {@link Output#table}'s. */
    public Table(@Nullable PrintWriter out, String format, Object... headings) {
      this.out = out;
      this.format = format;
      if (headings.length > 0) {
        print(CELL.matcher(format).replaceAll("%$1$2s"), headings);
      }
    }

    /** A row of both. */
    public void row(JsonNode object, Object... cells) {
      objects.add(object);
      row(cells);
    }

    /** A row for people. */
    public void row(Object... cells) {
      print(format, cells);
    }

    private void print(String line, Object... cells) {
      if (out != null) {
        out.println(String.format(Locale.ROOT, line, cells));
        out.flush();
      }
    }
  }
}
