package dev.lookaside.ingest.retained;

import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.RetainedSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.ingest.kafka.TopicReader;
import java.time.Duration;
import java.time.Instant;

/**
 * A stream's audio by capture time, as long as {@code audio.chunks} retains it. For one thread;
 * each call ends within its timeout and holds at most {@code max-read-seconds} of audio, and little
 * else whatever else is on the topic.
 *
 * <p>A sample's capture time is its chunk's, plus its place in the chunk; within one run of a
 * sender whose chunks say their sample offsets, it is exact to the nanosecond. A sender that says
 * no times has those of the records, and the place of its samples is as exact as these.
 */
public final class RetainedAudio implements AutoCloseable {
  private final RetainedChunks chunks;
  private final AudioDecoder decoder;
  private final RetainedSettings settings;

  RetainedAudio(RetainedChunks chunks, AudioDecoder decoder, RetainedSettings settings) {
    this.chunks = chunks;
    this.decoder = decoder;
    this.settings = settings;
  }

  /**
   * Connects at the first reading.
   *
   * @param channel which one of several counts, as in the live pipeline
   */
  public static RetainedAudio open(IngestSettings settings, ChannelPolicy channel) {
    return new RetainedAudio(
        RetainedChunks.open(settings),
        new AudioDecoder(channel, settings.maxPayloadBytes()),
        settings.retained());
  }

  /**
   * Over a reader of the caller's.
   *
   * @param chunks of {@code audio.chunks}, seeking; closed with this one
   */
  public static RetainedAudio over(
      TopicReader chunks, AudioChunkCodec codec, AudioDecoder decoder, RetainedSettings settings) {
    return new RetainedAudio(new RetainedChunks(chunks, codec, settings), decoder, settings);
  }

  /**
   * The audio of {@code [from, until)}: every retained sample whose capture time lies in it.
   *
   * @throws IngestException naming {@code until} if it is not after {@code from}, or too long after
   * @throws dev.lookaside.ingest.kafka.BrokerException if the topic is not there
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers, or it takes
   *     longer than the settings' timeout
   */
  public Retained read(StreamId stream, Instant from, Instant until) {
    return read(stream, from, until, Duration.ofMillis(settings.timeoutMillis()));
  }

  /** As {@link #read(StreamId, Instant, Instant)}, within a timeout of the caller's. */
  public Retained read(StreamId stream, Instant from, Instant until, Duration timeout) {
    Duration length = Duration.between(from, until);
    if (length.isNegative() || length.isZero()) {
      throw new IngestException("until \"%s\": must be after from %s".formatted(until, from));
    }
    if (length.compareTo(Duration.ofSeconds(settings.maxReadSeconds())) > 0) {
      throw new IngestException(
          "until \"%s\": must be at most %d s after from %s"
              .formatted(until, settings.maxReadSeconds(), from));
    }
    Place place = chunks.find(stream, from, until, timeout);
    if (place instanceof Place.Missing missing) {
      return new Retained.Nothing(
          missing.cause(),
          RetainedInterval.message(stream, from, until, missing.cause(), missing.at()));
    }
    Place.Found found = (Place.Found) place;
    RetainedInterval stretch =
        new RetainedInterval(stream, from, until, found.firstKept(), decoder);
    chunks.walk(stream, found, until, timeout, (record, decoded) -> stretch.add(decoded));
    return stretch.end();
  }

  @Override
  public void close() {
    chunks.close();
  }
}
