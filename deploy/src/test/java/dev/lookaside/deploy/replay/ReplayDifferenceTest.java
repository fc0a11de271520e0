package dev.lookaside.deploy.replay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.deploy.replay.ReplayDifference.Kind;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class ReplayDifferenceTest {
  private static final Instant EPOCH = Instant.parse("2026-03-01T12:00:00Z");
  private static final StreamId STREAM = new StreamId("s");

  private static Detection event(Detection.Kind kind, int onset, int offset) {
    boolean open = kind == Detection.Kind.STARTED;
    return new Detection(
        kind,
        Detection.idOf(STREAM, EPOCH, "water", onset),
        STREAM,
        EPOCH,
        "water",
        new Detection.Extent(
            onset,
            open ? Detection.Extent.OPEN : offset,
            EPOCH.plusSeconds(onset),
            open ? null : EPOCH.plusSeconds(offset),
            1),
        0.9,
        0.8,
        new Detection.Origin("adapter", "backbone", "features", 0, 0, 9),
        null);
  }

  private static Detection ended(int onset, int offset) {
    return event(Detection.Kind.ENDED, onset, offset);
  }

  @Test
  void theLastRecordOfEachDetectionIsCompared() {
    List<Detection> standing =
        List.of(
            ended(1, 2),
            event(Detection.Kind.STARTED, 1, 0), // read again after a crash
            ended(5, 6),
            ended(8, 9),
            ended(20, 21),
            ended(20, 21).retracted("a listener"));
    List<Detection> found = List.of(ended(1, 2), ended(5, 7), ended(11, 12));
    List<ReplayDifference> differences = ReplayDifference.between(standing, found);
    assertThat(differences)
        .containsExactly(
            new ReplayDifference(Kind.CHANGED, ended(5, 6), ended(5, 7)),
            new ReplayDifference(Kind.MISSING, ended(8, 9), null),
            new ReplayDifference(Kind.ADDITIONAL, null, ended(11, 12)));

    List<Detection> corrections = Corrections.of(differences);
    assertThat(corrections)
        .extracting(Detection::kind)
        .containsExactly(Detection.Kind.ENDED, Detection.Kind.RETRACTED, Detection.Kind.ENDED);
    List<Detection> after = new ArrayList<>(standing);
    after.addAll(corrections);
    assertThat(ReplayDifference.between(after, found)).isEmpty();
  }

  @Test
  void aCorrectionHasAnIdOfItsOwnThatIsAlwaysTheSame() {
    DetectionCodec codec = new DetectionCodec();
    String first = id(codec.encode("t", ended(1, 2)));
    String corrected = id(codec.encodeCorrection("t", ended(1, 3)));
    assertThat(corrected).startsWith(first + ".").isNotEqualTo(first);
    assertThat(id(codec.encodeCorrection("t", ended(1, 3)))).isEqualTo(corrected);
    assertThat(id(codec.encodeCorrection("t", ended(1, 4)))).isNotEqualTo(corrected);
  }

  private static String id(ProducerRecord<byte[], byte[]> record) {
    return new String(record.headers().lastHeader("ce_id").value(), UTF_8);
  }
}
