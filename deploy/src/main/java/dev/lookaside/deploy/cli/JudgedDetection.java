package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.replay.StandingDetections;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which detection a label is about: its id, or where it lies. */
final class JudgedDetection {
  /** Records are written after the audio was captured; senders' clocks are off by less. */
  private static final Duration SLACK = Duration.ofMinutes(10);

  private static final int LISTED = 5;

  @Option(
      names = "--detection",
      paramLabel = "ID",
      description = "The detection's id, or how it begins (lookaside listen --json prints it).")
  private @Nullable String id;

  @Option(
      names = "--stream",
      paramLabel = "ID",
      description = "The stream; without --detection also --onset and --offset.")
  private @Nullable String stream;

  @Option(
      names = "--onset",
      paramLabel = "TIME",
      description = "Capture time, as 2026-03-01T12:00:00Z: the only event that overlaps...")
  private @Nullable String onset;

  @Option(names = "--offset", paramLabel = "TIME", description = "...the stretch up to here.")
  private @Nullable String offset;

  @Option(
      names = "--detected",
      paramLabel = "CLASS",
      description = "Of several events there, the one of this class.")
  private @Nullable String detected;

  /**
   * Looks it up on the topic.
   *
   * @throws CliException if there is none, or more than one
   */
  Detection find(IngestSettings ingest) {
    String wantedId = id;
    StreamId of = stream == null ? null : LabelOptions.stream(stream);
    if (wantedId != null && !wantedId.isBlank()) {
      return only(
          StandingDetections.find(ingest, of, Instant.MIN, d -> d.id().startsWith(wantedId)),
          "--detection \"" + wantedId + "\"");
    }
    if (of == null || onset == null || offset == null) {
      throw new CliException(
          "--detection \"\": must be given, or else --stream, --onset and --offset");
    }
    Instant from = ReplayCommand.time("--onset", onset);
    Instant until = ReplayCommand.time("--offset", offset);
    if (!from.isBefore(until)) {
      throw new CliException("--offset \"" + offset + "\": must be after --onset, " + onset);
    }
    List<Detection> found =
        StandingDetections.find(ingest, of, from.minus(SLACK), d -> d.label() != null).stream()
            .filter(overlap(from, until))
            .filter(d -> detected == null || detected.equals(d.label()))
            .toList();
    return only(found, "--stream \"%s\", %s to %s".formatted(stream, onset, offset));
  }

  private static Predicate<Detection> overlap(Instant from, Instant until) {
    return d -> {
      Instant end = d.extent().offsetTime();
      return d.extent().onsetTime().isBefore(until) && (end == null || end.isAfter(from));
    };
  }

  private static Detection only(List<Detection> found, String what) {
    if (found.size() == 1) {
      return found.get(0);
    }
    if (found.isEmpty()) {
      throw new CliException(what + ": no such event stands on the topic");
    }
    String some =
        found.stream()
            .limit(LISTED)
            .map(d -> LabelText.brief(d.id()) + " " + d.label())
            .collect(Collectors.joining(", "));
    throw new CliException("%s: %d events: %s".formatted(what, found.size(), some));
  }
}
