package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ResumePointsTest {
  private static final StreamId YARD = new StreamId("yard");
  private static final StreamId STREET = new StreamId("street");

  @Test
  void whatIsWrittenIsReadAgain() {
    SeededRandom.forAll(
        ResumePointsTest.class,
        200,
        random -> {
          long position = random.nextLong(1L << 40);
          ResumePoints points = new ResumePoints();
          Map<StreamId, Long> expected = new HashMap<>();
          for (int i = random.nextInt(200); i > 0; i--) {
            StreamId stream = new StreamId("site/" + random.nextInt(1_000));
            long resume = position - 100 + random.nextLong(1L << (7 + random.nextInt(40)));
            points.settled(stream, resume);
            expected.merge(stream, resume, Math::max);
          }
          expected.values().removeIf(resume -> resume <= position);
          String written = points.write(position, 1 << 16);
          assertThat(points.streams()).isEqualTo(expected.size());
          ResumePoints read = ResumePoints.read(position, written);
          assertThat(read.streams()).isEqualTo(expected.size());
          expected.forEach(
              (stream, resume) -> {
                assertThat(read.done(stream, resume - 1)).isTrue();
                assertThat(read.done(stream, resume)).isFalse();
              });
          assertThat(read.write(position, 1 << 16)).isEqualTo(written);
        });
  }

  @Test
  void pointsNeverFall() {
    ResumePoints points = new ResumePoints();
    points.settled(YARD, 9);
    points.settled(YARD, 5);
    assertThat(points.done(YARD, 8)).isTrue();
    assertThat(points.done(STREET, 0)).isFalse();
    assertThat(points.write(9, 100)).isEmpty();
    assertThat(points.streams()).isZero();
  }

  @Test
  void withoutRoomThoseFurthestAheadAreWritten() {
    ResumePoints points = new ResumePoints();
    for (int i = 0; i < 1_000; i++) {
      points.settled(new StreamId("s" + i), 10 + i);
    }
    String written = points.write(5, 4_096);
    assertThat(written).hasSizeLessThanOrEqualTo(4_096);
    ResumePoints read = ResumePoints.read(5, written);
    assertThat(read.streams()).isBetween(300, 340);
    assertThat(read.done(new StreamId("s999"), 1_008)).isTrue();
    assertThat(read.done(new StreamId("s0"), 9)).isFalse();
    assertThat(points.write(5, 0)).isEmpty();
  }

  @Test
  void metadataOfOthersSaysNothingAndWhatIsBrokenIsNamed() {
    assertThat(ResumePoints.read(7, "by hand").streams()).isZero();
    assertThat(ResumePoints.read(7, "").streams()).isZero();
    for (String broken : new String[] {"r1:AAAA", "r1:*", "r1:AAAAAAAAAAD_"}) {
      assertThatThrownBy(() -> ResumePoints.read(7, broken))
          .isInstanceOf(IngestException.class)
          .hasMessageContaining("metadata of offset 7 \"" + broken + "\": must be resume points");
    }
  }
}
