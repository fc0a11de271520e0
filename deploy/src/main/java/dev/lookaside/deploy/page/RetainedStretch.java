package dev.lookaside.deploy.page;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.kafka.BrokerException;
import dev.lookaside.ingest.retained.Retained;
import dev.lookaside.ingest.retained.RetainedAudio;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Semaphore;

/** Stretches of retained audio. A few at a time; more are turned away. */
final class RetainedStretch {
  static final Duration LONGEST = Duration.ofSeconds(60);
  private static final int AT_ONCE = 2;

  private final IngestSettings settings;
  private final ChannelPolicy channel;
  private final Semaphore places = new Semaphore(AT_ONCE);

  RetainedStretch(IngestSettings settings, ChannelPolicy channel) {
    this.settings = settings;
    this.channel = channel;
  }

  /**
   * The audio of {@code [from, until)}; silence stands where nothing is retained in between.
   *
   * @throws RequestRejected 400 for a wrong stretch, 404 if nothing of it is retained, 503 if
   *     others are listening
   */
  Pcm read(String stream, Instant from, Instant until) {
    if (!until.isAfter(from)) {
      throw RequestRejected.bad("until", until.toString(), "must be after from " + from);
    }
    if (Duration.between(from, until).compareTo(LONGEST) > 0) {
      throw RequestRejected.bad(
          "until",
          until.toString(),
          "must be at most %d s after from %s".formatted(LONGEST.toSeconds(), from));
    }
    if (!places.tryAcquire()) {
      throw new RequestRejected(503, "too many stretches are being read; ask again");
    }
    try (RetainedAudio audio = RetainedAudio.open(settings, channel)) {
      Retained found = audio.read(new StreamId(stream), from, until);
      if (found instanceof Retained.Audio pieces) {
        return joined(pieces, from, until);
      }
      throw new RequestRejected(404, ((Retained.Nothing) found).message());
    } catch (IngestException e) {
      throw RequestRejected.bad(e);
    } catch (BrokerException.MissingTopic e) {
      throw new RequestRejected(404, String.valueOf(e.getMessage()));
    } finally {
      places.release();
    }
  }

  /** Pieces at their places; a piece with another rate than the first one's is left out. */
  private static Pcm joined(Retained.Audio audio, Instant from, Instant until) {
    int rateHz = audio.pieces().get(0).pcm().rateHz();
    float[] samples = new float[place(Duration.between(from, until), rateHz)];
    for (Retained.Piece piece : audio.pieces()) {
      if (piece.pcm().rateHz() == rateHz) {
        float[] own = piece.pcm().samples();
        int at = Math.max(0, place(Duration.between(from, piece.start()), rateHz));
        int count = Math.min(own.length, samples.length - at);
        if (count > 0) {
          System.arraycopy(own, 0, samples, at, count);
        }
      }
    }
    return new Pcm(rateHz, samples);
  }

  private static int place(Duration duration, int rateHz) {
    return (int) Math.round(duration.toNanos() * 1e-9 * rateHz);
  }
}
