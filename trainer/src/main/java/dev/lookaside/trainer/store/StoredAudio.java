package dev.lookaside.trainer.store;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/**
 * The audio of an example: one run of samples without a gap, the event with the audio around it.
 *
 * @param file 16-bit mono WAV at the front end's rate
 * @param logMel the log-mel of the whole file beside it, {@code [frames][mels]} as a NumPy array
 * @param sha256 of the file's bytes
 * @param start capture time of its first sample
 * @param rateHz samples per second
 * @param samples in the file
 * @param onsetSample first sample of the event in the file
 * @param offsetSample the sample after its last
 * @param whole false if part of the event is missing or was cut off for its length
 */
public record StoredAudio(
    Path file,
    Path logMel,
    String sha256,
    Instant start,
    int rateHz,
    int samples,
    int onsetSample,
    int offsetSample,
    boolean whole) {
  /**
   * All of it.
   *
   * @throws TrainerException if the file is missing, cannot be read or is not as it was written
   */
  public Pcm read() {
    if (!Files.isRegularFile(file)) {
      throw new TrainerException(
          "%s: audio file is missing; the store's index has it".formatted(file));
    }
    String found = Digests.sha256(file);
    if (!found.equals(sha256)) {
      throw new TrainerException(
          "%s: sha256 \"%s\": must be %s, as in the store's index".formatted(file, found, sha256));
    }
    try {
      return AudioFiles.read(file);
    } catch (IngestException e) {
      throw new TrainerException(String.valueOf(e.getMessage()), e);
    }
  }

  /** The event alone. Errors as {@link #read}. */
  public Pcm readEvent() {
    return read().part(onsetSample, offsetSample);
  }

  /** From the start of the file. */
  public double onsetSeconds() {
    return (double) onsetSample / rateHz;
  }

  /** From the start of the file. */
  public double offsetSeconds() {
    return (double) offsetSample / rateHz;
  }

  /** Of the file. */
  public double seconds() {
    return (double) samples / rateHz;
  }

  /** Frames in {@link #logMel}. */
  public long frames(FrontEnd frontEnd) {
    return frontEnd.frameCount(samples);
  }
}
