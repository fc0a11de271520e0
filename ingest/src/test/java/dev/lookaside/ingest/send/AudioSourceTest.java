package dev.lookaside.ingest.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioInput;
import dev.lookaside.ingest.audio.Ffmpeg;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.ReadRules;
import dev.lookaside.ingest.audio.WavWriter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AudioSourceTest {
  private static final ReadRules STRICT = new ReadRules(true, text -> {});
  private static final StreamId STREAM = new StreamId("s");

  @TempDir Path folder;

  private Path wav(String name) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    WavWriter.writeInt16(file, new Pcm(16_000, new float[] {0, 0.5f}));
    return file;
  }

  @Test
  void aFolderIsOneStreamPerFileInAFixedOrder() throws IOException {
    wav("in/b.wav");
    wav("in/a/z.WAV");
    wav("in/c.wav");
    Files.writeString(folder.resolve("in/notes.txt"), "no sound");
    Path single = wav("other/x.wav");
    List<AudioSource> sources =
        AudioSource.files(List.of(single, folder.resolve("in")), "yard/", ReadRules.LENIENT);
    assertThat(sources)
        .extracting(s -> s.stream().value())
        .containsExactly("yard/x.wav", "yard/a/z.WAV", "yard/b.wav", "yard/c.wav");
    try (AudioInput input = sources.get(1).opener().get()) {
      assertThat(input.lengthFrames()).isEqualTo(2);
    }
  }

  @Test
  void badPathsAreNamed() throws IOException {
    Path missing = folder.resolve("none");
    assertThatThrownBy(() -> AudioSource.files(List.of(missing), "", ReadRules.LENIENT))
        .isInstanceOf(IngestException.class)
        .hasMessage("file \"" + missing + "\": no such file or folder");
    assertThatThrownBy(() -> AudioSource.files(List.of(folder), "", ReadRules.LENIENT))
        .hasMessage("folder \"" + folder + "\": no audio file in it");
    List<Path> twice = List.of(wav("1/x.wav"), wav("2/x.wav"));
    assertThatThrownBy(() -> AudioSource.files(twice, "", ReadRules.LENIENT))
        .hasMessageStartingWith("stream \"x.wav\": two files would be one stream");
  }

  @Test
  void standardInputIsWavOrRaw() throws IOException {
    byte[] wav = Files.readAllBytes(wav("x.wav"));
    AudioSource piped =
        AudioSource.pipe(STREAM, new ByteArrayInputStream(wav), null, ReadRules.LENIENT);
    float[] block = new float[8];
    try (AudioInput input = piped.opener().get()) {
      assertThat(input.rateHz()).isEqualTo(16_000);
      assertThat(input.read(block, 8)).isEqualTo(2);
      assertThat(block[1]).isEqualTo(0.5f);
      assertThat(input.read(block, 8)).isEqualTo(-1);
    }
    AudioFormat stereo = new AudioFormat(Encoding.L16, 48_000, 2);
    byte[] raw = {0x40, 0, (byte) 0xc0, 0};
    try (AudioInput input =
        AudioSource.pipe(STREAM, new ByteArrayInputStream(raw), stereo, ReadRules.LENIENT)
            .opener()
            .get()) {
      assertThat(input.channels()).isEqualTo(2);
      assertThat(input.read(block, 4)).isEqualTo(1);
      assertThat(block).startsWith(0.5f, -0.5f);
    }
    byte[] half = {0x40, 0, (byte) 0xc0};
    try (AudioInput input =
        AudioSource.pipe(STREAM, new ByteArrayInputStream(half), stereo, STRICT).opener().get()) {
      assertThatThrownBy(() -> input.read(block, 4))
          .hasMessage("bytes of samples \"3\": must be a multiple of the 4 bytes of a frame");
    }
  }

  @Test
  void standardInputThatIsNoAudioIsNamed() {
    AudioSource text =
        AudioSource.pipe(
            STREAM, new ByteArrayInputStream(new byte[] {'h', 'i'}), null, ReadRules.LENIENT);
    assertThatThrownBy(text.opener()::get)
        .hasMessageStartingWith("standard input: first bytes \"hi\": must be WAV");
    AudioSource nothing =
        AudioSource.pipe(STREAM, new ByteArrayInputStream(new byte[0]), null, ReadRules.LENIENT);
    assertThatThrownBy(nothing.opener()::get)
        .hasMessage("standard input: bytes \"0\": must hold audio");
    AudioSource container =
        AudioSource.pipe(
            STREAM, new ByteArrayInputStream(new byte[2]), AudioFormat.FLAC, ReadRules.LENIENT);
    assertThatThrownBy(container.opener()::get)
        .hasMessage("encoding \"FLAC\": must be L16, S16LE or F32LE");
  }

  @Test
  void ffmpegAndMicrophoneOpenWhenTheirTurnComes() {
    AudioSource camera =
        AudioSource.ffmpeg(
            STREAM, "rtsp://camera/1", new Ffmpeg("no-such-ffmpeg"), ReadRules.LENIENT);
    assertThat(camera.name()).isEqualTo("rtsp://camera/1");
    assertThatThrownBy(camera.opener()::get).hasMessageContaining("install ffmpeg");
    AudioSource mic = AudioSource.microphone(STREAM, "no such device", 16_000, 1);
    assertThat(mic.live()).isTrue();
    assertThatThrownBy(mic.opener()::get)
        .isInstanceOf(IngestException.class)
        .hasMessageStartingWith(
            "microphone \"no such device\": no such device records 16 bits at 16000 Hz");
  }
}
