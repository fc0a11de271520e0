package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.deploy.replay.Corrections;
import dev.lookaside.deploy.replay.Replay;
import dev.lookaside.deploy.replay.ReplayDifference;
import dev.lookaside.deploy.replay.ReplayModel;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lookaside replay}. */
@Command(
    name = "replay",
    description = {
      "Score retained audio again, with the ledger as it was or with another adapter.",
      "",
      "Run it with the configuration of the workers. With --diff the exit code is 1 if something"
          + " differs."
    },
    footer = {
      "",
      "Examples:",
      "  lookaside replay --stream dock --from 2026-03-01T12:00:00Z --to 2026-03-01T12:10:00Z"
          + " --diff",
      "  lookaside replay --stream dock --from 2026-03-01T12:00:00Z --to 2026-03-01T12:10:00Z \\",
      "      --adapter 3f2a --emit"
    })
final class ReplayCommand implements Callable<Integer> {
  @Mixin private RegistryAccess access = new RegistryAccess();
  @Mixin private Output output = new Output();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--stream", required = true, paramLabel = "ID", description = "The stream.")
  private String stream = "";

  @Option(
      names = "--from",
      required = true,
      paramLabel = "TIME",
      description = "Capture time, as 2026-03-01T12:00:00Z: detections that begin then or later.")
  private String from = "";

  @Option(
      names = "--to",
      required = true,
      paramLabel = "TIME",
      description = "Capture time: detections that begin before it.")
  private String to = "";

  @Option(
      names = "--adapter",
      paramLabel = "A",
      description = "File or (the beginning of) a digest: scores all of it (default: the ledger).")
  private @Nullable String adapter;

  @Option(names = "--diff", description = "Print what differs from the topic, not what was found.")
  private boolean diff;

  @Option(
      names = "--emit",
      description = "Retract what is no longer detected and write what is new or changed.")
  private boolean emit;

  @Override
  public Integer call() {
    Replay.Stretch stretch = stretch();
    try (RegistryView view = access.view();
        ReplayModel model = ReplayModel.open(access.settings())) {
      Replay.Result result = new Replay(model).run(stretch, plan(view, model), window -> {});
      int written = emit ? Corrections.write(access.settings().ingest(), result.differences()) : 0;
      print(result, written);
      return diff && !result.differences().isEmpty() ? 1 : 0;
    }
  }

  private Replay.Stretch stretch() {
    Instant first = OptionValue.time("--from", from);
    Instant last = OptionValue.time("--to", to);
    if (!first.isBefore(last)) {
      throw new ParameterException(
          spec.commandLine(), "--to \"" + to + "\": must be after --from, " + from);
    }
    return new Replay.Stretch(OptionValue.stream(stream), first, last);
  }

  private AdapterPlan plan(RegistryView view, ReplayModel model) {
    String wanted = adapter;
    if (wanted == null) {
      return model.past(view);
    }
    if (Files.isRegularFile(Path.of(wanted))) {
      return AdapterPlan.always(model.loaded(RegistryAccess.read(Path.of(wanted))));
    }
    if (!wanted.isEmpty() && model.configured().digest().startsWith(wanted)) {
      return AdapterPlan.always(model.configured());
    }
    String digest = RegistryAccess.digest(view, wanted);
    return AdapterPlan.always(model.loaded(access.file(view, digest)));
  }

  private void print(Replay.Result result, int written) {
    PrintWriter out = output.out();
    output.print(() -> json(result, written), () -> text(result, written, out));
  }

  private void text(Replay.Result result, int written, PrintWriter out) {
    DetectionText text = new DetectionText(ZoneId.systemDefault());
    if (diff) {
      for (ReplayDifference d : result.differences()) {
        out.printf("%-10s %s%n", d.kind().word(), text.line(d.either()));
        Detection found = d.found();
        if (d.kind() == ReplayDifference.Kind.CHANGED && found != null) {
          out.printf("%-10s %s%n", "  now", text.line(found));
        }
      }
    } else {
      result.found().forEach(d -> out.println(text.line(d)));
    }
    out.printf(
        "%d windows scored, processed until %s: %d records found, %d differences%s%n",
        result.windows(),
        result.decidedUntil(),
        result.found().size(),
        result.differences().size(),
        emit ? ", " + written + " corrections written" : "");
  }

  private ObjectNode json(Replay.Result result, int written) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("stream", stream);
    root.put("processedUntil", result.decidedUntil().toString());
    root.put("windows", result.windows());
    root.put("written", written);
    if (!diff) {
      ArrayNode found = root.putArray("found");
      result.found().forEach(d -> found.add(node(d)));
    }
    ArrayNode differences = root.putArray("differences");
    for (ReplayDifference d : result.differences()) {
      ObjectNode one = differences.addObject().put("kind", d.kind().word());
      Detection published = d.published();
      Detection found = d.found();
      if (published != null) {
        one.set("published", node(published));
      }
      if (found != null) {
        one.set("found", node(found));
      }
    }
    return root;
  }

  private static ObjectNode node(Detection d) {
    try {
      String text = new String(new DetectionCodec().toJson(d), StandardCharsets.UTF_8);
      return (ObjectNode) new JsonMapper().readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a detection is JSON", e);
    }
  }
}
