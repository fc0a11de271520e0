package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.trainer.recipe.Recipe;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every number of the recipes that are rows of a paper, written down a second time: the LoAA
 * paper's (arXiv 2412.05951), AST's where it leaves one open (arXiv 2104.01778, its ESC-50 and
 * Speech Commands scripts), for EPIC-SOUNDS those of its authors' SSAST configuration.
 */
class RecipeConstantsTest {
  private static final Map<String, String> DATA_SETS =
      Map.of(
          "epic-sounds",
          "dataset=epic-sounds frontend=epic-logmel window-frames=400 mean=0 std=0.5 activation=softmax optimizer=adamw "
              + "lr=1e-4 weight-decay=1e-4 epochs=30 batch-size=16 schedule=steps:10=0.05,20=0.01 warm-up=2 "
              + "warm-up-from=0.01 spec-augment=epic gain-db=0",
          "esc50",
          "dataset=esc50 frontend=ast-fbank window-frames=512 mean=-6.6268077 std=5.358466 activation=softmax "
              + "optimizer=adam betas=0.95,0.999 lr=5e-4 weight-decay=5e-7 epochs=25 batch-size=48 "
              + "schedule=decay:5=0.85 spec-augment=ast freq-mask=24 time-mask=96 gain-db=0",
          "speech-commands",
          "dataset=speech-commands frontend=ast-fbank window-frames=128 mean=-6.845978 std=5.5654526 activation=sigmoid "
              + "optimizer=adam betas=0.95,0.999 lr=2.5e-4 weight-decay=5e-7 epochs=30 batch-size=128 "
              + "schedule=decay:5=0.85 mixup=0.6 spec-augment=ast freq-mask=48 time-mask=48 noise-roll=true gain-db=0");

  /** Name, top-1 and mAP of the paper (- for none), what the row has beyond its data set's. */
  private static final String ROWS =
      """
      epic-sounds/linear-probe              38.95 -     tune=linear-probe
      epic-sounds/full                      52.22 -     tune=full
      epic-sounds/ssast-full                53.75 0.237 tune=full
      epic-sounds/ast-audioset-full         -     -     tune=full
      epic-sounds/ast-audioset-linear-probe -     -     tune=linear-probe
      epic-sounds/ast-audioset-loaa-5pct    -     -     tune=loaa-both attn-kernel=1x3 mlp-kernel=3x1 rank=36
      epic-sounds/parallel-5pct             53.4  -     tune=parallel rank=108
      epic-sounds/parallel-10pct            53.85 -     tune=parallel rank=216
      epic-sounds/loaa-attn-t-1pct          -     -     tune=loaa-attn attn-kernel=1x3 rank=18
      epic-sounds/loaa-attn-t-2pct          54.52 -     tune=loaa-attn attn-kernel=1x3 rank=36
      epic-sounds/loaa-5pct                 54.14 0.238 tune=loaa-both attn-kernel=1x3 mlp-kernel=3x1 rank=36
      epic-sounds/loaa-10pct                54.11 0.24  tune=loaa-both attn-kernel=1x3 mlp-kernel=3x1 rank=72
      epic-sounds/loaa-attn-t-mlp-t-5pct    -     -     tune=loaa-both attn-kernel=1x3 mlp-kernel=1x3 rank=36
      epic-sounds/loaa-attn-t-mlp-t-10pct   -     -     tune=loaa-both attn-kernel=1x3 mlp-kernel=1x3 rank=72
      epic-sounds/loaa-attn-f-mlp-t-5pct    -     -     tune=loaa-both attn-kernel=3x1 mlp-kernel=1x3 rank=36
      epic-sounds/loaa-attn-f-mlp-t-10pct   -     -     tune=loaa-both attn-kernel=3x1 mlp-kernel=1x3 rank=72
      epic-sounds/loaa-attn-f-mlp-f-5pct    -     -     tune=loaa-both attn-kernel=3x1 mlp-kernel=3x1 rank=36
      epic-sounds/loaa-attn-f-mlp-f-10pct   -     -     tune=loaa-both attn-kernel=3x1 mlp-kernel=3x1 rank=72
      esc50/linear-probe                    65.6  -     tune=linear-probe
      esc50/full                            87.9  -     tune=full lr=1e-4
      esc50/ssast-full                      88.8  -     tune=full lr=1e-4
      esc50/ast-audioset-full               -     -     tune=full lr=1e-5
      esc50/ast-audioset-linear-probe       -     -     tune=linear-probe
      esc50/ast-audioset-loaa-5pct          -     -     tune=loaa-both attn-kernel=1x3 mlp-kernel=3x1 rank=36
      esc50/ast-full-overlap                -     -     tune=full lr=1e-4 stride=10
      esc50/ast-audioset-full-overlap       95.6  -     tune=full lr=1e-5 stride=10
      esc50/parallel-5pct                   87.0  -     tune=parallel rank=108
      esc50/loaa-5pct                       87.1  -     tune=loaa-both attn-kernel=1x3 mlp-kernel=3x1 rank=36
      esc50/loaa-10pct                      88.3  -     tune=loaa-both attn-kernel=1x3 mlp-kernel=3x1 rank=72
      speech-commands/linear-probe          42.1  -     tune=linear-probe
      speech-commands/full                  97.8  -     tune=full
      speech-commands/ssast-full            98.0  -     tune=full
      speech-commands/ast-audioset-full     -     -     tune=full
      speech-commands/ast-audioset-linear-probe - -     tune=linear-probe
      speech-commands/ast-audioset-loaa-5pct - -        tune=loaa-both attn-kernel=1x3 mlp-kernel=3x1 rank=36
      speech-commands/ast-full-overlap      98.1  -     tune=full stride=10
      speech-commands/ast-audioset-full-overlap - -     tune=full stride=10
      speech-commands/parallel-5pct         96.7  -     tune=parallel rank=108
      speech-commands/loaa-5pct             96.9  -     tune=loaa-both attn-kernel=1x3 mlp-kernel=3x1 rank=36
      speech-commands/loaa-10pct            97.0  -     tune=loaa-both attn-kernel=1x3 mlp-kernel=3x1 rank=72
      speech-commands/loaa-5pct-background  -     -     tune=loaa-both attn-kernel=1x3 mlp-kernel=3x1 rank=36 background=0.8
      """;

  @TestFactory
  List<DynamicTest> everyRowHasItsPapersNumbers() {
    return ROWS.lines()
        .map(row -> row.split(" +"))
        .map(row -> DynamicTest.dynamicTest(row[0], () -> check(row)))
        .toList();
  }

  private static void check(String[] row) {
    Recipe recipe = Recipe.of(row[0]);
    Map<String, String> expected = new HashMap<>();
    for (String option : DATA_SETS.get(row[0].substring(0, row[0].indexOf('/'))).split(" +")) {
      put(expected, option);
    }
    for (int i = 3; i < row.length; i++) {
      put(expected, row[i]);
    }
    assertThat(recipe.options()).isEqualTo(new TreeMap<>(expected));
    assertThat(recipe.paper().top1()).isEqualTo(number(row[1]));
    assertThat(recipe.paper().map()).isEqualTo(number(row[2]));
  }

  private static void put(Map<String, String> options, String option) {
    int at = option.indexOf('=');
    options.put(option.substring(0, at), option.substring(at + 1));
  }

  private static OptionalDouble number(String text) {
    return text.equals("-") ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(text));
  }

  /** No row of those data sets is left out above, but those that are no paper's. */
  @Test
  void everyRowIsHere() {
    assertThat(ROWS.lines().map(row -> row.split(" +")[0]))
        .containsExactlyInAnyOrderElementsOf(
            Recipe.names().stream()
                .filter(n -> !n.startsWith("small/") && !n.startsWith("esc50-tiny/"))
                .filter(n -> !n.contains("/detection-"))
                .toList());
  }
}
