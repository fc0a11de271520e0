package dev.lookaside.classifier.detect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.infer.TinyAdapters;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TunedDecoderTest {
  private static Adapter with(String decoders) {
    Adapter adapter = TinyAdapters.adapter("bell");
    Map<String, String> metadata = new TreeMap<>(adapter.metadata());
    metadata.put(TunedDecoder.METADATA, decoders);
    return AdapterFactory.of(adapter.tensors(), metadata);
  }

  @Test
  void whatIsWrittenIsReadAndTheOtherKindStays() {
    TunedDecoder median =
        new TunedDecoder(
            TunedDecoder.Kind.MEDIAN, new MedianDecoder(7), new TreeMap<>(Map.of("bell", 0.35)));
    Adapter first = with(median.into(TinyAdapters.adapter("bell")));
    TunedDecoder sebb =
        new TunedDecoder(
            TunedDecoder.Kind.SEBB,
            new ChangePointDecoder(new ChangePointDecoder.Settings(0.48, 0.2, 3)),
            new TreeMap<>(Map.of("bell", 0.2)));
    Adapter both = with(sebb.into(first));
    assertThat(TunedDecoder.of(both, TunedDecoder.Kind.MEDIAN)).isEqualTo(median);
    TunedDecoder read = TunedDecoder.of(both, TunedDecoder.Kind.SEBB);
    assertThat(read.thresholds()).isEqualTo(sebb.thresholds());
    assertThat(((ChangePointDecoder) read.decoder()).settings())
        .isEqualTo(new ChangePointDecoder.Settings(0.48, 0.2, 3));
  }

  @Test
  void withoutMetadataTheUsualNumbersStand() {
    Adapter adapter = TinyAdapters.adapter("bell");
    assertThat(TunedDecoder.of(adapter, TunedDecoder.Kind.MEDIAN).decoder())
        .isEqualTo(new MedianDecoder(MedianDecoder.USUAL_CELLS));
    assertThat(TunedDecoder.of(adapter, TunedDecoder.Kind.SEBB).thresholds()).isEmpty();
  }

  @Test
  void wrongNumbersAreNamed() {
    assertThatThrownBy(
            () ->
                TunedDecoder.of(
                    with("{\"median\": {\"cells\": \"many\"}}"), TunedDecoder.Kind.MEDIAN))
        .hasMessageContaining("cells \"\"many\"\"");
    assertThatThrownBy(
            () ->
                TunedDecoder.of(
                    with("{\"sebb\": {\"thresholds\": {\"owl\": 0.2}}}"), TunedDecoder.Kind.SEBB))
        .hasMessageContaining("owl");
    assertThatThrownBy(() -> TunedDecoder.of(with("{"), TunedDecoder.Kind.SEBB))
        .hasMessageContaining("decoders");
  }
}
