package dev.lookaside.deploy.cli;

import dev.lookaside.deploy.console.CliException;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelCodec;
import dev.lookaside.trainer.label.LabelWriter;
import java.io.PrintWriter;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of the commands that write a label, and its way to the topic. */
final class LabelOptions {
  @Mixin private ConfigOptions options = new ConfigOptions();

  @Option(
      names = "--author",
      paramLabel = "NAME",
      description = "Who says so (default: the user's name).")
  private @Nullable String author;

  @Option(names = "--note", paramLabel = "TEXT", description = "For people; nobody fits on it.")
  private @Nullable String note;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  private @Nullable IngestSettings ingest;

  IngestSettings ingest() {
    IngestSettings known = ingest;
    if (known == null) {
      known = IngestSettings.of(options.load());
      ingest = known;
    }
    return known;
  }

  String author() {
    String given = author;
    return given == null ? System.getProperty("user.name", "unknown") : given;
  }

  Optional<String> note() {
    return Optional.ofNullable(note);
  }

  static StreamId stream(String text) {
    try {
      return new StreamId(text);
    } catch (IngestException e) {
      throw new CliException("--stream: " + e.getMessage(), e);
    }
  }

  /** Returns when the label is on all replicas. */
  void write(Label label, PrintWriter out) {
    Topics.ensureTraining(ingest());
    try (LabelWriter writer = LabelWriter.open(ingest())) {
      writer.write(label);
    }
    out.println(
        json
            ? new LabelCodec().toNode(label).toPrettyString()
            : "label " + label.id() + "  " + LabelText.said(label));
    out.flush();
  }
}
