package dev.lookaside.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.Sha256;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.store.AudioState;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Split;
import dev.lookaside.trainer.store.Standing;
import dev.lookaside.trainer.store.StoredExample;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
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
    return RefitSettings.of(
        ConfigFactory.parseString(
                "lookaside.trainer.replay { fresh-per-class = %d, older-per-class = %d }"
                    .formatted(fresh, replay))
            .withFallback(ConfigFactory.load()));
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
    return plan(fresh, replay, Lent.none(1), 7);
  }

  private RoundPlan plan(int fresh, int replay, Lent lent, long seed) {
    return RoundPlan.choose(
        examples, INCUMBENT, List.of("drum", "water"), settings(fresh, replay), lent, seed);
  }

  private void seeds(int count) {
    for (int i = 0; i < count; i++) {
      put("drum", "seed " + i, i % 4 == 0 ? Split.HELD_OUT : Split.TRAIN, Origin.SEED);
      put("water", "seed " + i, i % 4 == 0 ? Split.HELD_OUT : Split.TRAIN, Origin.SEED);
    }
  }

  @Test
  void nothingIsFittedThatIsJudgedOn() {
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
          RoundPlan plan = plan(3, 4);
          Set<String> fitted = new HashSet<>(plan.train());
          fitted.addAll(plan.unlabelled());
          assertThat(Collections.disjoint(fitted, plan.heldOut())).isTrue();
          assertThat(Collections.disjoint(fitted, plan.background())).isTrue();
          for (StoredExample e : examples) {
            if (e.split() == Split.HELD_OUT) {
              assertThat(fitted).doesNotContain(e.id());
            }
          }
          assertThat(RoundPlan.fromJson(plan.toJson())).isEqualTo(plan);
          assertThat(plan(3, 4)).as("the same again").isEqualTo(plan);
        });
  }

  @Test
  void theNewestLabelsComeFirstAndOlderExamplesAreDrawn() {
    seeds(20);
    List<String> drums = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      drums.add(put("drum", "dock 1", Split.TRAIN, Origin.LABEL));
    }
    RoundPlan plan = plan(4, 5);
    List<String> fitted = plan.train().stream().filter(id -> id.startsWith("drum")).toList();
    assertThat(fitted).hasSize(9).containsAll(drums.subList(5, 9));
    assertThat(plan.train().stream().filter(id -> id.startsWith("water"))).hasSize(5);
    assertThat(plan.corrected()).containsExactly("drum");
    assertThat(plan.added()).isEmpty();
  }

  /** Of whole recordings, and of examples where there is one recording alone. */
  @Test
  void theSameCorrectionsOnAnotherDayLendTheSame() {
    SeededRandom.forAll(
        RoundPlanTest.class,
        100,
        random -> {
          int count = 4 + random.nextInt(12);
          int streams = 1 + random.nextInt(4);
          int recordings = 1 + random.nextInt(3);
          int[] stream = random.ints(count, 0, streams).toArray();
          int[] recording = random.ints(count, 0, recordings).sorted().toArray();
          List<List<Integer>> lent = new ArrayList<>();
          for (long day : new long[] {0, 1 + random.nextInt(1_000)}) {
            examples.clear();
            seeds(4);
            Instant from = Instant.EPOCH.plus(Duration.ofDays(day));
            Map<String, Integer> numbers = new HashMap<>();
            for (int i = 0; i < count; i++) {
              String id = Sha256.hex(day + " " + i);
              numbers.put(id, i);
              String name = stream[i] + "@" + from.plusSeconds(600L * recording[i]);
              Instant onset = from.plusSeconds(600L * recording[i] + i);
              put(id, "siren", "s" + stream[i], onset, name, Split.TRAIN, Origin.LABEL);
            }
            lent.add(
                plan(100, 100).heldOut().stream()
                    .filter(numbers::containsKey)
                    .map(numbers::get)
                    .sorted()
                    .toList());
          }
          assertThat(lent.get(0)).isNotEmpty().isEqualTo(lent.get(1));
        });
  }

  @Test
  void aNewClassWithoutAHeldOutRecordingLendsSomeOfItsOwnAndTheReportSaysSo() {
    seeds(4);
    for (int i = 0; i < 8; i++) {
      put("siren", "dock 1", Split.TRAIN, Origin.LABEL);
    }
    RoundPlan plan = plan(100, 100);
    assertThat(plan.added()).containsExactly("siren");
    assertThat(plan.heldOut().stream().filter(id -> id.startsWith("siren"))).hasSize(2);
    assertThat(plan.train().stream().filter(id -> id.startsWith("siren"))).hasSize(6);
    assertThat(plan.notes())
        .containsExactly(
            "class siren: no held-out recording yet, judged on 2 of its 8 examples that were not"
                + " fitted");
  }

  @Test
  void whatIsLentIsWholeRecordingsWhileThereAreTwo() {
    seeds(4);
    for (int i = 0; i < 8; i++) {
      put("siren", "dock " + i / 4, Split.TRAIN, Origin.LABEL);
    }
    RoundPlan plan = plan(100, 100);
    Set<String> recordings = new HashSet<>();
    for (StoredExample e : examples) {
      if (plan.heldOut().contains(e.id()) && e.id().startsWith("siren")) {
        recordings.add(e.recording());
      }
    }
    assertThat(recordings).hasSize(1);
    assertThat(plan.heldOut().stream().filter(id -> id.startsWith("siren"))).hasSize(4);
  }

  /** What is heard in advance of labels must be what the round that follows them replays. */
  @Test
  void newLabelsOfOneClassDoNotChangeWhatIsDrawnOfAnother() {
    seeds(20);
    List<String> before = plan(4, 5).train();
    for (int i = 0; i < 6; i++) {
      put("bird", "dock " + i, Split.TRAIN, Origin.LABEL);
    }
    List<String> after = new ArrayList<>(plan(4, 5).train());
    after.removeIf(id -> id.startsWith("bird"));
    assertThat(after).isEqualTo(before);
  }

  private List<String> corrections(Set<String> told) {
    return RoundPlan.choose(
            examples,
            INCUMBENT,
            List.of("drum", "water"),
            settings(100, 100),
            Lent.none(1),
            e -> told.contains(e.id()),
            7)
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

  /** The whole adapter is fitted from the head's: what that was judged on it must not have seen. */
  @Test
  void theNextRoundIsJudgedOnTheSame() {
    seeds(4);
    for (int i = 0; i < 40; i++) {
      put("siren", "dock 1", Split.TRAIN, Origin.LABEL);
      put("dog", "dock " + i / 4, Split.TRAIN, Origin.LABEL);
    }
    RoundPlan first = plan(100, 100, Lent.none(1), 7);
    Lent lent = Lent.none(1).after(first, examples);
    assertThat(lent.ids()).hasSize(10 + 12);
    for (long round = 8; round < 20; round++) {
      RoundPlan next = plan(100, 100, lent, round);
      assertThat(next.heldOut()).containsExactlyInAnyOrderElementsOf(first.heldOut());
      assertThat(plan(100, 100, Lent.none(1), round).heldOut())
          .as("even if it is forgotten what was lent")
          .containsExactlyInAnyOrderElementsOf(first.heldOut());
    }
    assertThat(plan(100, 100, Lent.none(2), 7).heldOut()).isNotEqualTo(first.heldOut());
    assertThat(Lent.fromJson(lent.toJson())).isEqualTo(lent);
  }

  @Test
  void noRoundIsJudgedOnWhatAnEarlierOneWasFittedOn() {
    SeededRandom.forAll(
        RoundPlanTest.class,
        200,
        random -> {
          examples.clear();
          seeds(4);
          Lent lent = Lent.none(random.nextInt());
          Set<String> fitted = new HashSet<>();
          Set<String> lentBefore = Set.of();
          for (int round = 0; round < 8; round++) {
            for (int i = random.nextInt(6); i >= 0; i--) {
              String recording = "dock " + random.nextInt(1 + round);
              put(random.nextBoolean() ? "dog" : "siren", recording, Split.TRAIN, Origin.LABEL);
            }
            RoundPlan plan = plan(3, 4, lent, round);
            lent = lent.after(plan, examples);
            assertThat(plan.heldOut()).as("round " + round).noneMatch(fitted::contains);
            assertThat(lent.ids()).containsAll(lentBefore);
            for (StoredExample e : examples) {
              if (e.split() == Split.TRAIN && !lent.ids().contains(e.id())) {
                fitted.add(e.id());
              }
            }
            lentBefore = lent.ids();
          }
        });
  }

  /** Else the gate would judge a known class on what labels say alone. */
  @Test
  void aClassWhoseHeldOutSoundsAreAllLabelledLendsSomeFromBeforeThereWereLabels() {
    seeds(4);
    List<String> drums = new ArrayList<>();
    examples.removeIf(e -> e.label().equals(Optional.of("drum")) && e.split() == Split.HELD_OUT);
    examples.forEach(e -> e.label().filter("drum"::equals).ifPresent(l -> drums.add(e.id())));
    String labelled = put("drum", "dock 1", Split.HELD_OUT, Origin.LABEL);
    put("drum", "dock 2", Split.TRAIN, Origin.LABEL);
    RoundPlan plan = plan(100, 100);
    List<String> heldOut = plan.heldOut().stream().filter(id -> id.startsWith("drum")).toList();
    assertThat(heldOut).hasSize(2).contains(labelled).containsAnyElementsOf(drums);
    assertThat(plan.train()).doesNotContainAnyElementsOf(heldOut);
  }

  @Test
  void aClassOfHeldOutRecordingsAloneIsNotFitted() {
    seeds(4);
    put("siren", "dock 1", Split.HELD_OUT, Origin.LABEL);
    RoundPlan plan = plan(100, 100);
    assertThat(plan.added()).isEmpty();
    assertThat(plan.heldOut()).noneMatch(id -> id.startsWith("siren"));
    assertThat(plan.notes()).containsExactly("class siren: held-out recordings only, not fitted");
  }

  @Test
  void aKnownClassWithoutExamplesWouldBeForgottenAndIsNamed() {
    put("drum", "seed 1", Split.TRAIN, Origin.SEED);
    assertThatThrownBy(() -> plan(1, 1))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("class \"water\": the store has no example to fit on");
  }
}
