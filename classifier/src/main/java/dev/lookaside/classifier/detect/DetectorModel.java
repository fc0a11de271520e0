package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.FrontEnd;
import java.time.Duration;
import java.util.List;

/**
 * All that decoding must know of a model.
 *
 * @param labels in the order of a window's posteriors
 * @param columns posteriors per label and window
 * @param spec which windows it is given
 * @param decoder thresholds per label and the rest
 * @param adapterDigest sha256, hexadecimal
 * @param backboneDigest sha256, hexadecimal
 */
public record DetectorModel(
    List<String> labels,
    int columns,
    FeatureSpec spec,
    DecoderSettings decoder,
    String adapterDigest,
    String backboneDigest) {
  public DetectorModel {
    labels = List.copyOf(labels);
    if (labels.size() != decoder.classes()) {
      throw new DetectException(
          "labels \"%d\": must be %d, one per pair of thresholds"
              .formatted(labels.size(), decoder.classes()));
    }
  }

  /**
   * The model of these files with these settings.
   *
   * @param hopFrames frames from one window to the next
   */
  public static DetectorModel of(
      Backbone backbone, Adapter adapter, int hopFrames, DetectSettings settings) {
    List<String> labels = adapter.labels();
    for (String label : settings.thresholds().keySet()) {
      if (!labels.contains(label)) {
        throw new DetectException(
            "thresholds \"%s\": must be one of the adapter's labels %s".formatted(label, labels));
      }
    }
    return of(
        AdapterFacts.of(adapter),
        new FeatureSpec(adapter.frontEnd(), adapter.windowFrames(), hopFrames),
        backbone.digest(),
        settings);
  }

  /** This model with another adapter for the same windows; settings as for the first one. */
  DetectorModel with(AdapterFacts adapter, DetectSettings settings) {
    return adapter.digest().equals(adapterDigest)
        ? this
        : of(adapter, spec, backboneDigest, settings);
  }

  private static DetectorModel of(
      AdapterFacts adapter, FeatureSpec spec, String backboneDigest, DetectSettings settings) {
    List<String> labels = adapter.labels();
    float[] on = new float[labels.size()];
    float[] off = new float[labels.size()];
    int[] minLength = new int[labels.size()];
    int leastOfAll = frames(settings.minLength(), spec.frontEnd());
    for (int c = 0; c < on.length; c++) {
      String label = labels.get(c);
      Threshold fromFile = adapter.thresholds().getOrDefault(label, Threshold.DEFAULT);
      Threshold t = settings.thresholds().getOrDefault(label, fromFile);
      on[c] = (float) t.on();
      off[c] = (float) t.off();
      Duration own = Duration.ofMillis(fromFile.minLengthMillis());
      minLength[c] = Math.max(leastOfAll, frames(own, spec.frontEnd()));
    }
    DecoderSettings decoder =
        new DecoderSettings(
            settings.combination(adapter.columns()),
            on,
            off,
            minLength,
            frames(settings.minGap(), spec.frontEnd()));
    return new DetectorModel(
        labels, adapter.columns(), spec, decoder, adapter.digest(), backboneDigest);
  }

  /** Per label: a quiet class begins to sound at this posterior. */
  public double[] onThresholds() {
    double[] on = new double[labels.size()];
    for (int c = 0; c < on.length; c++) {
      on[c] = decoder.on(c);
    }
    return on;
  }

  CurveGrid grid() {
    return CurveGrid.of(spec.windowFrames(), spec.hopFrames(), columns);
  }

  /** Frames that last {@code duration}, rounded up. */
  static int frames(Duration duration, FrontEnd frontEnd) {
    long samples = duration.toMillis() * frontEnd.rateHz();
    return Math.toIntExact(CurveGrid.ceilDiv(samples, 1000L * frontEnd.hopSamples()));
  }
}
