package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.weights.Npy;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;

/** Numbers made by an independent implementation, and how far from them is too far. */
public final class Golden {
  private Golden() {}

  public static Path file(String name) {
    URL url = Golden.class.getResource("/golden/" + name);
    assertThat(url).as("golden/" + name).isNotNull();
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(e);
    }
  }

  public static void assertClose(Npy found, Npy expected, double maxDifference) {
    assertThat(found.shape()).isEqualTo(expected.shape());
    float[] a = found.values();
    float[] b = expected.values();
    double worst = 0;
    for (int i = 0; i < a.length; i++) {
      worst = Math.max(worst, Float.isFinite(a[i]) ? Math.abs(a[i] - b[i]) : Double.MAX_VALUE);
    }
    assertThat(worst).as("largest difference").isLessThanOrEqualTo(maxDifference);
  }
}
