package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.trainer.dataset.CsvCell;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** How detected events are written. */
enum EventFormat {
  /** Columns for reading; control characters, which a terminal would obey, are shown as ?. */
  TABLE {
    @Override
    void write(List<String> files, List<FileEvent> events, PrintWriter out) {
      int file =
          Math.max(4, events.stream().mapToInt(e -> shown(e.file()).length()).max().orElse(0));
      int label = Math.max(5, events.stream().mapToInt(e -> e.label().length()).max().orElse(0));
      Output.Table table =
          new Output.Table(
              out,
              "%-" + file + "s  %9.3f  %9.3f  %-" + label + "s  %5.2f",
              "file",
              "onset s",
              "offset s",
              "label",
              "peak");
      for (FileEvent e : events) {
        table.row(shown(e.file()), e.onsetSeconds(), e.offsetSeconds(), e.label(), e.peak());
      }
    }

    private String shown(String file) {
      return file.replaceAll("\\p{Cntrl}", "?");
    }
  },

  /** One array of objects. */
  JSON {
    @Override
    void write(List<String> files, List<FileEvent> events, PrintWriter out) {
      ArrayNode array = JsonNodeFactory.instance.arrayNode();
      for (FileEvent e : events) {
        array
            .addObject()
            .put("file", e.file())
            .put("label", e.label())
            .put("onsetSeconds", rounded(e.onsetSeconds()))
            .put("offsetSeconds", rounded(e.offsetSeconds()))
            .put("peak", rounded(e.peak()));
      }
      try {
        ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
        out.println(mapper.writeValueAsString(array));
      } catch (JsonProcessingException e) {
        throw new IllegalStateException(e);
      }
    }
  },

  /** RFC 4180 with a header line; text as {@link CsvCell} writes it. */
  CSV {
    @Override
    void write(List<String> files, List<FileEvent> events, PrintWriter out) {
      out.print("file,label,onsetSeconds,offsetSeconds,peak\r\n");
      for (FileEvent e : events) {
        out.printf(
            Locale.ROOT,
            "%s,%s,%s,%s,%.4f\r\n",
            quoted(e.file()),
            quoted(e.label()),
            seconds(e.onsetSeconds()),
            seconds(e.offsetSeconds()),
            e.peak());
      }
    }

    private String quoted(String raw) {
      String text = CsvCell.escaped(raw);
      boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
      return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
    }
  },

  /**
   * A label track of Audacity: File, Import, Labels. Times are within one file. A label ends with
   * its line, so tabs, line ends and other control characters become blanks.
   */
  AUDACITY {
    @Override
    void write(List<String> files, List<FileEvent> events, PrintWriter out) {
      for (FileEvent e : events) {
        out.printf(
            Locale.ROOT,
            "%.6f\t%.6f\t%s\n",
            e.onsetSeconds(),
            e.offsetSeconds(),
            LINE_BREAKERS.matcher(e.label()).replaceAll(" "));
      }
    }

    @Override
    boolean takesSeveralFiles() {
      return false;
    }
  },

  /**
   * NIST Rich Transcription Time Marked, the label in the speaker's place. A field ends at a blank,
   * which readers take for any of Unicode's, so these and what else could be mistaken are written
   * as the percent encoding of their UTF-8 bytes. The id is the file's name without its suffix, or
   * the whole path where another file has that name.
   *
   * @see "NIST, RT-09 evaluation plan, appendix A; RFC 3986, 2.1"
   */
  RTTM {
    @Override
    void write(List<String> files, List<FileEvent> events, PrintWriter out) {
      for (FileEvent e : events) {
        out.printf(
            Locale.ROOT,
            "SPEAKER %s 1 %.3f %.3f <NA> <NA> %s <NA> <NA>\n",
            field(id(e.file(), files)),
            e.onsetSeconds(),
            e.offsetSeconds() - e.onsetSeconds(),
            field(e.label()));
      }
    }

    private String id(String file, List<String> files) {
      String stem = stem(file);
      boolean alone =
          files.stream().filter(f -> !f.equals(file)).noneMatch(f -> stem(f).equals(stem))
              && !files.contains(stem);
      return alone ? stem : file;
    }

    private String field(String text) {
      StringBuilder field = new StringBuilder();
      text.codePoints()
          .forEach(
              c -> {
                if (mistakable(c)) {
                  for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
                    field.append(String.format(Locale.ROOT, "%%%02X", b & 0xff));
                  }
                } else {
                  field.appendCodePoint(c);
                }
              });
      return field.toString();
    }

    /** Blanks of any kind, what nobody sees, the escape itself, comments and {@code <NA>}. */
    private boolean mistakable(int c) {
      return switch (Character.getType(c)) {
        case Character.CONTROL,
            Character.FORMAT,
            Character.SPACE_SEPARATOR,
            Character.LINE_SEPARATOR,
            Character.PARAGRAPH_SEPARATOR ->
            true;
        default -> c == '%' || c == '<' || c == ';';
      };
    }

    private String stem(String file) {
      String name = file.substring(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
      int dot = name.lastIndexOf('.');
      return dot > 0 ? name.substring(0, dot) : name;
    }
  };

  private static final Pattern LINE_BREAKERS = Pattern.compile("[\\p{Cc}\\u2028\\u2029]");

  /**
   * An event of one of several files.
   *
   * @param file as the user named it
   * @param onsetSeconds from the start of the file
   * @param offsetSeconds from the start of the file
   * @param peak largest posterior inside
   */
  record FileEvent(
      String file, String label, double onsetSeconds, double offsetSeconds, double peak) {}

  /**
   * @param files all that were asked for, as the user named them
   */
  abstract void write(List<String> files, List<FileEvent> events, PrintWriter out);

  boolean takesSeveralFiles() {
    return true;
  }

  /** A millionth is far below a frame; more digits are only noise of the binary fraction. */
  private static double rounded(double value) {
    return Math.rint(value * 1e6) / 1e6;
  }

  private static String seconds(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
