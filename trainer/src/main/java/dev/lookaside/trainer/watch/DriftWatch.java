package dev.lookaside.trainer.watch;

import dev.lookaside.classifier.detect.DecoderSettings;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.retained.ActiveStreams;
import dev.lookaside.ingest.retained.Retained;
import dev.lookaside.ingest.retained.RetainedAudio;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.drift.AdapterReference;
import dev.lookaside.trainer.drift.DriftReport;
import dev.lookaside.trainer.drift.DriftSettings;
import dev.lookaside.trainer.drift.Measured;
import dev.lookaside.trainer.drift.StreamDrift;
import dev.lookaside.trainer.drift.StreamsDrift;
import dev.lookaside.trainer.loop.LoopEvent;
import dev.lookaside.trainer.loop.TrainerWork.Turn;
import dev.lookaside.trainer.publish.RefitTopic;
import dev.lookaside.trainer.refit.RefitTools;
import dev.lookaside.trainer.store.ExampleStore;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens to the streams of a scope from time to time and compares them with what their adapters
 * were fitted on. Reads retained audio, so the live path knows nothing of it. Works in pieces of a
 * scene or a stream, each some tenths of a second, that the caller may stop asking for. For one
 * thread; {@link #due} for any.
 *
 * <p>What it knows of the streams is on the requests' topic as the last record of its kind: the
 * store's disk need not live, whoever leads next goes on from it, and people can read it from
 * anywhere.
 */
public final class DriftWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DriftWatch.class);

  /** Sessions kept open: one adapter, a canary, and one that was in force a moment ago. */
  private static final int REFERENCES_MAX = 3;

  /** Of one record: half a KiB each, and records bear 1 MiB by default. */
  private static final int STREAMS_MAX = 500;

  /**
   * What it works with.
   *
   * @param gateDbfs level of a stream's silence gate
   * @param maxBytes of an adapter file
   */
  public record Parts(
      Scope scope,
      DriftSettings settings,
      IngestSettings ingest,
      RefitTools tools,
      Adapter configured,
      ToDoubleFunction<StreamId> gateDbfs,
      long maxBytes,
      Clock clock) {}

  private record Stretch(StreamId stream, Instant until) {}

  private final Parts parts;
  private final DriftSettings settings;
  private final ExampleStore store;
  private final RegistryView view;
  private final RetainedAudio retained;
  private final RefitTopic topic;
  private final StreamsDrift streams;
  private final ArrayDeque<Stretch> queue = new ArrayDeque<>();
  private final Map<String, Instant> lastMeasured = new TreeMap<>();
  private final LinkedHashMap<String, AdapterReference> references =
      new LinkedHashMap<>(8, 0.75f, true);
  private final Set<String> withoutReference = new HashSet<>();
  private @Nullable String trouble;
  private boolean restored;
  private volatile boolean inTurn;
  private volatile Instant next;

  /**
   * @param store stays the caller's to close
   * @param view the trainer's, which stays the caller's to close
   * @param retained stays the caller's to close
   * @param topic stays the caller's to close
   */
  public DriftWatch(
      Parts parts,
      ExampleStore store,
      RegistryView view,
      RetainedAudio retained,
      RefitTopic topic) {
    this.parts = parts;
    this.settings = parts.settings();
    this.store = store;
    this.view = view;
    this.retained = retained;
    this.topic = topic;
    this.streams = new StreamsDrift(settings.looks());
    this.next = Instant.MIN;
  }

  public boolean due() {
    return inTurn || !parts.clock().instant().isBefore(next);
  }

  /** Does the next piece, if one is due. */
  public Turn step() {
    if (!due()) {
      return Turn.NOTHING;
    }
    if (!restored) {
      return restore();
    }
    List<LoopEvent> events = new ArrayList<>();
    if (!inTurn) {
      begin(events);
    }
    Stretch stretch = queue.peek();
    if (stretch != null) {
      try {
        if (piece(stretch, events)) {
          queue.remove();
        }
      } catch (RuntimeException e) {
        queue.remove();
        trouble(stretch.stream() + ": " + e.getMessage(), e);
      }
    }
    return new Turn(events, queue.isEmpty() ? end() : null);
  }

  /** Restores the state of the trainer before this one; the first turn comes an interval later. */
  private Turn restore() {
    // Also where no broker answers: then this is tried again an interval later.
    next = parts.clock().instant().plus(settings.interval());
    DriftReport last = topic.drift().orElse(null);
    restored = true;
    if (last == null) {
      return Turn.NOTHING;
    }
    streams.restore(last);
    List<LoopEvent> events = new ArrayList<>();
    streams.alarmed().forEach(s -> events.add(new LoopEvent.Drifted(s.text())));
    return new Turn(events, last.worst(settings.listed()));
  }

  /** Those measured longest ago come first, so that all have their turn however many they are. */
  private void begin(List<LoopEvent> events) {
    Instant now = parts.clock().instant();
    next = now.plus(settings.interval());
    trouble = null;
    withoutReference.clear();
    view.refresh();
    SortedMap<String, Instant> active =
        ActiveStreams.newest(parts.ingest(), parts.scope()::covers, settings.active(), now);
    boolean over = streams.turn(active.keySet());
    if (over && streams.alarmed().isEmpty()) {
      events.add(LoopEvent.DriftOver.INSTANCE);
    }
    lastMeasured.keySet().retainAll(active.keySet());
    active.keySet().stream()
        .sorted(
            Comparator.comparing((String s) -> lastMeasured.getOrDefault(s, Instant.MIN))
                .thenComparing(s -> s))
        .limit(settings.streamsPerTurn())
        .forEach(
            s -> {
              lastMeasured.put(s, now);
              queue.add(new Stretch(new StreamId(s), Objects.requireNonNull(active.get(s))));
            });
    inTurn = true;
  }

  private DriftReport end() {
    inTurn = false;
    DriftReport report = streams.report(parts.clock().instant(), STREAMS_MAX, trouble);
    if (report.measured() > 0 || trouble != null) {
      topic.tell(report);
    }
    return report.worst(settings.listed());
  }

  /** One scene more of the reference that is needed, or the stream itself; false: not done yet. */
  private boolean piece(Stretch stretch, List<LoopEvent> events) {
    Cutover decides =
        view.ledger().inForce(stretch.stream(), stretch.until(), c -> true).orElse(null);
    String decided = decides == null ? null : decides.adapter();
    Adapter configured = parts.configured();
    String digest = decided == null ? configured.digest() : decided;
    if (withoutReference.contains(digest) || measuredAlready(stretch, digest)) {
      return true;
    }
    AdapterReference reference;
    try {
      reference = references.get(digest);
      if (reference == null) {
        boolean known = digest.equals(configured.digest());
        reference =
            reference(
                known ? configured : Adapter.of(view.file(digest, parts.maxBytes())),
                known || decides == null ? Instant.MIN : decides.written());
        references.put(digest, reference);
        closeOldest();
      }
      if (!reference.ready()) {
        reference.step();
        return false;
      }
    } catch (RuntimeException e) {
      withoutReference.add(digest);
      throw e;
    }
    measure(stretch, digest, reference, events);
    return true;
  }

  /** The same seconds once more give the same values, and are no second measurement. */
  private boolean measuredAlready(Stretch stretch, String adapter) {
    StreamDrift last = streams.of(stretch.stream().value());
    return last != null
        && last.adapter().equals(adapter)
        && stretch.until().isBefore(last.until().plusMillis(millis(settings.minSeconds())));
  }

  private static long millis(double seconds) {
    return Math.round(seconds * 1e3);
  }

  private AdapterReference reference(Adapter adapter, Instant fitted) {
    DecoderSettings decoder =
        DetectorModel.of(
                parts.tools().backbone(),
                adapter,
                parts.tools().hopFrames(),
                parts.tools().detect())
            .decoder();
    return new AdapterReference(
        parts.tools().backbone(),
        adapter,
        decoder.on(),
        decoder.off(),
        FittedSounds.of(store, parts.scope(), adapter, fitted, parts.tools().settings()),
        settings,
        parts.tools().where());
  }

  private void closeOldest() {
    while (references.size() > REFERENCES_MAX) {
      String oldest = references.keySet().iterator().next();
      AdapterReference gone = references.remove(oldest);
      if (gone != null) {
        gone.close();
      }
    }
  }

  private void measure(
      Stretch stretch, String adapter, AdapterReference reference, List<LoopEvent> events) {
    String id = stretch.stream().value();
    Instant from = stretch.until().minusMillis(millis(settings.seconds()));
    if (!(retained.read(stretch.stream(), from, stretch.until()) instanceof Retained.Audio audio)) {
      return;
    }
    List<Pcm> pieces = audio.pieces().stream().map(Retained.Piece::pcm).toList();
    Optional<Measured> measured =
        reference.measure(pieces, parts.gateDbfs().applyAsDouble(stretch.stream()));
    if (measured.isEmpty()) {
      return;
    }
    StreamsDrift.Change change = streams.measured(id, adapter, stretch.until(), measured.get());
    StreamDrift now = Objects.requireNonNull(streams.of(id));
    if (change == StreamsDrift.Change.RAISED) {
      LOG.warn("Stream sounds unlike what its adapter was fitted on: {}", now.text());
      events.add(new LoopEvent.Drifted(now.text()));
    } else if (change == StreamsDrift.Change.OVER) {
      LOG.info("Stream sounds again like what its adapter was fitted on: {}", now.text());
      if (streams.alarmed().isEmpty()) {
        events.add(LoopEvent.DriftOver.INSTANCE);
      }
    }
  }

  private void trouble(String what, RuntimeException e) {
    if (!what.equals(trouble)) {
      LOG.warn("Stream cannot be compared: {}", what, e instanceof TrainerException ? null : e);
    }
    trouble = what;
  }

  @Override
  public void close() {
    references.values().forEach(AdapterReference::close);
  }
}
