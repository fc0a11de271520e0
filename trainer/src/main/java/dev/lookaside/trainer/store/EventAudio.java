package dev.lookaside.trainer.store;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.kafka.BrokerException;
import dev.lookaside.ingest.kafka.SlowReadException;
import dev.lookaside.ingest.kafka.UnreachableException;
import dev.lookaside.ingest.retained.Cause;
import dev.lookaside.ingest.retained.Retained;
import dev.lookaside.ingest.retained.Retained.Piece;
import dev.lookaside.ingest.retained.RetainedAudio;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the audio of examples that await theirs. An event keeps the one run of samples that holds
 * most of it: a hole is never filled with silence. One thread.
 */
final class EventAudio implements AutoCloseable {
  /** Between two looks for the same audio. */
  private static final Duration AGAIN = Duration.ofSeconds(1);

  /** At most, after readings that failed. */
  private static final Duration AGAIN_MOST = Duration.ofMinutes(1);

  /** A reading that took longer is the last of its turn, so that labels are taken meanwhile. */
  private static final Duration SLOW = Duration.ofSeconds(2);

  /** Searches that did not end, until audio that is awaited no longer is given up. */
  private static final int SLOW_SEARCHES = 3;

  /**
   * When an example's audio is looked for again.
   *
   * @param failures readings in a row that failed
   * @param searches of them that a broker answered and that did not end
   */
  private record Later(Instant notBefore, int failures, int searches) {}

  private final ExampleStore store;
  private final RetainedAudio retained;
  private final StoreSettings settings;
  private final InstantSource clock;
  private final Map<String, Later> later = new HashMap<>();

  record Outcome(int held, int lost, int awaited) {}

  /**
   * @param retained owned
   */
  EventAudio(
      ExampleStore store, RetainedAudio retained, StoreSettings settings, InstantSource clock) {
    this.store = store;
    this.retained = retained;
    this.settings = settings;
    this.clock = clock;
  }

  /** Looks once for each example that is due, until one takes long. */
  Outcome readDue() {
    int held = 0;
    int lost = 0;
    int awaited = 0;
    boolean tired = false;
    for (StoredExample example : store.awaited()) {
      Instant now = clock.instant();
      Later known = later.getOrDefault(example.id(), new Later(dueAt(example), 0, 0));
      if (tired || now.isBefore(known.notBefore())) {
        awaited++;
        continue;
      }
      AudioState state = read(example, known, now);
      held += state == AudioState.HELD ? 1 : 0;
      lost += state == AudioState.LOST ? 1 : 0;
      awaited += state == AudioState.AWAITED ? 1 : 0;
      if (state != AudioState.AWAITED) {
        later.remove(example.id());
      }
      Later next = later.get(example.id());
      tired =
          Duration.between(now, clock.instant()).compareTo(SLOW) > 0
              || (next != null && next.failures() > 0);
    }
    return new Outcome(held, lost, awaited);
  }

  /** Before that not even its first sample is expected, whatever the clocks' error. */
  private Instant dueAt(StoredExample example) {
    return example.onset().minus(settings.audioWait());
  }

  private AudioState read(StoredExample example, Later known, Instant now) {
    Instant end = earlier(example.offset(), example.onset().plusMillis(settings.maxEventMillis()));
    Instant until = end.plusMillis(settings.contextMillis());
    boolean mayWait = now.isBefore(until.plus(settings.audioWait()));
    Retained found;
    try {
      found =
          retained.read(
              new StreamId(example.stream()),
              example.onset().minusMillis(settings.contextMillis()),
              until,
              settings.readTimeout());
    } catch (UnreachableException e) {
      return failed(example, known, e, mayWait);
    } catch (IngestException | BrokerException.MissingTopic e) {
      return lose(example, String.valueOf(e.getMessage()));
    }
    later.put(example.id(), new Later(now.plus(AGAIN), 0, 0));
    if (found instanceof Retained.Nothing nothing) {
      return mayWait && nothing.cause().mayCome()
          ? wait(example, nothing.message())
          : lose(example, nothing.message());
    }
    Retained.Audio audio = (Retained.Audio) found;
    if (mayWait && audio.holes().stream().anyMatch(h -> h.cause().mayCome())) {
      return wait(example, "its audio and context have not all come yet");
    }
    Optional<Piece> best =
        audio.pieces().stream()
            .max(Comparator.comparing(p -> overlap(p, example.onset(), end)))
            .filter(p -> overlap(p, example.onset(), end).compareTo(sample(p)) > 0);
    if (best.isEmpty()) {
      return lose(example, missing(audio, example.onset(), end));
    }
    store.hold(example.id(), sound(best.get(), example.onset(), end, example.offset()));
    return AudioState.HELD;
  }

  /** There is audio around the event, but not of it. */
  private static String missing(Retained.Audio audio, Instant onset, Instant end) {
    Cause cause =
        audio.holes().stream()
            .filter(h -> h.from().isBefore(end) && h.until().isAfter(onset))
            .map(Retained.Hole::cause)
            .findFirst()
            .orElse(Cause.GAP);
    return "audio of %s to %s: %s; retained is %s to %s"
        .formatted(
            onset,
            end,
            cause.phrase(),
            audio.pieces().get(0).start(),
            audio.pieces().get(audio.pieces().size() - 1).end());
  }

  /** A broker that is away loses no audio; a search that never ends would starve all others. */
  private AudioState failed(
      StoredExample example, Later known, UnreachableException e, boolean mayWait) {
    String why = String.valueOf(e.getMessage());
    int searches = known.searches() + (e instanceof SlowReadException ? 1 : 0);
    if (!mayWait && searches >= SLOW_SEARCHES) {
      return lose(example, why);
    }
    int failures = known.failures() + 1;
    Duration pause = AGAIN.multipliedBy(1L << Math.min(failures, 6));
    pause = pause.compareTo(AGAIN_MOST) < 0 ? pause : AGAIN_MOST;
    // From its end: the reading itself took its time.
    later.put(example.id(), new Later(clock.instant().plus(pause), failures, searches));
    return wait(example, why);
  }

  private AudioState wait(StoredExample example, String reason) {
    if (!example.audioReason().equals(Optional.of(reason))) {
      store.without(example.id(), AudioState.AWAITED, reason);
    }
    return AudioState.AWAITED;
  }

  private AudioState lose(StoredExample example, String reason) {
    store.without(example.id(), AudioState.LOST, reason);
    return AudioState.LOST;
  }

  private Sound sound(Piece piece, Instant onset, Instant end, Instant offset) {
    Pcm pcm = store.atRate(piece.pcm());
    int from = Math.max(0, sampleAt(piece, onset, pcm.rateHz()));
    int until = Math.min(pcm.lengthSamples(), sampleAt(piece, end, pcm.rateHz()));
    boolean whole =
        end.equals(offset)
            && !piece.start().isAfter(onset)
            && !piece.end().plus(sample(piece)).isBefore(end);
    int kept = Math.min(from, pcm.lengthSamples() - 1);
    return new Sound(pcm, piece.start(), kept, Math.max(kept + 1, until), whole);
  }

  private static int sampleAt(Piece piece, Instant time, int rateHz) {
    double seconds = Duration.between(piece.start(), time).toNanos() / 1e9;
    return (int) Math.round(seconds * rateHz);
  }

  private static Duration overlap(Piece piece, Instant onset, Instant end) {
    Duration shared = Duration.between(later(piece.start(), onset), earlier(piece.end(), end));
    return shared.isNegative() ? Duration.ZERO : shared;
  }

  private static Duration sample(Piece piece) {
    return Duration.between(
        Instant.EPOCH, AudioChunk.timeOf(Instant.EPOCH, 1, piece.pcm().rateHz()));
  }

  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }

  private static Instant later(Instant a, Instant b) {
    return a.isAfter(b) ? a : b;
  }

  @Override
  public void close() {
    retained.close();
  }
}
