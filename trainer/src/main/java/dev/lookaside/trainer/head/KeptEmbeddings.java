package dev.lookaside.trainer.head;

import dev.lookaside.classifier.infer.EmbeddingScorer;
import dev.lookaside.classifier.infer.HeadProduct;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.infer.Scores;
import dev.lookaside.classifier.infer.WindowScorer;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.featurizer.MelWindow;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What the frozen part of an adapter has made of windows, so that nothing is computed twice: not by
 * incumbent and candidate, which differ in the head's last product, nor by one round and the next.
 * A window is known by the digest of its values; so whether something is kept decides how long it
 * takes and nothing else (on a CPU, where a window's bits do not depend on the others of its run).
 *
 * <p>Owner of a session, that of the adapter asked for last. The windows used longest ago go first.
 * Any thread, one at a time.
 */
public final class KeptEmbeddings implements AutoCloseable {
  private static final String PRODUCT = "head.fc.";

  /** Adapters whose bodies' digests are remembered. */
  private static final int BODIES_MAX = 8;

  private final Backbone backbone;
  private final ScorerSettings where;
  private final long maxBytes;
  private final LinkedHashMap<String, float[]> kept = new LinkedHashMap<>(1024, 0.75f, true);
  private final LinkedHashMap<String, String> bodies = new LinkedHashMap<>();
  private long bytes;
  private long computed;
  private @Nullable EmbeddingScorer session;
  private String sessionBody = "";

  /**
   * @param backbone of all adapters; stays the caller's to close
   * @param maxBytes of embeddings, some KiB each
   */
  public KeptEmbeddings(Backbone backbone, ScorerSettings where, long maxBytes) {
    this.backbone = backbone;
    this.where = where;
    this.maxBytes = maxBytes;
  }

  /**
   * Embeddings of windows, row-major {@code [columns][width]} each; shared, nobody writes to them.
   *
   * @param adapter of which all but {@code head.fc} counts
   */
  public synchronized List<float[]> of(Adapter adapter, List<MelWindow> windows) {
    String body = body(adapter);
    String[] keys = new String[windows.size()];
    IntStream.range(0, keys.length)
        .parallel()
        .forEach(i -> keys[i] = body + digest(windows.get(i)));
    float[][] found = new float[keys.length][];
    List<Integer> missing = new ArrayList<>();
    for (int i = 0; i < keys.length; i++) {
      float[] known = kept.get(keys[i]);
      if (known == null) {
        missing.add(i);
      } else {
        found[i] = known;
      }
    }
    if (!missing.isEmpty()) {
      float[][] made =
          session(adapter, body).embed(missing.stream().map(windows::get).toList()).embeddings();
      computed += made.length;
      for (int m = 0; m < made.length; m++) {
        found[missing.get(m)] = made[m];
        keep(keys[missing.get(m)], made[m]);
      }
    }
    return List.of(found);
  }

  /** How many windows were run so far. */
  public synchronized long computed() {
    return computed;
  }

  private EmbeddingScorer session(Adapter adapter, String body) {
    EmbeddingScorer open = session;
    if (open == null || !sessionBody.equals(body)) {
      closeSession();
      open = EmbeddingScorer.open(backbone, adapter, where);
      session = open;
      sessionBody = body;
    }
    return open;
  }

  private void keep(String key, float[] embedding) {
    float[] before = kept.put(key, embedding);
    bytes += before == null ? (long) Float.BYTES * embedding.length : 0;
    Iterator<float[]> oldest = kept.values().iterator();
    while (bytes > maxBytes && oldest.hasNext()) {
      bytes -= (long) Float.BYTES * oldest.next().length;
      oldest.remove();
    }
  }

  /** Whether two adapters have the same embeddings. */
  public synchronized boolean alike(Adapter a, Adapter b) {
    return body(a).equals(body(b));
  }

  private String body(Adapter adapter) {
    String known = bodies.get(adapter.digest());
    if (known == null) {
      known = digest(adapter);
      bodies.put(adapter.digest(), known);
      if (bodies.size() > BODIES_MAX) {
        bodies.remove(bodies.keySet().iterator().next());
      }
    }
    return known;
  }

  private static String digest(Adapter adapter) {
    MessageDigest digest = sha256();
    String meaning =
        "%s %s %s %d %d %s %s"
            .formatted(
                adapter.frontEnd(),
                adapter.head(),
                adapter.activation(),
                adapter.windowFrames(),
                adapter.shape().stride(),
                adapter.mean(),
                adapter.std());
    digest.update(meaning.getBytes(StandardCharsets.UTF_8));
    for (Map.Entry<String, FloatTensor> e : new TreeMap<>(adapter.tensors()).entrySet()) {
      if (!e.getKey().startsWith(PRODUCT)) {
        digest.update(e.getKey().getBytes(StandardCharsets.UTF_8));
        update(digest, e.getValue().toArray());
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static String digest(MelWindow window) {
    MessageDigest digest = sha256();
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, window.validFrames()));
    for (float[] row : window.rows()) {
      update(digest, row);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void update(MessageDigest digest, float[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    digest.update(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Scores with an adapter's head; closing it closes nothing. */
  public WindowScorer scorer(Adapter adapter) {
    return new Kept(adapter, HeadProduct.of(adapter));
  }

  private final class Kept implements WindowScorer {
    private final Adapter adapter;
    private final HeadProduct head;

    Kept(Adapter adapter, HeadProduct head) {
      this.adapter = adapter;
      this.head = head;
    }

    @Override
    public Scores score(List<MelWindow> windows) {
      List<float[]> embeddings = of(adapter, windows);
      float[][] posteriors = new float[embeddings.size()][];
      for (int i = 0; i < posteriors.length; i++) {
        posteriors[i] = head.posteriors(embeddings.get(i));
      }
      return new Scores(adapter.columns(), adapter.labels().size(), posteriors);
    }

    @Override
    public String adapterDigest() {
      return adapter.digest();
    }

    @Override
    public String deviceDescription() {
      return "embeddings that are kept";
    }

    @Override
    public void close() {}
  }

  private void closeSession() {
    if (session != null) {
      session.close();
      session = null;
    }
  }

  @Override
  public synchronized void close() {
    closeSession();
    kept.clear();
  }
}
