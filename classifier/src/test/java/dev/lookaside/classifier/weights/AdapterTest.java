package dev.lookaside.classifier.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.featurizer.FrontEnd;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterTest {
  private static final ViTSpec VIT = new ViTSpec(64, 2, 1, 128, 2, 8, 8, 1e-6f);
  private static final String DOWN = "blocks.0.attn.loaa.down.weight";
  @TempDir Path folder;

  private Adapter sound;
  private Map<String, FloatTensor> tensors;
  private Map<String, String> metadata;

  @BeforeEach
  void makeSoundAdapter() {
    sound =
        AdapterFactory.fresh(
            VIT,
            meaning(List.of("a", "b")),
            Optional.of(new Bottleneck(Kernel.TIME, 4)),
            Optional.of(new Bottleneck(Kernel.FREQUENCY, 3)),
            2,
            5);
    tensors = new TreeMap<>(sound.tensors());
    metadata = new TreeMap<>(sound.metadata());
  }

  private static AdapterFactory.Meaning meaning(List<String> labels) {
    return new AdapterFactory.Meaning(
        labels, Activation.SIGMOID, HeadKind.CLIP, FrontEnd.AST_FBANK, 96, -4.2677393f, 4.5689974f);
  }

  @Test
  void aFreshAdapterReadsBackAndKeepsItsDigest() {
    byte[] file = AdapterFactory.encode(sound);
    assertThat(Adapter.of(file).digest())
        .isEqualTo(sound.digest())
        .isEqualTo(Safetensors.sha256(file));
    assertThat(sound.labels()).containsExactly("a", "b");
    assertThat(sound.mean()).isEqualTo(-4.2677393f);
    assertThat(sound.std()).isEqualTo(4.5689974f);
    assertThat(sound.windowFrames()).isEqualTo(96);
    assertThat(sound.frontEnd()).isEqualTo(FrontEnd.AST_FBANK);
    assertThat(sound.thresholds()).containsEntry("a", Threshold.DEFAULT);
    assertThat(sound.shape().at(1, Site.MLP)).contains(new Bottleneck(Kernel.FREQUENCY, 3));
    for (float up : sound.up(0, Site.ATTN).toArray()) {
      assertThat(up).isZero();
    }
  }

  @Test
  void parametersAreCountedAsThePaperCountsThem() {
    ViTSpec base = RandomBackbone.Like.DEIT_BASE.spec();
    List<String> labels = java.util.stream.IntStream.range(0, 44).mapToObj(i -> "c" + i).toList();
    Optional<Bottleneck> r36 = Optional.of(new Bottleneck(Kernel.TIME, 36));
    long one =
        AdapterFactory.fresh(base, meaning(labels), r36, Optional.empty(), 12, 1)
            .shape()
            .parameters();
    assertThat(one).isEqualTo(2_026_028);
  }

  @Test
  void packingMovesEveryValueToItsTap() {
    FloatTensor down = new RandomWeights(1).uniform(1, 3, 8, 1, 2);
    FloatTensor up = new RandomWeights(2).uniform(1, 8, 3, 1, 2);
    FloatTensor packedDown = PackedConvs.down(down);
    FloatTensor packedUp = PackedConvs.up(up);
    assertThat(packedDown.shape()).containsExactly(8, 2 * 3);
    assertThat(packedUp.shape()).containsExactly(2 * 3, 8);
    for (int c = 0; c < 8; c++) {
      for (int r = 0; r < 3; r++) {
        for (int tap = 0; tap < 2; tap++) {
          assertThat(packedDown.buffer().get(c * 6 + tap * 3 + r))
              .isEqualTo(down.buffer().get((r * 8 + c) * 2 + tap));
          assertThat(packedUp.buffer().get((tap * 3 + r) * 8 + c))
              .isEqualTo(up.buffer().get((c * 3 + r) * 2 + tap));
        }
      }
    }
  }

  @Test
  void adaptersOnlyInTheLastBlocksAreAllowed() {
    Adapter last =
        AdapterFactory.fresh(
            VIT,
            meaning(List.of("a")),
            Optional.of(new Bottleneck(Kernel.POINT, 4)),
            Optional.empty(),
            1,
            5);
    assertThat(last.shape().at(0, Site.ATTN)).isEmpty();
    assertThat(last.shape().at(1, Site.ATTN)).isPresent();
  }

  @Test
  void theMeanCountsWhatComesOftenAndIsWhatTheLastOneSays() {
    Map<String, FloatTensor> moved = new TreeMap<>(sound.tensors());
    moved.replaceAll(
        (name, tensor) -> {
          float[] values = tensor.toArray();
          for (int i = 0; i < values.length; i++) {
            values[i] += 2;
          }
          return FloatTensor.of(tensor.shape(), values);
        });
    Map<String, String> metadata = new TreeMap<>(sound.metadata());
    metadata.put("parent", sound.digest());
    Adapter other = AdapterFactory.of(moved, metadata);
    Adapter mean = AdapterFactory.mean(List.of(sound, sound, sound, other));
    assertThat(mean.metadata()).containsEntry("parent", sound.digest());
    assertThat(mean.tensors()).containsOnlyKeys(sound.tensors().keySet());
    mean.tensors()
        .forEach(
            (name, tensor) -> {
              float[] before = sound.tensor(name).toArray();
              float[] values = tensor.toArray();
              for (int i = 0; i < values.length; i++) {
                assertThat(values[i]).as(name).isCloseTo(before[i] + .5f, within(1e-6f));
              }
            });
    metadata.put("mean", "-1");
    Adapter another = AdapterFactory.of(moved, metadata);
    assertThatThrownBy(() -> AdapterFactory.mean(List.of(another, sound)))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining(another.digest())
        .hasMessageContaining("differ from those of " + sound.digest());
  }

  @Test
  void metadataIsCheckedFieldByField() {
    metadataRefused("format", null, "metadata format: is missing");
    metadataRefused("format", "x/2", "format \"x/2\": must be lookaside-adapter/1");
    metadataRefused(
        "labels", "[\"a\"]", "head.fc.weight\": has 2 rows, but metadata labels names 1");
    metadataRefused("labels", "[\"a\", \"a\"]", "class \"a\": is named twice");
    metadataRefused("labels", "[\"a\", \"\"]", "class \"\": must be 1 to 200 characters");
    metadataRefused("labels", "[\"a\", ", "labels \"[\"a\", \": is malformed JSON");
    metadataRefused("labels", "[\"Dog\", \"dog\"]", "are one class in two spellings");
    metadataRefused("labels", "[\"a \", \"b\"]", "must not begin or end with a blank");
    metadataRefused("labels", "[\"Vo\u0308gel\", \"b\"]", "must be in Unicode's NFC");
    metadataRefused("labels", "[\"a\\tb\", \"b\"]", "holds U+0009");
    metadataRefused("labels", "{}", "must be a JSON array");
    metadataRefused("activation", "relu", "activation \"relu\": must be softmax or sigmoid");
    metadataRefused("window_frames", "9.5", "window_frames \"9.5\": must be a whole number");
    metadataRefused("window_frames", "15", "window_frames \"15\": must be 16 to 8192");
    metadataRefused("window_frames", "-96", "window_frames \"-96\"");
    metadataRefused("stride", "0", "stride \"0\": must be 1 to 16");
    metadataRefused("stride", "ten", "stride \"ten\": must be a whole number");
    metadataRefused("frontend", "mfcc", "frontend \"mfcc\"");
    metadataRefused("mean", "NaN", "mean \"NaN\": must be finite");
    metadataRefused("std", "0", "std \"0\": must be finite and above 0");
    metadataRefused("std", "Infinity", "std \"Infinity\"");
    metadataRefused("head", "tokens", "head \"tokens\": must be clip or columns");
    metadataRefused("attn_kernel", "5x1", "attn_kernel \"5x1\": must be 1x1, 1x3, 3x1 or 3x3");
    metadataRefused("attn_kernel", null, "attn_kernel is missing");
    metadataRefused("attn_kernel", "3x1", DOWN + "\": expected shape [4, 64, 3, 1], found");
    metadataRefused("backbone", "abc", "backbone \"abc\": must be 64");
    metadataRefused("thresholds", "{\"c\": {\"on\": 1, \"off\": 0}}", "\"c\" is not among");
    metadataRefused("thresholds", "{\"a\": {\"on\": 2, \"off\": 0}}", "\"a\": threshold on 2.0");
    metadataRefused("thresholds", "{\"a\": {\"on\": 0.2, \"off\": 0.5}}", "threshold off 0.5");
    metadataRefused("thresholds", "{\"a\": {\"on\": NaN, \"off\": 0}}", "malformed JSON");
    metadataRefused("thresholds", "{\"a\": {\"on\": 1}}", "needs numbers on and off");
    metadataRefused(
        "thresholds",
        "{\"a\": {\"on\": 1, \"off\": 0, \"minLengthMillis\": 0.5}}",
        "\"a\": minLengthMillis 0.5: must be a whole number");
    metadataRefused(
        "thresholds",
        "{\"a\": {\"on\": 1, \"off\": 0, \"minLengthMillis\": 4294967296}}",
        "\"a\": minLengthMillis 4294967296: must be a whole number");
    metadataRefused(
        "thresholds",
        "{\"a\": {\"on\": 1, \"off\": 0, \"minLengthMillis\": -1}}",
        "minLengthMillis -1: must be 0 to 3600000");
  }

  private void metadataRefused(String key, String value, String complaint) {
    Map<String, String> m = new TreeMap<>(metadata);
    m.remove(key);
    if (value != null) {
      m.put(key, value);
    }
    byte[] file = SafetensorsWriter.encode(tensors, m);
    assertThatThrownBy(() -> Adapter.of(file, "a.safetensors"))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("a.safetensors")
        .hasMessageContaining(complaint);
  }

  @Test
  void tensorsAreCheckedOneByOne() {
    tensorRefused(DOWN, RandomWeights.constant(0, 4, 32, 1, 3), "expected shape [4, 64, 1, 3]");
    tensorRefused(DOWN, null, DOWN + "\": expected shape [1, 64, 1, 3], found no such tensor");
    tensorRefused("head.norm.bias", RandomWeights.constant(0, 32), "expected shape [64]");
    tensorRefused("head.fc.bias", RandomWeights.constant(0, 3), "has 3 rows, but metadata labels");
    tensorRefused("head.fc.bias", null, "head.fc.bias\": expected shape [2], found no such");
    tensorRefused(
        "surplus", RandomWeights.constant(0, 1), "\"surplus\": is not part of an adapter");
    tensorRefused("head.fc.bias", RandomWeights.constant(Float.NaN, 2), "value 0 is NaN");
    tensorRefused(
        DOWN, RandomWeights.constant(Float.NEGATIVE_INFINITY, 4, 64, 1, 3), "is -Infinity");
    tensorRefused(
        "blocks.9999.attn.loaa.up.weight", RandomWeights.constant(0, 1), "block \"9999\"");
  }

  private void tensorRefused(String name, FloatTensor tensor, String complaint) {
    Map<String, FloatTensor> t = new TreeMap<>(tensors);
    t.remove(name);
    if (tensor != null) {
      t.put(name, tensor);
    }
    assertThatThrownBy(() -> AdapterFactory.of(t, metadata))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining(name)
        .hasMessageContaining(complaint);
  }

  @Test
  void anAdapterForAnotherBackboneIsRefused() {
    Backbone other = backbone(new ViTSpec(128, 2, 2, 128, 2, 8, 8, 1e-6f));
    assertThatThrownBy(() -> sound.checkFits(other)).hasMessageContaining("width \"64\": backbone");
    Backbone shallow = backbone(new ViTSpec(64, 1, 1, 128, 2, 8, 8, 1e-6f));
    assertThatThrownBy(() -> sound.checkFits(shallow)).hasMessageContaining("blocks \"2\"");
    Backbone fits = backbone(VIT);
    sound.checkFits(fits);
    metadata.put("backbone", "0".repeat(64));
    assertThatThrownBy(() -> AdapterFactory.of(tensors, metadata).checkFits(fits))
        .hasMessageContaining("the backbone here is " + fits.digest());
  }

  private Backbone backbone(ViTSpec spec) {
    Path file = folder.resolve("b.safetensors");
    SafetensorsWriter.write(file, RandomBackbone.tensors(spec, 1, 0, 1), Map.of());
    return Backbone.load(file);
  }
}
