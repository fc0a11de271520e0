package dev.lookaside.deploy.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The log of a fit. */
record Steps(List<Step> steps) {

  record Step(long step, long epoch, double loss, double learningRate, double windowsPerSecond) {}

  Steps {
    steps = List.copyOf(steps);
  }

  /**
   * Reads a log; a last line that was cut off when a fit was killed is left out.
   *
   * @throws ReportException naming the line and the field
   */
  static Steps read(Path file) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw new ReportException(file + ": cannot be read", e);
    }
    List<Step> steps = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      try {
        JsonNode node = StrictJson.parse(lines.get(i));
        for (String field : List.of("step", "epoch", "loss", "lr")) {
          if (!node.path(field).isNumber()) {
            throw new ReportException(
                "%s, line %d: %s \"%s\": must be a number"
                    .formatted(file, i + 1, field, node.path(field).asText()));
          }
        }
        steps.add(
            new Step(
                node.get("step").longValue(),
                node.get("epoch").longValue(),
                node.get("loss").doubleValue(),
                node.get("lr").doubleValue(),
                node.path("windowsPerSecond").doubleValue()));
      } catch (NotJsonException e) {
        if (i + 1 < lines.size()) {
          throw new ReportException("%s, line %d: %s".formatted(file, i + 1, e.getMessage()), e);
        }
      }
    }
    return new Steps(steps);
  }

  /** At most {@code most} points, each the mean of neighbours. */
  List<Step> thinned(int most) {
    int per = Math.max(1, (steps.size() + most - 1) / most);
    List<Step> thin = new ArrayList<>();
    for (int from = 0; from < steps.size(); from += per) {
      List<Step> some = steps.subList(from, Math.min(steps.size(), from + per));
      Step last = some.get(some.size() - 1);
      thin.add(
          new Step(
              last.step(),
              last.epoch(),
              some.stream().mapToDouble(Step::loss).average().orElseThrow(),
              last.learningRate(),
              some.stream().mapToDouble(Step::windowsPerSecond).average().orElseThrow()));
    }
    return thin;
  }

  /** Mean loss of each epoch, at its last step. */
  List<Step> epochs() {
    List<Step> epochs = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= steps.size(); i++) {
      if (i == steps.size() || steps.get(i).epoch() != steps.get(from).epoch()) {
        epochs.add(new Steps(steps.subList(from, i)).thinned(1).get(0));
        from = i;
      }
    }
    return epochs;
  }
}
