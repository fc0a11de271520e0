package dev.lookaside.trainer.collect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.store.AudioState;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Split;
import dev.lookaside.trainer.store.Standing;
import dev.lookaside.trainer.store.StoredExample;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RoundPlanTest {
  private static final String INCUMBENT = "a".repeat(64);
  private final List<StoredExample> examples = new ArrayList<>();

  private static RefitSettings settings(int fresh, int replay) {
    RefitSettings s = RefitSettings.of(ConfigFactory.load());
    return new RefitSettings(
        s.full(),
        s.headScenes(),
        s.headPull(),
        s.batchSize(),
        s.hopFrames(),
        s.scenes(),
        s.speeds(),
        fresh,
        replay,
        s.quietSeconds(),
        s.backgroundSeconds(),
        s.seed());
  }

  private String put(String label, String recording, Split split, Origin origin) {
    String id = label + examples.size();
    put(id, label, "dock", Instant.EPOCH, recording, split, origin);
    return id;
  }

  private void put(
      String id,
      String label,
      String stream,
      Instant onset,
      String recording,
      Split split,
      Origin origin) {
    Optional<String> sounds = label.isEmpty() ? Optional.empty() : Optional.of(label);
    examples.add(
        new StoredExample(
            examples.size() + 1,
            id,
            stream,
            sounds,
            Optional.empty(),
            onset,
            onset.plusSeconds(1),
            recording,
            split,
            origin,
            "ann",
            Instant.EPOCH,
            Optional.empty(),
            Optional.empty(),
            Standing.USABLE,
            AudioState.HELD,
            Optional.empty(),
            Optional.empty()));
  }

  private RoundPlan plan(int fresh, int replay) {
    return RoundPlan.choose(
        examples, INCUMBENT, List.of("drum", "water"), settings(fresh, replay), e -> false);
  }

  private void seeds(int count) {
    for (int i = 0; i < count; i++) {
      put("drum", "seed " + i, i % 4 == 0 ? Split.HELD_OUT : Split.TRAIN, Origin.SEED);
      put("water", "seed " + i, i % 4 == 0 ? Split.HELD_OUT : Split.TRAIN, Origin.SEED);
    }
  }

  /** Heads are fitted to every rejection, so none says how often a fit is wrong elsewhere. */
  @Test
  void falseAlarmsAreCountedOnNothingThatIsFittedOn() {
    seeds(4);
    String rejected = put("", "dock 1", Split.HELD_OUT, Origin.LABEL);
    String sampled = put("", "dock 1", Split.HELD_OUT, Origin.SAMPLED);
    String imported = put("", "noise 1", Split.HELD_OUT, Origin.SEED);
    RoundPlan plan = plan(100, 100);
    assertThat(plan.corrections()).containsExactly(rejected);
    assertThat(plan.background()).containsExactly(sampled, imported);
  }

  /** A head that was fitted without a fold has not seen a recording of it. */
  @Test
  void aRecordingOfAClassIsInOneFoldAndEveryLabelIsAnExample() {
    SeededRandom.forAll(
        RoundPlanTest.class,
        200,
        random -> {
          examples.clear();
          seeds(2 + random.nextInt(6));
          for (int i = random.nextInt(30); i > 0; i--) {
            String label = List.of("dog", "drum", "siren", "").get(random.nextInt(4));
            Split split = random.nextInt(5) == 0 ? Split.HELD_OUT : Split.TRAIN;
            put(label, "dock " + split + random.nextInt(3), split, Origin.LABEL);
          }
          RoundPlan plan = plan(100, 100);
          Map<String, Set<Integer>> folds = new HashMap<>();
          Map<String, Set<String>> recordings = new HashMap<>();
          for (StoredExample e : examples) {
            if (e.label().isPresent()) {
              assertThat(plan.examples()).contains(e.id());
              assertThat(plan.folds()).containsKey(e.id());
              String group = e.label().get() + e.origin();
              recordings.computeIfAbsent(group, g -> new HashSet<>()).add(e.recording());
              folds
                  .computeIfAbsent(group + "/" + e.recording(), g -> new HashSet<>())
                  .add(plan.fold(e.id()));
            }
          }
          folds.forEach(
              (name, its) -> {
                String group = name.substring(0, name.indexOf('/'));
                boolean several = recordings.getOrDefault(group, Set.of()).size() > 1;
                assertThat(several && its.size() > 1).as(name).isFalse();
              });
          assertThat(RoundPlan.fromJson(plan.toJson())).isEqualTo(plan);
          assertThat(plan(100, 100)).as("the same again").isEqualTo(plan);
        });
  }

  /** What the whole adapter was fitted without in one round it has never seen in a later one. */
  @Test
  void moreLabelsLeaveOlderOnesInTheirFolds() {
    seeds(4);
    for (int i = 0; i < 10; i++) {
      put("siren", "dock " + i, Split.TRAIN, Origin.LABEL);
    }
    Map<String, Integer> before = plan(100, 100).folds();
    for (int i = 10; i < 30; i++) {
      put(i % 2 == 0 ? "siren" : "drum", "dock " + i, Split.TRAIN, Origin.LABEL);
    }
    assertThat(plan(100, 100).folds()).containsAllEntriesOf(before);
    assertThat(plan(100, 100).examples(true)).isNotEmpty();
    assertThat(plan(100, 100).examples(false)).isNotEmpty();
  }

  @Test
  void labelsThatAnAdapterInForceComesFromAreNotFresh() {
    seeds(4);
    String old = put("siren", "dock 1", Split.TRAIN, Origin.LABEL);
    String fresh = put("siren", "dock 2", Split.TRAIN, Origin.LABEL);
    RoundPlan plan =
        RoundPlan.choose(
            examples, INCUMBENT, List.of("drum", "water"), settings(9, 9), e -> e.id().equals(old));
    assertThat(plan.corrections()).containsExactly(old, fresh);
    assertThat(plan.fresh()).containsExactly(fresh);
    assertThat(plan.without(Set.of(fresh)).examples()).contains(old).doesNotContain(fresh);
  }

  @Test
  void theNewestLabelsComeFirstAndOlderExamplesAreDrawn() {
    seeds(20);
    List<String> drums = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      drums.add(put("drum", "dock 1", Split.TRAIN, Origin.LABEL));
    }
    RoundPlan plan = plan(4, 5);
    List<String> fitted = plan.examples().stream().filter(id -> id.startsWith("drum")).toList();
    assertThat(fitted)
        .as("labels that are looked at, and five others")
        .hasSize(14)
        .containsAll(drums);
    assertThat(plan.examples().stream().filter(id -> id.startsWith("water"))).hasSize(5);
    assertThat(plan.corrected()).containsExactly("drum");
    assertThat(plan.added()).isEmpty();
  }

  /** What is heard in advance of labels must be what the round that follows them replays. */
  @Test
  void newLabelsOfOneClassDoNotChangeWhatIsDrawnOfAnother() {
    seeds(20);
    List<String> before = plan(4, 5).examples();
    for (int i = 0; i < 6; i++) {
      put("bird", "dock " + i, Split.TRAIN, Origin.LABEL);
    }
    List<String> after = new ArrayList<>(plan(4, 5).examples());
    after.removeIf(id -> id.startsWith("bird"));
    assertThat(after).isEqualTo(before);
  }

  private List<String> corrections(Set<String> told) {
    return RoundPlan.choose(
            examples,
            INCUMBENT,
            List.of("drum", "water"),
            settings(100, 100),
            e -> told.contains(e.id()))
        .corrections();
  }

  @Test
  void theReportGoesIntoWhatNoneWentIntoBeforeAndThenIntoTheNewest() {
    seeds(4);
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < 130; i++) {
      labels.add(put(i % 5 == 0 ? "" : "siren", "dock " + i, Split.TRAIN, Origin.LABEL));
    }
    Set<String> told = new HashSet<>(labels.subList(20, 125));
    List<String> wanted = new ArrayList<>(labels.subList(0, 20));
    wanted.addAll(labels.subList(50, 130));
    assertThat(corrections(told)).as("25 that wait, 75 others").isEqualTo(wanted);

    List<String> ends = new ArrayList<>(labels.subList(0, 50));
    ends.addAll(labels.subList(80, 130));
    assertThat(corrections(Set.of())).as("more than a report bears").isEqualTo(ends);
    assertThat(corrections(new HashSet<>(labels))).isEqualTo(labels.subList(30, 130));
  }

  /** However many come: fifty places of a report are for those that have waited longest. */
  @Test
  void everyCorrectionHasItsTurn() {
    SeededRandom.forAll(
        RoundPlanTest.class,
        50,
        random -> {
          examples.clear();
          seeds(2);
          Set<String> told = new HashSet<>();
          Map<String, Integer> lastRound = new HashMap<>();
          List<String> waiting = new ArrayList<>();
          for (int round = 1; round <= 12; round++) {
            for (int i = random.nextInt(300); i > 0; i--) {
              String id = put("siren", "dock " + examples.size(), Split.TRAIN, Origin.LABEL);
              waiting.add(id);
              lastRound.put(id, round + (waiting.size() + 49) / 50 - 1);
            }
            List<String> followed = corrections(told);
            assertThat(followed).hasSizeLessThanOrEqualTo(100);
            assertThat(told.isEmpty() || followed.size() >= Math.min(100, told.size())).isTrue();
            told.addAll(followed);
            waiting.removeAll(told);
            for (String id : waiting) {
              assertThat(lastRound.get(id)).as("%s in round %d", id, round).isGreaterThan(round);
            }
          }
        });
  }

  @Test
  void aKnownClassWithoutExamplesWouldBeForgottenAndIsNamed() {
    put("drum", "seed 1", Split.TRAIN, Origin.SEED);
    assertThatThrownBy(() -> plan(1, 1))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("class \"water\": the store has no example to fit on");
  }
}
