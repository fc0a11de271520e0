package dev.lookaside.ingest.send;

import dev.lookaside.ingest.IngestException;

/**
 * How a scene is filled.
 *
 * @param seconds length, above 0
 * @param minGapSeconds least pause between an event and the next, 0 or more; two events of one
 *     label are always at least this far apart
 * @param maxGapSeconds longest pause
 * @param minSnrDb least loudness of an event over the background (RMS over RMS, decibels)
 * @param maxSnrDb greatest
 * @param overlapProbability chance, 0 to 1, that an event starts while one of another label sounds
 * @param backgroundRms loudness of the background, above 0, at most 0.3 (full scale is 1)
 */
public record SceneSettings(
    double seconds,
    double minGapSeconds,
    double maxGapSeconds,
    double minSnrDb,
    double maxSnrDb,
    double overlapProbability,
    double backgroundRms) {
  public SceneSettings {
    check("seconds", seconds, 0.001, 86_400);
    check("minGapSeconds", minGapSeconds, 0, 3600);
    check("maxGapSeconds", maxGapSeconds, minGapSeconds, 3600);
    check("minSnrDb", minSnrDb, -60, 60);
    check("maxSnrDb", maxSnrDb, minSnrDb, 60);
    check("overlapProbability", overlapProbability, 0, 1);
    check("backgroundRms", backgroundRms, 1e-6, 0.3);
  }

  /** Clear events, one at a time: pauses of 0.5 to 2.5 s, 12 to 24 dB over a quiet background. */
  public static SceneSettings ofSeconds(double seconds) {
    return new SceneSettings(seconds, 0.5, 2.5, 12, 24, 0, 0.01);
  }

  private static void check(String field, double value, double min, double max) {
    // Written so that NaN fails too.
    if (!(value >= min && value <= max)) {
      throw new IngestException("%s \"%s\": must be %s to %s".formatted(field, value, min, max));
    }
  }
}
