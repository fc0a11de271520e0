package dev.lookaside.classifier.detect;

import dev.lookaside.featurizer.StreamTrack;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.ProgressBytes;
import dev.lookaside.ingest.StreamProgress;
import java.util.Set;
import java.util.TreeSet;

/**
 * The state of one stream, as {@link StreamProgress#state()} carries it.
 *
 * <pre>
 *   byte    1                 version
 *   text    fingerprint of front end, window and hop
 *   int64   milliseconds by which the stream's clock was ahead of the broker's, last reported
 *   ...     accounts
 *   int32   n, then n times int64: offsets of records that failed the stream, still to be skipped
 *   ...     track
 *   ...     decoder
 * </pre>
 *
 * @param fingerprint see {@link dev.lookaside.featurizer.FeatureSpec#fingerprint}
 * @param clockAheadMillis negative: the clock was behind
 * @param accounts where the samples went
 * @param poison offsets of records that must not be given to the track
 * @param track where reading goes on
 * @param decoder the rest, for {@link StreamDecoder#read}
 */
public record StreamState(
    String fingerprint,
    long clockAheadMillis,
    StreamAccounts accounts,
    Set<Long> poison,
    StreamTrack.State track,
    ProgressBytes.Reader decoder) {
  private static final byte VERSION = 1;

  /**
   * Reads the state of a progress record.
   *
   * @throws IngestException if it is none of this version
   */
  public static StreamState of(StreamProgress progress) {
    byte[] state = progress.state();
    if (state.length == 0 || state[0] != VERSION) {
      throw new IngestException(
          "progress, version of its state \"%s\": must be %d"
              .formatted(state.length == 0 ? "" : state[0], VERSION));
    }
    ProgressBytes.Reader in = new ProgressBytes.Reader(state);
    in.int8();
    String fingerprint = in.text();
    long clockAheadMillis = in.int64();
    StreamAccounts accounts = StreamAccounts.read(in);
    Set<Long> poison = new TreeSet<>();
    for (int left = in.count(Long.BYTES); left > 0; left--) {
      poison.add(in.int64());
    }
    return new StreamState(
        fingerprint, clockAheadMillis, accounts, poison, StreamTrack.State.read(in), in);
  }

  /**
   * After the decoder has been read: nothing may follow.
   *
   * @throws IngestException if something does
   */
  void checkEnd() {
    if (!decoder.atEnd()) {
      throw decoder.bad("the state must end here");
    }
  }

  static byte[] bytes(
      String fingerprint,
      long clockAheadMillis,
      StreamAccounts accounts,
      Set<Long> poison,
      StreamTrack.State track,
      StreamDecoder decoder) {
    ProgressBytes.Writer out = new ProgressBytes.Writer();
    out.int8(VERSION).text(fingerprint).int64(clockAheadMillis);
    accounts.write(out);
    out.int32(poison.size());
    poison.forEach(out::int64);
    track.write(out);
    decoder.write(out);
    return out.toByteArray();
  }
}
