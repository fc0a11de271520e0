package dev.lookaside.deploy.lab;

import com.typesafe.config.Config;
import dev.lookaside.classifier.ClassifierSettings;
import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.ClipDetector;
import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.detect.TunedDecoder;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.hub.BackboneFiles;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.featurizer.FeaturizerSettings;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.evaluate.SceneJudge;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A model that processes whole files, with the settings streams have, too. For one thread. */
public final class OfflineModel implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OfflineModel.class);

  /** How a curve becomes events; the command line's words. */
  public enum Decoder {
    HYSTERESIS,
    SEBB,
    MEDIAN;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final @Nullable BundledModel bundled;
  private final Adapter adapter;
  private final Scorer scorer;
  private final DetectorModel model;
  private final ClipDetector detector;
  private final int maxBatch;

  private OfflineModel(
      @Nullable BundledModel bundled, Path backboneFile, Path adapterFile, Config config) {
    this.bundled = bundled;
    Backbone backbone = Backbone.load(backboneFile);
    this.adapter = Adapter.load(adapterFile);
    ClassifierSettings classifier = ClassifierSettings.of(config);
    int hopFrames =
        FeaturizerSettings.of(config).spec(adapter.frontEnd(), adapter.windowFrames()).hopFrames();
    DetectSettings detect = DetectSettings.of(config);
    this.model = DetectorModel.of(backbone, adapter, hopFrames, detect);
    this.scorer = Scorer.open(backbone, adapter, classifier.scorer());
    this.maxBatch = classifier.scorer().maxBatch();
    this.detector = new ClipDetector(model, scorer, maxBatch);
  }

  /**
   * Opens the model of the options.
   *
   * @throws RuntimeException naming the file, tensor or setting that is wrong
   */
  public static OfflineModel open(ModelOptions options) {
    Config config = Configuration.over(options.settings());
    Path backbone = options.backbone();
    Path adapter = options.adapter();
    if (backbone != null && adapter != null) {
      return new OfflineModel(null, BackboneFiles.of(backbone, LOG::info), adapter, config);
    }
    BundledModel bundled = BundledModel.open();
    try {
      return new OfflineModel(bundled, bundled.backbone(), bundled.adapter(), config);
    } catch (RuntimeException e) {
      bundled.close();
      throw e;
    }
  }

  /** As above, for a model whose files are known. */
  static OfflineModel open(Path backbone, Path adapter, Map<String, Object> settings) {
    return new OfflineModel(null, backbone, adapter, Configuration.over(settings));
  }

  /** Events as streams have them. */
  public ClipDetections detect(Pcm clip) {
    return detect(clip, Decoder.HYSTERESIS);
  }

  public ClipDetections detect(Pcm clip, Decoder decoder) {
    ClipDetections found = detector.detect(clip);
    return decoder == Decoder.HYSTERESIS
        ? found
        : TunedDecoder.of(adapter, TunedDecoder.Kind.valueOf(decoder.name()))
            .decode(found, model.onThresholds());
  }

  /**
   * All change-point boxes of what was found, however improbable, for metrics that rank: their
   * edges do not move with a threshold. Those below a mean posterior of {@code least} are left out.
   */
  List<ClipDetections.DetectedEvent> boxes(ClipDetections found, double least) {
    double[] levels = new double[found.labels().size()];
    Arrays.fill(levels, least);
    return TunedDecoder.of(adapter, TunedDecoder.Kind.SEBB)
        .decoder()
        .decode(found, levels)
        .events();
  }

  /** Scores a scene for a judge of this model. */
  void score(Scene scene, SceneJudge judge) {
    judge.add(scene, scorer, maxBatch);
  }

  DetectorModel model() {
    return model;
  }

  @Override
  public void close() {
    scorer.close();
    if (bundled != null) {
      bundled.close();
    }
  }
}
