package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.StreamAccounts;
import dev.lookaside.classifier.detect.StreamState;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.PartitionProgress;
import dev.lookaside.ingest.ProgressTopic;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.StreamProgress;
import dev.lookaside.ingest.Topics;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code lookaside streams}: how far every stream is, and where its seconds went. */
@Command(
    name = "streams",
    description = {
      "Shows every stream of the consumer group: how far it is, and where its seconds of audio went.",
      "",
      "Read from lookaside.progress, which workers commit together with the detections, so it holds across restarts and for all workers: "
          + "received = scored + skipped + shed + rejected + uncovered + pending. Skipped: below the silence gate. Shed: not scored for want of "
          + "time. Rejected: in dead letters. Uncovered: in no window, as pieces between two gaps are. Gap: never received. Pending waits for its "
          + "window; it is 0 once a stream has ended. Clock: by how much the sender's is ahead of the broker's, if it is off."
    },
    footer = {
      "",
      "Examples:",
      "  lookaside streams",
      "  watch lookaside streams --bootstrap-servers kafka1:9092",
      "  lookaside streams --json | jq '.streams[] | select(.gap > 0)'",
    })
final class StreamsCommand implements Runnable {
  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private Output output = new Output();

  @Override
  public void run() {
    IngestSettings ingest = options.ingest();
    String progress = ingest.topics().progress().name();
    int partitions = Topics.ensure(ingest).getOrDefault(progress, 0);
    Map<Integer, PartitionProgress> found =
        new ProgressTopic(ingest.clients(), progress, ingest.source().group())
            .read(
                IntStream.range(0, partitions).boxed().toList(),
                ingest.clients().timeout().multipliedBy(4));
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("group", ingest.source().group());
    ArrayNode streams = root.putArray("streams");
    found.forEach(
        (partition, its) -> its.streams().forEach((s, p) -> streams.add(row(partition, s, p))));
    PrintWriter out = output.out();
    output.print(() -> root, () -> print(root, out));
  }

  private static ObjectNode row(int partition, StreamId stream, StreamProgress progress) {
    ObjectNode row = JsonNodeFactory.instance.objectNode();
    row.put("stream", stream.value()).put("partition", partition);
    row.put("state", progress.ended() ? "ended" : "open");
    row.put("lastRecordOffset", progress.throughOffset());
    row.put("lastRecordTime", Instant.ofEpochMilli(progress.logTimeMillis()).toString());
    try {
      StreamState state = StreamState.of(progress);
      StreamAccounts.Seconds s = state.accounts().seconds();
      row.put("received", s.received()).put("scored", s.scored()).put("skipped", s.skipped());
      row.put("shed", s.shed()).put("rejected", s.rejected()).put("uncovered", s.uncovered());
      row.put("gap", s.gap()).put("pending", s.pending());
      row.put("clockAheadSeconds", state.clockAheadMillis() / 1e3);
    } catch (IngestException e) {
      row.put("error", e.getMessage());
    }
    return row;
  }

  private static void print(ObjectNode root, PrintWriter out) {
    List<ObjectNode> rows =
        StreamSupport.stream(root.get("streams").spliterator(), false)
            .map(ObjectNode.class::cast)
            .sorted(Comparator.comparing(row -> row.get("stream").asText()))
            .toList();
    if (rows.isEmpty()) {
      out.printf("Group %s has worked on no stream yet.%n", root.get("group").asText());
      return;
    }
    int width = rows.stream().mapToInt(r -> r.get("stream").asText().length()).max().orElse(6);
    String head = "%-" + Math.max(6, width) + "s %4d %-6s ";
    Output.Table table =
        new Output.Table(
            out,
            head + "%10.2f %10.2f %8.2f %8.2f %8.2f %9.2f %8.2f %8.2f  %s",
            "stream",
            "part",
            "state",
            "received",
            "scored",
            "skipped",
            "shed",
            "rejected",
            "uncovered",
            "pending",
            "gap",
            "clock");
    for (ObjectNode row : rows) {
      String stream = row.get("stream").asText();
      int partition = row.get("partition").asInt();
      String state = row.get("state").asText();
      if (row.has("error")) {
        out.println(head.formatted(stream, partition, state) + row.get("error").asText());
        continue;
      }
      table.row(
          stream,
          partition,
          state,
          seconds(row, "received"),
          seconds(row, "scored"),
          seconds(row, "skipped"),
          seconds(row, "shed"),
          seconds(row, "rejected"),
          seconds(row, "uncovered"),
          seconds(row, "pending"),
          seconds(row, "gap"),
          clock(seconds(row, "clockAheadSeconds")));
    }
  }

  private static double seconds(ObjectNode row, String field) {
    return row.get(field).asDouble();
  }

  private static String clock(double ahead) {
    return ahead == 0
        ? "-"
        : String.format(Locale.ROOT, "%.1f s %s", Math.abs(ahead), ahead > 0 ? "ahead" : "behind");
  }
}
