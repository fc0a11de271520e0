package dev.lookaside.deploy.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.classifier.detect.StreamState;
import dev.lookaside.classifier.registry.AckBytes;
import dev.lookaside.classifier.registry.CutoverCodec;
import dev.lookaside.classifier.registry.Slice;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.ClassName;
import dev.lookaside.classifier.weights.ConfigFile;
import dev.lookaside.classifier.weights.Npy;
import dev.lookaside.classifier.weights.Safetensors;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.Rfc3339;
import dev.lookaside.ingest.StreamProgress;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.AudioInput;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.ingest.audio.ReadRules;
import dev.lookaside.trainer.dataset.CsvTable;
import dev.lookaside.trainer.dataset.HdfBytes;
import dev.lookaside.trainer.label.LabelCodec;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.List;

/** Each decoder of bytes from outside, by one line; its seeds lie in the resources, by its name. */
enum Decoder {
  CHUNK(bytes -> chunk(bytes)),
  WAV(bytes -> Shared.AUDIO.decode(AudioFormat.WAV, bytes)),
  FLAC(bytes -> Shared.AUDIO.decode(AudioFormat.FLAC, bytes)),
  PIPE(bytes -> pipe(bytes)),
  OGG(bytes -> pipe(bytes)),
  SAFETENSORS(bytes -> safetensors(bytes)),
  ADAPTER(bytes -> Adapter.of(bytes, "fuzz")),
  NPY(bytes -> Npy.of(bytes, "fuzz")),
  LABEL(bytes -> Shared.LABELS.decode(FuzzRecord.of(bytes))),
  DETECTION(bytes -> new DetectionCodec().fromJson(bytes)),
  LEDGER(bytes -> CutoverCodec.decode(FuzzRecord.of(bytes))),
  ACK(bytes -> AckBytes.read(bytes)),
  SLICE(bytes -> Slice.of(FuzzRecord.of(bytes))),
  CSV(bytes -> FuzzFile.with("a.csv", bytes, f -> CsvTable.read(f, List.of("path", "label")))),
  HDF5(bytes -> FuzzFile.with("a.hdf5", bytes, file -> HdfBytes.read(file, "P01_01"))),
  PROGRESS(bytes -> StreamState.of(StreamProgress.of(bytes))),
  INDEX(bytes -> FuzzFile.with("model.safetensors.index.json", bytes, f -> Backbone.load(f))),
  CONFIG(bytes -> FuzzFile.with("config.json", bytes, file -> ConfigFile.read(file))),
  TEXT(bytes -> text(new String(bytes, UTF_8)));

  /** An enum's constants come before its own. */
  private static final class Shared {
    static final AudioDecoder AUDIO = new AudioDecoder(ChannelPolicy.MIX, 1 << 20);
    static final AudioChunkCodec CHUNKS = new AudioChunkCodec("/fuzz", 1 << 20, null);
    static final LabelCodec LABELS = new LabelCodec();
  }

  /** No input of the fuzzer's size holds more sound. */
  private static final int MAX_FRAMES = 1 << 22;

  interface Reader {
    void read(byte[] bytes) throws Exception;
  }

  private final Reader reader;

  Decoder(Reader reader) {
    this.reader = reader;
  }

  /** Reads {@code bytes}; throws what the decoder throws. */
  void read(byte[] bytes) throws Exception {
    reader.read(bytes);
  }

  /** Where the kept inputs of it lie. */
  Path seeds() {
    return Path.of("src/test/resources/fuzz", name().toLowerCase(java.util.Locale.ROOT));
  }

  private static void chunk(byte[] bytes) {
    if (Shared.CHUNKS.decode(FuzzRecord.of(bytes)) instanceof AudioChunkCodec.Chunk read) {
      Shared.AUDIO.decode(read.chunk().format(), read.chunk().payload());
    }
  }

  private static void pipe(byte[] bytes) throws Exception {
    ReadRules quiet = new ReadRules(false, text -> {});
    try (AudioInput input = AudioFiles.openPipe(new ByteArrayInputStream(bytes), quiet)) {
      float[] block = new float[1024 * input.channels()];
      int frames;
      for (int read = 0; read < MAX_FRAMES; read += frames) {
        frames = input.read(block, 1024);
        if (frames < 0) {
          return;
        }
        if (frames == 0) {
          throw new AssertionError("read no frame and no end");
        }
      }
    }
  }

  private static void safetensors(byte[] bytes) {
    try (Safetensors file = Safetensors.of(bytes, "fuzz")) {
      for (String name : file.names()) {
        file.floats(name).toArray();
      }
    }
  }

  private static void text(String text) {
    Rfc3339.parse(text)
        .ifPresent(time -> require(Rfc3339.parse(time.toString()).isPresent(), text));
    String name = ClassName.of(text);
    require(ClassName.of(name).equals(name), text);
    ClassName.fault(name);
    require(ClassName.key(ClassName.key(name)).equals(ClassName.key(name)), text);
    AudioFormat.parse(text);
  }

  private static void require(boolean holds, String text) {
    if (!holds) {
      throw new AssertionError("broken for \"" + text + "\"");
    }
  }
}
