package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.Rejection.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decodes the payloads of chunks to mono. Never throws on bad input: it is answered with a {@link
 * Rejection}. Has no state, so any number of threads may share one.
 */
public final class AudioDecoder {
  private static final Logger LOG = LoggerFactory.getLogger(AudioDecoder.class);

  /** What became of a payload. */
  public sealed interface Decoded {}

  /** It is sound. */
  public record Samples(Pcm pcm) implements Decoded {}

  /** It is not. */
  public record Rejected(Rejection rejection) implements Decoded {}

  private final ChannelPolicy policy;
  private final long maxPayloadBytes;

  /**
   * @param maxPayloadBytes larger payloads are rejected, and compressed ones whose samples would be
   *     more than this many bytes at 16 bits
   */
  public AudioDecoder(ChannelPolicy policy, long maxPayloadBytes) {
    if (maxPayloadBytes < 1) {
      throw new IngestException(
          "maxPayloadBytes \"%d\": must be 1 or more".formatted(maxPayloadBytes));
    }
    this.policy = policy;
    this.maxPayloadBytes = maxPayloadBytes;
  }

  /**
   * Decodes one payload.
   *
   * @param payload only read
   */
  public Decoded decode(AudioFormat format, byte[] payload) {
    try {
      return new Samples(samples(format, payload));
    } catch (IngestException e) {
      Rejection rejection = e.rejection();
      return new Rejected(rejection == null ? unreadable(format, payload, e) : rejection);
    } catch (IOException | RuntimeException e) {
      // A decoder library met bytes that it did not expect.
      return new Rejected(unreadable(format, payload, e));
    }
  }

  private static Rejection unreadable(AudioFormat format, byte[] payload, Exception e) {
    LOG.debug("A payload of {} bytes cannot be decoded as {}", payload.length, format, e);
    return new Rejection(
        Reason.BAD_AUDIO,
        "payload",
        payload.length + " bytes",
        "cannot be decoded as " + format.contentType());
  }

  private Pcm samples(AudioFormat format, byte[] payload) throws IOException {
    if (payload.length == 0) {
      throw Faults.empty("payload bytes", 0);
    }
    if (payload.length > maxPayloadBytes) {
      throw Faults.tooLarge("payload bytes", payload.length, maxPayloadBytes, "bytes");
    }
    return switch (format.encoding()) {
      case L16 -> raw(SampleCoding.S16BE, format, payload);
      case S16LE -> raw(SampleCoding.S16LE, format, payload);
      case F32LE -> raw(SampleCoding.F32LE, format, payload);
      case WAV ->
          drain(
              WavInput.open(new ByteArrayInputStream(payload), payload.length, ReadRules.PAYLOAD));
      case FLAC -> drain(FlacInput.open(new ByteArrayInputStream(payload), ReadRules.PAYLOAD));
    };
  }

  private Pcm raw(SampleCoding coding, AudioFormat format, byte[] payload) {
    int channels = format.channels();
    int frameBytes = coding.bytes * channels;
    if (payload.length % frameBytes != 0) {
      throw Faults.badAudio(
          "payload bytes",
          payload.length,
          "must be a multiple of the %d bytes of a frame".formatted(frameBytes));
    }
    int frames = payload.length / frameBytes;
    float[] interleaved = new float[frames * channels];
    coding.decode(payload, 0, interleaved, interleaved.length);
    Faults.checkSamples(interleaved, interleaved.length, channels, 0);
    if (channels == 1 && policy.channel() <= 0) {
      return new Pcm(format.rateHz(), interleaved);
    }
    float[] mono = new float[frames];
    policy.toMono(interleaved, channels, mono, 0, frames);
    return new Pcm(format.rateHz(), mono);
  }

  private Pcm drain(AudioInput input) throws IOException {
    long maxFrames = Math.max(1, maxPayloadBytes / (2L * input.channels()));
    if (input.lengthFrames() > maxFrames) {
      throw Faults.tooLarge("samples per channel", input.lengthFrames(), maxFrames, "samples");
    }
    return MonoReader.readAll(input, policy, maxFrames);
  }
}
