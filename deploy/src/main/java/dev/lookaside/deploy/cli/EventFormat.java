package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** How detected events are written. */
enum EventFormat {
  /** Columns for reading. */
  TABLE {
    @Override
    void write(List<FileEvent> events, PrintWriter out) {
      int file = Math.max(4, events.stream().mapToInt(e -> e.file().length()).max().orElse(0));
      int label = Math.max(5, events.stream().mapToInt(e -> e.label().length()).max().orElse(0));
      String row = "%-" + file + "s  %9s  %9s  %-" + label + "s  %5s%n";
      out.printf(Locale.ROOT, row, "file", "onset s", "offset s", "label", "peak");
      for (FileEvent e : events) {
        out.printf(
            Locale.ROOT,
            row,
            e.file(),
            seconds(e.onsetSeconds()),
            seconds(e.offsetSeconds()),
            e.label(),
            String.format(Locale.ROOT, "%.2f", e.peak()));
      }
    }
  },

  /** One array of objects. */
  JSON {
    @Override
    void write(List<FileEvent> events, PrintWriter out) {
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

  /** RFC 4180 with a header line. */
  CSV {
    @Override
    void write(List<FileEvent> events, PrintWriter out) {
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

    private String quoted(String text) {
      boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
      return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
    }
  },

  /** A label track of Audacity: File, Import, Labels. Times are within one file. */
  AUDACITY {
    @Override
    void write(List<FileEvent> events, PrintWriter out) {
      for (FileEvent e : events) {
        out.printf(
            Locale.ROOT,
            "%.6f\t%.6f\t%s\n",
            e.onsetSeconds(),
            e.offsetSeconds(),
            e.label().replaceAll("\\s", " "));
      }
    }

    @Override
    boolean takesSeveralFiles() {
      return false;
    }
  },

  /**
   * NIST Rich Transcription Time Marked, the label in the speaker's place; blanks become
   * underscores.
   */
  RTTM {
    @Override
    void write(List<FileEvent> events, PrintWriter out) {
      for (FileEvent e : events) {
        out.printf(
            Locale.ROOT,
            "SPEAKER %s 1 %.3f %.3f <NA> <NA> %s <NA> <NA>\n",
            word(stem(e.file())),
            e.onsetSeconds(),
            e.offsetSeconds() - e.onsetSeconds(),
            word(e.label()));
      }
    }

    private String word(String text) {
      return text.strip().replaceAll("\\s+", "_");
    }

    private String stem(String file) {
      String name = file.substring(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
      int dot = name.lastIndexOf('.');
      return dot > 0 ? name.substring(0, dot) : name;
    }
  };

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

  abstract void write(List<FileEvent> events, PrintWriter out);

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
