package dev.lookaside.trainer.store;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import java.time.Instant;

/**
 * Audio on its way into the store.
 *
 * @param pcm at the front end's rate
 * @param start capture time of its first sample
 * @param onsetSample first sample of the event in it
 * @param offsetSample the sample after its last
 * @param whole false if part of the event is missing
 */
record Sound(Pcm pcm, Instant start, int onsetSample, int offsetSample, boolean whole) {
  Sound {
    if (onsetSample < 0 || offsetSample <= onsetSample || offsetSample > pcm.lengthSamples()) {
      throw new TrainerException(
          "event \"%d to %d\": must lie within the %d samples of its audio"
              .formatted(onsetSample, offsetSample, pcm.lengthSamples()));
    }
  }
}
