package dev.lookaside.trainer.head;

import dev.lookaside.classifier.detect.WindowMark;
import dev.lookaside.classifier.infer.EmbeddingScorer;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.featurizer.ClipWindows;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.Sha256;
import dev.lookaside.ingest.audio.Pcm;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What the frozen part of an adapter has made of clips, so that nothing is computed twice: not by
 * incumbent and candidate, which differ in the head's last product, nor by one round and the next.
 * A clip is known by the digest of its samples; so whether something is kept decides how long it
 * takes and nothing else (on a CPU, where a window's bits do not depend on the others of its run).
 *
 * <p>Owner of a session, that of the adapter asked for last. The clips used longest ago go first.
 * Any thread, one at a time.
 */
public final class EmbeddingCache implements AutoCloseable {
  private static final String PRODUCT = "head.fc.";

  /** Adapters whose bodies' digests are remembered. */
  private static final int BODIES_MAX = 8;

  /** Clips embedded at a time: half a MiB of log-mels each, of which none is kept. */
  private static final int TOGETHER = 8;

  private final Backbone backbone;
  private final ScorerSettings where;
  private final BoundedCache<CachedClip> kept;
  private final LinkedHashMap<String, String> bodies = new LinkedHashMap<>();
  private long computed;
  private @Nullable EmbeddingScorer session;
  private String sessionBody = "";

  /**
   * @param backbone of all adapters; stays the caller's to close
   * @param maxBytes of embeddings, some KiB each
   */
  public EmbeddingCache(Backbone backbone, ScorerSettings where, long maxBytes) {
    this.backbone = backbone;
    this.where = where;
    this.kept = new BoundedCache<>(maxBytes, CachedClip::bytes);
  }

  /**
   * Embeddings of the windows of clips.
   *
   * @param adapter of which all but {@code head.fc} counts
   * @param hopFrames from one window to the next
   * @param goOn called now and then, without a lock; what it throws ends this
   */
  public List<CachedClip> of(Adapter adapter, int hopFrames, List<Pcm> clips, Runnable goOn) {
    FeatureSpec spec = new FeatureSpec(adapter.frontEnd(), adapter.windowFrames(), hopFrames);
    List<CachedClip> all = new ArrayList<>(clips.size());
    for (int from = 0; from < clips.size(); from += TOGETHER) {
      goOn.run();
      all.addAll(some(adapter, spec, clips.subList(from, Math.min(clips.size(), from + TOGETHER))));
    }
    return all;
  }

  private synchronized List<CachedClip> some(Adapter adapter, FeatureSpec spec, List<Pcm> clips) {
    String body = body(adapter) + " " + spec.hopFrames() + " ";
    String[] keys = clips.parallelStream().map(c -> body + digest(c)).toArray(String[]::new);
    Map<Integer, CachedClip> all = new TreeMap<>();
    for (int i = 0; i < keys.length; i++) {
      CachedClip found = kept.get(keys[i]);
      if (found != null) {
        all.put(i, found);
      }
    }
    List<Integer> missing =
        IntStream.range(0, keys.length).filter(i -> !all.containsKey(i)).boxed().toList();
    Map<Integer, CachedClip> made = made(adapter, spec, clips, missing);
    made.forEach((i, clip) -> kept.put(keys[i], clip));
    all.putAll(made);
    return List.copyOf(all.values());
  }

  /** All windows in one go: so no core waits for the other one at the end of each clip. */
  private Map<Integer, CachedClip> made(
      Adapter adapter, FeatureSpec spec, List<Pcm> clips, List<Integer> missing) {
    Map<Integer, CachedClip> made = new TreeMap<>();
    List<List<MelWindow>> windows =
        missing.parallelStream().map(i -> ClipWindows.of(clips.get(i), spec)).toList();
    List<MelWindow> all = windows.stream().flatMap(List::stream).toList();
    float[][] embeddings =
        all.isEmpty() ? new float[0][] : session(adapter).embed(all).embeddings();
    computed += all.size();
    int from = 0;
    for (int m = 0; m < missing.size(); m++) {
      List<MelWindow> its = windows.get(m);
      float[][] own = Arrays.copyOfRange(embeddings, from, from + its.size());
      made.put(
          missing.get(m),
          new CachedClip(
              spec.hopFrames(), its.stream().map(WindowMark::of).toList(), List.of(own)));
      from += its.size();
    }
    return made;
  }

  /** How many windows were run so far. */
  public synchronized long computed() {
    return computed;
  }

  private EmbeddingScorer session(Adapter adapter) {
    String body = body(adapter);
    EmbeddingScorer open = session;
    if (open == null || !sessionBody.equals(body)) {
      closeSession();
      open = EmbeddingScorer.open(backbone, adapter, where);
      session = open;
      sessionBody = body;
    }
    return open;
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
    MessageDigest digest = Sha256.begin();
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

  private static String digest(Pcm clip) {
    MessageDigest digest = Sha256.begin();
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, clip.rateHz()));
    update(digest, clip.samples());
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void update(MessageDigest digest, float[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    digest.update(bytes);
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
