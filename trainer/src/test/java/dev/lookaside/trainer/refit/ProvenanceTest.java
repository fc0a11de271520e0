package dev.lookaside.trainer.refit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.collect.RefitSettings;
import dev.lookaside.trainer.collect.RoundPlan;
import dev.lookaside.trainer.collect.RoundSounds;
import dev.lookaside.trainer.store.AudioState;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Split;
import dev.lookaside.trainer.store.Standing;
import dev.lookaside.trainer.store.StoredExample;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ProvenanceTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private static StoredExample example(
      int number, String id, String label, Origin origin, String author, int second) {
    return new StoredExample(
        number,
        id,
        "site/" + author,
        label.isEmpty() ? Optional.empty() : Optional.of(label),
        Optional.empty(),
        NOON.plusSeconds(second),
        NOON.plusSeconds(second + 2),
        "recording",
        Split.TRAIN,
        origin,
        author,
        NOON.plusSeconds(second + 60),
        Optional.empty(),
        Optional.empty(),
        Standing.USABLE,
        AudioState.HELD,
        Optional.empty(),
        Optional.empty());
  }

  private static JsonNode data(List<StoredExample> examples, RoundPlan plan) throws IOException {
    RoundSounds sounds =
        new RoundSounds(examples, FrontEnd.AST_FBANK, RefitSettings.of(ConfigFactory.load()));
    return new JsonMapper().readTree(new Provenance(plan, sounds).data().toString());
  }

  private static RoundPlan plan(
      List<String> train, List<String> unlabelled, List<String> heldOut, List<String> background) {
    Map<String, Integer> folds = new HashMap<>();
    train.forEach(id -> folds.put(id, 1));
    heldOut.forEach(id -> folds.put(id, RoundPlan.LEFT_OUT));
    List<String> all = new ArrayList<>(train);
    all.addAll(heldOut);
    return new RoundPlan(
        "a".repeat(64),
        List.of(),
        List.of(),
        all,
        folds,
        unlabelled,
        background,
        List.of(),
        Set.of());
  }

  /** The field is free, and a parent may come from another program. */
  @Test
  void aReportThatIsNoObjectGivesWayToOurs() {
    for (String foreign : List.of("fitted on Tuesday", "", "[1]", "{\"a\": 1} {}")) {
      assertThat(Provenance.report(foreign)).as(foreign).isEmpty();
    }
    assertThat(Provenance.report("{\"epochs\": 3}")).hasToString("{\"epochs\":3}");
  }

  @Test
  void labelsTheirAuthorsAndTheRangesOfTheirDataAreNamed() throws IOException {
    List<StoredExample> examples =
        List.of(
            example(1, "seed", "drum", Origin.SEED, "import", -900),
            example(2, "one", "drum", Origin.LABEL, "ann", 10),
            example(3, "two", "dog", Origin.LABEL, "bob", 5),
            example(4, "rejected", "", Origin.LABEL, "ann", 30),
            example(5, "bed", "", Origin.SAMPLED, "trainer", 999),
            example(6, "judged", "dog", Origin.LABEL, "ann", 500));
    JsonNode data =
        data(
            examples,
            plan(
                List.of("seed", "one", "two"),
                List.of("rejected", "bed"),
                List.of("judged"),
                List.of()));
    assertThat(data)
        .isEqualTo(
            new JsonMapper()
                .readTree(
                    """
                    {
                      "classes": {
                        "dog": {"train": 2, "heldOut": 1, "fromLabels": 2},
                        "drum": {"train": 2, "heldOut": 0, "fromLabels": 1}
                      },
                      "background": {"train": 2, "heldOut": 0},
                      "labels": {
                        "count": 4,
                        "authors": {"ann": 3, "bob": 1},
                        "streams": ["site/ann", "site/bob"],
                        "capturedFrom": "2026-03-01T12:00:05Z",
                        "capturedUntil": "2026-03-01T12:08:22Z",
                        "labelledFrom": "2026-03-01T12:01:05Z",
                        "labelledUntil": "2026-03-01T12:09:20Z",
                        "ids": ["judged", "rejected", "two", "one"]
                      }
                    }
                    """));
  }

  @Test
  void withoutLabelsThereAreNoRanges() throws IOException {
    JsonNode labels =
        data(
                List.of(example(1, "seed", "drum", Origin.SEED, "import", 0)),
                plan(List.of("seed"), List.of(), List.of(), List.of()))
            .get("labels");
    assertThat(labels.get("count").intValue()).isZero();
    assertThat(labels.has("capturedFrom")).isFalse();
  }
}
