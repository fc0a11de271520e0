package dev.lookaside.ingest.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.Rejection.Reason;
import dev.lookaside.ingest.SeededRandom;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AudioDecoderTest {
  private static final long MAX_BYTES = 1 << 20;

  private final AudioDecoder decoder = new AudioDecoder(ChannelPolicy.MIX, MAX_BYTES);

  private Pcm samples(AudioFormat format, byte[] payload) {
    AudioDecoder.Decoded decoded = decoder.decode(format, payload);
    assertThat(decoded).isInstanceOf(AudioDecoder.Samples.class);
    return ((AudioDecoder.Samples) decoded).pcm();
  }

  private Rejection rejection(AudioFormat format, byte[] payload) {
    return rejection(decoder, format, payload);
  }

  private static Rejection rejection(AudioDecoder decoder, AudioFormat format, byte[] payload) {
    AudioDecoder.Decoded decoded = decoder.decode(format, payload);
    assertThat(decoded).isInstanceOf(AudioDecoder.Rejected.class);
    return ((AudioDecoder.Rejected) decoded).rejection();
  }

  private static AudioFormat raw(Encoding encoding, int channels) {
    return new AudioFormat(encoding, 16_000, channels);
  }

  private static byte[] floats(float... values) {
    ByteBuffer bytes = WavBytes.little(4 * values.length);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }

  @Test
  void everyInt16IsExactlyDividedBy32768InBothByteOrders() {
    ByteBuffer big = ByteBuffer.allocate(2 * 65_536);
    ByteBuffer little = ByteBuffer.allocate(2 * 65_536).order(ByteOrder.LITTLE_ENDIAN);
    for (int s = -32_768; s < 32_768; s++) {
      big.putShort((short) s);
      little.putShort((short) s);
    }
    float[] fromBig = samples(raw(Encoding.L16, 1), big.array()).samples();
    float[] fromLittle = samples(raw(Encoding.S16LE, 1), little.array()).samples();
    for (int s = -32_768; s < 32_768; s++) {
      assertThat(fromBig[s + 32_768]).isEqualTo(s / 32_768f);
    }
    assertThat(fromLittle).isEqualTo(fromBig);
    byte[] again = new byte[little.capacity()];
    SampleCoding.S16LE.encode(fromLittle, 0, again, 0, fromLittle.length);
    assertThat(again).isEqualTo(little.array());
  }

  @Test
  void floatsPassUnchanged() {
    assertThat(samples(raw(Encoding.F32LE, 1), floats(0.1f, -1f, 3.5f)).samples())
        .containsExactly(0.1f, -1f, 3.5f);
  }

  @Test
  void channelsAreMixedToTheirMeanOrOneIsChosen() {
    byte[] twoChannels = floats(0.5f, 0.25f, -1f, 1f);
    assertThat(samples(raw(Encoding.F32LE, 2), twoChannels).samples()).containsExactly(0.375f, 0f);
    AudioDecoder second = new AudioDecoder(ChannelPolicy.of("1"), MAX_BYTES);
    assertThat(second.decode(raw(Encoding.F32LE, 2), twoChannels))
        .isInstanceOfSatisfying(
            AudioDecoder.Samples.class,
            s -> assertThat(s.pcm().samples()).containsExactly(0.25f, 1f));
    assertThat(rejection(second, raw(Encoding.F32LE, 1), twoChannels).describe())
        .isEqualTo("channels \"1\": the configured channel 1 is not there");
  }

  @Test
  void channelPolicyNamesTheBadValue() {
    assertThat(ChannelPolicy.of("mix")).isEqualTo(ChannelPolicy.MIX);
    for (String bad : new String[] {"-1", "64", "left", ""}) {
      assertThatThrownBy(() -> ChannelPolicy.of(bad))
          .isInstanceOf(IngestException.class)
          .hasMessageStartingWith("channel \"%s\": must be".formatted(bad));
    }
  }

  @Test
  void notANumberAndInfinityAreRejectedWithTheirPlace() {
    assertThat(rejection(raw(Encoding.F32LE, 1), floats(0, 0, Float.NaN)).describe())
        .startsWith("sample 2 of channel 0 \"NaN\": must be a number");
    assertThat(rejection(raw(Encoding.F32LE, 2), floats(0, 0, 0, Float.NEGATIVE_INFINITY)))
        .satisfies(
            r -> {
              assertThat(r.reason()).isEqualTo(Reason.BAD_SAMPLE);
              assertThat(r.describe()).startsWith("sample 1 of channel 1 \"-Infinity\"");
            });
    assertThat(rejection(raw(Encoding.F32LE, 1), floats(3e38f)).describe()).contains("\"3.0E38\"");
  }

  @Test
  void emptyOddAndOversizePayloadsAreRejected() {
    for (AudioFormat format :
        new AudioFormat[] {
          raw(Encoding.L16, 1), raw(Encoding.F32LE, 2), AudioFormat.WAV, AudioFormat.FLAC
        }) {
      Rejection empty = rejection(format, new byte[0]);
      assertThat(empty.reason()).isEqualTo(Reason.EMPTY);
      assertThat(empty.describe()).isEqualTo("payload bytes \"0\": must hold audio");
    }
    assertThat(rejection(raw(Encoding.L16, 2), new byte[6]).describe())
        .isEqualTo("payload bytes \"6\": must be a multiple of the 4 bytes of a frame");
    Rejection large =
        rejection(
            new AudioDecoder(ChannelPolicy.MIX, 16 << 20),
            raw(Encoding.L16, 1),
            new byte[100_000_000]);
    assertThat(large.reason()).isEqualTo(Reason.TOO_LARGE);
    assertThat(large.describe())
        .isEqualTo("payload bytes \"100000000\": must be at most 16777216 bytes");
  }

  @Test
  void wavAndFlacHoldTheSameSamples() {
    for (String name : new String[] {"mono16", "stereo24", "mono8"}) {
      Pcm wav = samples(AudioFormat.WAV, Fixtures.bytes(name + ".wav"));
      Pcm flac = samples(AudioFormat.FLAC, Fixtures.bytes(name + ".flac"));
      assertThat(flac.rateHz()).isEqualTo(wav.rateHz());
      assertThat(flac.samples()).isEqualTo(wav.samples());
    }
  }

  @Test
  void everyTruncationOfWavIsRejected() {
    everyTruncationIsRejected(AudioFormat.WAV, Fixtures.bytes("mono8.wav"));
  }

  @Test
  void everyTruncationOfFlacIsRejected() {
    everyTruncationIsRejected(AudioFormat.FLAC, Fixtures.bytes("mono8.flac"));
    everyTruncationIsRejected(AudioFormat.FLAC, Fixtures.bytes("stereo24.flac"));
  }

  @Test
  void everyTruncationOfFlacWithoutLengthAndDigestIsRejected() {
    byte[] unsure = withoutLengthAndMd5(Fixtures.bytes("mono8.flac"));
    assertThat(samples(AudioFormat.FLAC, unsure).samples())
        .isEqualTo(samples(AudioFormat.WAV, Fixtures.bytes("mono8.wav")).samples());
    everyTruncationIsRejected(AudioFormat.FLAC, unsure);
  }

  private void everyTruncationIsRejected(AudioFormat format, byte[] whole) {
    for (int length = 0; length < whole.length; length++) {
      AudioDecoder.Decoded decoded = decoder.decode(format, Arrays.copyOf(whole, length));
      assertThat(decoded).as("first %d bytes", length).isInstanceOf(AudioDecoder.Rejected.class);
    }
  }

  private static byte[] withoutLengthAndMd5(byte[] flac) {
    byte[] unsure = flac.clone();
    unsure[21] &= (byte) 0xf0;
    Arrays.fill(unsure, 22, 42, (byte) 0);
    return unsure;
  }

  @Test
  void everyFlippedByteOfFlacIsRejectedOrHarmless() {
    byte[] whole = Fixtures.bytes("mono8.flac");
    float[] truth = samples(AudioFormat.FLAC, whole).samples();
    SeededRandom.forAll(
        AudioDecoderTest.class,
        400,
        random -> {
          byte[] damaged = whole.clone();
          int at = random.nextInt(damaged.length);
          damaged[at] ^= (byte) (1 + random.nextInt(255));
          AudioDecoder.Decoded decoded = decoder.decode(AudioFormat.FLAC, damaged);
          if (decoded instanceof AudioDecoder.Samples s) {
            assertThat(s.pcm().samples()).as("byte %d", at).isEqualTo(truth);
          }
        });
  }

  @Test
  void randomBytesBehindAFlacHeaderNeverThrow() {
    byte[] header = Arrays.copyOf(withoutLengthAndMd5(Fixtures.bytes("stereo24.flac")), 42);
    header[4] |= (byte) 0x80;
    SeededRandom.forAll(
        AudioDecoderTest.class,
        300,
        random -> {
          byte[] noise = new byte[random.nextInt(4000)];
          random.nextBytes(noise);
          // A sync code, so that the frame parser is reached.
          if (noise.length > 6) {
            noise[0] = (byte) 0xff;
            noise[1] = (byte) 0xf8;
          }
          byte[] payload = Arrays.copyOf(header, header.length + noise.length);
          System.arraycopy(noise, 0, payload, header.length, noise.length);
          assertThat(decoder.decode(AudioFormat.FLAC, payload))
              .isInstanceOf(AudioDecoder.Rejected.class);
        });
  }

  @Test
  void randomlyDamagedWavNeverThrows() {
    byte[] whole = Fixtures.bytes("mono8.wav");
    SeededRandom.forAll(
        AudioDecoderTest.class,
        500,
        random -> {
          byte[] damaged = Arrays.copyOf(whole, random.nextInt(whole.length + 1));
          for (int i = random.nextInt(4); i >= 0 && damaged.length > 0; i--) {
            damaged[random.nextInt(Math.min(60, damaged.length))] = (byte) random.nextInt(256);
          }
          assertThat(decoder.decode(AudioFormat.WAV, damaged)).isNotNull();
        });
  }

  @Test
  void lyingFlacHeadersAreNamed() {
    byte[] flac = Fixtures.bytes("mono8.flac");
    byte[] other = flac.clone();
    other[30] ^= 1;
    assertThat(rejection(AudioFormat.FLAC, other).describe())
        .startsWith("FLAC MD5 \"")
        .contains("the samples have");
    byte[] longer = flac.clone();
    longer[25] += 1;
    assertThat(rejection(AudioFormat.FLAC, longer).describe())
        .isEqualTo("FLAC samples \"2001\": truncated: only 2000 are there");
    byte[] rateZero = flac.clone();
    rateZero[18] = 0;
    rateZero[19] = 0;
    rateZero[20] &= 0x0f;
    assertThat(rejection(AudioFormat.FLAC, rateZero).describe()).startsWith("rate \"0\": must be");
    byte[] stereo = flac.clone();
    stereo[20] |= 0x02;
    assertThat(rejection(AudioFormat.FLAC, stereo).describe())
        .isEqualTo("FLAC frame channels \"1\": must be 2 as in the header");
    byte[] hour = flac.clone();
    hour[22] = 0x10;
    assertThat(rejection(AudioFormat.FLAC, hour))
        .satisfies(r -> assertThat(r.reason()).isEqualTo(Reason.TOO_LARGE));
    assertThat(rejection(AudioFormat.FLAC, WavBytes.ascii("OggS....")).describe())
        .isEqualTo("FLAC marker \"OggS\": must be fLaC");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 999, 1_000_001, 1_000_000_000L})
  void wavRatesThatCannotBeAreRejected(long rateHz) {
    WavBytes wav = new WavBytes();
    wav.rateHz = rateHz;
    assertThat(rejection(AudioFormat.WAV, wav.build()).describe())
        .isEqualTo("rate \"%d\": must be 1000 to 1000000 Hz".formatted(rateHz));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 65, 300})
  void wavChannelCountsThatCannotBeAreRejected(int channels) {
    WavBytes wav = new WavBytes();
    wav.channels = channels;
    assertThat(rejection(AudioFormat.WAV, wav.build()).describe())
        .isEqualTo("channels \"%d\": must be 1 to 64".formatted(channels));
  }

  @Test
  void lyingWavHeadersAreNamed() {
    WavBytes longData = new WavBytes();
    longData.dataBytes = 1000;
    assertThat(rejection(AudioFormat.WAV, longData.build()).describe())
        .isEqualTo("data chunk bytes \"1000\": truncated: 8 bytes are there");
    WavBytes longRiff = new WavBytes();
    longRiff.riffBytes = 5000;
    assertThat(rejection(AudioFormat.WAV, longRiff.build()).describe())
        .isEqualTo("RIFF size \"5000\": truncated: 52 bytes in all");
    WavBytes align = new WavBytes();
    align.blockAlign = 7;
    assertThat(rejection(AudioFormat.WAV, align.build()).describe())
        .isEqualTo("fmt blockAlign \"7\": must be 2 for 1 channels of 16 bits");
    WavBytes compressed = new WavBytes();
    compressed.tag = 0x55;
    assertThat(rejection(AudioFormat.WAV, compressed.build()).describe())
        .isEqualTo("fmt tag \"85\": must be 1 (integer) or 3 (float)");
    WavBytes bits = new WavBytes();
    bits.bits = 12;
    assertThat(rejection(AudioFormat.WAV, bits.build()).describe())
        .isEqualTo("fmt bits \"12\": must be 8, 16, 24 or 32");
    WavBytes none = new WavBytes();
    none.data = new byte[0];
    assertThat(rejection(AudioFormat.WAV, none.build()).describe())
        .isEqualTo("data chunk bytes \"0\": must hold audio");
    WavBytes half = new WavBytes();
    half.data = new byte[7];
    assertThat(rejection(AudioFormat.WAV, half.build()).describe())
        .isEqualTo("data chunk bytes \"7\": must be a multiple of the 2 bytes of a frame");
    assertThat(rejection(AudioFormat.WAV, WavBytes.ascii("RIFX....WAVE")).describe())
        .isEqualTo("RIFF marker \"RIFX\": must be RIFF");
    WavBytes notNumbers = new WavBytes();
    notNumbers.tag = 3;
    notNumbers.bits = 32;
    notNumbers.data = floats(0.5f, Float.NaN);
    assertThat(rejection(AudioFormat.WAV, notNumbers.build()).describe())
        .startsWith("sample 1 of channel 0 \"NaN\"");
  }

  @Test
  void aSmallPayloadCannotUnfoldBeyondTheLimit() {
    AudioDecoder small = new AudioDecoder(ChannelPolicy.MIX, 2000);
    assertThat(rejection(small, AudioFormat.FLAC, Fixtures.bytes("mono8.flac")).describe())
        .isEqualTo("samples per channel \"2000\": must be at most 1000 samples");
    byte[] unsure = withoutLengthAndMd5(Fixtures.bytes("mono8.flac"));
    assertThat(rejection(small, AudioFormat.FLAC, unsure).reason()).isEqualTo(Reason.TOO_LARGE);
  }
}
