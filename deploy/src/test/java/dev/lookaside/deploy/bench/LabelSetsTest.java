package dev.lookaside.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.StoreSettings;
import dev.lookaside.trainer.store.StoredExample;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelSetsTest {
  private static final int LABELS = 6;

  @TempDir private Path folder;

  private static List<StoredExample> labels(LabelSets sets, LabelSets.Kind kind) {
    return sets.examples(kind).stream().filter(e -> e.origin() == Origin.LABEL).toList();
  }

  private static List<String> names(List<StoredExample> labels) {
    return labels.stream().map(e -> e.label().orElseThrow()).toList();
  }

  private static List<float[]> audio(List<StoredExample> labels) {
    return labels.stream().map(e -> e.heldAudio().readEvent().samples()).toList();
  }

  @Test
  void setsOfOneNumberDifferInAsManyNamesAsTheySay() {
    Config config = Configuration.over(Map.of());
    try (BundledModel files = BundledModel.open()) {
      Adapter model = Adapter.load(files.adapter());
      try (ExampleStore store =
          ExampleStore.open(folder, StoreSettings.of(config, model.frontEnd()))) {
        LabelSets sets = new LabelSets(store, model.labels(), BundledClips.load(), 1);
        List<StoredExample> right =
            labels(sets, new LabelSets.Kind(2, LABELS, false, LabelSets.Wrong.NONE));
        List<StoredExample> half =
            labels(sets, new LabelSets.Kind(2, LABELS, false, LabelSets.Wrong.HALF));
        List<StoredExample> random =
            labels(sets, new LabelSets.Kind(2, LABELS, false, LabelSets.Wrong.ALL));
        assertThat(right).hasSize(LABELS);
        for (int i = 0; i < LABELS; i++) {
          assertThat(names(half).get(i).equals(names(right).get(i))).isEqualTo(i % 2 == 1);
          assertThat(names(random).get(i)).isNotEqualTo(names(right).get(i)).isIn(model.labels());
          assertThat(audio(random).get(i)).isEqualTo(audio(right).get(i));
        }
        LabelSets.Kind other = new LabelSets.Kind(3, LABELS, false, LabelSets.Wrong.NONE);
        assertThat(audio(labels(sets, other)).get(0)).isNotEqualTo(audio(right).get(0));
        assertThat(labels(sets, other).stream().map(StoredExample::recording).distinct())
            .hasSize(LABELS);
        assertThat(right.stream().map(StoredExample::recording).distinct()).hasSize(2);
        assertThat(names(labels(sets, new LabelSets.Kind(3, LABELS, true, LabelSets.Wrong.ALL))))
            .containsOnly(BundledClips.NEW_CLASS);
      }
    }
  }
}
