package dev.lookaside.trainer.shadow;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.KafkaClients;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.kafka.TopicReader.Start;
import dev.lookaside.ingest.kafka.TopicWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What candidates would have detected where another adapter was in force: {@code
 * lookaside.shadows}, one partition. Connects for each call; any thread.
 *
 * <pre>
 *   key    sha256 of the candidate, hexadecimal, UTF-8
 *   value  { "kind": "difference", "run": text, "candidate": sha256,
 *            "difference": "only-incumbent" | "only-candidate" | "label-differs",
 *            "stream": text, "label": text, "onset": time, "offset": time,
 *                                          capture times; the incumbent's event, or the candidate's if it has none
 *            "incumbentSays": said,        not there for only-candidate
 *            "candidateSays": said }       not there for only-incumbent
 *       or { "kind": "summary", "run": text, "candidate": sha256, "scope": text, "share": number, "seed": number,
 *            "from": time, "to": time, "streams": number, "windows": number, "audioSeconds": number,
 *            "agreement": number, "differences": number,
 *            "classes": { label: { "agreed", "onlyIncumbent", "onlyCandidate", "namedOtherwise", "namedAnew",
 *                                  "onsetShiftSeconds", "onsetShiftMagnitudeSeconds": number } },
 *            "author": text, "time": time }
 *   said   { "label": text, "onset": time, "offset": time, "peak": number, "mean": number,
 *            "detection": id, "adapter": sha256 }
 * </pre>
 *
 * <p>The differences of a run come first and its summary last: a run without one was cut off, and
 * is not read. A run that was begun again after a kill has another name. Readers ignore fields they
 * do not know.
 */
public final class ShadowTopic {
  private static final Logger LOG = LoggerFactory.getLogger(ShadowTopic.class);

  private final KafkaClients clients;
  private final String topic;

  /** The topic must be there when it is used. */
  public ShadowTopic(IngestSettings ingest) {
    this.clients = ingest.clients();
    this.topic = ingest.topics().training().shadows().name();
  }

  /**
   * Writes a run.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker takes all of it
   */
  public void write(ShadowReport report) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    report.differences().forEach(d -> records.add(record(report.candidate(), d)));
    try (TopicWriter writer = TopicWriter.open(clients, "shadow-writer")) {
      writer.write(records, r -> "difference of a shadow run");
      writer.write(record(report.candidate(), report.summary()), "summary of a shadow run");
    }
  }

  private ProducerRecord<byte[], byte[]> record(String candidate, JsonNode value) {
    return new ProducerRecord<>(
        topic, 0, candidate.getBytes(UTF_8), value.toString().getBytes(UTF_8));
  }

  /**
   * Reads the runs that the topic still holds, oldest first.
   *
   * @param candidate how the candidate's digest begins; empty: of all
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers
   */
  public List<ShadowReport> read(String candidate) {
    Map<String, List<JsonNode>> open = new HashMap<>();
    List<ShadowReport> reports = new ArrayList<>();
    try (TopicReader reader = TopicReader.open(clients, "shadows", Start.BEGINNING, topic)) {
      reader.readToEnd(record -> read(record, candidate, open, reports));
    }
    return List.copyOf(reports);
  }

  private void read(
      ConsumerRecord<byte[], byte[]> record,
      String candidate,
      Map<String, List<JsonNode>> open,
      List<ShadowReport> reports) {
    try {
      JsonNode value = StrictJson.parse(record.value() == null ? new byte[0] : record.value());
      String run = value.path("run").asText();
      if (!value.path("candidate").asText().startsWith(candidate)) {
        return;
      }
      if (value.path("kind").asText().equals("difference")) {
        open.computeIfAbsent(run, r -> new ArrayList<>()).add(value);
      } else if (value.path("kind").asText().equals("summary")) {
        List<JsonNode> differences = open.remove(run);
        reports.add(new ShadowReport(value, differences == null ? List.of() : differences));
      }
    } catch (NotJsonException e) {
      LOG.warn("{}, record {}: {}", topic, record.offset(), e.getMessage());
    }
  }
}
