package dev.lookaside.deploy.cli;

import dev.lookaside.deploy.console.CliException;
import dev.lookaside.ingest.Topics;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelTopic;
import java.time.Instant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside label retract}. */
@Command(
    name = "retract",
    footer = {"", "Example:", "  lookaside label retract 3f2a9c11"},
    description = {
      "Take back what you have said, as if you never had.",
      "",
      "All that the author has said of this class on exactly this stretch goes. What it had superseded"
          + " counts again. An adapter that has learned it keeps it until the next refit."
    })
final class LabelRetract implements Runnable {
  @Mixin private LabelOptions options = new LabelOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "ID", description = "The label's id, or how it begins.")
  private String start = "";

  @Override
  public void run() {
    Topics.ensureTraining(options.ingest());
    Label said;
    try (LabelTopic topic = LabelTopic.open(options.ingest())) {
      topic.refresh();
      said = LabelShow.label(topic.labels(), start);
    }
    if (!said.author().equals(options.author())) {
      throw new CliException(
          "label \"%s\": is of %s, and only its author takes it back; say --author if that is you, or contradict it"
              .formatted(LabelText.brief(said.id()), said.author()));
    }
    options.write(Label.retract(said, Instant.now(), options.note()), spec.commandLine().getOut());
  }
}
