package dev.lookaside.trainer.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.gate.Evidence.Background;
import dev.lookaside.trainer.gate.Evidence.Sound;
import dev.lookaside.trainer.gate.Gate.LabelCheck;
import dev.lookaside.trainer.gate.LabelTrust.Finding;
import dev.lookaside.trainer.gate.LabelTrust.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GateTest {
  private static final Background QUIET = new Background(120, 0, 0, 1, 1);
  private static final Set<String> BOTH = Set.of("bird", "drum");

  private static GateReport judged(List<Sound> sounds, Set<String> known, Background background) {
    return Gate.judge(Sounds.evidence(sounds, known, background), List.of(), null, Sounds.SETTINGS);
  }

  private static List<Sound> sounds(int birds, double before, double after) {
    return Sounds.of(SeededRandom.of(5), birds, 60, before, after);
  }

  private static GateReport.ClassChange bird(GateReport report) {
    return Objects.requireNonNull(report.classes().get("bird"));
  }

  @Test
  void aCorrectedClassThatGetsBetterPassesAndTheReportSaysByHowMuchAndHowSure() {
    GateReport report = judged(sounds(10, .5, 3), BOTH, QUIET);
    assertThat(report.passed()).isTrue();
    assertThat(report.reasons()).isEmpty();
    Interval difference = Objects.requireNonNull(bird(report).difference());
    assertThat(difference.low()).isPositive();
    assertThat(report.decided())
        .startsWith("bird: average precision 0.")
        .contains("on 10 sounds (10 labelled) that the head which scored them had not seen")
        .contains(
            String.format(
                Locale.ROOT,
                "the true difference is %.2f to %.2f (90 %% sure)",
                difference.low(),
                difference.high()));
  }

  /** The fault that this gate was made for: 0.30 before, 0.10 now, on two held-out sounds. */
  @Test
  void aCorrectedClassThatGetsWorseNeverPassesHoweverFewItsSounds() {
    SeededRandom.forAll(
        GateTest.class,
        100,
        random -> {
          int birds = 1 + random.nextInt(12);
          List<Sound> sounds =
              Sounds.of(random, birds, 20, 3 * random.nextDouble(), 3 * random.nextDouble());
          GateReport report = judged(sounds, BOTH, QUIET);
          GateReport.Change change = bird(report).averagePrecision();
          double before = Objects.requireNonNull(change.before());
          if (Objects.requireNonNull(change.after()) < before) {
            assertThat(report.word()).isEqualTo("refused");
            assertThat(report.reasons()).anyMatch(r -> r.contains("must not get worse"));
          }
        });
  }

  @Test
  void whereALossCannotBeExcludedMoreLabelsAreAskedFor() {
    List<Sound> few = new ArrayList<>();
    // Better by a little, and it may as well be worse.
    few.add(bird(0, .9f, .55f));
    few.add(bird(1, .3f, .95f));
    few.add(bird(2, .6f, .65f));
    for (int i = 0; i < 8; i++) {
      float[] other = {.1f * i + .05f, .5f};
      few.add(Sounds.sound("drum " + i, "drum", false, other, other));
    }
    GateReport report = judged(few, BOTH, QUIET);
    assertThat(report.word()).isEqualTo("undecided");
    assertThat(report.labelsAtFault()).isTrue();
    assertThat(report.wanted()).containsOnlyKeys("bird");
    assertThat(report.reasons().get(0))
        .startsWith("not enough labels yet: " + report.wanted().get("bird") + " more of bird");
  }

  private static Sound bird(int number, float before, float after) {
    return Sounds.sound(
        "bird " + number, "bird", true, new float[] {before, .1f}, new float[] {after, .1f});
  }

  @Test
  void aNewClassIsComparedWithChance() {
    GateReport learned = judged(sounds(10, 0, 3), Set.of("drum"), QUIET);
    assertThat(learned.passed()).isTrue();
    assertThat(learned.decided()).contains("new, 0.").contains("by chance");
    assertThat(bird(learned).averagePrecision().before()).isNull();
  }

  @Test
  void aKnownClassThatFallsIsRefused() {
    List<Sound> worse = new ArrayList<>();
    for (Sound s : Sounds.of(SeededRandom.of(5), 30, 12, 2, 3)) {
      float[] own = s.after().peaks().clone();
      own[1] = "drum".equals(s.label()) ? own[1] * .1f : .5f + own[1] / 2;
      String label = Objects.requireNonNull(s.label());
      worse.add(Sounds.sound(s.id(), label, s.fromLabel(), s.before().peaks(), own));
    }
    GateReport report = judged(worse, BOTH, QUIET);
    assertThat(report.word()).isEqualTo("refused");
    assertThat(report.reasons()).anyMatch(r -> r.endsWith("a known class falls"));
  }

  @Test
  void aClassThatTheCandidateHasLostIsRefused() {
    Evidence lost =
        new Evidence(
            "a".repeat(64),
            "b".repeat(64),
            List.of("bird"),
            BOTH,
            Set.of("bird"),
            sounds(5, 1, 3),
            QUIET);
    assertThat(Gate.judge(lost, List.of(), null, Sounds.SETTINGS).reasons())
        .contains("class drum: the candidate does not know it any more");
  }

  @Test
  void falseAlarmsAreRefusedWhenTheyAreNoAccident() {
    List<Sound> sounds = sounds(10, .5, 3);
    // One a minute is allowed: three in 120 s are no proof of more, eight are.
    assertThat(judged(sounds, BOTH, new Background(120, 0, 2, 0, 3)).passed()).isTrue();
    GateReport many = judged(sounds, BOTH, new Background(120, 0, 2, 0, 8));
    assertThat(many.reasons()).hasSize(1);
    assertThat(many.decided()).startsWith("false alarms: 240 an hour of background, 0 before");
    assertThat(judged(sounds, BOTH, new Background(120, 0, 2, 8, 8)).passed())
        .as("as many as before")
        .isTrue();
    GateReport little = judged(sounds, BOTH, new Background(20, 0, 0, 0, 8));
    assertThat(little.passed()).isTrue();
    assertThat(little.notes()).contains("20 s of background: false alarms not judged");
  }

  @Test
  void contradictedLabelsAreNamedAndTooFewAskForMore() {
    List<LabelCheck> labels =
        List.of(
            new LabelCheck("x1", "bird", .9, false, true, "drum"),
            new LabelCheck("x2", "bird", .01, false, true, "bird"));
    Evidence evidence = Sounds.evidence(sounds(10, .5, 3), BOTH, QUIET);
    Finding contradicted = new Finding(Verdict.CONTRADICTED, .9, List.of(.97, .01), 0);
    GateReport refused = Gate.judge(evidence, labels, contradicted, Sounds.SETTINGS);
    assertThat(refused.word()).isEqualTo("refused");
    assertThat(refused.labelsAtFault()).isTrue();
    assertThat(refused.decided())
        .isEqualTo(
            "1 of 2 labels contradict the other sounds of their classes: please check 1 of bird");
    assertThat(refused.doubted()).hasSize(1);
    assertThat(refused.doubted().get(0).reason())
        .contains("a head that was fitted without this bird predicts drum");
    Finding few = new Finding(Verdict.TOO_FEW, .3, List.of(.1, .1), 4);
    GateReport open = Gate.judge(evidence, labels, few, Sounds.SETTINGS);
    assertThat(open.word()).isEqualTo("undecided");
    assertThat(open.wanted()).containsEntry("bird", 4);
    assertThat(open.decided()).startsWith("not enough labels yet: 4 more of bird would decide");
  }

  @Test
  void aReportComesBackFromItsJsonAndOlderOnesAreRead() throws Exception {
    GateReport report = judged(sounds(10, .5, 3), BOTH, QUIET).withNote("a note");
    assertThat(GateReport.fromJson(report.toJson())).isEqualTo(report);
    JsonNode old =
        new JsonMapper()
            .readTree(
                """
                {"passed": true, "incumbent": "a", "candidate": "b",
                 "map": {"before": 0.5, "after": 0.6}, "calibrationError": {"before": 0.1},
                 "classes": {"bird": {"examples": 2, "averagePrecision": {"after": 0.8}}},
                 "corrections": [{"example": "e", "wanted": "bird", "before": false, "after": true, "heldOut": false,
                   "saidBefore": {"heard": [{"label": "horn", "peak": 0.9}], "more": 0}}], "reasons": [], "notes": [], "doubted": ["x", "y"],
                 "checks": [{"rule": "kept"}]}
                """);
    GateReport read = GateReport.fromJson(old);
    assertThat(read.passed()).isTrue();
    assertThat(read.doubted()).isEmpty();
    assertThat(read.map().after()).isEqualTo(.6);
    assertThat(read.corrections().get(0).detectedBefore().detected())
        .as("under the names of earlier versions")
        .containsExactly(new DetectedClasses.Detected("horn", .9));
  }

  @Test
  void settingsAreNamedWithValueAndRange() {
    assertThat(GateSettings.of(ConfigFactory.load())).isEqualTo(Sounds.SETTINGS);
    assertThatThrownBy(
            () ->
                GateSettings.of(
                    ConfigFactory.parseString("lookaside.trainer.gate.confidence = 1.5")
                        .withFallback(ConfigFactory.load())))
        .hasMessage("lookaside.trainer.gate.confidence \"1.5\": must be a number from 0.5 to 0.99");
  }
}
