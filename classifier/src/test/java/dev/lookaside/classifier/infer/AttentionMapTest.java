package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.graph.ShapeException;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.Safetensors;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionMapTest {
  private static final ScorerSettings CPU = new ScorerSettings(Device.CPU, 1, 1);
  private static final int HEADS = 2;
  private static final int SPECIALS = 2;
  private static final int ROWS = 8;

  @TempDir private Path folder;

  /** The expected numbers are summed up from PyTorch's attention, index by index. */
  @ParameterizedTest
  @ValueSource(strings = {"attnT_512", "attnT_mlpF_96", "mlp33_208", "parallel11_96", "probe_96"})
  void mapsAgreeWithPyTorch(String shape) {
    Adapter adapter = Goldens.adapter(shape);
    int columns = adapter.windowFrames() / 16;
    AttentionMap.Grid grid = new AttentionMap.Grid(SPECIALS, ROWS, columns);
    float[] golden = Goldens.io(shape, "last_attention");
    int n = SPECIALS + ROWS * columns;
    int window = 1;
    int column = columns - 2;
    try (Scorer scorer = Scorer.open(Goldens.backbone(shape), adapter, CPU)) {
      Attention found = scorer.logitsAndAttention(Goldens.io(shape, "x"), 3);
      AttentionMap all = AttentionMap.ofColumn(found, window, grid, column, OptionalInt.empty());
      AttentionMap one = AttentionMap.ofColumn(found, window, grid, column, OptionalInt.of(3));
      AttentionMap specials = AttentionMap.ofSpecials(found, window, grid);
      for (int h = 0; h < HEADS; h++) {
        double sum = all.specialShares()[h];
        for (int r = 0; r < ROWS; r++) {
          for (int c = 0; c < columns; c++) {
            int to = SPECIALS + r * columns + c;
            double mean = 0;
            for (int from = 0; from < ROWS; from++) {
              mean += at(golden, n, window, h, SPECIALS + from * columns + column, to) / ROWS;
            }
            assertThat(Math.abs(all.heads()[h][r][c] - mean)).isLessThan(1e-4);
            double single = at(golden, n, window, h, SPECIALS + 3 * columns + column, to);
            assertThat(Math.abs(one.heads()[h][r][c] - single)).isLessThan(1e-4);
            double special =
                (at(golden, n, window, h, 0, to) + at(golden, n, window, h, 1, to)) / 2;
            assertThat(Math.abs(specials.heads()[h][r][c] - special)).isLessThan(1e-4);
            sum += all.heads()[h][r][c];
          }
        }
        assertThat(Math.abs(sum - 1)).isLessThan(1e-4);
      }
      float mean = (all.heads()[0][5][0] + all.heads()[1][5][0]) / 2;
      assertThat(Math.abs(all.mean()[5][0] - mean)).isLessThan(1e-6f);
      assertThatThrownBy(() -> AttentionMap.ofColumn(found, 0, grid, columns, OptionalInt.empty()))
          .hasMessage("column \"%d\": must be 0 to %d".formatted(columns, columns - 1));
    }
  }

  /** The first block's attention is the last one's of a backbone that ends there. */
  @ParameterizedTest
  @ValueSource(strings = {"attnT_mlpF_96", "mlp33_208"})
  void theAttentionOfABlockIsTheLastOneOfABackboneThatEndsThere(String shape) {
    Adapter adapter = Goldens.adapter(shape);
    Backbone whole = Goldens.backbone(shape);
    Path file = folder.resolve("first.safetensors");
    try (Safetensors raw = Safetensors.open(Goldens.file(shape, "backbone.safetensors"))) {
      Map<String, FloatTensor> tensors = new TreeMap<>();
      raw.names().forEach(name -> tensors.put(name, raw.floats(name)));
      SafetensorsWriter.write(file, firstBlock(tensors), raw.metadata());
    }
    Adapter first = AdapterFactory.of(firstBlock(adapter.tensors()), adapter.metadata());
    float[] x = Goldens.io(shape, "x");
    try (Scorer all = Scorer.open(whole, adapter, CPU);
        Scorer short1 = Scorer.open(Backbone.load(file), first, CPU)) {
      float[] found = GoldenForwardTest.flat(all.logitsAndAttention(x, 3, 0).attention());
      float[] expected = GoldenForwardTest.flat(short1.logitsAndAttention(x, 3).attention());
      assertThat(GoldenForwardTest.largestDifference(found, expected)).isLessThan(1e-6);
      float[] last = GoldenForwardTest.flat(all.logitsAndAttention(x, 3).attention());
      assertThat(GoldenForwardTest.largestDifference(found, last)).isGreaterThan(1e-3);
    }
  }

  @Test
  void aBlockThatIsNotThereIsNamed() {
    try (Scorer scorer =
        Scorer.open(Goldens.backbone("probe_96"), Goldens.adapter("probe_96"), CPU)) {
      float[] x = Goldens.io("probe_96", "x");
      assertThatThrownBy(() -> scorer.logitsAndAttention(x, 3, 2))
          .isInstanceOf(ShapeException.class)
          .hasMessage("attention of block 2: backbone has blocks 0 to 1");
    }
  }

  private static double at(float[] golden, int n, int window, int head, int from, int to) {
    return golden[((window * HEADS + head) * n + from) * n + to];
  }

  private static Map<String, FloatTensor> firstBlock(Map<String, FloatTensor> tensors) {
    Map<String, FloatTensor> kept = new TreeMap<>(tensors);
    kept.keySet().removeIf(name -> name.startsWith("blocks.1."));
    return kept;
  }
}
