package dev.lookaside.classifier.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.infer.AdapterTestRun;
import dev.lookaside.classifier.infer.BackboneSessions;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.RandomBackbone;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.FrontEnd;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreparationTest {
  private static final ViTSpec VIT = new ViTSpec(64, 1, 1, 128, 2, 8, 8, 1e-6f);
  private static final FeatureSpec FEATURES = new FeatureSpec(FrontEnd.AST_FBANK, 32, 16);

  @TempDir Path folder;
  private Backbone backbone;
  private BackboneSessions sessions;
  private Preparation preparation;

  @BeforeEach
  void open() {
    Path file = folder.resolve("backbone.safetensors");
    SafetensorsWriter.write(file, RandomBackbone.tensors(VIT, 1, 0, 7), Map.of());
    backbone = Backbone.load(file);
    sessions = new BackboneSessions(backbone, new ScorerSettings(Device.CPU, 1, 4), 2);
    preparation = new Preparation(sessions, FEATURES);
  }

  @AfterEach
  void close() {
    sessions.close();
  }

  private static Adapter sound(ViTSpec vit, int frames) {
    return AdapterFactory.random(
        vit,
        new AdapterFactory.Meaning(
            List.of("a", "b"),
            Activation.SIGMOID,
            HeadKind.CLIP,
            FrontEnd.AST_FBANK,
            frames,
            -4,
            4.6f),
        Optional.of(new Bottleneck(Kernel.TIME, 4)),
        Optional.empty(),
        1);
  }

  private static byte[] file() {
    return AdapterFactory.encode(sound(VIT, 32));
  }

  /** The sound adapter with one thing changed. */
  private static byte[] changed(String tensor, FloatTensor values, Map<String, String> metadata) {
    Adapter adapter = sound(VIT, 32);
    Map<String, FloatTensor> tensors = new TreeMap<>(adapter.tensors());
    if (!tensor.isEmpty()) {
      tensors.put(tensor, values);
    }
    Map<String, String> meta = new TreeMap<>(adapter.metadata());
    meta.putAll(metadata);
    return SafetensorsWriter.encode(tensors, meta);
  }

  private static Cutover cutover(
      @Nullable String backbone, @Nullable String features, @Nullable GoldenLogits golden) {
    return new Cutover(
        Scope.ALL,
        1,
        Cutovers.digest("any"),
        Cutovers.NOON,
        "promote",
        "a test",
        Cutovers.NOON,
        null,
        backbone,
        features,
        golden,
        null);
  }

  private AdapterRejection refusal(Cutover cutover, byte[] file) {
    Preparation.Result result = preparation.prepare(cutover, file);
    assertThat(result).isInstanceOf(Preparation.Refused.class);
    return ((Preparation.Refused) result).refusal();
  }

  private Reason reason(byte[] file) {
    return refusal(cutover(null, null, null), file).reason();
  }

  @Test
  void aSoundAdapterThatReproducesItsGoldenLogitsIsLoaded() {
    LoadedAdapter here = LoadedAdapter.of(sound(VIT, 32));
    float[] logits = AdapterTestRun.logits(sessions, here, GoldenLogits.window(9, 32 * 128));
    Preparation.Result result =
        preparation.prepare(
            cutover(backbone.digest(), FEATURES.fingerprint(), GoldenLogits.of(9, logits)), file());
    assertThat(result).isInstanceOf(Preparation.Loaded.class);
    assertThat(((Preparation.Loaded) result).adapter().facts()).isEqualTo(here.facts());

    logits[1] += .01f;
    assertThat(refusal(cutover(null, null, GoldenLogits.of(9, logits)), file()).reason())
        .isEqualTo(Reason.GOLDEN_DIFFERS);
  }

  @Test
  void oneAdapterAfterTheOtherIsPreparedInTheSameNativeMemory() {
    Cutover cutover = cutover(null, null, null);
    byte[] file = file();
    assertThat(preparation.prepare(cutover, file)).isInstanceOf(Preparation.Loaded.class);
    long before = directBuffers();
    for (int i = 0; i < 50; i++) {
      preparation.prepare(cutover, file);
    }
    assertThat(directBuffers()).isLessThanOrEqualTo(before);
  }

  private static long directBuffers() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(b -> b.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getCount)
        .sum();
  }

  @Test
  void anotherBackboneIsRefused() {
    String other = Cutovers.digest("other");
    assertThat(refusal(cutover(other, null, null), file()).message())
        .isEqualTo(
            "other-backbone: backbone \"%s\": the backbone here is %s"
                .formatted(other, backbone.digest()));
    FloatTensor none = FloatTensor.of(new int[] {1}, new float[1]);
    assertThat(reason(changed("", none, Map.of("backbone", other))))
        .isEqualTo(Reason.OTHER_BACKBONE);
  }

  @Test
  void otherFeaturesAreRefused() {
    assertThat(refusal(cutover(null, "0000", null), file()).reason())
        .isEqualTo(Reason.OTHER_FEATURES);
    assertThat(reason(AdapterFactory.encode(sound(VIT, 48)))).isEqualTo(Reason.OTHER_FEATURES);
  }

  @Test
  void aWeightThatIsNoNumberIsRefused() {
    FloatTensor bias = FloatTensor.of(new int[] {2}, new float[] {0, Float.NaN});
    assertThat(reason(changed("head.fc.bias", bias, Map.of()))).isEqualTo(Reason.NOT_FINITE);
  }

  @Test
  void weightsThatAreFiniteButGiveNoFiniteLogitsAreRefused() {
    float[] huge = new float[64];
    Arrays.fill(huge, 3e38f);
    FloatTensor norm = FloatTensor.of(new int[] {64}, huge);
    assertThat(reason(changed("head.norm.weight", norm, Map.of())))
        .isEqualTo(Reason.GOLDEN_DIFFERS);
  }

  @Test
  void aHeadWithoutARowPerLabelIsRefused() {
    FloatTensor none = FloatTensor.of(new int[] {1}, new float[1]);
    assertThat(reason(changed("", none, Map.of("labels", "[\"a\",\"b\",\"c\"]"))))
        .isEqualTo(Reason.LABEL_COUNT);
  }

  @Test
  void otherShapesAreRefused() {
    assertThat(
            reason(AdapterFactory.encode(sound(new ViTSpec(128, 1, 2, 256, 2, 8, 8, 1e-6f), 32))))
        .isEqualTo(Reason.WRONG_SHAPE);
    FloatTensor bias = FloatTensor.of(new int[] {2, 1}, new float[2]);
    assertThat(reason(changed("head.fc.bias", bias, Map.of()))).isEqualTo(Reason.WRONG_SHAPE);
  }

  @Test
  void giantShapesAreRefusedBeforeMemoryIsTaken() {
    String header =
        "{\"head.norm.weight\":{\"dtype\":\"F32\",\"shape\":[1000000000,1000000000],"
            + "\"data_offsets\":[0,4]}}";
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(8 + json.length + 4).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(json.length).put(json);
    assertThat(reason(file.array())).isEqualTo(Reason.BAD_FILE);
    assertThat(reason(new byte[] {1, 2, 3})).isEqualTo(Reason.BAD_FILE);
  }
}
