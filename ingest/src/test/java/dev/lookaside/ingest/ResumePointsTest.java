package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ResumePointsTest {
  private static final StreamId YARD = new StreamId("yard");

  /** As version 0.1 wrote them. */
  static String written(long position, Map<StreamId, Long> points) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    points.forEach(
        (stream, resume) -> {
          bytes.write(Sha256.of(stream.value()), 0, Long.BYTES);
          long rest = resume - position;
          while (rest >= 0x80) {
            bytes.write((int) (rest & 0x7f | 0x80));
            rest >>>= 7;
          }
          bytes.write((int) rest);
        });
    return "r1:" + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
  }

  @Test
  void whatVersion01WroteIsRead() {
    SeededRandom.forAll(
        ResumePointsTest.class,
        200,
        random -> {
          long position = random.nextLong(1L << 40);
          Map<StreamId, Long> points = new HashMap<>();
          for (int i = random.nextInt(200); i > 0; i--) {
            points.put(
                new StreamId("site/" + random.nextInt(1_000)),
                position + 1 + random.nextLong(1L << (7 + random.nextInt(40))));
          }
          ResumePoints read = ResumePoints.read(position, written(position, points));
          points.forEach(
              (stream, resume) -> {
                assertThat(read.done(stream, resume - 1)).isTrue();
                assertThat(read.done(stream, resume)).isFalse();
              });
          assertThat(read.done(YARD, position)).isFalse();
        });
  }

  @Test
  void metadataOfOthersSaysNothingAndWhatIsBrokenIsNamed() {
    assertThat(ResumePoints.read(7, "by hand").done(YARD, 0)).isFalse();
    assertThat(ResumePoints.read(7, "").done(YARD, 0)).isFalse();
    for (String broken : new String[] {"r1:AAAA", "r1:*", "r1:AAAAAAAAAAD_"}) {
      assertThatThrownBy(() -> ResumePoints.read(7, broken))
          .isInstanceOf(IngestException.class)
          .hasMessageContaining("metadata of offset 7 \"" + broken + "\": must be resume points");
    }
  }
}
