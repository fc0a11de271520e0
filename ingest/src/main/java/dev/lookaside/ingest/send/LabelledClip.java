package dev.lookaside.ingest.send;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.audio.Pcm;

/**
 * A sound that is one event from its first to its last sample.
 *
 * @param label its class
 * @param pcm not empty
 */
public record LabelledClip(String label, Pcm pcm) {
  public LabelledClip {
    if (label.isBlank()) {
      throw new IngestException("label \"%s\": must not be blank".formatted(label));
    }
    if (pcm.lengthSamples() == 0) {
      throw new IngestException("clip \"%s\": must hold samples".formatted(label));
    }
  }

  private static final double MIN_SILENCE_SECONDS = 0.1;

  /** Half a step of 16-bit samples. */
  private static final float SILENT = 0.5f / 32_768;

  /**
   * A sound without the digital silence of 0.1 s or more at its ends, with which collections fill
   * clips up to one length: nothing sounds there, so it is no part of an event. All of a clip that
   * is nothing else.
   */
  public static LabelledClip sounding(String label, Pcm pcm) {
    float[] samples = pcm.samples();
    int from = 0;
    while (from < samples.length && Math.abs(samples[from]) <= SILENT) {
      from++;
    }
    if (from == samples.length) {
      return new LabelledClip(label, pcm);
    }
    int until = samples.length;
    while (Math.abs(samples[until - 1]) <= SILENT) {
      until--;
    }
    double least = MIN_SILENCE_SECONDS * pcm.rateHz();
    from = from < least ? 0 : from;
    until = samples.length - until < least ? samples.length : until;
    return from == 0 && until == samples.length
        ? new LabelledClip(label, pcm)
        : new LabelledClip(label, pcm.part(from, until));
  }
}
