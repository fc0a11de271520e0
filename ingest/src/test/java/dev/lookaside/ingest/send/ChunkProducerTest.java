package dev.lookaside.ingest.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.kafka.BrokerException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class ChunkProducerTest {
  private final MockProducer<byte[], byte[]> kafka =
      new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
  private final ChunkProducer producer =
      new ChunkProducer(kafka, "audio.chunks", new AudioChunkCodec("/test", 1000, null));

  private static AudioChunk chunk() {
    return new AudioChunk(
        new StreamId("door"),
        -1,
        -1,
        3,
        4800,
        Instant.parse("2026-01-01T00:00:00Z"),
        new AudioFormat(Encoding.S16LE, 16_000, 1),
        new byte[4],
        true);
  }

  private static String header(ProducerRecord<byte[], byte[]> record, String name) {
    return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
  }

  @Test
  void chunksCarryEveryHeader() {
    producer.send(chunk());
    ProducerRecord<byte[], byte[]> record = kafka.history().get(0);
    assertThat(record.topic()).isEqualTo("audio.chunks");
    assertThat(new String(record.key(), StandardCharsets.UTF_8)).isEqualTo("door");
    assertThat(header(record, "ce_subject")).isEqualTo("door");
    assertThat(header(record, "ce_sequence")).isEqualTo("3");
    assertThat(header(record, "ce_sampleoffset")).isEqualTo("4800");
    assertThat(header(record, "ce_time")).isEqualTo("2026-01-01T00:00:00Z");
    assertThat(header(record, "ce_laststream")).isEqualTo("true");
    assertThat(header(record, "ce_type")).isEqualTo("dev.lookaside.audio.chunk.v1");
    assertThat(header(record, "content-type"))
        .isEqualTo("audio/x-raw;format=S16LE;rate=16000;channels=1");
  }

  @Test
  void flushReturnsWhenKafkaHasTheChunk() {
    producer.send(chunk());
    assertThat(kafka.completeNext()).isTrue();
    producer.flush();
    producer.close();
    assertThat(kafka.closed()).isTrue();
  }

  @Test
  void aFailureIsThrownAtTheNextCallWithItsCause() {
    producer.send(chunk());
    assertThat(kafka.errorNext(new RecordTooLargeException("1 MiB"))).isTrue();
    assertThatThrownBy(() -> producer.send(chunk()))
        .isInstanceOf(IngestException.class)
        .hasMessage("topic \"audio.chunks\": cannot send: 1 MiB");
    assertThatThrownBy(producer::flush).isInstanceOf(IngestException.class);
  }

  @Test
  void wrongClientPropertiesAreNamed() {
    IngestSettings settings =
        IngestSettings.of(
            ConfigFactory.parseString(
                    "lookaside.ingest.kafka-clients.bootstrap.servers = \"no port here\"")
                .withFallback(ConfigFactory.load()));
    assertThatThrownBy(() -> ChunkProducer.connect(settings))
        .isInstanceOf(BrokerException.class)
        .hasMessageContaining("no port here");
  }
}
