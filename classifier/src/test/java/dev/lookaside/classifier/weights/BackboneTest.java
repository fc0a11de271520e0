package dev.lookaside.classifier.weights;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackboneTest {
  private static final int WIDTH = 64;
  @TempDir Path folder;

  @Test
  void timmDeitIsReadAndItsStemSummedOverChannels() {
    ViTSpec spec = new ViTSpec(WIDTH, 2, 1, 128, 2, 3, 3, 1e-6f);
    Map<String, FloatTensor> t = RandomBackbone.tensors(spec, 3, 10, 1);
    Backbone b = load("timm", t);
    assertThat(b.spec()).isEqualTo(spec);
    assertThat(b.layout()).isEqualTo("timm");
    assertThat(b.digest()).matches("[0-9a-f]{64}");
    assertThat(b.parameters()).isEqualTo(t.values().stream().mapToLong(FloatTensor::size).sum());
    assertThat(b.unusedParameters()).isEqualTo(2 * (10L * WIDTH + 10));
    float[] stem = at(t, "patch_embed.proj.weight").toArray();
    float[] summed = b.tensor("patch_embed.proj.weight").toArray();
    for (int d = 0; d < WIDTH; d++) {
      for (int i = 0; i < 256; i++) {
        float sum = 0;
        for (int c = 0; c < 3; c++) {
          sum += stem[(d * 3 + c) * 256 + i];
        }
        assertThat(summed[d * 256 + i]).isEqualTo(sum);
      }
    }
  }

  @Test
  void aChangedBackboneIsWrittenWithItsGridAndEpsilon() {
    ViTSpec spec = new ViTSpec(WIDTH, 2, 1, 128, 2, 12, 5, 1e-6f);
    Map<String, FloatTensor> own = RandomBackbone.tensors(spec, 1, 0, 1);
    Backbone before = load("hf", huggingFace(own, "vit.", false));
    float[] table = new float[(2 + 8 * 6) * WIDTH];
    Arrays.fill(table, 0.5f);
    float[] norm = new float[WIDTH];
    Path file = folder.resolve("written.safetensors");
    BackboneWriter.write(file, before, Map.of("pos_embed", table, "norm.bias", norm), 8, 6);
    Backbone after = Backbone.load(file);
    assertThat(after.spec())
        .isEqualTo(new ViTSpec(WIDTH, 2, 1, 128, 2, 8, 6, before.spec().epsilon()));
    assertThat(after.unusedParameters()).isZero();
    assertThat(after.tensor("pos_embed").toArray()).containsExactly(table);
    assertThat(after.tensor("norm.bias").toArray()).containsExactly(norm);
    for (String same : new String[] {"cls_token", "patch_embed.proj.weight", "norm.weight"}) {
      assertThat(after.tensor(same).toArray()).containsExactly(before.tensor(same).toArray());
    }
  }

  /** Written under timm's names, what MAE-AST does otherwise is in the metadata. */
  @Test
  void aModelWithoutSpecialTokensThatNormsAfterwardsIsWrittenAndReadBack() {
    ViTSpec spec = new ViTSpec(WIDTH, 2, 1, 128, 0, 8, 6, 1e-5f, true, true);
    Map<String, FloatTensor> t = RandomBackbone.tensors(spec, 1, 0, 1);
    Path file = folder.resolve("own.safetensors");
    Map<String, String> metadata =
        Map.of(
            "lookaside.norm",
            "after",
            "lookaside.positions",
            "start",
            "grid",
            "8x6",
            "layer_norm_eps",
            "1e-5");
    SafetensorsWriter.write(file, t, metadata);
    Backbone read = Backbone.load(file);
    assertThat(read.spec()).isEqualTo(spec);
    Path again = folder.resolve("again.safetensors");
    BackboneWriter.convert(again, read, 2, FloatType.F32);
    assertThat(Backbone.load(again).spec()).isEqualTo(spec);
    assertThat(Backbone.load(again).tensors().keySet()).isEqualTo(read.tensors().keySet());
    SafetensorsWriter.write(file, t, Map.of("lookaside.norm", "behind", "grid", "8x6"));
    assertThatThrownBy(() -> Backbone.load(file))
        .hasMessageContaining("lookaside.norm \"behind\": must be before or after");
  }

  /** As in a DeiT-Ti that people pass on. */
  @Test
  void whatOtherProgramsNoteInTheMetadataIsNotTakenForOurs() {
    ViTSpec spec = new ViTSpec(WIDTH, 2, 1, 128, 2, 3, 3, 1e-6f);
    Path file = folder.resolve("noted.safetensors");
    SafetensorsWriter.write(
        file,
        RandomBackbone.tensors(spec, 3, 10, 1),
        Map.of("norm", "ImageNet mean/std", "positions", "learned", "ln_eps", "1e-6"));
    assertThat(Backbone.load(file).spec().normAfter()).isFalse();
  }

  @Test
  void aBackboneIsConvertedToFewerBlocksAnd16Bits() {
    ViTSpec spec = new ViTSpec(WIDTH, 3, 1, 128, 2, 3, 3, 1e-6f);
    Backbone before = load("timm", RandomBackbone.tensors(spec, 3, 10, 1));
    for (FloatType type : FloatType.values()) {
      Path file = folder.resolve("converted-" + type);
      BackboneWriter.convert(file, before, 2, type);
      Backbone after = Backbone.load(file);
      assertThat(after.spec()).isEqualTo(new ViTSpec(WIDTH, 2, 1, 128, 2, 3, 3, 1e-6f));
      // Half a unit in the last of 24, 11 or 8 bits.
      double share = type == FloatType.F32 ? 0 : type == FloatType.F16 ? 0x1p-11 : 0x1p-8;
      after
          .tensors()
          .forEach(
              (name, tensor) -> {
                float[] was = before.tensor(name).toArray();
                float[] is = tensor.toArray();
                for (int i = 0; i < was.length; i++) {
                  assertThat(is[i])
                      .as(name)
                      .isCloseTo(was[i], within((float) (Math.abs(was[i]) * share + 0x1p-25)));
                }
              });
    }
    assertThat(folder.resolve("converted-f16").toFile().length())
        .isLessThan(folder.resolve("converted-f32").toFile().length() * 6 / 10);
  }

  @Test
  void aValueThatF16CannotHoldIsNamed() {
    ViTSpec spec = new ViTSpec(WIDTH, 1, 1, 128, 1, 2, 2, 1e-6f);
    Map<String, FloatTensor> t = RandomBackbone.tensors(spec, 3, 10, 1);
    float[] large = new float[WIDTH];
    large[3] = 65_520;
    t.put("norm.bias", FloatTensor.of(new int[] {WIDTH}, large));
    Backbone b = load("large", t);
    Path file = folder.resolve("half");
    assertThatThrownBy(() -> BackboneWriter.convert(file, b, 1, FloatType.F16))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("norm.bias")
        .hasMessageContaining("65520.0: is beyond the range of f16; bf16 holds it");
    assertThat(file).doesNotExist();
    BackboneWriter.convert(file, b, 1, FloatType.BF16);
    assertThat(Backbone.load(file).tensor("norm.bias").toArray()[3]).isEqualTo(65_536f);
  }

  @Test
  void anIndexWithItsShardsLoadsAsOneFile() throws IOException {
    ViTSpec spec = new ViTSpec(WIDTH, 2, 1, 128, 2, 12, 5, 1e-6f);
    Map<String, FloatTensor> all = huggingFace(RandomBackbone.tensors(spec, 1, 0, 4), "", false);
    Backbone whole = load("whole", all);
    TreeMap<String, FloatTensor> first = new TreeMap<>();
    TreeMap<String, FloatTensor> second = new TreeMap<>();
    StringBuilder map = new StringBuilder();
    all.forEach(
        (name, tensor) -> {
          boolean even = (first.size() + second.size()) % 2 == 0;
          (even ? first : second).put(name, tensor);
          map.append(map.isEmpty() ? "" : ",")
              .append("\"%s\": \"part-%d.safetensors\"".formatted(name, even ? 1 : 2));
        });
    Path one = folder.resolve("part-1.safetensors");
    Path two = folder.resolve("part-2.safetensors");
    SafetensorsWriter.write(one, first, Map.of());
    SafetensorsWriter.write(two, second, Map.of());
    Path index = folder.resolve("model.safetensors.index.json");
    Files.writeString(index, "{\"metadata\": {}, \"weight_map\": {" + map + "}}");
    Backbone joined = Backbone.load(index);
    assertThat(joined.spec()).isEqualTo(whole.spec());
    assertThat(joined.parameters()).isEqualTo(whole.parameters());
    whole
        .tensors()
        .forEach((n, t) -> assertThat(joined.tensor(n).toArray()).containsExactly(t.toArray()));
    String lines =
        "%s  part-1.safetensors\n%s  part-2.safetensors\n"
            .formatted(Safetensors.sha256(one), Safetensors.sha256(two));
    assertThat(joined.digest())
        .isEqualTo(Safetensors.sha256(lines.getBytes(StandardCharsets.UTF_8)));

    Files.writeString(index, "{\"weight_map\": {\"x\": \"part-1.safetensors\"}}");
    assertThatThrownBy(() -> Backbone.load(index))
        .hasMessageContaining("tensor \"x\": found no such tensor, though");
    Files.writeString(index, "{\"weight_map\": {\"x\": \"../part-1.safetensors\"}}");
    assertThatThrownBy(() -> Backbone.load(index))
        .hasMessageContaining("\"../part-1.safetensors\": must name a file beside it");
    Files.writeString(index, "{\"weight_map\": {\"x\": \"part-3.safetensors\"}}");
    assertThatThrownBy(() -> Backbone.load(index)).hasMessageContaining("part-3.safetensors");
    Files.writeString(index, "{}");
    assertThatThrownBy(() -> Backbone.load(index))
        .hasMessageContaining("weight_map: must name tensors and their files");
  }

  @Test
  void whatTrainingProgramsPutBeforeNamesIsNoMatter() {
    ViTSpec spec = new ViTSpec(WIDTH, 1, 1, 128, 2, 2, 2, 1e-6f);
    Map<String, FloatTensor> own = RandomBackbone.tensors(spec, 3, 0, 1);
    Map<String, FloatTensor> hf = huggingFace(own, "vit.", false);
    for (String prefix :
        new String[] {"_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model._orig_mod."}) {
      assertThat(load("compiled", renamed(own, n -> prefix + n)).spec()).isEqualTo(spec);
      assertThat(load("hf", renamed(hf, n -> prefix + n)).layout()).contains("encoder.layer.N");
    }
  }

  @Test
  void oneOfSeveralFilesPointsToTheIndex() {
    ViTSpec spec = new ViTSpec(WIDTH, 1, 1, 128, 2, 2, 2, 1e-6f);
    Map<String, FloatTensor> some = RandomBackbone.tensors(spec, 3, 0, 1);
    some.remove("cls_token");
    Path file = folder.resolve("model-00002-of-00002.safetensors");
    SafetensorsWriter.write(file, some, Map.of());
    assertThatThrownBy(() -> Backbone.load(file))
        .hasMessageContaining("is one of 2 files of a model: give its index");
  }

  @Test
  void aValueThatIsNoNumberIsNamed() {
    ViTSpec spec = new ViTSpec(WIDTH, 1, 1, 128, 2, 2, 2, 1e-6f);
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      for (String name : new String[] {"norm.bias", "pos_embed", "blocks.0.mlp.fc2.weight"}) {
        Map<String, FloatTensor> t = RandomBackbone.tensors(spec, 3, 0, 1);
        float[] values = at(t, name).toArray();
        values[7] = bad;
        t.put(name, FloatTensor.of(at(t, name).shape(), values));
        assertThatThrownBy(() -> load("bad", t))
            .isInstanceOf(WeightsException.class)
            .hasMessageContaining(
                "tensor \"%s\": value 7 is %s: must be finite".formatted(name, bad));
      }
    }
  }

  @Test
  void whatIsNoSafetensorsFileIsSaidToBeWhatItIs() throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    files.put(
        "is a Git LFS pointer, not the weights: fetch them with git lfs pull",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n".getBytes(UTF_8));
    files.put("is a PyTorch file (.bin, .pt)", "PK\3\4....................".getBytes(ISO_8859_1));
    files.put("is a pickle, as old PyTorch", "\u0080\2}q\0............".getBytes(ISO_8859_1));
    files.put("is JSON, no safetensors file", "{\"weight_map\": {}}      ".getBytes(UTF_8));
    files.put("is an HDF5 file", "\u0089HDF\r\n\u001a\n......".getBytes(ISO_8859_1));
    files.put("is a NumPy array", "\u0093NUMPY\1\0............".getBytes(ISO_8859_1));
    files.put("is a web page", "<!DOCTYPE html><html></html>".getBytes(UTF_8));
    files.put("is compressed by gzip", "\u001f\u008b..................".getBytes(ISO_8859_1));
    files.put("is empty: the download went wrong", new byte[0]);
    files.put("it is no safetensors file, or cut short", new byte[] {9, 0, 0, 0, 0, 0, 0, 0, '{'});
    for (Map.Entry<String, byte[]> each : files.entrySet()) {
      Path file = Files.write(folder.resolve("w.safetensors"), each.getValue());
      assertThatThrownBy(() -> Backbone.load(file))
          .as(each.getKey())
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining(each.getKey());
    }
    assertThatThrownBy(() -> Backbone.load(folder.resolve("none.safetensors")))
        .hasMessageEndingWith("none.safetensors: no such file");
  }

  @Test
  void timmViTHasNoDistToken() {
    ViTSpec spec = new ViTSpec(WIDTH, 1, 1, 128, 1, 2, 2, 1e-6f);
    Backbone b = load("vit", RandomBackbone.tensors(spec, 3, 10, 1));
    assertThat(b.spec()).isEqualTo(spec);
  }

  @Test
  void everyNamingSchemeGivesTheSameModel() {
    ViTSpec spec = new ViTSpec(WIDTH, 2, 1, 128, 2, 12, 5, 1e-6f);
    Map<String, FloatTensor> own = RandomBackbone.tensors(spec, 1, 0, 4);
    Backbone timm = load("own", own);
    Map<String, Map<String, FloatTensor>> files = new TreeMap<>();
    files.put("official AST", renamed(own, n -> "module.v." + n));
    files.put("AST without module", renamed(own, n -> "v." + n));
    Map<String, FloatTensor> ssast = renamed(own, n -> "module.v." + n);
    ssast.put("module.mask_embed", RandomWeights.constant(0, 1, 1, 256));
    ssast.put("module.cpredlayer.0.weight", RandomWeights.constant(0, 4, WIDTH));
    files.put("SSAST", ssast);
    for (String prefix : new String[] {"", "audio_spectrogram_transformer.", "vit.", "deit."}) {
      files.put("old " + prefix, huggingFace(own, prefix, false));
      files.put("new " + prefix, huggingFace(own, prefix, true));
    }
    files.forEach(
        (name, tensors) -> {
          Backbone b = load(name, tensors);
          boolean hf = name.startsWith("old") || name.startsWith("new");
          assertThat(b.spec().epsilon()).as(name).isEqualTo(hf ? 1e-12f : 1e-6f);
          assertThat(b.spec().gridRows()).as(name).isEqualTo(12);
          assertThat(b.tensors().keySet()).as(name).isEqualTo(timm.tensors().keySet());
          timm.tensors()
              .forEach(
                  (n, t) -> {
                    assertThat(b.tensor(n).shape()).as(n).containsExactly(t.shape());
                    assertThat(b.tensor(n).toArray()).as(n).containsExactly(t.toArray());
                  });
        });
  }

  @Test
  void configBesideTheFileAndItsOwnMetadataSayHeadsAndGrid() throws IOException {
    ViTSpec spec = new ViTSpec(WIDTH, 1, 4, 128, 2, 12, 5, 1e-6f);
    Map<String, FloatTensor> t = huggingFace(RandomBackbone.tensors(spec, 1, 0, 4), "", false);
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"num_attention_heads": 4, "layer_norm_eps": 1e-5, "num_mel_bins": 128,
         "max_length": 64, "frequency_stride": 10, "time_stride": 10}\
        """);
    ViTSpec read = load("hf", t).spec();
    assertThat(read.heads()).isEqualTo(4);
    assertThat(read.epsilon()).isEqualTo(1e-5f);
    assertThat(read.gridColumns()).isEqualTo(5);
    Path own = folder.resolve("own.safetensors");
    SafetensorsWriter.write(own, t, Map.of("heads", "8", "grid", "6x10"));
    assertThat(Backbone.load(own).spec().heads()).isEqualTo(8);
    assertThat(Backbone.load(own).spec().gridRows()).isEqualTo(6);
    SafetensorsWriter.write(own, t, Map.of("heads", "7"));
    assertThatThrownBy(() -> Backbone.load(own)).hasMessageContaining("heads \"7\": must divide");
    SafetensorsWriter.write(own, t, Map.of("grid", "7x7"));
    assertThatThrownBy(() -> Backbone.load(own))
        .hasMessageContaining("expected 7 x 7 = 49 positions, found 60");
  }

  /** 8 x 48 patches of SSAST, or 12 x 32: the file's own numbers say, as integers or not. */
  @Test
  void aTableThatHasTwoGridsIsReadAsTheInputSaysOrNotAtAll() throws IOException {
    ViTSpec spec = new ViTSpec(WIDTH, 1, 1, 128, 2, 8, 48, 1e-6f);
    Map<String, FloatTensor> own = RandomBackbone.tensors(spec, 1, 0, 4);
    Map<String, FloatTensor> t = renamed(own, n -> "module.v." + n);
    assertThatThrownBy(() -> load("two", t))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining(
            "module.v.pos_embed\": 384 positions may be 8 x 48 or 12 x 32: metadata grid must be");
    t.put("module.p_input_fdim", RandomWeights.constant(128, 1));
    t.put("module.p_input_tdim", RandomWeights.constant(768, 1));
    assertThat(load("stride 16", t).spec()).isEqualTo(spec);
    Path integers = folder.resolve("stride-16.safetensors");
    asLongs(integers);
    assertThat(Backbone.load(integers).spec()).isEqualTo(spec);
    t.put("module.p_input_tdim", RandomWeights.constant(334, 1));
    assertThat(load("stride 10", t).spec().gridRows()).isEqualTo(12);
    t.put("module.p_input_tdim", RandomWeights.constant(1024, 1));
    assertThatThrownBy(() -> load("neither", t)).hasMessageContaining("may be 8 x 48 or 12 x 32");
    t.put("module.p_input_tdim", RandomWeights.constant(0.5f, 1));
    assertThatThrownBy(() -> load("half", t))
        .hasMessageContaining("module.p_input_tdim\": expected a whole number, found 0.5");
    Path said = folder.resolve("said.safetensors");
    SafetensorsWriter.write(said, t, Map.of("grid", "12x32"));
    assertThat(Backbone.load(said).spec().gridColumns()).isEqualTo(32);
  }

  /** Makes the two scalars 64-bit integers of no dimension, as PyTorch keeps them. */
  private static void asLongs(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int headerBytes = (int) in.getLong(0);
    ObjectMapper json = new ObjectMapper();
    ObjectNode header = (ObjectNode) json.readTree(bytes, 8, headerBytes);
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    for (Iterator<Map.Entry<String, JsonNode>> i = header.fields(); i.hasNext(); ) {
      Map.Entry<String, JsonNode> e = i.next();
      if (e.getKey().equals("__metadata__")) {
        continue;
      }
      ObjectNode entry = (ObjectNode) e.getValue();
      int from = 8 + headerBytes + entry.at("/data_offsets/0").asInt();
      int until = 8 + headerBytes + entry.at("/data_offsets/1").asInt();
      int at = data.size();
      if (e.getKey().contains("p_input")) {
        entry.put("dtype", "I64").putArray("shape");
        long value = (long) in.getFloat(from);
        data.writeBytes(
            ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
      } else {
        data.write(bytes, from, until - from);
      }
      entry.putArray("data_offsets").add(at).add(data.size());
    }
    byte[] head = json.writeValueAsBytes(header);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(head.length).array());
    out.writeBytes(head);
    out.writeBytes(data.toByteArray());
    Files.write(file, out.toByteArray());
  }

  @Test
  void aMissingOrMisshapenTensorIsNamedWithExpectedAndFound() {
    ViTSpec spec = new ViTSpec(WIDTH, 2, 1, 128, 2, 3, 3, 1e-6f);
    for (String name : RandomBackbone.tensors(spec, 3, 0, 1).keySet()) {
      Map<String, FloatTensor> t = new TreeMap<>(RandomBackbone.tensors(spec, 3, 0, 1));
      t.remove(name);
      if (!name.equals("dist_token")) {
        assertThatThrownBy(() -> load("missing", t))
            .as(name)
            .isInstanceOf(WeightsException.class)
            .hasMessageContaining("missing.safetensors")
            .hasMessageContaining(name);
      }
      t.put(name, RandomWeights.constant(0, 3, 5));
      assertThatThrownBy(() -> load("misshapen", t))
          .as(name)
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining(name);
    }
    Map<String, FloatTensor> t = new TreeMap<>(RandomBackbone.tensors(spec, 3, 0, 1));
    t.put("blocks.1.mlp.fc1.weight", RandomWeights.constant(0, 128, 60));
    assertThatThrownBy(() -> load("bad", t))
        .hasMessageContaining(
            "tensor \"blocks.1.mlp.fc1.weight\": expected shape [128, 64], found [128, 60]");
    assertThatThrownBy(() -> load("other", Map.of("x", RandomWeights.constant(0, 1))))
        .hasMessageContaining("no known backbone layout");
  }

  private Backbone load(String name, Map<String, FloatTensor> tensors) {
    Path file = folder.resolve(name.replace(' ', '-') + ".safetensors");
    SafetensorsWriter.write(file, tensors, Map.of());
    return Backbone.load(file);
  }

  private static FloatTensor at(Map<String, FloatTensor> tensors, String name) {
    FloatTensor t = tensors.get(name);
    assertThat(t).as(name).isNotNull();
    return t;
  }

  private static Map<String, FloatTensor> renamed(
      Map<String, FloatTensor> own, UnaryOperator<String> rename) {
    Map<String, FloatTensor> t = new TreeMap<>();
    own.forEach((n, v) -> t.put(rename.apply(n), v));
    return t;
  }

  /** As Transformers names them, old on disk or new in memory. */
  private static Map<String, FloatTensor> huggingFace(
      Map<String, FloatTensor> own, String prefix, boolean fresh) {
    Map<String, FloatTensor> t = new TreeMap<>();
    own.forEach(
        (name, v) -> {
          String n =
              name.replace("cls_token", "embeddings.cls_token")
                  .replace("dist_token", "embeddings.distillation_token")
                  .replace("pos_embed", "embeddings.position_embeddings")
                  .replace("patch_embed.proj", "embeddings.patch_embeddings.projection")
                  .replaceAll("^norm\\.", "layernorm.")
                  .replace("norm1", "layernorm_before")
                  .replace("norm2", "layernorm_after")
                  .replaceAll("^blocks\\.", fresh ? "layers." : "encoder.layer.")
                  .replace("attn.proj", fresh ? "attention.o_proj" : "attention.output.dense");
          if (!fresh) {
            n = n.replace("mlp.fc1", "intermediate.dense").replace("mlp.fc2", "output.dense");
          }
          if (!n.contains("attn.qkv")) {
            t.put(prefix + n, v);
            return;
          }
          String[] parts = fresh ? "q k v".split(" ") : "query key value".split(" ");
          for (int i = 0; i < 3; i++) {
            String part =
                fresh ? "attention." + parts[i] + "_proj" : "attention.attention." + parts[i];
            t.put(prefix + n.replace("attn.qkv", part), v.rows(i * WIDTH, (i + 1) * WIDTH));
          }
        });
    return t;
  }
}
