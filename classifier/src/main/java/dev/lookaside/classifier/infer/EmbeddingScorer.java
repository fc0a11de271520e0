package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.ModelSpec;
import dev.lookaside.classifier.graph.VitLoaa;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.featurizer.MelWindow;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * Scores windows and gives the embeddings from which the scores come: the model's own graph with
 * one output more. Runs go on at the same time, a core each. Beside the live path, not in it. Owner
 * of a session; for one caller at a time.
 */
public final class EmbeddingScorer implements WindowScorer {
  /** Tokens run at once, where a CPU's caches still hold a block's values. */
  private static final int TOKENS = 1000;

  private final LoadedAdapter loaded;
  private final AdapterShape shape;
  private final String embedding;
  private final GraphRun run;
  private final int windowsPerRun;

  private EmbeddingScorer(LoadedAdapter loaded, Graph graph, GraphRun run, int windowsPerRun) {
    this.loaded = loaded;
    this.shape = loaded.runShape();
    this.embedding = VitLoaa.embedding(graph).name();
    this.run = run;
    this.windowsPerRun = windowsPerRun;
    loaded.inputs().forEach((name, input) -> run.buffer(name, 1).put(0, input.values()));
  }

  /**
   * Opens a session.
   *
   * @throws dev.lookaside.classifier.weights.WeightsException if the adapter does not fit
   * @throws ScorerException if the configured device cannot be used
   */
  public static EmbeddingScorer open(Backbone backbone, Adapter adapter, ScorerSettings settings) {
    adapter.checkFits(backbone);
    LoadedAdapter loaded = LoadedAdapter.of(adapter);
    ModelSpec spec = new ModelSpec(backbone.spec(), loaded.runShape(), false);
    Graph model = VitLoaa.build(spec, backbone);
    Graph graph = model.alsoGiving(VitLoaa.embedding(model));
    int atOnce = Math.max(1, Math.min(settings.maxBatch(), TOKENS / spec.tokens()));
    return new EmbeddingScorer(loaded, graph, GraphRun.open(graph, settings), atOnce);
  }

  /** Scores as {@link #score}, with the embeddings. */
  public Embeddings embed(List<MelWindow> windows) {
    int columns = shape.columns();
    int classes = loaded.shape().classes();
    float[][] posteriors = new float[windows.size()][];
    float[][] embeddings = new float[windows.size()][columns * shape.width()];
    int floats = shape.windowFrames() * shape.mels();
    // So many that no core is left without.
    int size = Math.min(windowsPerRun, ceilDiv(windows.size(), run.lanes()));
    run.pieces(
        ceilDiv(windows.size(), size),
        run.lanes(),
        true,
        (lane, piece) -> {
          int from = piece * size;
          int n = Math.min(size, windows.size() - from);
          FloatBuffer x = lane.buffer(VitLoaa.X, n);
          float[] row = new float[shape.mels()];
          for (int i = 0; i < n; i++) {
            RunBuffers.put(x, i * floats, windows.get(from + i), shape, loaded, row);
          }
          lane.run(n);
          FloatBuffer logits = lane.buffer(VitLoaa.LOGITS, n);
          FloatBuffer rows = lane.buffer(embedding, n);
          for (int i = 0; i < n; i++) {
            float[] its = RunBuffers.logits(logits, i, shape, classes);
            posteriors[from + i] = Posteriors.of(loaded.activation(), its, classes);
            rows.get(i * columns * shape.width(), embeddings[from + i]);
          }
        },
        (lane, piece) -> {});
    return new Embeddings(new Scores(columns, classes, posteriors), shape.width(), embeddings);
  }

  private static int ceilDiv(int n, int by) {
    return (n + by - 1) / by;
  }

  @Override
  public Scores score(List<MelWindow> windows) {
    return embed(windows).scores();
  }

  @Override
  public String adapterDigest() {
    return loaded.digest();
  }

  @Override
  public String deviceDescription() {
    return run.deviceDescription();
  }

  @Override
  public void close() {
    run.close();
  }
}
