package dev.lookaside.ingest.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AudioFilesTest {
  private static final ReadRules STRICT = new ReadRules(true, text -> {});
  private static final Ffmpeg ABSENT = new Ffmpeg("no-such-ffmpeg");

  @TempDir Path folder;

  private Path file(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes);
  }

  @Test
  void everyWavCodingReadsTheSameRamp() throws IOException {
    float[] truth = {0f, 0.5f, -0.5f, -1f};
    WavBytes wav = new WavBytes();
    for (boolean extensible : new boolean[] {false, true}) {
      wav.extensible = extensible;
      wav.tag = 1;
      wav.bits = 8;
      wav.data = new byte[] {(byte) 128, (byte) 192, 64, 0};
      assertThat(AudioFiles.read(file("u8.wav", wav.build())).samples()).isEqualTo(truth);
      for (int bits : new int[] {16, 24, 32}) {
        wav.bits = bits;
        wav.data = integers(truth, bits);
        assertThat(AudioFiles.read(file("i.wav", wav.build())).samples()).isEqualTo(truth);
      }
      wav.tag = 3;
      wav.bits = 32;
      ByteBuffer floats = WavBytes.little(16);
      ByteBuffer doubles = WavBytes.little(32);
      for (float x : truth) {
        floats.putFloat(x);
        doubles.putDouble(x);
      }
      wav.data = floats.array();
      assertThat(AudioFiles.read(file("f.wav", wav.build())).samples()).isEqualTo(truth);
      wav.bits = 64;
      wav.data = doubles.array();
      assertThat(AudioFiles.read(file("d.wav", wav.build())).samples()).isEqualTo(truth);
    }
  }

  private static byte[] integers(float[] values, int bits) {
    ByteBuffer out = WavBytes.little(values.length * bits / 8);
    for (float x : values) {
      long step = (long) ((double) x * (1L << (bits - 1)));
      for (int b = 0; b < bits; b += 8) {
        out.put((byte) (step >> b));
      }
    }
    return out.array();
  }

  @Test
  void otherChunksAndOddPaddingAreSkipped() throws IOException {
    WavBytes wav = new WavBytes();
    ByteBuffer list = WavBytes.little(8 + 3 + 1).put(WavBytes.ascii("LIST")).putInt(3);
    wav.before = list.array();
    wav.data = new byte[] {0, 64, 0, -64};
    assertThat(AudioFiles.read(file("list.wav", wav.build())).samples())
        .containsExactly(0.5f, -0.5f);
  }

  @Test
  void aPipedWavOfUnknownLengthIsReadToItsEnd() throws IOException {
    WavBytes wav = new WavBytes();
    wav.riffBytes = 0xffff_ffffL;
    wav.dataBytes = 0xffff_ffffL;
    assertThat(AudioFiles.read(file("pipe.wav", wav.build())).lengthSamples()).isEqualTo(4);
    try (AudioInput pipe =
        WavInput.open(new ByteArrayInputStream(wav.build()), -1, ReadRules.LENIENT)) {
      assertThat(pipe.lengthFrames()).isEqualTo(-1);
      assertThat(pipe.read(new float[10], 10)).isEqualTo(4);
      assertThat(pipe.read(new float[10], 10)).isEqualTo(-1);
    }
  }

  @Test
  void aPipedWavStopsAtItsDeclaredLength() throws IOException {
    byte[] wav = new WavBytes().build();
    byte[] withTail = Arrays.copyOf(wav, wav.length + 10);
    try (AudioInput pipe =
        WavInput.open(new ByteArrayInputStream(withTail), -1, ReadRules.LENIENT)) {
      assertThat(pipe.read(new float[10], 10)).isEqualTo(4);
      assertThat(pipe.read(new float[10], 10)).isEqualTo(-1);
    }
  }

  @Test
  void flacWavOggAndMp3OfOneSoundAgree() {
    Pcm wav = AudioFiles.read(Fixtures.path("mono16.wav"));
    Pcm flac = AudioFiles.read(Fixtures.path("mono16.flac"));
    assertThat(flac.samples()).isEqualTo(wav.samples());
    Pcm ogg = AudioFiles.read(Fixtures.path("mono16.ogg"));
    assertThat(ogg.rateHz()).isEqualTo(16_000);
    assertThat(correlation(wav, ogg, 0)).isGreaterThan(0.98);
    Pcm mp3 = AudioFiles.read(Fixtures.path("mono16.mp3"));
    assertThat(mp3.rateHz()).isEqualTo(16_000);
    double best = 0;
    for (int delay = 0; delay < 2400; delay++) {
      best = Math.max(best, correlation(wav, mp3, delay));
    }
    assertThat(best).as("at the best delay").isGreaterThan(0.9);
  }

  @Test
  void stereoOggIsMixedOrOneChannelChosen() {
    Pcm wav =
        AudioFiles.read(Fixtures.path("stereo24.wav"), ChannelPolicy.channel(1), ReadRules.LENIENT);
    Pcm ogg =
        AudioFiles.read(Fixtures.path("stereo24.ogg"), ChannelPolicy.channel(1), ReadRules.LENIENT);
    assertThat(ogg.rateHz()).isEqualTo(48_000);
    assertThat(correlation(wav, ogg, 0)).isGreaterThan(0.95);
  }

  private static double correlation(Pcm a, Pcm b, int delay) {
    int n = Math.min(a.lengthSamples(), b.lengthSamples() - delay);
    double ab = 0;
    double aa = 1e-9;
    double bb = 1e-9;
    for (int i = 0; i < n; i++) {
      ab += a.samples()[i] * b.samples()[i + delay];
      aa += a.samples()[i] * a.samples()[i];
      bb += b.samples()[i + delay] * b.samples()[i + delay];
    }
    return n < 1000 ? 0 : ab / Math.sqrt(aa * bb);
  }

  @Test
  void everyMessageNamesTheFile() throws IOException {
    Path truncated = file("cut.flac", Arrays.copyOf(Fixtures.bytes("mono16.flac"), 5000));
    assertThatThrownBy(() -> AudioFiles.read(truncated, STRICT))
        .isInstanceOf(AudioFormatException.class)
        .hasMessageStartingWith(truncated + ": FLAC ");
    Path text = file("song.wav", WavBytes.ascii("hello"));
    assertThatThrownBy(() -> AudioFiles.open(text, ABSENT, ReadRules.LENIENT))
        .isInstanceOf(AudioFormatException.class)
        .hasMessageStartingWith(text + ": first bytes \"hell\": must be WAV, FLAC")
        .hasMessageContaining("ffmpeg might read it, but is not installed");
    Path missing = folder.resolve("none.wav");
    assertThatThrownBy(() -> AudioFiles.read(missing))
        .hasMessage(missing + ": cannot be read: no such file or folder");
    assertThatThrownBy(() -> AudioFiles.read(folder)).hasMessageContaining("it is a folder");
    Path empty = file("empty.wav", new byte[0]);
    assertThatThrownBy(() -> AudioFiles.read(empty))
        .hasMessage(empty + ": bytes \"0\": must hold audio");
  }

  @Test
  void damagedOggAndMp3EndInAMessageOrInSound() throws IOException {
    for (String name : new String[] {"mono16.ogg", "mono16.mp3"}) {
      byte[] whole = Fixtures.bytes(name);
      for (int length = 8; length < whole.length; length += 97) {
        Path cut = file(name, Arrays.copyOf(whole, length));
        try (AudioInput input = AudioFiles.open(cut, ABSENT, ReadRules.LENIENT)) {
          float[] block = new float[4096];
          while (input.read(block, 4096) >= 0) {
            assertThat(input.channels()).isEqualTo(1);
          }
        } catch (dev.lookaside.ingest.IngestException e) {
          assertThat(e).hasMessageContaining("\"");
        }
      }
    }
  }

  @Test
  void writtenWavReadsBack() throws IOException {
    Pcm pcm = AudioFiles.read(Fixtures.path("mono16.wav"));
    Path int16 = folder.resolve("out16.wav");
    WavWriter.writeInt16(int16, pcm);
    assertThat(Files.readAllBytes(int16)).isEqualTo(WavWriter.int16(pcm));
    assertThat(AudioFiles.read(int16).samples()).isEqualTo(pcm.samples());
    Pcm fine = new Pcm(44_100, new float[] {0.1f, -0.3f, 1.5f});
    WavWriter.writeInt16(int16, fine);
    assertThat(AudioFiles.read(int16).samples()[2]).isEqualTo(32_767 / 32_768f);
  }

  @Test
  void ffmpegIsAskedForWhatWeDoNotReadAndItsWordsAreKept() throws IOException {
    WavBytes wav = new WavBytes();
    wav.riffBytes = 0xffff_ffffL;
    wav.dataBytes = 0xffff_ffffL;
    Path sound = file("sound.wav", wav.build());
    Path program = script("cat '" + sound + "'");
    Path other = file("x.opus", WavBytes.ascii("OggS....OpusHead"));
    try (AudioInput input =
        AudioFiles.open(other, new Ffmpeg(program.toString()), ReadRules.LENIENT)) {
      assertThat(input.rateHz()).isEqualTo(16_000);
      assertThat(input.read(new float[10], 10)).isEqualTo(4);
      assertThat(input.read(new float[10], 10)).isEqualTo(-1);
    }
    Path failing = script("[ \"$1\" = -version ] || { echo 'Connection refused' >&2; exit 3; }");
    assertThatThrownBy(
            () -> new Ffmpeg(failing.toString()).open("rtsp://camera/1", ReadRules.LENIENT))
        .isInstanceOf(AudioFormatException.class)
        .hasMessage("rtsp://camera/1: ffmpeg gave no audio: Connection refused");
    Path text = file("song.txt", WavBytes.ascii("hello"));
    Path knowsNot = script("[ \"$1\" = -version ] || { echo 'Invalid data found' >&2; exit 3; }");
    assertThatThrownBy(
            () -> AudioFiles.open(text, new Ffmpeg(knowsNot.toString()), ReadRules.LENIENT))
        .isInstanceOf(AudioFormatException.class)
        .hasMessageStartingWith(
            text + ": is not audio that Lookaside reads: first bytes \"hell\": must be WAV, FLAC")
        .hasMessageEndingWith(", or what ffmpeg reads (ffmpeg gave no audio: Invalid data found)");
    Path dying = script("cat '" + sound + "'; echo 'Broken pipe' >&2; exit 4");
    try (AudioInput input = new Ffmpeg(dying.toString()).open("http://radio", ReadRules.LENIENT)) {
      assertThat(input.read(new float[10], 10)).isEqualTo(4);
      assertThatThrownBy(() -> input.read(new float[10], 10))
          .hasMessage("http://radio: ffmpeg ended with code 4: Broken pipe");
    }
  }

  private Path script(String body) throws IOException {
    Path file = Files.createTempFile(folder, "ffmpeg", ".sh");
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file;
  }

  @Test
  void withoutFfmpegTheMessageSaysWhatToInstall() {
    assertThat(ABSENT.installed()).isFalse();
    assertThatThrownBy(() -> ABSENT.open("rtsp://camera/1", ReadRules.LENIENT))
        .isInstanceOf(AudioFormatException.class)
        .hasMessage(
            "rtsp://camera/1: needs \"no-such-ffmpeg\", which cannot be started; install ffmpeg"
                + " and put it on the PATH");
    assertThat(ABSENT.command("rtsp://camera/1")).containsSequence("-rtsp_transport", "tcp", "-i");
    assertThat(ABSENT.command("a.mkv")).doesNotContain("tcp").containsSequence("-i", "a.mkv");
  }

  @Test
  void looksLikeAudioGoesByTheSuffix() {
    assertThat(AudioFiles.looksLikeAudio(Path.of("a/B.FLAC"))).isTrue();
    assertThat(AudioFiles.looksLikeAudio(Path.of("notes.txt"))).isFalse();
  }
}
