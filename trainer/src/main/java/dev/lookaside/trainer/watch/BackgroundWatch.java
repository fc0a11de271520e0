package dev.lookaside.trainer.watch;

import dev.lookaside.classifier.detect.DetectException;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.retained.Retained;
import dev.lookaside.ingest.retained.RetainedAudio;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.Stretch;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes background of the streams of a scope from time to time: the newest stretch in which nothing
 * was detected or labelled and nothing stands out. It goes into the store as {@link
 * dev.lookaside.trainer.store.Origin#SAMPLED}, and newer background takes the place of older one.
 * Works in pieces of a stream, some milliseconds each, that the caller may stop asking for. For one
 * thread; {@link #due} for any.
 */
public final class BackgroundWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BackgroundWatch.class);

  /** An event that began before that and still lasts is not known of. */
  private static final Duration LOOK_BACK = Duration.ofMinutes(15);

  /** Around events: onsets and offsets are as exact as windows are. */
  private static final Duration MARGIN = Duration.ofSeconds(1);

  private final Scope scope;
  private final String author;
  private final BackgroundSettings settings;
  private final IngestSettings ingest;
  private final ToDoubleFunction<StreamId> gateDbfs;
  private final ExampleStore store;
  private final RetainedAudio retained;
  private final Clock clock;
  private final ArrayDeque<StreamId> queue = new ArrayDeque<>();
  private final Map<String, Instant> newest = new TreeMap<>();
  private final Map<String, Instant> lastTaken = new TreeMap<>();
  private final Map<String, Map<String, Stretch>> events = new HashMap<>();
  private volatile boolean inTurn;
  private volatile Instant next;

  /**
   * @param gateDbfs level of a stream's silence gate
   * @param store stays the caller's to close
   * @param retained owned
   */
  public BackgroundWatch(
      Scope scope,
      String author,
      BackgroundSettings settings,
      IngestSettings ingest,
      ToDoubleFunction<StreamId> gateDbfs,
      ExampleStore store,
      RetainedAudio retained,
      Clock clock) {
    this.scope = scope;
    this.author = author;
    this.settings = settings;
    this.ingest = ingest;
    this.gateDbfs = gateDbfs;
    this.store = store;
    this.retained = retained;
    this.clock = clock;
    this.next = clock.instant().plus(settings.interval());
  }

  public boolean due() {
    return inTurn || !clock.instant().isBefore(next);
  }

  /** Does the next piece, if one is due. */
  public void step() {
    if (!due()) {
      return;
    }
    if (!inTurn) {
      begin();
    }
    StreamId stream = queue.poll();
    inTurn = !queue.isEmpty();
    if (stream != null) {
      try {
        take(stream);
      } catch (RuntimeException e) {
        LOG.warn("No background is taken of {}: {}", stream, e.getMessage());
      }
    }
    if (!inTurn) {
      events.clear();
      store.limitSampled(settings.perStream(), settings.total());
    }
  }

  /** Those taken longest ago come first, so that all have their turn however many they are. */
  private void begin() {
    Instant now = clock.instant();
    next = now.plus(settings.interval());
    SortedMap<String, Instant> active = ActiveStreams.newest(ingest, scope, settings.active(), now);
    newest.clear();
    newest.putAll(active);
    lastTaken.keySet().retainAll(active.keySet());
    DetectionCodec codec = new DetectionCodec();
    String topic = ingest.topics().detections().name();
    ActiveStreams.read(ingest, topic, LOOK_BACK, now, record -> note(codec, record));
    active.keySet().stream()
        .sorted(
            Comparator.comparing((String s) -> lastTaken.getOrDefault(s, Instant.MIN))
                .thenComparing(s -> s))
        .limit(settings.streamsPerTurn())
        .forEach(
            s -> {
              lastTaken.put(s, now);
              queue.add(new StreamId(s));
            });
  }

  /** The last word on each event counts; gaps hold no audio anyway. */
  private void note(DetectionCodec codec, ConsumerRecord<byte[], byte[]> record) {
    Detection d;
    try {
      d = codec.decode(record);
    } catch (DetectException e) {
      // Reported by whoever reads the topic for its own sake.
      return;
    }
    Map<String, Stretch> ofStream =
        events.computeIfAbsent(d.stream().value(), s -> new HashMap<>());
    Instant offset = d.extent().offsetTime();
    Instant from = d.extent().onsetTime().minus(MARGIN);
    if (d.kind() == Detection.Kind.RETRACTED) {
      ofStream.remove(d.id());
    } else {
      ofStream.put(d.id(), new Stretch(from, offset == null ? Instant.MAX : offset.plus(MARGIN)));
    }
  }

  private void take(StreamId stream) {
    String id = stream.value();
    Instant until = Objects.requireNonNull(newest.get(id), id).minus(settings.settle());
    Instant from = until.minusMillis(Math.round(settings.seconds() * 1e3));
    if (!(retained.read(stream, from, until) instanceof Retained.Audio audio)) {
      return;
    }
    List<Stretch> busy = new ArrayList<>(events.getOrDefault(id, Map.of()).values());
    busy.addAll(store.known(id, from, until));
    Optional<Retained.Piece> free =
        Background.longestFree(audio.pieces(), busy, settings.minSeconds());
    if (free.isPresent()
        && Background.steady(
            free.get().pcm(), gateDbfs.applyAsDouble(stream), settings.standsOutDb())) {
      store.putSampled(id, free.get().start(), free.get().pcm(), author);
    }
  }

  @Override
  public void close() {
    retained.close();
  }
}
