package dev.lookaside.deploy.replay;

import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.detect.StreamReplay;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.BackboneSessions;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.infer.MixedScorer;
import dev.lookaside.classifier.registry.PastPlan;
import dev.lookaside.classifier.registry.Preparation;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The model of the configuration, open for replays: the backbone, a scorer, and what a worker with
 * this configuration detects with. One replay at a time.
 */
public final class ReplayModel implements AutoCloseable {
  private final Settings settings;
  private final @Nullable BundledModel bundled;
  private final BackboneSessions sessions;
  private final MixedScorer scorer;
  private final LoadedAdapter configured;
  private final DetectorModel model;
  private final AudioDecoder decoder;

  private ReplayModel(Settings settings, @Nullable BundledModel bundled, Path weights, Path own) {
    this.settings = settings;
    this.bundled = bundled;
    Backbone backbone = Backbone.load(weights);
    Adapter adapter = Adapter.load(own);
    adapter.checkFits(backbone);
    int hop = settings.featurizer().spec(adapter.frontEnd(), adapter.windowFrames()).hopFrames();
    configured = LoadedAdapter.of(adapter);
    model = DetectorModel.of(backbone, adapter, hop, settings.detect());
    decoder = new AudioDecoder(settings.deploy().channel(), settings.ingest().maxPayloadBytes());
    sessions =
        new BackboneSessions(
            backbone, settings.classifier().scorer(), settings.registry().maxArchitectures());
    scorer = new MixedScorer(sessions, configured);
  }

  /**
   * Opens the configured model.
   *
   * @throws RuntimeException of the module whose file or setting is wrong
   */
  public static ReplayModel open(Settings settings) {
    Path backbone = settings.deploy().backboneFile();
    Path adapter = settings.deploy().adapter();
    if (backbone != null && adapter != null) {
      return new ReplayModel(settings, null, backbone, adapter);
    }
    BundledModel bundled = BundledModel.open();
    try {
      return new ReplayModel(settings, bundled, bundled.backbone(), bundled.adapter());
    } catch (RuntimeException e) {
      bundled.close();
      throw e;
    }
  }

  Settings settings() {
    return settings;
  }

  /** What windows are like and how they are decoded. */
  public DetectorModel detector() {
    return model;
  }

  /** The adapter that scores where the ledger has no decision. */
  public LoadedAdapter configured() {
    return configured;
  }

  /**
   * The plan that the workers followed.
   *
   * @param view stays the caller's to close, when the plan is no longer used
   */
  public AdapterPlan past(RegistryView view) {
    Preparation preparation = new Preparation(sessions, model.spec());
    return new PastPlan(view, preparation, configured, settings.registry().maxBytes());
  }

  /**
   * An adapter for all windows, checked as a worker checks it.
   *
   * @param file of the adapter
   * @throws DeployException saying why it cannot score here
   */
  public LoadedAdapter loaded(byte[] file) {
    Preparation.Result result = new Preparation(sessions, model.spec()).prepare(file);
    if (result instanceof Preparation.Loaded ready) {
      return ready.adapter();
    }
    throw new DeployException("adapter: " + ((Preparation.Refused) result).refusal().message());
  }

  /** A replay of one stream. */
  StreamReplay replay(
      StreamId stream, int partition, AdapterPlan plan, Consumer<StreamDetector.Windowed> windows) {
    int batch = settings.classifier().batch().maxBatch();
    return new StreamReplay(
        stream,
        partition,
        settings.featurizer().tracks(model.spec(), decoder),
        model,
        settings.detect(),
        settings.registry().maxClockAhead(),
        new StreamReplay.Scoring(plan, scorer, batch),
        windows);
  }

  @Override
  public void close() {
    scorer.close();
    sessions.close();
    if (bundled != null) {
      bundled.close();
    }
  }
}
