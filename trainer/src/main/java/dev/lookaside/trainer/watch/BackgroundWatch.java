package dev.lookaside.trainer.watch;

import dev.lookaside.classifier.detect.CurrentDetections;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.retained.ActiveStreams;
import dev.lookaside.ingest.retained.Retained;
import dev.lookaside.ingest.retained.RetainedAudio;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.Stretch;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes background of the streams of a scope from time to time: the newest stretch in which nothing
 * was detected or labelled and nothing stands out. It goes into the store as {@link
 * dev.lookaside.trainer.store.Origin#SAMPLED}, and newer background takes the place of older one.
 * Works in pieces of a stream, some milliseconds each, that the caller may stop asking for. For one
 * thread; {@link #due} for any.
 */
public final class BackgroundWatch {
  private static final Logger LOG = LoggerFactory.getLogger(BackgroundWatch.class);

  /** An event that began before that and still lasts is not known of. */
  private static final Duration LOOK_BACK = Duration.ofMinutes(15);

  /** Around events: onsets and offsets are as exact as windows are. */
  private static final Duration MARGIN = Duration.ofSeconds(1);

  /**
   * By so much the loudest twentieth of a second may be above the median one: an undetected sound
   * of no known class must not become background.
   */
  private static final double STANDS_OUT_DB = 6;

  /** Streams in a turn, those taken longest ago first: bounds the work. */
  private static final int STREAMS_PER_TURN = 20;

  /** Two windows of the bundled model: shorter stretches hold little besides edges of events. */
  private static final double MIN_SECONDS = 3;

  /** Examples of one stream; newer ones take the place of older ones. */
  private static final int PER_STREAM = 12;

  private static final double FRAME_SECONDS = .05;

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
  private final Map<String, List<Stretch>> events = new HashMap<>();
  private volatile boolean inTurn;
  private volatile Instant next;

  /**
   * @param gateDbfs level of a stream's silence gate
   * @param store and {@code retained}: stay the caller's to close
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
      store.limitSampled(PER_STREAM, settings.total());
    }
  }

  /** Those taken longest ago come first, so that all have their turn however many they are. */
  private void begin() {
    Instant now = clock.instant();
    next = now.plus(settings.interval());
    SortedMap<String, Instant> active =
        ActiveStreams.newest(ingest, scope::covers, settings.active(), now);
    newest.clear();
    newest.putAll(active);
    lastTaken.keySet().retainAll(active.keySet());
    CurrentDetections.find(ingest, null, now.minus(LOOK_BACK), d -> scope.covers(d.stream()))
        .forEach(this::note);
    active.keySet().stream()
        .sorted(
            Comparator.comparing((String s) -> lastTaken.getOrDefault(s, Instant.MIN))
                .thenComparing(s -> s))
        .limit(STREAMS_PER_TURN)
        .forEach(
            s -> {
              lastTaken.put(s, now);
              queue.add(new StreamId(s));
            });
  }

  private void note(Detection d) {
    Instant offset = d.extent().offsetTime();
    events
        .computeIfAbsent(d.stream().value(), s -> new ArrayList<>())
        .add(
            new Stretch(
                d.extent().onsetTime().minus(MARGIN),
                offset == null ? Instant.MAX : offset.plus(MARGIN)));
  }

  private void take(StreamId stream) {
    String id = stream.value();
    Instant until = Objects.requireNonNull(newest.get(id), id).minus(settings.settle());
    Instant from = until.minusMillis(Math.round(settings.seconds() * 1e3));
    if (!(retained.read(stream, from, until) instanceof Retained.Audio audio)) {
      return;
    }
    List<Stretch> busy = new ArrayList<>(events.getOrDefault(id, List.of()));
    busy.addAll(store.known(id, from, until));
    Optional<Retained.Piece> free = longestFree(audio.pieces(), busy, MIN_SECONDS);
    if (free.isPresent()
        && steady(free.get().pcm(), gateDbfs.applyAsDouble(stream), STANDS_OUT_DB)) {
      store.putSampled(id, free.get().start(), free.get().pcm(), author);
    }
  }

  /**
   * The longest part of some audio that no stretch touches.
   *
   * @param busy in any order
   * @return empty if none is as long as {@code minSeconds}
   */
  static Optional<Retained.Piece> longestFree(
      List<Retained.Piece> pieces, List<Stretch> busy, double minSeconds) {
    List<Stretch> sorted = new ArrayList<>(busy);
    sorted.sort(Comparator.comparing(Stretch::from));
    Retained.@Nullable Piece longest = null;
    for (Retained.Piece piece : pieces) {
      Instant free = piece.start();
      for (Stretch stretch : sorted) {
        longest = longer(longest, piece.part(free, stretch.from()));
        free = stretch.until().isAfter(free) ? stretch.until() : free;
      }
      longest = longer(longest, piece.part(free, piece.end()));
    }
    return Optional.ofNullable(longest).filter(p -> p.pcm().seconds() >= minSeconds);
  }

  private static Retained.Piece longer(Retained.@Nullable Piece one, Retained.Piece other) {
    return one == null || other.pcm().seconds() > one.pcm().seconds() ? other : one;
  }

  /**
   * Whether nothing stands out: a sound that no class is known for is not detected either, and is
   * no background.
   *
   * @param gateDbfs level below which the stream is taken for silent
   * @param standsOutDb by how much the loudest twentieth of a second may be above the middle one
   */
  static boolean steady(Pcm pcm, double gateDbfs, double standsOutDb) {
    int frame = (int) Math.round(FRAME_SECONDS * pcm.rateHz());
    double[] levels = new double[pcm.lengthSamples() / frame];
    for (int i = 0; i < levels.length; i++) {
      double power = 0;
      for (int j = i * frame; j < (i + 1) * frame; j++) {
        power += (double) pcm.samples()[j] * pcm.samples()[j];
      }
      levels[i] = 10 * Math.log10(power / frame);
    }
    Arrays.sort(levels);
    double middle = levels.length == 0 ? Double.NEGATIVE_INFINITY : levels[levels.length / 2];
    return Double.isFinite(middle)
        && middle >= gateDbfs
        && levels[levels.length - 1] - middle <= standsOutDb;
  }
}
