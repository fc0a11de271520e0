package dev.lookaside.trainer.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.TrainerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ComponentsTest {
  @Test
  void distancesAreThoseOfTheDefinition() {
    SeededRandom.forAll(
        ComponentsTest.class,
        20,
        random -> {
          int width = random.nextInt(2, 9);
          Map<String, List<float[]>> rows = new TreeMap<>();
          Components.Builder builder = new Components.Builder();
          for (int k = 0; k < random.nextInt(1, 5); k++) {
            for (int i = 0; i < random.nextInt(8, 40); i++) {
              float[] row = new float[width];
              for (int d = 0; d < width; d++) {
                row[d] = (float) (3 * k * d + (1 + d) * random.nextGaussian());
              }
              rows.computeIfAbsent("k" + k, n -> new ArrayList<>()).add(row);
              builder.add("k" + k, row);
            }
          }
          Components components = builder.build();
          assertThat(components.kinds()).isEqualTo(rows.size());
          float[] probe = new float[width];
          for (int d = 0; d < width; d++) {
            probe[d] = (float) (10 * random.nextGaussian());
          }
          assertThat(components.distance(probe)).isCloseTo(slow(rows, probe), within(1e-3));
        });
  }

  private static double slow(Map<String, List<float[]>> kinds, float[] probe) {
    int width = probe.length;
    double[] variance = new double[width];
    int freedom = 0;
    List<double[]> means = new ArrayList<>();
    for (List<float[]> rows : kinds.values()) {
      double[] mean = new double[width];
      for (int d = 0; d < width; d++) {
        int at = d;
        mean[d] = rows.stream().mapToDouble(r -> r[at]).average().orElseThrow();
        variance[d] += rows.stream().mapToDouble(r -> Math.pow(r[at] - mean[at], 2)).sum();
      }
      means.add(mean);
      freedom += rows.size() - 1;
    }
    double nearest = Double.MAX_VALUE;
    for (double[] mean : means) {
      double sum = 0;
      for (int d = 0; d < width; d++) {
        sum += Math.pow(probe[d] - mean[d], 2) / (variance[d] / freedom);
      }
      nearest = Math.min(nearest, sum / width);
    }
    return nearest;
  }

  @Test
  void aKindOfAFewRowsIsNone() {
    Components.Builder builder = new Components.Builder();
    for (int i = 0; i < 8; i++) {
      builder.add("many", new float[] {i % 2, 0});
    }
    for (int i = 0; i < 7; i++) {
      builder.add("few", new float[] {100, i});
    }
    Components components = builder.build();
    assertThat(components.kinds()).isEqualTo(1);
    assertThat(components.distance(new float[] {100, 0})).isGreaterThan(1_000);
    assertThat(components.distance(new float[] {.5f, 0})).isEqualTo(0);
    assertThatThrownBy(() -> new Components.Builder().build())
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("too little sound");
  }
}
