package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.ProgressBytes;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AdapterFactsTest {
  private static byte[] bytes(AdapterFacts facts) {
    ProgressBytes.Writer out = new ProgressBytes.Writer();
    facts.write(out);
    return out.toByteArray();
  }

  private static AdapterFacts read(byte[] bytes) {
    return AdapterFacts.read(new ProgressBytes.Reader(bytes));
  }

  @Test
  void aMinimumLengthIsKeptAndWithoutOneTheBytesAreThoseOfEarlierVersions() {
    AdapterFacts with =
        new AdapterFacts(
            "digest",
            List.of("a", "b", "c"),
            8,
            Map.of("a", new Threshold(.5, .25, 320), "b", new Threshold(.5, .25)));
    assertThat(read(bytes(with))).isEqualTo(with);

    AdapterFacts without =
        new AdapterFacts("digest", List.of("b", "c"), 8, Map.of("b", new Threshold(.5, .25)));
    ProgressBytes.Writer earlier = new ProgressBytes.Writer();
    earlier.text("digest").int32(8).int32(2);
    earlier.text("b").bool(true).float64(.5).float64(.25).text("c").bool(false);
    assertThat(bytes(without)).isEqualTo(earlier.toByteArray());
    assertThat(read(earlier.toByteArray())).isEqualTo(without);
  }

  @Test
  void whatCannotBeAThresholdIsNamed() {
    ProgressBytes.Writer out = new ProgressBytes.Writer();
    out.text("digest").int32(8).int32(1).text("b").int8(2).float64(.5).float64(.25).int32(-1);
    assertThatThrownBy(() -> read(out.toByteArray()))
        .isInstanceOf(IngestException.class)
        .hasMessageContaining("of \"b\" minLengthMillis -1: must be 0 to 3600000");
    ProgressBytes.Writer unknown = new ProgressBytes.Writer();
    unknown.text("digest").int32(8).int32(1).text("b").int8(3).float64(.5);
    assertThatThrownBy(() -> read(unknown.toByteArray()))
        .isInstanceOf(IngestException.class)
        .hasMessageContaining("threshold kind 3 of \"b\"");
  }
}
