package dev.lookaside.deploy.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.trainer.metric.Counts;
import dev.lookaside.trainer.metric.Ranking;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an evaluation found.
 *
 * @param figures by name
 * @param classes by label, figures by name
 * @param labels of the posteriors' columns; empty without clips
 * @param truth label index per clip
 * @param posteriors {@code [clips][labels]}
 */
@SuppressWarnings("ArrayRecordComponent") // Read once, drawn once.
record Evaluation(
    String title,
    Map<String, Double> figures,
    Map<String, Map<String, Double>> classes,
    List<String> labels,
    int[] truth,
    double[][] posteriors) {
  /** A point of a precision-recall curve. */
  record Point(double recall, double precision) {}

  /**
   * Reads {@code evaluation.json}.
   *
   * @throws ReportException naming the field
   */
  static Evaluation read(Path file) {
    JsonNode node;
    try {
      node = StrictJson.parse(Files.readAllBytes(file));
    } catch (NotJsonException e) {
      throw new ReportException(file + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new ReportException(file + ": cannot be read", e);
    }
    if (!node.path("figures").isObject() || !node.path("classes").isObject()) {
      throw new ReportException(
          file + ": figures and classes: must be objects, as lookaside evaluate writes them");
    }
    Map<String, Map<String, Double>> classes = new LinkedHashMap<>();
    node.get("classes").fields().forEachRemaining(e -> classes.put(e.getKey(), map(e.getValue())));
    List<String> labels = new ArrayList<>();
    node.path("labels").forEach(label -> labels.add(label.asText()));
    JsonNode clips = node.path("posteriors");
    int[] truth = new int[clips.size()];
    double[][] posteriors = new double[clips.size()][labels.size()];
    for (int i = 0; i < truth.length; i++) {
      truth[i] = node.path("truth").path(i).asInt(-1);
      if (truth[i] < 0 || truth[i] >= labels.size() || clips.get(i).size() != labels.size()) {
        throw new ReportException(
            "%s: clip %d: truth \"%s\" and %d posteriors: must fit the %d labels"
                .formatted(file, i, truth[i], clips.get(i).size(), labels.size()));
      }
      for (int c = 0; c < labels.size(); c++) {
        posteriors[i][c] = clips.get(i).get(c).asDouble();
      }
    }
    return new Evaluation(
        node.path("title").asText("evaluation"),
        map(node.get("figures")),
        classes,
        labels,
        truth,
        posteriors);
  }

  private static Map<String, Double> map(JsonNode object) {
    Map<String, Double> values = new LinkedHashMap<>();
    object.fields().forEachRemaining(e -> values.put(e.getKey(), e.getValue().asDouble()));
    return values;
  }

  boolean hasClips() {
    return truth.length > 0;
  }

  /** Clips by class, row, and by the class with the highest posterior, column. */
  int[][] confusion() {
    int[][] counts = new int[labels.size()][labels.size()];
    for (int i = 0; i < truth.length; i++) {
      int best = 0;
      for (int c = 1; c < labels.size(); c++) {
        best = posteriors[i][c] > posteriors[i][best] ? c : best;
      }
      counts[truth[i]][best]++;
    }
    return counts;
  }

  /** From the strictest threshold to the loosest; empty for a class without clips. */
  List<Point> curve(int label) {
    double[] scores = new double[truth.length];
    boolean[] positives = new boolean[truth.length];
    boolean any = false;
    for (int i = 0; i < truth.length; i++) {
      scores[i] = posteriors[i][label];
      positives[i] = truth[i] == label;
      any |= positives[i];
    }
    if (!any) {
      return List.of();
    }
    List<Point> points = new ArrayList<>();
    for (Ranking.Step step : Ranking.steps(scores, positives)) {
      Counts counts = step.counts();
      points.add(new Point(counts.recall(), counts.precision()));
      if (counts.falseNegatives() == 0) {
        // What passes after the last positive only lowers the precision at the same recall.
        break;
      }
    }
    return points;
  }
}
