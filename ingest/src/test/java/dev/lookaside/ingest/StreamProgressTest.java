package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class StreamProgressTest {
  private static final StreamProgress PROGRESS =
      new StreamProgress(5, 9, 1_700_000_000_000L, true, new byte[] {1, 2, 3});

  @Test
  void whatIsWrittenIsReadAgain() {
    SeededRandom.forAll(
        StreamProgressTest.class,
        200,
        random -> {
          byte[] state = new byte[random.nextInt(100)];
          random.nextBytes(state);
          long through = random.nextLong(1L << 50) - 1;
          StreamProgress progress =
              new StreamProgress(
                  random.nextLong(through + 2),
                  through,
                  random.nextLong(),
                  random.nextBoolean(),
                  state);
          StreamProgress read = StreamProgress.of(progress.toBytes());
          assertThat(read).usingRecursiveComparison().isEqualTo(progress);
        });
  }

  @Test
  void theWireFormatIsFixed() {
    assertThat(PROGRESS.toBytes())
        .containsExactly(
            1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0,
            1, 0, 0, 0, 3, 1, 2, 3);
  }

  @Test
  void impossibleOffsetsAndVersionsAreNamed() {
    assertThatThrownBy(() -> new StreamProgress(11, 9, 0, false, new byte[0]))
        .isInstanceOf(IngestException.class)
        .hasMessage("progress, resumeOffset \"11\": must be 0 to throughOffset + 1 = 10");
    assertThatThrownBy(() -> new StreamProgress(-1, 9, 0, false, new byte[0]))
        .isInstanceOf(IngestException.class);
    byte[] other = PROGRESS.toBytes();
    other[0] = 2;
    assertThatThrownBy(() -> StreamProgress.of(other))
        .isInstanceOf(IngestException.class)
        .hasMessage("progress, version \"2\": must be 1");
    byte[] longer = Arrays.copyOf(PROGRESS.toBytes(), PROGRESS.toBytes().length + 1);
    assertThatThrownBy(() -> StreamProgress.of(longer))
        .isInstanceOf(IngestException.class)
        .hasMessageEndingWith("must end here");
  }

  @Test
  void everyTruncationIsAnError() {
    byte[] whole = PROGRESS.toBytes();
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> StreamProgress.of(cut)).isInstanceOf(IngestException.class);
    }
  }

  @Test
  void whateverBitsAreWrongItIsReadOrAnIngestException() {
    assertMalformedIsAnError(PROGRESS.toBytes(), StreamProgress::of);
  }

  @Test
  void everyKindOfValueIsReadAgain() {
    Instant time = Instant.ofEpochSecond(-5, 999_999_999);
    byte[] bytes =
        new ProgressBytes.Writer()
            .int8(-1)
            .bool(true)
            .int32(Integer.MIN_VALUE)
            .int64(Long.MIN_VALUE)
            .float32(Float.NaN)
            .float64(-0.0)
            .instant(time)
            .instant(Instant.MIN)
            .text("Straße")
            .block(new byte[] {7})
            .toByteArray();
    ProgressBytes.Reader in = new ProgressBytes.Reader(bytes);
    assertThat(in.int8()).isEqualTo((byte) -1);
    assertThat(in.bool()).isTrue();
    assertThat(in.int32()).isEqualTo(Integer.MIN_VALUE);
    assertThat(in.int64()).isEqualTo(Long.MIN_VALUE);
    assertThat(in.float32()).isNaN();
    assertThat(1 / in.float64()).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(in.instant()).isEqualTo(time);
    assertThat(in.instant()).isEqualTo(Instant.MIN);
    assertThat(in.text()).isEqualTo("Straße");
    assertThat(in.atEnd()).isFalse();
    assertThat(in.block()).containsExactly(7);
    assertThat(in.atEnd()).isTrue();
  }

  @Test
  void countsThatCannotBeAreErrorsBeforeAnythingIsAllocated() {
    for (int count : new int[] {-1, 3, Integer.MAX_VALUE}) {
      byte[] bytes = new ProgressBytes.Writer().int32(count).int64(0).int64(0).toByteArray();
      assertThatThrownBy(() -> new ProgressBytes.Reader(bytes).count(8))
          .isInstanceOf(IngestException.class)
          .hasMessage("progress, byte 4: " + count + " items do not fit into the 16 bytes left");
    }
    assertThat(
            new ProgressBytes.Reader(
                    new ProgressBytes.Writer().int32(2).int64(0).int64(0).toByteArray())
                .count(8))
        .isEqualTo(2);
    byte[] flag = {2};
    assertThatThrownBy(() -> new ProgressBytes.Reader(flag).bool())
        .hasMessage("progress, byte 1: a flag must be 0 or 1, is 2");
    byte[] time = new ProgressBytes.Writer().int64(Long.MAX_VALUE).int32(-1).toByteArray();
    assertThatThrownBy(() -> new ProgressBytes.Reader(time).instant())
        .isInstanceOf(IngestException.class);
  }

  /** Bit flips, one and several, and truncations of them. */
  static void assertMalformedIsAnError(byte[] whole, Consumer<byte[]> read) {
    for (int bit = 0; bit < whole.length * 8; bit++) {
      byte[] flipped = whole.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      readOrError(flipped, read);
    }
    SeededRandom.forAll(
        StreamProgressTest.class,
        2_000,
        random -> {
          byte[] bytes = Arrays.copyOf(whole, whole.length - random.nextInt(3));
          for (int i = 1 + random.nextInt(8); i > 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
          }
          readOrError(bytes, read);
        });
  }

  private static void readOrError(byte[] bytes, Consumer<byte[]> read) {
    try {
      read.accept(bytes);
    } catch (IngestException e) {
      assertThat(e).hasMessageMatching("(?s)(progress, |rate ).*");
    }
  }
}
