package dev.lookaside.trainer.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.shadow.ShadowDifference.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShadowComparisonTest {
  private static final Instant EPOCH = Instant.parse("2026-03-01T12:00:00Z");
  private static final int RATE_HZ = 16_000;

  private static Detection event(
      Detection.Kind kind, String stream, String label, double onset, double offset) {
    long from = Math.round(onset * RATE_HZ);
    long until = Math.round(offset * RATE_HZ);
    return new Detection(
        kind,
        Detection.idOf(new StreamId(stream), EPOCH, label, from),
        new StreamId(stream),
        EPOCH,
        label,
        new Detection.Extent(
            from,
            until,
            EPOCH.plus(Duration.ofNanos(Math.round(onset * 1e9))),
            EPOCH.plus(Duration.ofNanos(Math.round(offset * 1e9))),
            RATE_HZ),
        0.9,
        0.8,
        new Detection.Origin("adapter", "backbone", "features", 0, 0, 9),
        null);
  }

  private static Detection ended(String stream, String label, double onset, double offset) {
    return event(Detection.Kind.ENDED, stream, label, onset, offset);
  }

  @Test
  void eachEventIsCountedOnceUnderItsClass() {
    List<Detection> incumbent =
        List.of(
            ended("a", "water", 1, 2),
            ended("a", "speech", 4, 5),
            ended("a", "speech", 7, 8),
            ended("b", "water", 1, 2));
    List<Detection> candidate =
        List.of(
            ended("a", "water", 1.25, 2),
            ended("a", "metal", 4, 5.5), // speech by another name
            ended("a", "metal", 7.9, 9), // hardly the same stretch as speech
            ended("b", "water", 0.75, 2));
    ShadowComparison c = ShadowComparison.of(incumbent, candidate);
    assertThat(c.classes())
        .containsEntry("water", new ClassAgreement(2, 0, 0, 0, 0, 0, 0.25))
        .containsEntry("speech", new ClassAgreement(0, 1, 0, 1, 0, 0, 0))
        .containsEntry("metal", new ClassAgreement(0, 0, 1, 0, 1, 0, 0))
        .hasSize(3);
    assertThat(c.differences())
        .extracting(ShadowDifference::kind)
        .containsExactly(Kind.LABEL_DIFFERS, Kind.ONLY_INCUMBENT, Kind.ONLY_CANDIDATE);
  }

  @Test
  void theLongestCommonStretchIsPairedFirst() {
    List<Detection> incumbent = List.of(ended("a", "water", 0, 10));
    List<Detection> candidate = List.of(ended("a", "water", 0, 1), ended("a", "water", 2, 9));
    ShadowComparison c = ShadowComparison.of(incumbent, candidate);
    ClassAgreement water = c.classes().get("water");
    assertThat(water.agreed()).isEqualTo(1);
    assertThat(water.onlyCandidate()).isEqualTo(1);
    assertThat(water.onsetShiftSeconds()).isEqualTo(2, within(1e-9));
  }

  @Test
  void onlyWhatHoldsInTheEndIsCompared() {
    Detection retracted = event(Detection.Kind.RETRACTED, "a", "water", 1, 2);
    List<Detection> incumbent =
        List.of(
            ended("a", "water", 1, 1.5),
            ended("a", "water", 1, 2), // the same event once more
            event(Detection.Kind.STARTED, "a", "speech", 5, 6),
            ended("a", "metal", 8, 9));
    assertThat(ShadowComparison.standing(incumbent))
        .containsExactly(incumbent.get(1), incumbent.get(3));
    List<Detection> later = new ArrayList<>(incumbent);
    later.add(retracted);
    assertThat(ShadowComparison.standing(later)).containsExactly(incumbent.get(3));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void countsAddUpAndOrderDoesNotMatter(long seed) {
    Random random = new Random(seed);
    List<Detection> incumbent = events(random);
    List<Detection> candidate = events(random);
    ShadowComparison c = ShadowComparison.of(incumbent, candidate);
    for (String label : c.classes().keySet()) {
      ClassAgreement of = c.classes().get(label);
      assertThat(of.incumbentEvents()).as("seed %d", seed).isEqualTo(count(incumbent, label));
      assertThat(of.candidateEvents()).as("seed %d", seed).isEqualTo(count(candidate, label));
    }
    ShadowComparison back = ShadowComparison.of(candidate, incumbent);
    c.classes()
        .forEach(
            (label, of) -> {
              ClassAgreement other = back.classes().get(label);
              assertThat(other.agreed()).as("seed %d", seed).isEqualTo(of.agreed());
              assertThat(other.onlyCandidate()).isEqualTo(of.onlyIncumbent());
              assertThat(other.namedAnew()).isEqualTo(of.namedOtherwise());
              assertThat(other.onsetShiftSeconds())
                  .isEqualTo(-of.onsetShiftSeconds(), within(1e-9));
            });
    Collections.shuffle(incumbent, random);
    Collections.shuffle(candidate, random);
    assertThat(ShadowComparison.of(incumbent, candidate)).as("seed %d", seed).isEqualTo(c);
    assertThat(ShadowComparison.of(incumbent, incumbent).differences()).isEmpty();
  }

  private static long count(List<Detection> events, String label) {
    return ShadowComparison.standing(events).stream()
        .filter(d -> d.eventLabel().equals(label))
        .count();
  }

  /** No two of the same place, so that which of two equals is last does not matter. */
  private static List<Detection> events(Random random) {
    List<Detection> events = new ArrayList<>();
    String[] labels = {"water", "speech", "metal"};
    for (int i = 0; i < 40; i++) {
      double onset = 0.5 * i + 0.25 * random.nextDouble();
      double length = 0.1 + 2 * random.nextDouble();
      String stream = random.nextBoolean() ? "a" : "b";
      if (random.nextInt(4) > 0) {
        events.add(ended(stream, labels[random.nextInt(labels.length)], onset, onset + length));
      }
    }
    return events;
  }
}
