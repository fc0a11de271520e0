package dev.lookaside.deploy.lab;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.trainer.evaluate.DetectedEvents;
import dev.lookaside.trainer.evaluate.RecognizedClips;
import dev.lookaside.trainer.metric.Counts;
import dev.lookaside.trainer.metric.DetectionMap;
import dev.lookaside.trainer.metric.RecognitionScore;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Figures of an evaluation.
 *
 * @param title of the table
 * @param figures by name, 0 to 1 but for d' and counts
 * @param classes by label, the figures of one class; figures that do not exist are absent
 */
record EvaluateReport(
    String title, Map<String, Double> figures, Map<String, Map<String, Double>> classes) {
  static EvaluateReport of(JudgedData part, RecognizedClips clips) {
    RecognitionScore score = clips.score();
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("clips", (double) score.examples());
    figures.put("skipped", (double) clips.skipped());
    figures.put("top1", score.top1());
    figures.put("top5", score.top5());
    figures.put("meanClassAccuracy", score.meanClassAccuracy());
    figures.put("mAP", score.macroAp());
    figures.put("mAUC", score.macroAuc());
    figures.put("dPrime", score.dPrime());
    Map<String, Map<String, Double>> classes = new LinkedHashMap<>();
    for (int c = 0; c < clips.labels().size(); c++) {
      Map<String, Double> own = new LinkedHashMap<>();
      own.put("recall", score.recalls().get(c));
      own.put("AP", score.averagePrecisions().get(c));
      own.put("AUC", score.aucs().get(c));
      classes.put(clips.labels().get(c), own);
    }
    return new EvaluateReport(title(part, "recognition"), figures, classes);
  }

  /**
   * @param skipped recordings that could not be heard
   */
  static EvaluateReport of(JudgedData part, DetectedEvents.Score score, int skipped) {
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("seconds", score.seconds());
    figures.put("skipped", (double) skipped);
    double[] thresholds = DetectionMap.epicSoundsThresholds();
    for (int t = 0; t < thresholds.length; t++) {
      figures.put(at("mAP", thresholds[t]), score.map().map(t));
    }
    figures.put("averageMAP", score.map().averageMap());
    figures.put("eventF1micro", score.events().microF1());
    figures.put("eventF1macro", score.events().macroF1());
    figures.put("eventErrorRate", score.events().errorRate());
    figures.put("dcaseF1micro", score.bothEnds().microF1());
    figures.put("dcaseF1macro", score.bothEnds().macroF1());
    figures.put("dcaseErrorRate", score.bothEnds().errorRate());
    figures.put("segmentF1micro", score.segments().microF1());
    figures.put("segmentF1macro", score.segments().macroF1());
    figures.put("segmentErrorRate", score.segments().errorRate());
    figures.put("PSDS1", score.psds1().psds());
    figures.put("PSDS2", score.psds2().psds());
    Map<String, Map<String, Double>> classes = new LinkedHashMap<>();
    for (String label : part.labels()) {
      Map<String, Double> own = new LinkedHashMap<>();
      List<Double> precisions = score.map().classes().get(label);
      if (precisions != null) {
        own.put("AP", precisions.stream().mapToDouble(ap -> ap).average().orElse(Double.NaN));
        for (int t = 0; t < thresholds.length; t++) {
          own.put(at("AP", thresholds[t]), precisions.get(t));
        }
      }
      own.put("eventF1", f1(score.events().classes(), label));
      own.put("dcaseF1", f1(score.bothEnds().classes(), label));
      own.put("segmentF1", f1(score.segments().classes(), label));
      if (!own.values().stream().allMatch(value -> value.isNaN())) {
        classes.put(label, own);
      }
    }
    return new EvaluateReport(title(part, "detection"), figures, classes);
  }

  private static String at(String name, double threshold) {
    return String.format(Locale.ROOT, "%s@%.1f", name, threshold);
  }

  private static double f1(Map<String, Counts> classes, String label) {
    return classes.getOrDefault(label, new Counts(0, 0, 0)).f1();
  }

  /** Labels, and truth and posteriors of every clip. */
  static ObjectNode scores(RecognizedClips clips) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    clips.labels().forEach(node.putArray("labels")::add);
    clips.ids().forEach(node.putArray("ids")::add);
    ArrayNode truth = node.putArray("truth");
    ArrayNode posteriors = node.putArray("posteriors");
    for (int i = 0; i < clips.truth().length; i++) {
      truth.add(clips.truth()[i]);
      ArrayNode row = posteriors.addArray();
      for (float posterior : clips.posteriors()[i]) {
        row.add(posterior);
      }
    }
    return node;
  }

  private static String title(JudgedData part, String task) {
    return "%s, %s split, %s".formatted(part.name(), part.split(), task);
  }

  void print(PrintWriter out) {
    out.println(title);
    figures.forEach(
        (name, value) -> {
          boolean count = List.of("clips", "seconds", "skipped").contains(name);
          out.printf(Locale.ROOT, count ? "  %-18s %,.0f%n" : "  %-18s %.4f%n", name, value);
        });
  }

  ObjectNode json() {
    ObjectNode node = JsonNodeFactory.instance.objectNode().put("title", title);
    put(node.putObject("figures"), figures);
    ObjectNode perClass = node.putObject("classes");
    classes.forEach((label, own) -> put(perClass.putObject(label), own));
    return node;
  }

  private static void put(ObjectNode node, Map<String, Double> values) {
    values.forEach(
        (name, value) -> {
          if (!Double.isNaN(value)) {
            node.put(name, value);
          }
        });
  }
}
