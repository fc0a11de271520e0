package dev.lookaside.trainer.shadow;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.UnreachableException;
import dev.lookaside.trainer.TrainerException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What candidates would have said where the adapter in force spoke: {@code lookaside.shadows}, one
 * partition. Connects for each call; any thread.
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
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final Duration POLL = Duration.ofMillis(100);
  private static final String ASK_MILLIS = "5000";

  private final Map<String, Object> clients;
  private final TopicPartition partition;

  /** The topic must be there when it is used. */
  public ShadowTopic(IngestSettings ingest) {
    this.clients = ingest.kafkaClients();
    this.partition = new TopicPartition(ingest.topics().training().shadows().name(), 0);
  }

  /**
   * Writes a run.
   *
   * @throws UnreachableException if no broker takes all of it
   */
  public void write(ShadowReport report) {
    Map<String, Object> properties = new HashMap<>(clients);
    properties.put("acks", "all");
    properties.put("enable.idempotence", "true");
    properties.put("max.block.ms", ASK_MILLIS);
    try (Producer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      List<Future<?>> sent = new ArrayList<>();
      for (JsonNode difference : report.differences()) {
        sent.add(producer.send(record(report.candidate(), difference)));
      }
      for (Future<?> each : sent) {
        each.get();
      }
      producer.send(record(report.candidate(), report.summary())).get();
    } catch (ExecutionException e) {
      throw new UnreachableException(partition.topic() + ": cannot be written", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainerException(partition.topic() + ": interrupted while writing", e);
    }
  }

  private ProducerRecord<byte[], byte[]> record(String candidate, JsonNode value) {
    try {
      return new ProducerRecord<>(
          partition.topic(),
          partition.partition(),
          candidate.getBytes(UTF_8),
          MAPPER.writeValueAsBytes(value));
    } catch (IOException e) {
      throw new IllegalStateException("plain data can be written as JSON", e);
    }
  }

  /**
   * Reads the runs that the topic still holds, oldest first.
   *
   * @param candidate how the candidate's digest begins; empty: of all
   */
  public List<ShadowReport> read(String candidate) {
    Map<String, Object> properties = new HashMap<>(clients);
    properties.put("enable.auto.commit", "false");
    properties.put("allow.auto.create.topics", "false");
    properties.put("default.api.timeout.ms", ASK_MILLIS);
    Map<String, List<JsonNode>> open = new HashMap<>();
    List<ShadowReport> reports = new ArrayList<>();
    try (Consumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          read(record, candidate, open, reports);
        }
      }
    }
    return List.copyOf(reports);
  }

  private void read(
      ConsumerRecord<byte[], byte[]> record,
      String candidate,
      Map<String, List<JsonNode>> open,
      List<ShadowReport> reports) {
    try {
      JsonNode value = MAPPER.readTree(record.value() == null ? new byte[0] : record.value());
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
    } catch (IOException e) {
      LOG.warn("{}, record {}: {}", partition.topic(), record.offset(), e.getMessage());
    }
  }
}
