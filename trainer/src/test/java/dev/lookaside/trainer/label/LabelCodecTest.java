package dev.lookaside.trainer.label;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.ingest.Rejection.Reason;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelCodecTest {
  private static final Instant ONSET = Instant.parse("2026-03-01T10:00:00.25Z");
  private static final Instant OFFSET = Instant.parse("2026-03-01T10:00:01.5Z");
  private static final Instant NOW = Instant.parse("2026-03-01T10:05:00Z");
  private static final StreamId DOCK = new StreamId("dock/3");

  private final LabelCodec codec = new LabelCodec();

  private static ConsumerRecord<byte[], byte[]> received(ProducerRecord<byte[], byte[]> sent) {
    return new ConsumerRecord<>(
        "audio.labels",
        1,
        7,
        0,
        TimestampType.CREATE_TIME,
        sent.key().length,
        sent.value().length,
        sent.key(),
        sent.value(),
        new RecordHeaders(sent.headers()),
        Optional.empty());
  }

  private static ConsumerRecord<byte[], byte[]> bare(String key, String value) {
    return new ConsumerRecord<>("audio.labels", 1, 7, key.getBytes(UTF_8), value.getBytes(UTF_8));
  }

  static Detection detection(Detection.Kind kind, Instant offset) {
    boolean open = offset == null;
    return new Detection(
        kind,
        "00112233445566778899aabbccddeeff",
        DOCK,
        Instant.parse("2026-03-01T10:00:00Z"),
        kind == Detection.Kind.GAP ? null : "dog",
        new Detection.Extent(4_000, open ? Detection.Extent.OPEN : 24_000, ONSET, offset, 16_000),
        kind == Detection.Kind.GAP ? 0 : .75,
        kind == Detection.Kind.GAP ? 0 : .5,
        new Detection.Origin("a".repeat(64), "b".repeat(64), "f", 1, 2, 3),
        kind == Detection.Kind.GAP ? "missing" : null);
  }

  @Test
  void aLabelComesBackAsItWas() {
    SeededRandom.forAll(
        LabelCodecTest.class,
        50,
        random -> {
          Label label = random(random);
          ProducerRecord<byte[], byte[]> sent = codec.encode("audio.labels", label);
          assertThat(codec.decode(received(sent))).isEqualTo(new LabelCodec.Read(label));
          assertThat(codec.encode("audio.labels", label).value()).isEqualTo(sent.value());
        });
  }

  private static Label random(RandomGenerator random) {
    Optional<String> note = random.nextBoolean() ? Optional.of("é \"😀\"") : Optional.empty();
    Detection d = detection(Detection.Kind.ENDED, ONSET.plusNanos(random.nextLong(1, 1L << 40)));
    Instant time = NOW.plusNanos(random.nextLong(1L << 50));
    return switch (LabelKind.values()[random.nextInt(5)]) {
      case CONFIRM -> Label.confirm(d, "ada", time, note);
      case REJECT -> Label.reject(d, "ada", time, note);
      case RELABEL -> Label.relabel(d, "cat " + random.nextInt(9), "bob", time, note);
      case ADD -> Label.add(DOCK, "cat", ONSET, OFFSET, "ada", time, note);
      case RETRACT ->
          Label.retract(
              Label.add(DOCK, "cat", ONSET, OFFSET, "ada", NOW, Optional.empty()), time, note);
    };
  }

  @Test
  void theWireFormIsTheOneDrawn() {
    Label label =
        Label.relabel(
            detection(Detection.Kind.ENDED, OFFSET), "cat", "ada", NOW, Optional.of("meows"));
    ProducerRecord<byte[], byte[]> sent = codec.encode("audio.labels", label);
    assertThat(new String(sent.key(), UTF_8)).isEqualTo("dock/3");
    assertThat(new String(sent.value(), UTF_8))
        .isEqualTo(
            "{\"kind\":\"relabel\",\"stream\":\"dock/3\",\"label\":\"cat\",\"detected\":\"dog\","
                + "\"detection\":\"00112233445566778899aabbccddeeff\",\"adapter\":\""
                + "a".repeat(64)
                + "\",\"onset\":\"2026-03-01T10:00:00.250Z\",\"offset\":\"2026-03-01T10:00:01.500Z\""
                + ",\"author\":\"ada\",\"time\":\"2026-03-01T10:05:00Z\",\"note\":\"meows\"}");
    assertThat(sent.headers())
        .extracting(h -> h.key() + "=" + new String(h.value(), UTF_8))
        .containsExactly(
            "ce_specversion=1.0",
            "ce_id=" + label.id(),
            "ce_type=dev.lookaside.label.v1",
            "ce_source=/lookaside/labels",
            "ce_subject=dock/3",
            "ce_time=2026-03-01T10:05:00Z",
            "content-type=application/json");
  }

  @Test
  void aLabelWithoutHeadersHasTheIdOfItsFields() {
    Label label = Label.add(DOCK, "cat", ONSET, OFFSET, "ada", NOW, Optional.empty());
    String json =
        new String(codec.toJson(label), UTF_8).replace("}", ",\"detected\":null,\"x\":1}");
    assertThat(codec.decode(bare("dock/3", json))).isEqualTo(new LabelCodec.Read(label));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "\"add\"|\"dislike\"|kind \"dislike\": must be one of confirm, reject, relabel, add, retract",
        "\"add\"|\"reject\"|detection \"\": must be given for reject",
        "\"dock/3\"|\"dock/4\"|stream \"dock/4\": must equal the key dock/3",
        "\"dock/3\"|3|stream \"3\": must be text",
        "\"cat\"|\" \"|label \" \": must be 1 to 200 characters",
        "\"label\"|\"lable\"|label \"\": is missing, must be text",
        "\"2026-03-01T10:00:01.500Z\"|\"soon\"|offset \"soon\": must be an RFC 3339 time",
        "\"2026-03-01T10:00:01.500Z\"|\"2026-03-01T10:00:00Z\"|offset \"2026-03-01T10:00:00Z\": must"
            + " be after onset 2026-03-01T10:00:00.250Z",
        "\"2026-03-01T10:00:01.500Z\"|\"2026-03-03T10:00:00Z\"|offset \"2026-03-03T10:00:00Z\": must"
            + " be at most a day after onset 2026-03-01T10:00:00.250Z",
        "\"2026-03-01T10:00:00.250Z\"|\"2150-01-01T00:00:00Z\"|onset \"2150-01-01T00:00:00Z\": must be"
            + " at most an hour after time 2026-03-01T10:05:00Z",
        "\"ada\"|\"\\u0007\"|author \"?\": must hold no control characters and no half surrogate"
            + " pairs",
      })
  void whatIsWrongIsNamed(String was, String is, String message) {
    Label label = Label.add(DOCK, "cat", ONSET, OFFSET, "ada", NOW, Optional.empty());
    String json = new String(codec.toJson(label), UTF_8);
    assertThat(json).contains(was);
    LabelCodec.Decoded decoded = codec.decode(bare("dock/3", json.replace(was, is)));
    assertThat(decoded)
        .isInstanceOfSatisfying(
            LabelCodec.Rejected.class,
            r -> {
              assertThat(r.rejection().describe()).isEqualTo(message);
              assertThat(r.rejection().reason()).isEqualTo(Reason.BAD_VALUE);
            });
  }

  @Test
  void whatIsNoLabelAtAllIsRejected() {
    assertThat(reason(bare("dock", "[]"))).isEqualTo(Reason.BAD_VALUE);
    assertThat(reason(bare("dock", "{\"kind\":"))).isEqualTo(Reason.BAD_VALUE);
    // Its first bytes make a parser of bytes guess UTF-32.
    assertThat(reason(bare("dock", "\0\0\0{}"))).isEqualTo(Reason.BAD_VALUE);
    assertThat(reason(bare("dock", "{\"kind\":\"add\",\"kind\":\"add\"}")))
        .isEqualTo(Reason.BAD_VALUE);
    assertThat(reason(bare("dock", ""))).isEqualTo(Reason.EMPTY);
    assertThat(reason(bare("", "{}"))).isEqualTo(Reason.BAD_KEY);
    assertThat(reason(new ConsumerRecord<>("t", 0, 0, null, new byte[0])))
        .isEqualTo(Reason.BAD_KEY);
    assertThat(reason(new ConsumerRecord<>("t", 0, 0, new byte[] {-1}, new byte[0])))
        .isEqualTo(Reason.BAD_KEY);
    assertThat(reason(bare("dock", " ".repeat(70_000)))).isEqualTo(Reason.TOO_LARGE);
    ConsumerRecord<byte[], byte[]> other = bare("dock", "{}");
    other.headers().add("ce_type", "dev.lookaside.audio.chunk.v1".getBytes(UTF_8));
    assertThat(reason(other)).isEqualTo(Reason.WRONG_TYPE);
  }

  private Reason reason(ConsumerRecord<byte[], byte[]> record) {
    return ((LabelCodec.Rejected) codec.decode(record)).rejection().reason();
  }

  @Test
  void onlyEndedEventsCanBeJudged() {
    assertThatThrownBy(
            () ->
                Label.confirm(
                    detection(Detection.Kind.STARTED, null), "ada", NOW, Optional.empty()))
        .hasMessageContaining("has not ended yet");
    assertThatThrownBy(
            () -> Label.reject(detection(Detection.Kind.GAP, OFFSET), "ada", NOW, Optional.empty()))
        .hasMessageContaining("is a gap, no event");
    assertThatThrownBy(
            () ->
                Label.relabel(
                    detection(Detection.Kind.ENDED, OFFSET), "dog", "ada", NOW, Optional.empty()))
        .hasMessage("detected \"dog\": must be another class than label");
  }

  @Test
  void aClassIsWrittenInOneFormHoweverItWasTyped() {
    Instant at = Instant.parse("2026-03-01T10:00:00Z");
    Label typed =
        Label.add(
            new StreamId("yard"),
            " Vo\u0308gel\u3000",
            at,
            at.plusSeconds(1),
            "ada",
            at,
            Optional.empty());
    Label plain =
        Label.add(
            new StreamId("yard"), "V\u00f6gel", at, at.plusSeconds(1), "ada", at, Optional.empty());
    assertThat(typed).isEqualTo(plain);
    for (String bad : new String[] {"V\ufffdgel", "a\tb", " ", "a\u202eb"}) {
      assertThatThrownBy(
              () ->
                  Label.add(
                      new StreamId("yard"),
                      bad,
                      at,
                      at.plusSeconds(1),
                      "ada",
                      at,
                      Optional.empty()))
          .isInstanceOf(LabelException.class)
          .hasMessageContaining("label");
    }
  }
}
