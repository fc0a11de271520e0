package dev.lookaside.deploy.bench;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;

/** Figures as they come: a line for people each, and one JSON object at the end. */
public final class Report {
  private final PrintWriter out;
  private final ObjectNode json = JsonNodeFactory.instance.objectNode();
  private ObjectNode section = json;

  /**
   * A report with this machine at its head.
   *
   * @param out gets the lines
   * @param command as typed
   */
  public Report(PrintWriter out, String command) {
    this.out = out;
    ObjectNode machine = json.putObject("machine");
    machine.put("processor", Machine.processor());
    machine.put("cores", Machine.cores());
    machine.put("memoryGiB", Machine.memoryGiB());
    machine.put("loadAverage", Machine.loadAverage());
    machine.put("system", Machine.system());
    machine.put("java", Machine.java());
    json.put("command", command);
    line(
        "machine",
        "%s, %d cores, %.0f GiB, %s"
            .formatted(
                Machine.processor(), Machine.cores(), Machine.memoryGiB(), Machine.system()));
    line(
        "load",
        String.format(
            Locale.ROOT,
            "%.1f before the start (above 0.5 the figures are too low)",
            Machine.loadAverage()));
    line("java", Machine.java());
    line("command", command);
  }

  /** Starts a part: its lines and its object. */
  void part(String key, String title) {
    out.println();
    out.println(title);
    out.flush();
    section = json.putObject(key);
  }

  /**
   * One figure.
   *
   * @param key in the JSON, with its unit at the end
   * @param what for people
   * @param note text after the figure: unit, what it is compared with
   */
  void figure(String key, String what, double value, String note) {
    section.put(key, rounded(value));
    line(what, plain(value) + (note.isEmpty() ? "" : " " + note));
  }

  /**
   * One row of several figures of a kind.
   *
   * @param key of the rows in the JSON: an array of objects
   * @param figures of this row, with their units at the end
   * @param text the row for people
   */
  void row(String key, String what, Map<String, Double> figures, String text) {
    ObjectNode row = section.withArray(key).addObject();
    figures.forEach((name, value) -> row.put(name, rounded(value)));
    line(what, text);
  }

  void text(String key, String what, String value) {
    section.put(key, value);
    line(what, value);
  }

  public ObjectNode json() {
    return json;
  }

  private void line(String what, String value) {
    out.printf(Locale.ROOT, "  %-44s %s%n", what, value);
    out.flush();
  }

  /** Three significant digits, without exponents. */
  static String plain(double value) {
    double size = Math.abs(value);
    int digits = size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
    return String.format(Locale.ROOT, "%,." + digits + "f", value);
  }

  private static double rounded(double value) {
    return Math.rint(value * 1e6) / 1e6;
  }
}
