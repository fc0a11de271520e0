package dev.lookaside.classifier.detect;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.detect.Detection.Extent;
import dev.lookaside.classifier.detect.Detection.Kind;
import dev.lookaside.classifier.detect.Detection.Origin;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.random.RandomGenerator;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DetectionCodecTest {
  static final StreamId STREAM = new StreamId("Küche/1");
  static final Instant EPOCH = Instant.parse("2026-03-01T10:00:00Z");
  static final Origin ORIGIN = new Origin("aa", "bb", "cc", 3, 17, 21);

  private final DetectionCodec codec = new DetectionCodec();

  static Detection ended() {
    Extent extent =
        new Extent(48_000, 72_000, EPOCH.plusSeconds(1), EPOCH.plusMillis(1500), 48_000);
    String id = Detection.idOf(STREAM, EPOCH, "water", 48_000);
    return new Detection(
        Kind.ENDED, id, STREAM, EPOCH, "water", extent, 0.9, 0.123456789, ORIGIN, null);
  }

  static Detection started() {
    Extent extent = new Extent(48_000, Extent.OPEN, EPOCH.plusSeconds(1), null, 48_000);
    String id = Detection.idOf(STREAM, EPOCH, "water", 48_000);
    return new Detection(Kind.STARTED, id, STREAM, EPOCH, "water", extent, 1, 0, ORIGIN, null);
  }

  @Test
  void wireFormIsWhatTheDrawingSays() {
    assertThat(new String(codec.toJson(ended()), UTF_8))
        .isEqualTo(
            """
            {"kind":"ended","id":"%s","stream":"Küche/1","epoch":"2026-03-01T10:00:00Z",\
            "label":"water","onsetSample":48000,"offsetSample":72000,\
            "onsetTime":"2026-03-01T10:00:01Z","offsetTime":"2026-03-01T10:00:01.500Z",\
            "rateHz":48000,"peak":0.9,"mean":0.123457,"adapter":"aa","backbone":"bb",\
            "features":"cc","partition":3,"firstRecordOffset":17,"lastRecordOffset":21}"""
                .formatted(ended().id()));
  }

  @Test
  void headersAreCloudEventsInBinaryMode() {
    ProducerRecord<byte[], byte[]> record = codec.encode("audio.detections", started());
    assertThat(record.topic()).isEqualTo("audio.detections");
    assertThat(record.partition()).isNull();
    assertThat(new String(record.key(), UTF_8)).isEqualTo("Küche/1");
    assertThat(record.headers())
        .extracting(h -> h.key() + ": " + new String(h.value(), UTF_8))
        .containsExactly(
            "ce_specversion: 1.0",
            "ce_id: " + started().id() + ".started",
            "ce_type: dev.lookaside.audio.detection.v1",
            "ce_source: /lookaside/detector",
            "ce_subject: Küche/1",
            "ce_time: 2026-03-01T10:00:01Z",
            "content-type: application/json");
  }

  @Test
  void startedAndEndedShareTheirId() {
    assertThat(started().id()).isEqualTo(ended().id()).hasSize(32).matches("[0-9a-f]+");
    assertThat(Detection.idOf(STREAM, EPOCH, "water", 48_001)).isNotEqualTo(ended().id());
    assertThat(Detection.idOf(STREAM, EPOCH.plusNanos(1), "water", 48_000))
        .isNotEqualTo(ended().id());
  }

  @Test
  void everyDetectionComesBackAsItWas() {
    SeededRandom.forAll(
        DetectionCodecTest.class,
        300,
        random -> {
          Detection d = random(random);
          ProducerRecord<byte[], byte[]> sent = codec.encode("t", d);
          assertThat(codec.decode(received(sent))).isEqualTo(d);
          assertThat(codec.toJson(codec.fromJson(codec.toJson(d)))).isEqualTo(codec.toJson(d));
        });
  }

  @Test
  void unknownFieldsAreIgnored() {
    String json = new String(codec.toJson(ended()), UTF_8);
    String newer = json.replace("{\"kind\"", "{\"tenant\":{\"name\":[1]},\"kind\"");
    assertThat(codec.fromJson(newer.getBytes(UTF_8))).isEqualTo(ended());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "kind":"ended"           | "kind":"stopped"            | kind "stopped": must be started, ended, retracted, gap or shed
          "onsetSample":48000      | "onsetSample":-1            | onsetSample "-1": must be an integer, 0 or more
          "onsetSample":48000      | "onsetSample":1.5           | onsetSample "1.5": must be an integer, 0 or more
          "onsetSample":48000      | "onsetSample":99999999      | offsetSample "72000": must be onsetSample (99999999) or more
          "offsetSample":72000,    |                             | offsetTime "2026-03-01T10:00:01.500Z": must be there if and only if offsetSample is
          "peak":0.9               | "peak":1.1                  | peak "1.1": must be a number from 0 to 1
          "peak":0.9               | "peak":"high"               | peak "high": must be a number from 0 to 1
          "rateHz":48000           | "rateHz":0                  | rateHz "0": must be above 0
          "rateHz":48000           | "rateHz":4800000000         | rateHz "4800000000": must be at most 2147483647
          "epoch":"2026-03-01T10:00:00Z" | "epoch":"yesterday"   | epoch "yesterday": must be an RFC 3339 time
          "label":"water",         |                             | label: missing
          "adapter":"aa"           | "adapter":7                 | adapter "7": must be text
          "stream":"Küche/1"       | "stream":"a\\u0000b"         | stream: stream id
          "partition":3            | "partition":3,"partition":4 | is malformed JSON at line 1
          """)
  void aBadFieldIsNamedWithItsValue(String good, String bad, String message) {
    String json = new String(codec.toJson(ended()), UTF_8);
    assertThat(json).contains(good);
    byte[] broken = json.replace(good, bad == null ? "" : bad).getBytes(UTF_8);
    assertThatThrownBy(() -> codec.fromJson(broken))
        .isInstanceOf(DetectException.class)
        .hasMessageContaining(message);
  }

  @Test
  void corruptJsonIsShownShortened() {
    byte[] cut = new String(codec.toJson(ended()), UTF_8).substring(0, 40).getBytes(UTF_8);
    assertThatThrownBy(() -> codec.fromJson(cut))
        .isInstanceOf(DetectException.class)
        .hasMessageStartingWith("value \"{\"kind\":\"ended\"")
        .hasMessageContaining("is malformed JSON at line 1, column");
    for (String notAnObject : new String[] {"null", "[1]", "7"}) {
      assertThatThrownBy(() -> codec.fromJson(notAnObject.getBytes(UTF_8)))
          .isInstanceOf(DetectException.class)
          .hasMessageContaining("must be a JSON object");
    }
    for (String unsound : new String[] {"", "{} {}", "\u0000\u0001", "\u0000\u0000\u0000e"}) {
      assertThatThrownBy(() -> codec.fromJson(unsound.getBytes(UTF_8)))
          .isInstanceOf(DetectException.class)
          .hasMessageStartingWith("value \"" + unsound + "\": is ");
    }
    String endless = "x".repeat(100_000);
    assertThatThrownBy(() -> codec.fromJson(endless.getBytes(UTF_8)))
        .isInstanceOf(DetectException.class)
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(500));
  }

  @Test
  void anotherTypeOfRecordIsRefused() {
    ProducerRecord<byte[], byte[]> sent = codec.encode("t", ended());
    sent.headers().remove("ce_type").add("ce_type", "label.v1".getBytes(UTF_8));
    assertThatThrownBy(() -> codec.decode(received(sent)))
        .hasMessage("ce_type \"label.v1\": must be dev.lookaside.audio.detection.v1");
    assertThatThrownBy(
            () -> codec.decode(new ConsumerRecord<>("t", 0, 0, new byte[0], (byte[]) null)))
        .hasMessage("value \"null\": must be a JSON object");
  }

  private static ConsumerRecord<byte[], byte[]> received(ProducerRecord<byte[], byte[]> sent) {
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>(sent.topic(), 0, 5, sent.key(), sent.value());
    sent.headers().forEach(record.headers()::add);
    return record;
  }

  private static Detection random(RandomGenerator random) {
    Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
    boolean open = kind == Kind.STARTED;
    long onset = random.nextLong(1L << 50);
    Instant from = EPOCH.plusNanos(random.nextLong(1L << 55));
    Extent extent =
        new Extent(
            onset,
            open ? Extent.OPEN : onset + random.nextInt(100_000),
            from,
            open ? null : from.plusNanos(random.nextInt()),
            1 + random.nextInt(192_000));
    String label = kind.isEvent() ? "label \"" + random.nextInt() + "\" \u20ac" : null;
    String reason = kind.isEvent() ? null : "queue\nfull";
    double peak = label == null ? 0 : random.nextFloat();
    double mean = label == null ? 0 : random.nextDouble() * 1e-6;
    String id = Detection.idOf(STREAM, EPOCH, label == null ? "#gap" : label, onset);
    long record = random.nextLong(1L << 60);
    Origin origin =
        new Origin("aa", "bb", "cc", random.nextInt(1000), record, record + random.nextInt(9));
    return new Detection(kind, id, STREAM, EPOCH, label, extent, peak, mean, origin, reason);
  }
}
