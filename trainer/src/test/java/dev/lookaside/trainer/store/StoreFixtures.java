package dev.lookaside.trainer.store;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.label.Label;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Labels and sounds for the tests of the store. */
final class StoreFixtures {
  static final Instant EPOCH = Instant.parse("2026-03-01T10:00:00Z");
  static final StreamId DOCK = new StreamId("dock");
  static final String ADAPTER = "a".repeat(64);

  static final StoreSettings SETTINGS =
      new StoreSettings(
          FrontEnd.AST_FBANK, 500, 5_000, .3, 7, Duration.ofSeconds(60), Duration.ofSeconds(20));

  private StoreFixtures() {}

  static Instant at(double seconds) {
    return EPOCH.plusNanos(Math.round(seconds * 1e9));
  }

  static Detection detection(String label, double onset, double offset) {
    return detection(DOCK, label, onset, offset);
  }

  static Detection detection(StreamId stream, String label, double onset, double offset) {
    long onsetSample = Math.round(onset * 16_000);
    return new Detection(
        Detection.Kind.ENDED,
        Detection.idOf(stream, EPOCH, label, onsetSample),
        stream,
        EPOCH,
        label,
        new Detection.Extent(
            onsetSample, Math.round(offset * 16_000), at(onset), at(offset), 16_000),
        .9,
        .8,
        new Detection.Origin(ADAPTER, "b".repeat(64), "f", 0, 0, 0),
        null);
  }

  static Label confirm(String label, double onset, double offset, String author, double time) {
    return Label.confirm(detection(label, onset, offset), author, at(time), Optional.empty());
  }

  static Label reject(String label, double onset, double offset, String author, double time) {
    return Label.reject(detection(label, onset, offset), author, at(time), Optional.empty());
  }

  static Label relabel(
      String was, String label, double onset, double offset, String author, double time) {
    return Label.relabel(detection(was, onset, offset), label, author, at(time), Optional.empty());
  }

  static Label add(String label, double onset, double offset, String author, double time) {
    return Label.add(DOCK, label, at(onset), at(offset), author, at(time), Optional.empty());
  }

  /** A sound like no other: of its seed. */
  static Pcm noise(double seconds, int rateHz, long seed) {
    java.util.random.RandomGenerator random = new java.util.SplittableRandom(seed);
    float[] samples = new float[(int) (seconds * rateHz)];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = random.nextInt(-32_768, 32_768) / 32_768f;
    }
    return new Pcm(rateHz, samples);
  }

  /** As an ingest would make it of a label, out of nothing. */
  static Sound sound(Label label) {
    double seconds = Duration.between(label.onset(), label.offset()).toNanos() / 1e9;
    Pcm pcm = noise(seconds + 1, 16_000, label.id().hashCode());
    int onset = 8_000;
    return new Sound(
        pcm,
        label.onset().minusMillis(500),
        onset,
        onset + (int) Math.round(seconds * 16_000),
        true);
  }
}
