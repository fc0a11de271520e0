package dev.lookaside.deploy.report;

import static dev.lookaside.deploy.report.Svg.escaped;
import static dev.lookaside.deploy.report.Svg.format;

import dev.lookaside.classifier.weights.Adapter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Writes the document of a run. Parts whose file is not there are left out, with a note. */
public final class RunReport {
  private static final int CURVE = 132;
  private static final int MAX_CONFUSED = 8;

  private final StringBuilder body = new StringBuilder();

  private RunReport() {}

  /**
   * The whole document.
   *
   * @throws ReportException if neither log nor evaluation is there, or one is wrong
   */
  public static String html(RunFolder run) {
    Steps steps = Files.exists(run.steps()) ? Steps.read(run.steps()) : null;
    Evaluation judged = Files.exists(run.evaluation()) ? Evaluation.read(run.evaluation()) : null;
    if ((steps == null || steps.steps().isEmpty()) && judged == null) {
      throw new ReportException(
          "\"%s\": holds neither steps.jsonl with a step nor evaluation.json; fit --run and evaluate --run write them"
              .formatted(run.folder()));
    }
    RunReport report = new RunReport();
    String name = String.valueOf(run.folder().toAbsolutePath().normalize().getFileName());
    report.head(name, Files.exists(run.adapter()) ? Adapter.load(run.adapter()) : null);
    if (judged != null) {
      report.figures(judged);
    }
    if (steps != null && !steps.steps().isEmpty()) {
      report.loss(steps);
    }
    if (judged == null) {
      report.section(
          "Evaluation", "<p class='soft'>None yet: lookaside evaluate --run writes one.</p>");
    } else {
      report.classes(judged);
      if (judged.hasClips()) {
        report.confusion(judged);
        report.curves(judged);
      }
    }
    return resource("report.html")
        .replace("<!--TITLE-->", escaped(name))
        .replace("/*STYLE*/", resource("report.css"))
        .replace("<!--BODY-->", report.body);
  }

  private void head(String name, @Nullable Adapter adapter) {
    body.append("<header><h1>").append(escaped(name)).append("</h1>");
    if (adapter != null) {
      body.append("<p class='soft'>Adapter <code>")
          .append(adapter.digest(), 0, 12)
          .append("</code>, ")
          .append(adapter.labels().size())
          .append(" classes, ")
          .append(format("%,d", adapter.shape().parameters()))
          .append(" trained values, ")
          .append(escaped(adapter.frontEnd().id()))
          .append(" windows of ")
          .append(adapter.windowFrames())
          .append(" frames</p>");
    }
    body.append("</header>");
  }

  private void section(String title, String content) {
    body.append("<section><h2>").append(escaped(title)).append("</h2>").append(content);
    body.append("</section>");
  }

  private void figures(Evaluation judged) {
    StringBuilder tiles = new StringBuilder("<dl class='figures'>");
    judged
        .figures()
        .forEach(
            (name, value) -> {
              boolean count = List.of("clips", "seconds", "skipped").contains(name);
              tiles
                  .append("<div><dt>")
                  .append(escaped(name))
                  .append("</dt><dd>")
                  .append(format(count ? "%,.0f" : "%.3f", value))
                  .append("</dd></div>");
            });
    section(judged.title(), tiles.append("</dl>").toString());
  }

  private void loss(Steps steps) {
    List<Steps.Step> epochs = steps.epochs();
    Steps.Step last = epochs.get(epochs.size() - 1);
    double perSecond =
        steps.steps().stream().mapToDouble(Steps.Step::windowsPerSecond).average().orElse(0);
    section(
        "Loss",
        new LossChart(steps).svg()
            + format(
                "<p class='soft'>Faint: each step. Bold: the mean of each epoch, %.4f in the first"
                    + " and %.4f in the last of %,d. %,d steps at %,.0f windows/s.</p>",
                epochs.get(0).loss(), last.loss(), last.epoch(), last.step(), perSecond));
  }

  /** One bar per class and figure that lies between 0 and 1. */
  private void classes(Evaluation judged) {
    if (judged.classes().isEmpty()) {
      return;
    }
    List<String> names =
        judged.classes().values().stream().flatMap(m -> m.keySet().stream()).distinct().toList();
    String first = names.contains("AP") ? "AP" : names.get(0);
    List<Map.Entry<String, Map<String, Double>>> sorted =
        new ArrayList<>(judged.classes().entrySet());
    sorted.sort(Comparator.comparingDouble(e -> -e.getValue().getOrDefault(first, -1.0)));
    StringBuilder table =
        new StringBuilder("<div class='wide'><table class='classes'><thead><tr><th>class</th><th>");
    table.append(escaped(first)).append("</th><th></th>");
    List<String> others = names.stream().filter(n -> !n.equals(first)).toList();
    others.forEach(n -> table.append("<th>").append(escaped(n)).append("</th>"));
    table.append("</tr></thead><tbody>");
    for (Map.Entry<String, Map<String, Double>> e : sorted) {
      Double value = e.getValue().get(first);
      table
          .append("<tr><th scope='row'>")
          .append(escaped(e.getKey()))
          .append("</th><td class='bar'>");
      double share = value == null ? 0 : Math.min(Math.max(value, 0), 1);
      table.append(
          format(
              "<svg viewBox='0 0 300 12' preserveAspectRatio='none' aria-hidden='true'><rect"
                  + " class='track' width='300' height='12' rx='3'/><rect class='fill' width='%.1f'"
                  + " height='12' rx='3'/></svg></td><td>%s</td>",
              300 * share, number(value)));
      others.forEach(n -> table.append("<td>").append(number(e.getValue().get(n))).append("</td>"));
      table.append("</tr>");
    }
    section("Classes", table.append("</tbody></table></div>").toString());
  }

  private static String number(@Nullable Double value) {
    return value == null ? "–" : format("%.3f", value);
  }

  private void confusion(Evaluation judged) {
    int[][] counts = judged.confusion();
    int n = counts.length;
    StringBuilder table =
        new StringBuilder("<div class='wide'><table class='confusion'><thead><tr><th></th>");
    for (String label : judged.labels()) {
      table.append("<th scope='col'><span>").append(escaped(label)).append("</span></th>");
    }
    table.append("</tr></thead><tbody>");
    for (int r = 0; r < n; r++) {
      int all = IntStream.of(counts[r]).sum();
      table.append("<tr><th scope='row'>").append(escaped(judged.labels().get(r))).append("</th>");
      for (int c = 0; c < n; c++) {
        double share = all == 0 ? 0 : (double) counts[r][c] / all;
        table.append(
            format(
                "<td class='%s%s' style='--share:%.0f%%' title='%d of %d %s recognised as %s'>%s</td>",
                r == c ? "right" : "wrong",
                share > 0.55 ? " full" : "",
                100 * share,
                counts[r][c],
                all,
                escaped(judged.labels().get(r)),
                escaped(judged.labels().get(c)),
                counts[r][c] == 0 ? "" : Integer.toString(counts[r][c])));
      }
      table.append("</tr>");
    }
    table.append("</tbody></table></div>");
    section(
        "Confusion",
        "<p class='soft'>Clips by their class (rows) and by the class with the highest posterior"
            + " (columns); the shade is the share of the row.</p>"
            + table
            + confused(judged, counts));
  }

  private static String confused(Evaluation judged, int[][] counts) {
    List<int[]> pairs = new ArrayList<>();
    for (int r = 0; r < counts.length; r++) {
      for (int c = 0; c < counts.length; c++) {
        if (r != c && counts[r][c] > 0) {
          pairs.add(new int[] {r, c, counts[r][c]});
        }
      }
    }
    if (pairs.isEmpty()) {
      return "<p class='soft'>No clip is taken for another class.</p>";
    }
    pairs.sort(Comparator.comparingInt(p -> -p[2]));
    StringBuilder list = new StringBuilder("<p class='soft'>Most often: ");
    List<String> words = new ArrayList<>();
    for (int[] p : pairs.subList(0, Math.min(MAX_CONFUSED, pairs.size()))) {
      words.add(
          "%s taken for %s (%d)"
              .formatted(
                  escaped(judged.labels().get(p[0])), escaped(judged.labels().get(p[1])), p[2]));
    }
    return list.append(String.join(", ", words)).append(".</p>").toString();
  }

  private void curves(Evaluation judged) {
    StringBuilder all = new StringBuilder("<div class='curves'>");
    for (int c = 0; c < judged.labels().size(); c++) {
      List<Evaluation.Point> curve = judged.curve(c);
      if (curve.isEmpty()) {
        continue;
      }
      String label = judged.labels().get(c);
      Double ap = judged.classes().getOrDefault(label, Map.of()).get("AP");
      List<double[]> points = new ArrayList<>();
      points.add(place(0, curve.get(0).precision()));
      curve.forEach(p -> points.add(place(p.recall(), p.precision())));
      Svg svg = new Svg(CURVE, CURVE, label + ": precision over recall, AP " + number(ap));
      for (int part = 0; part <= 2; part++) {
        double[] at = place(part / 2.0, part / 2.0);
        svg.line(at[0], 4, at[0], CURVE - 4, "grid");
        svg.line(4, at[1], CURVE - 4, at[1], "grid");
      }
      svg.path(points, "curve");
      all.append("<figure>").append(svg).append("<figcaption>").append(escaped(label));
      all.append(" <span class='soft'>").append(number(ap)).append("</span></figcaption></figure>");
    }
    section(
        "Precision over recall",
        "<p class='soft'>Each from 0 to 1; the number is the average precision.</p>"
            + all
            + "</div>");
  }

  private static double[] place(double recall, double precision) {
    double side = CURVE - 8;
    return new double[] {4 + recall * side, 4 + (1 - precision) * side};
  }

  private static String resource(String name) {
    try (InputStream in = RunReport.class.getResourceAsStream("/report/" + name)) {
      if (in == null) {
        throw new IllegalStateException("/report/" + name + ": is not in this program");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("/report/" + name + ": cannot be read", e);
    }
  }
}
