package dev.lookaside.ingest.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.IngestException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files as killed recorders, pipes, taggers and radio servers leave them. */
@Timeout(60)
class OddFilesTest {
  private static final Ffmpeg ABSENT = new Ffmpeg("no-such-ffmpeg");

  @TempDir Path folder;
  private final List<String> warnings = new ArrayList<>();
  private final ReadRules lenient = new ReadRules(false, warnings::add);
  private final ReadRules strict = new ReadRules(true, warnings::add);

  private Path file(String name, byte[]... parts) throws IOException {
    return Files.write(folder.resolve(name), joined(parts));
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  private static float[] samples(AudioInput opened) throws IOException {
    try (AudioInput input = opened) {
      return MonoReader.readAll(input, ChannelPolicy.MIX, Long.MAX_VALUE).samples();
    }
  }

  /** What each way in makes of the same bytes: the samples, or the fault. */
  private String read(byte[] bytes, ReadRules rules, String way) throws Exception {
    warnings.clear();
    try {
      AudioInput input =
          switch (way) {
            case "file" -> AudioFiles.open(file("x", bytes), ABSENT, rules);
            case "stdin" -> AudioFiles.openPipe(new ByteArrayInputStream(bytes), rules);
            default -> AudioFiles.open(fifo(bytes), ABSENT, rules);
          };
      return Arrays.toString(samples(input)) + warnings.stream().map(OddFilesTest::what).toList();
    } catch (IngestException e) {
      return what(e.getMessage());
    }
  }

  /** Without the name of what was read. */
  private static String what(String message) {
    return message.replaceFirst("^(/\\S*|standard input): ", "");
  }

  private Path fifo(byte[] bytes) throws Exception {
    Path pipe = Files.createTempDirectory(folder, "pipe").resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Thread writer =
        new Thread(
            () -> {
              try (OutputStream out = Files.newOutputStream(pipe)) {
                out.write(bytes);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    writer.setDaemon(true);
    // A reader that gives up early breaks the pipe; that is no fault of the test.
    writer.setUncaughtExceptionHandler((thread, e) -> {});
    writer.start();
    return pipe;
  }

  @ParameterizedTest
  @CsvSource({
    "killed recorder,      0,          0,          4, never filled in: 8 bytes are there",
    "killed with RIFF,     36,         0,          4, never filled in: 8 bytes are there",
    "ffmpeg in a pipe,     4294967295, 4294967295, 4, unknown: 8 bytes are there",
    "sox in a pipe,        2147479588, 2147479552, 4, unknown: 8 bytes are there",
    "arecord in a pipe,    2147483684, 2147483648, 4, unknown: 8 bytes are there",
    "off by its header,    88,         52,         4, truncated: 8 bytes are there",
    "doubled,              52,         16,         4, truncated: 8 bytes are there",
    "odd,                  43,         7,          3, must be a multiple of the 2 bytes of a frame"
  })
  void aLyingWavSizeIsReadToTheEndWithAWarningFromFileAndPipeAlike(
      String name, long riffBytes, long dataBytes, int samples, String fault) throws Exception {
    WavBytes wav = new WavBytes();
    wav.data = new byte[] {0, 64, 0, -64, 0, 32, 0, -32};
    wav.riffBytes = riffBytes;
    wav.dataBytes = dataBytes;
    String message = "data chunk bytes \"%d\": %s".formatted(dataBytes, fault);
    float[] truth = Arrays.copyOf(new float[] {0.5f, -0.5f, 0.25f, -0.25f}, samples);
    String done = samples == 4 ? "read to the end" : "the last 1 bytes are left out";
    for (String way : List.of("file", "stdin", "fifo")) {
      assertThat(read(wav.build(), lenient, way))
          .as(name + " by " + way)
          .isEqualTo(Arrays.toString(truth) + "[" + message + "; " + done + "]");
      assertThat(read(wav.build(), strict, way)).as(name + " by " + way).isEqualTo(message);
    }
  }

  @Test
  void aWavCutInsideASampleKeepsTheWholeOnes() throws Exception {
    WavBytes wav = new WavBytes();
    wav.data = new byte[] {0, 64, 0, -64, 7};
    wav.dataBytes = 8;
    for (String way : List.of("file", "stdin", "fifo")) {
      assertThat(read(wav.build(), lenient, way))
          .isEqualTo(
              "[0.5, -0.5][data chunk bytes \"8\": truncated: 5 bytes are there; read to the end]");
    }
  }

  @Test
  void anEmptyWavIsEmptyHoweverItIsRead() throws Exception {
    WavBytes wav = new WavBytes();
    wav.data = new byte[0];
    byte[] list = WavBytes.little(12).put(WavBytes.ascii("LIST")).putInt(4).array();
    wav.riffBytes = 36 + list.length;
    for (String way : List.of("file", "stdin", "fifo")) {
      // Chunks behind a data chunk of 0 bytes are no sound.
      assertThat(read(joined(wav.build(), list), lenient, way)).contains("must hold audio");
      assertThat(read(wav.build(), lenient, way)).contains("must hold audio");
    }
  }

  @Test
  void whatFollowsAWavIsNamed() throws Exception {
    byte[] one = new WavBytes().build();
    byte[] tag = Arrays.copyOf(WavBytes.ascii("TAGsong"), 128);
    byte[] list = WavBytes.little(12).put(WavBytes.ascii("LIST")).putInt(4).array();
    for (String way : List.of("file", "stdin", "fifo")) {
      assertThat(read(joined(one, list, tag), lenient, way)).endsWith("][]");
      assertThat(read(joined(one, one), lenient, way))
          .endsWith("what follows the sound is left out (another WAV begins there)]");
      assertThat(read(joined(one, one), strict, way)).startsWith("after the data chunk \"RIFF\"");
      assertThat(read(joined(one, new byte[20]), lenient, way)).contains("is left out");
      // Sound that looks like a chunk's name, but not like its size.
      assertThat(read(joined(one, WavBytes.ascii("INFOISFT, and more")), lenient, way))
          .contains("after the data chunk \"INFO\": must be a whole chunk or the end");
      byte[] odd =
          Arrays.copyOf(WavBytes.little(8).put(WavBytes.ascii("note")).putInt(3).array(), 11);
      assertThat(read(joined(one, odd), lenient, way)).endsWith("][]");
    }
  }

  /** A file is skipped beyond its end where a pipe is not. */
  @Test
  void whatFollowsALongWavIsNamed() throws Exception {
    WavBytes wav = new WavBytes();
    wav.data = new byte[1 << 20];
    for (String way : List.of("file", "stdin", "fifo")) {
      assertThat(read(joined(wav.build(), WavBytes.ascii("INFOISFT, and more")), lenient, way))
          .endsWith("what follows the sound is left out]");
      assertThat(read(wav.build(), lenient, way)).endsWith("][]");
    }
  }

  private static byte[] id3v2(int bytes) {
    ByteBuffer tag = ByteBuffer.allocate(10 + bytes).put(WavBytes.ascii("ID3"));
    tag.put((byte) 4).put((byte) 0).put((byte) 0);
    return tag.put((byte) 0)
        .put((byte) 0)
        .put((byte) (bytes >> 7))
        .put((byte) (bytes & 127))
        .array();
  }

  @Test
  void anyKindMayStandBehindAnId3Tag() throws Exception {
    for (String kind : List.of("flac", "wav", "mp3", "ogg")) {
      byte[] plain = Fixtures.bytes("mono16." + kind);
      for (String way : List.of("file", "stdin", "fifo")) {
        assertThat(read(joined(id3v2(300), plain), lenient, way))
            .as(kind + " by " + way)
            .isEqualTo(read(plain, lenient, way))
            .startsWith("[");
      }
    }
    for (String way : List.of("file", "stdin", "fifo")) {
      String nothing = read(joined(id3v2(300), WavBytes.ascii("no sound at all")), lenient, way);
      assertThat(nothing)
          .startsWith("bytes behind the ID3 tag \"none\": must be FLAC, MP3, WAV or OGG Vorbis");
      assertThat(read(Arrays.copyOf(id3v2(300), 100), lenient, way))
          .isEqualTo("ID3 tag \"310 bytes\": truncated: the file ends inside");
    }
  }

  @Test
  void aFlacOfUnknownLengthMayEndInATag() throws Exception {
    byte[] flac = Fixtures.bytes("mono16.flac").clone();
    String truth = read(flac, lenient, "file");
    flac[21] &= (byte) 0xf0;
    Arrays.fill(flac, 22, 42, (byte) 0);
    byte[] tag = Arrays.copyOf(WavBytes.ascii("TAGsong"), 128);
    for (String way : List.of("file", "stdin", "fifo")) {
      assertThat(read(joined(flac, tag), lenient, way)).isEqualTo(truth);
      assertThat(read(joined(flac, tag), strict, way)).isEqualTo(truth);
    }
  }

  @Test
  void whatFollowsAFlacIsNamedAndACutOneIsReadToItsEnd() throws Exception {
    byte[] flac = Fixtures.bytes("mono16.flac");
    for (String way : List.of("file", "stdin", "fifo")) {
      assertThat(read(joined(flac, flac), lenient, way)).endsWith("what follows is left out]");
      assertThat(read(joined(flac, flac), strict, way)).contains("more bytes follow the last one");
      byte[] cut = Arrays.copyOf(flac, flac.length - 100);
      assertThat(read(cut, lenient, way)).startsWith("[").endsWith("read to the end]");
      assertThat(read(cut, strict, way)).contains("truncated");
    }
  }

  @Test
  void allLinksOfAChainedOggAreRead() throws Exception {
    byte[] link = Fixtures.bytes("mono16.ogg");
    float[] one = samples(AudioFiles.open(file("one.ogg", link), ABSENT, strict));
    for (byte[] second : List.of(link, withSerial(link, 77))) {
      byte[] chain = joined(link, second, link);
      for (String way : List.of("file", "stdin", "fifo")) {
        assertThat(read(chain, strict, way)).isEqualTo(Arrays.toString(repeated(one, 3)) + "[]");
      }
    }
  }

  @Test
  void aLinkThatDoesNotFitIsNamed() throws Exception {
    byte[] mono = Fixtures.bytes("mono16.ogg");
    byte[] stereo = Fixtures.bytes("stereo24.ogg");
    for (String way : List.of("file", "stdin", "fifo")) {
      assertThat(read(joined(mono, stereo), lenient, way))
          .isEqualTo(
              "OGG link 2 \"48000 Hz, 2 channels\": must be 16000 Hz, 1 channels as the first; cut the file there");
      assertThat(read(joined(mono, new byte[300]), lenient, way)).endsWith("is left out]");
      byte[] cut = Arrays.copyOf(mono, mono.length - 10);
      assertThat(read(joined(mono, cut), strict, way)).contains("truncated");
      assertThat(read(joined(mono, cut), lenient, way))
          .startsWith("[")
          .endsWith("truncated: the file ends here; read to the end]");
    }
  }

  private static float[] repeated(float[] samples, int times) {
    float[] all = new float[times * samples.length];
    for (int i = 0; i < times; i++) {
      System.arraycopy(samples, 0, all, i * samples.length, samples.length);
    }
    return all;
  }

  /** The same pages under another serial number, with their checksums. */
  private static byte[] withSerial(byte[] ogg, int serial) {
    ByteBuffer pages = ByteBuffer.wrap(ogg.clone()).order(ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    while (at < ogg.length) {
      int segments = ogg[at + 26] & 0xff;
      int length = 27 + segments;
      for (int i = 0; i < segments; i++) {
        length += ogg[at + 27 + i] & 0xff;
      }
      pages.putInt(at + 14, serial).putInt(at + 22, 0);
      pages.putInt(at + 22, crc(pages.array(), at, length));
      at += length;
    }
    return pages.array();
  }

  private static int crc(byte[] bytes, int from, int length) {
    int crc = 0;
    for (int i = from; i < from + length; i++) {
      crc ^= (bytes[i] & 0xff) << 24;
      for (int bit = 0; bit < 8; bit++) {
        crc = crc << 1 ^ (crc < 0 ? 0x04c11db7 : 0);
      }
    }
    return crc;
  }

  @ParameterizedTest
  @CsvSource({"1000", "4000", "250000", "384000", "500000", "1000000"})
  void fieldRecordersRatesAreRead(int rateHz) throws Exception {
    WavBytes wav = new WavBytes();
    wav.rateHz = rateHz;
    Pcm pcm = AudioFiles.read(file("bat.wav", wav.build()));
    assertThat(pcm.rateHz()).isEqualTo(rateHz);
    assertThat(pcm.lengthSamples()).isEqualTo(4);
  }

  @Test
  void ourOwnLimitsAreNamedAndFfmpegIsNotBlamed() throws Exception {
    Path failing = script("echo 'ffmpeg was asked' >&2; exit 1");
    WavBytes wav = new WavBytes();
    wav.channels = 72;
    wav.data = new byte[144];
    Path many = file("72.wav", wav.build());
    assertThatThrownBy(() -> AudioFiles.open(many, new Ffmpeg(failing.toString()), lenient))
        .hasMessage(many + ": channels \"72\": must be 1 to 64");
    Path answer = file("answer.wav", wav.build());
    Path program = script("[ \"$1\" = -version ] || cat '" + answer + "'");
    Path movie = file("x.mkv", WavBytes.ascii("Matroska"));
    assertThatThrownBy(() -> AudioFiles.open(movie, new Ffmpeg(program.toString()), lenient))
        .hasMessage(movie + ": channels \"72\": must be 1 to 64");
  }

  @ParameterizedTest
  @CsvSource({"2024-05-01T12:30:00.m4a", "Excession: dock.m4a", "-x.m4a", "rtsp:.m4a"})
  void aLocalNameIsNoProtocolAndNoOption(String name) throws Exception {
    WavBytes wav = new WavBytes();
    wav.riffBytes = 0xffff_ffffL;
    wav.dataBytes = 0xffff_ffffL;
    Path answer = file("answer.wav", wav.build());
    Path asked = folder.resolve("asked");
    Path program =
        script(
            "[ \"$1\" = -version ] && exit 0; printf '%s\\n' \"$@\" >'"
                + asked
                + "'; cat '"
                + answer
                + "'");
    Path here = Path.of("").toAbsolutePath();
    Path relative = here.relativize(file(name, WavBytes.ascii("....ftypM4A ")));
    Ffmpeg ffmpeg = new Ffmpeg(program.toString());
    assertThat(samples(AudioFiles.open(relative, ffmpeg, lenient))).hasSize(4);
    assertThat(Files.readAllLines(asked, StandardCharsets.UTF_8))
        .containsSequence("-i", "file:" + relative.toAbsolutePath());
    assertThat(samples(ffmpeg.open(relative.toString(), lenient))).hasSize(4);
    assertThat(Files.readAllLines(asked, StandardCharsets.UTF_8))
        .containsSequence("-i", "file:" + relative.toAbsolutePath());
  }

  @Test
  void tracksThatAreNotReadAreNamed() throws Exception {
    WavBytes wav = new WavBytes();
    wav.dataBytes = 0xffff_ffffL;
    Path answer = file("answer.wav", wav.build());
    Path program =
        script(
            """
            echo "[info] Input #0, matroska,webm, from 'x.mkv':" >&2
            echo "[info]   Duration: 00:00:01.50, start: 0.000000, bitrate: 1 kb/s" >&2
            echo "[info]   Stream #0:0(eng): Audio: opus, 48000 Hz, mono, fltp (default)" >&2
            echo "[info]   Stream #0:1(ger): Audio: opus, 48000 Hz, mono, fltp" >&2
            echo "[info] Output #0, wav, to 'pipe:1':" >&2
            echo "[info]   Stream #0:0: Audio: pcm_s16le, 48000 Hz, mono, s16" >&2
            sleep 0.2; cat '%s'
            """
                .formatted(answer));
    assertThat(samples(new Ffmpeg(program.toString()).open("http://x", lenient))).hasSize(4);
    assertThat(warnings).containsExactly("http://x: holds 2 audio tracks; ffmpeg chose one");
  }

  @Test
  void aWaitForFfmpegCanBeInterrupted() throws Exception {
    Path silent = script("exec sleep 1000");
    Thread reader =
        new Thread(
            () ->
                assertThatThrownBy(
                    () -> new Ffmpeg(silent.toString()).open("rtsp://camera", lenient)));
    reader.start();
    reader.interrupt();
    reader.join(TimeUnit.SECONDS.toMillis(30));
    assertThat(reader.isAlive()).isFalse();
  }

  private Path script(String body) throws IOException {
    Path file = Files.createTempFile(folder, "ffmpeg", ".sh");
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file;
  }
}
