package dev.lookaside.trainer.store;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.Sha256;
import dev.lookaside.ingest.audio.WavWriter;
import java.time.Instant;
import java.util.Optional;

/** Rows of examples that come from no label. */
final class Seeds {
  private Seeds() {}

  static Row row(Seed seed, Sound sound, MadeWith madeWith) {
    String id =
        Digests.id(
            "seed",
            seed.recording(),
            seed.label().orElse(""),
            Integer.toString(sound.onsetSample()),
            Integer.toString(sound.offsetSample()),
            Sha256.hex(WavWriter.int16(sound.pcm())));
    String stream = "seed:" + seed.recording();
    Split split =
        seed.split()
            .orElseGet(() -> Split.of(stream, madeWith.splitSeed(), madeWith.heldOutShare()));
    return new Row(
        id,
        stream,
        seed.label(),
        Optional.empty(),
        time(sound, sound.onsetSample()),
        time(sound, sound.offsetSample()),
        stream,
        split,
        Origin.SEED,
        seed.author(),
        Instant.EPOCH,
        null,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  static Row sampledRow(
      String stream, Instant start, Sound sound, String author, MadeWith madeWith) {
    String recording = Row.recording(stream, start);
    return new Row(
        Digests.id("sampled", stream, start.toString(), Sha256.hex(WavWriter.int16(sound.pcm()))),
        stream,
        Optional.empty(),
        Optional.empty(),
        start,
        time(sound, sound.offsetSample()),
        recording,
        Split.of(recording, madeWith.splitSeed(), madeWith.heldOutShare()),
        Origin.SAMPLED,
        author,
        start,
        null,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static Instant time(Sound sound, int sample) {
    return AudioChunk.timeOf(sound.start(), sample, sound.pcm().rateHz());
  }
}
