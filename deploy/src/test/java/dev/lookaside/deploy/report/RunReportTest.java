package dev.lookaside.deploy.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.metric.Ranking;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunReportTest {
  private static final String EVALUATION =
      """
      {"title": "clips, all split, recognition", "figures": {"clips": 4, "top1": 0.75},
       "classes": {"a < b": {"AP": 1.0, "recall": 1.0}, "c": {"AP": 0.8333, "recall": 0.5}},
       "labels": ["a < b", "c", "never"], "ids": ["1", "2", "3", "4"], "truth": [0, 0, 1, 1],
       "posteriors": [[0.9, 0.1, 0.0], [0.8, 0.3, 0.0], [0.2, 0.7, 0.1], [0.6, 0.2, 0.1]]}
      """;

  @TempDir private Path folder;
  private final List<String> lines = new ArrayList<>();

  private RunFolder run() {
    return new RunFolder(folder);
  }

  private void step(long step, long epoch, double loss) {
    lines.add(
        "{\"step\": %d, \"epoch\": %d, \"loss\": %s, \"lr\": 0.001, \"windowsPerSecond\": 100}"
            .formatted(step, epoch, loss));
  }

  @Test
  void everythingThatWasFoundIsThere() throws IOException {
    step(1, 1, 2.0);
    step(2, 1, 1.0);
    step(3, 2, 0.5);
    lines.add("{\"step\": 4, \"ep");
    Files.write(run().steps(), lines);
    Files.writeString(run().evaluation(), EVALUATION);
    String html = RunReport.html(run());
    assertThat(html)
        .contains("<title>Loss from 1.500 to 0.500 over 3 steps</title>")
        .contains("title='2 of 2 a &lt; b recognised as a &lt; b'>2</td>")
        .contains("title='1 of 2 c recognised as a &lt; b'>1</td>")
        .contains("c taken for a &lt; b (1)")
        .contains("<title>c: precision over recall, AP 0.833</title>")
        .doesNotContain("never: precision")
        .doesNotContain("a < b")
        .doesNotContain("NaN")
        .doesNotContainPattern("(src|href)=|@import|<script");
  }

  @Test
  void curvesHaveTheAreaOfTheAveragePrecision() throws IOException {
    RandomGenerator random = SeededRandom.of(5);
    Evaluation judged = random(random, 60);
    for (int c = 0; c < 2; c++) {
      double area = 0;
      double before = 0;
      for (Evaluation.Point p : judged.curve(c)) {
        area += (p.recall() - before) * p.precision();
        before = p.recall();
      }
      double[] scores = new double[60];
      boolean[] positives = new boolean[60];
      for (int i = 0; i < 60; i++) {
        scores[i] = judged.posteriors()[i][c];
        positives[i] = judged.truth()[i] == c;
      }
      assertThat(area).isCloseTo(Ranking.averagePrecision(scores, positives), within(1e-12));
      assertThat(before).isEqualTo(1);
    }
  }

  private static Evaluation random(RandomGenerator random, int clips) {
    int[] truth = new int[clips];
    double[][] posteriors = new double[clips][2];
    for (int i = 0; i < clips; i++) {
      truth[i] = random.nextInt(2);
      posteriors[i][0] = random.nextInt(10) / 10.0;
      posteriors[i][1] = random.nextInt(10) / 10.0;
    }
    return new Evaluation(
        "", java.util.Map.of(), java.util.Map.of(), List.of("a", "b"), truth, posteriors);
  }

  @Test
  void aLongLogIsThinnedButKeepsItsMean() throws IOException {
    for (int i = 1; i <= 5000; i++) {
      step(i, 1 + i / 1000, 1.0 / i);
    }
    Files.write(run().steps(), lines);
    Steps steps = Steps.read(run().steps());
    List<Steps.Step> thin = steps.thinned(100);
    assertThat(thin).hasSize(100);
    double whole = steps.steps().stream().mapToDouble(Steps.Step::loss).average().orElseThrow();
    double thinned = thin.stream().mapToDouble(Steps.Step::loss).average().orElseThrow();
    assertThat(thinned).isCloseTo(whole, within(1e-12));
    assertThat(steps.epochs()).hasSize(6);
  }

  @Test
  void roundStepsAreRound() {
    assertThat(LossChart.niceStep(0.7)).isEqualTo(1);
    assertThat(LossChart.niceStep(21)).isEqualTo(25);
    assertThat(LossChart.niceStep(0.0031)).isCloseTo(0.005, within(1e-12));
    assertThat(LossChart.niceStep(0)).isEqualTo(1);
  }

  @Test
  void wrongFilesAreNamedWithTheirFields() throws IOException {
    assertThatThrownBy(() -> RunReport.html(run()))
        .hasMessageContaining("holds neither steps.jsonl with a step nor evaluation.json");
    step(1, 1, 2.0);
    lines.add("{\"step\": 2, \"epoch\": 1, \"loss\": \"x\", \"lr\": 1}");
    Files.write(run().steps(), lines);
    assertThatThrownBy(() -> RunReport.html(run()))
        .hasMessageContaining("steps.jsonl, line 2: loss \"x\": must be a number");
    Files.delete(run().steps());
    Files.writeString(run().evaluation(), EVALUATION.replace("[0, 0, 1, 1]", "[0, 0, 1, 7]"));
    assertThatThrownBy(() -> RunReport.html(run()))
        .hasMessageContaining("clip 3: truth \"7\"")
        .hasMessageContaining("must fit the 3 labels");
    Files.writeString(run().evaluation(), "{}");
    assertThatThrownBy(() -> RunReport.html(run())).hasMessageContaining("figures and classes");
  }
}
