package dev.lookaside.deploy.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.BackboneWriter;
import dev.lookaside.classifier.weights.FloatType;
import dev.lookaside.classifier.weights.RandomBackbone;
import dev.lookaside.ingest.Sha256;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class HubTest {
  private static final HubRepo REPO = new HubRepo("some/model", "main");
  private static final byte[] CONFIG = "{\"a\": 1}".getBytes(StandardCharsets.UTF_8);

  private final LoopbackHub hub = new LoopbackHub();
  private final byte[] weights = random(200_000);
  @TempDir private Path cache;

  @AfterEach
  void close() {
    hub.close();
  }

  private static byte[] random(int bytes) {
    byte[] random = new byte[bytes];
    new SplittableRandom(bytes).nextBytes(random);
    return random;
  }

  private HubSettings settings(Optional<String> token, boolean offline) {
    return new HubSettings(
        hub.endpoint(), cache, token, offline, Duration.ofSeconds(5), Duration.ofMillis(1));
  }

  private Hub opened() {
    return new Hub(settings(Optional.empty(), false), HubProgress.SILENT);
  }

  private Hub offline() {
    return new Hub(settings(Optional.empty(), true), HubProgress.SILENT);
  }

  private void publish() {
    hub.put("some/model", "model.safetensors", weights);
    hub.put("some/model", "config.json", CONFIG);
  }

  private Path inCache(String... names) {
    Path path = cache.resolve("models--some--model");
    for (String name : names) {
      path = path.resolve(name);
    }
    return path;
  }

  @Test
  void filesLieAsTheHubsOwnToolsLayThem() throws IOException {
    publish();
    Path file = opened().fetch(REPO);
    Path snapshot = inCache("snapshots", LoopbackHub.COMMIT);
    assertThat(file).isEqualTo(snapshot.resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(snapshot.resolve("config.json")).hasBinaryContent(CONFIG);
    assertThat(Files.readSymbolicLink(file))
        .isEqualTo(Path.of("../../blobs/" + Sha256.hex(weights)));
    assertThat(Files.readSymbolicLink(snapshot.resolve("config.json")))
        .isEqualTo(Path.of("../../blobs/" + LoopbackHub.git(CONFIG)));
    assertThat(inCache("refs", "main")).hasContent(LoopbackHub.COMMIT);
    try (var blobs = Files.list(inCache("blobs"))) {
      assertThat(blobs).hasSize(2);
    }
  }

  @Test
  void whatIsCachedIsNeitherAskedForNorDownloadedAgain() {
    publish();
    Path file = opened().fetch(REPO);
    hub.asked.clear();
    assertThat(opened().cached(REPO)).contains(file);
    assertThat(offline().fetch(REPO)).isEqualTo(file);
    assertThat(opened().fetch(new HubRepo("some/model", LoopbackHub.COMMIT))).isEqualTo(file);
    assertThat(hub.asked).isEmpty();
    // A branch may have moved, so it is asked for; its files are here.
    assertThat(opened().fetch(REPO)).isEqualTo(file);
    assertThat(hub.asked("HEAD")).isEqualTo(2);
    assertThat(hub.asked("GET")).isZero();
  }

  @Test
  void aBranchWithASlashIsARevisionToo() {
    publish();
    HubRepo old = new HubRepo("some/model", "v1/old");
    opened().fetch(old);
    assertThat(inCache("refs", "v1", "old")).hasContent(LoopbackHub.COMMIT);
    assertThat(offline().cached(old)).isPresent();
    assertThat(offline().cached(REPO)).isEmpty();
  }

  @Test
  void aBrokenDownloadGoesOnFromWhereItEnded() {
    publish();
    hub.cuts.set(2);
    hub.cutAfterBytes = 70_000;
    hub.received = inCache("blobs", Sha256.hex(weights) + ".incomplete");
    List<String> told = new ArrayList<>();
    Path file =
        new Hub(
                settings(Optional.empty(), false),
                new HubProgress() {
                  @Override
                  public void begin(String name, long from, long bytes) {
                    told.add(name + " " + from + " of " + bytes);
                  }

                  @Override
                  public void at(long bytes) {}

                  @Override
                  public void end() {
                    told.add("end");
                  }

                  @Override
                  public void again(String why) {
                    told.add("again");
                  }
                })
            .fetch(REPO);
    assertThat(file).hasBinaryContent(weights);
    assertThat(told)
        .containsSubsequence(
            "model.safetensors 0 of 200000",
            "again",
            "model.safetensors 70000 of 200000",
            "again",
            "model.safetensors 140000 of 200000",
            "end");
    assertThat(hub.asked("store GET", "bytes=140000-")).isOne();
  }

  @Test
  void whatAnEarlierProcessHasDownloadedIsGoneOnWith() throws IOException {
    publish();
    Path part = inCache("blobs", Sha256.hex(weights) + ".incomplete");
    Files.createDirectories(part.getParent());
    Files.write(part, Arrays.copyOf(weights, 150_000));
    assertThat(opened().fetch(REPO)).hasBinaryContent(weights);
    assertThat(hub.asked("store GET", "bytes=150000-")).isOne();
    assertThat(part).doesNotExist();
  }

  @Test
  void aServerWithoutRangesSendsAllOfItAgain() {
    publish();
    hub.knowsRanges = false;
    hub.cuts.set(1);
    hub.cutAfterBytes = 1000;
    assertThat(opened().fetch(REPO)).hasBinaryContent(weights);
  }

  @Test
  void aDownloadThatNeverEndsIsGivenUpAndKept() {
    publish();
    hub.cuts.set(100);
    hub.cutAfterBytes = 10;
    hub.received = inCache("blobs", Sha256.hex(weights) + ".incomplete");
    assertThatThrownBy(() -> opened().fetch(REPO))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("some/model@" + LoopbackHub.COMMIT)
        .hasMessageContaining("tried 5 times")
        .hasMessageContaining("goes on from there");
    assertThat(inCache("blobs", Sha256.hex(weights) + ".incomplete")).hasSize(50);
    assertThat(inCache("refs", "main")).doesNotExist();
  }

  @Test
  void aBusyHubIsAskedAgain() {
    publish();
    hub.busy.set(3);
    assertThat(opened().fetch(REPO)).hasBinaryContent(weights);
  }

  @Test
  void bytesOfAnotherDigestAreDeleted() {
    publish();
    hub.corrupts = true;
    assertThatThrownBy(() -> opened().fetch(REPO))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("model.safetensors came with the digest")
        .hasMessageContaining("the hub says " + Sha256.hex(weights))
        .hasMessageContaining("deleted");
    assertThat(inCache("blobs", Sha256.hex(weights))).doesNotExist();
    assertThat(inCache("blobs", Sha256.hex(weights) + ".incomplete")).doesNotExist();
    hub.corrupts = false;
    assertThat(opened().fetch(REPO)).hasBinaryContent(weights);
  }

  @Test
  void theTokenOpensThePrivateAndGoesToTheHubOnly() {
    publish();
    hub.token = "hf_secret";
    refused("no such repository, or it is private: check the name, or set HF_TOKEN");
    Hub wrong = new Hub(settings(Optional.of("hf_old"), false), HubProgress.SILENT);
    assertThatThrownBy(() -> wrong.fetch(REPO))
        .hasMessageContaining("the token in use does not open it")
        .hasMessageNotContaining("hf_old");
    hub.asked.clear();
    Hub right = new Hub(settings(Optional.of("hf_secret"), false), HubProgress.SILENT);
    assertThat(right.fetch(REPO)).hasBinaryContent(weights);
    assertThat(hub.asked("store GET")).isOne();
    assertThat(hub.asked("store GET", "Bearer")).isZero();
    assertThat(hub.asked("GET /some/model", "Bearer hf_secret")).isEqualTo(2);
  }

  private void refused(String message) {
    assertThatThrownBy(() -> opened().fetch(REPO))
        .isInstanceOf(HubException.class)
        .hasMessageStartingWith("some/model: ")
        .hasMessageContaining(message);
  }

  @Test
  void everyAnswerThatIsAnErrorSaysWhatToDo() {
    refused("there is no such repository at " + hub.endpoint());
    publish();
    assertThatThrownBy(() -> opened().fetch(new HubRepo("some/model", "v9")))
        .hasMessageContaining("some/model@v9: has no revision \"v9\"");
    hub.fault = 403;
    hub.faultCode = "GatedRepo";
    refused("asks for a consent: give it at " + hub.endpoint() + "/some/model and set HF_TOKEN");
    hub.faultCode = "";
    hub.fault = 410;
    refused("was there and has been removed");
    hub.fault = 418;
    refused("answered 418");
    hub.fault = 500;
    refused("answered 500; tried 5 times");
    hub.fault = 200;
    refused("answers as no hub does");
  }

  @Test
  void aRepositoryWithoutSafetensorsIsSaidToHaveNone() {
    hub.put("some/model", "pytorch_model.bin", weights);
    refused("has neither model.safetensors nor model.safetensors.index.json");
  }

  @Test
  void aRepositoryThatWasRenamedIsFound() {
    publish();
    hub.rename("old/name", "some/model");
    assertThat(opened().fetch(new HubRepo("old/name", "main"))).hasBinaryContent(weights);
  }

  @Test
  void withoutANetworkItSaysHowToDoWithoutOne() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }
    HubSettings nobody =
        new HubSettings(
            URI.create("http://localhost:" + free),
            cache,
            Optional.empty(),
            false,
            Duration.ofSeconds(5),
            Duration.ofMillis(1));
    assertThatThrownBy(() -> new Hub(nobody, HubProgress.SILENT).fetch(REPO))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("cannot be reached: nothing accepts a connection there")
        .hasMessageContaining("HF_HUB_OFFLINE=1")
        .hasMessageContaining("HF_ENDPOINT");
    assertThatThrownBy(() -> offline().fetch(REPO))
        .hasMessageContaining("is not in the cache")
        .hasMessageContaining("HF_HUB_OFFLINE");
  }

  @Test
  void aDiskTooSmallIsSaidBeforeTheDownload() {
    publish();
    hub.announcedBytes = Long.MAX_VALUE / 2;
    assertThatThrownBy(() -> opened().fetch(REPO))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("needs 4,611,686,018,427,387,903 bytes more")
        .hasMessageContaining("HF_HUB_CACHE");
    assertThat(hub.asked("store")).isZero();
  }

  /** The device that is always full stands for a disk that fills up meanwhile. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aDiskThatFillsUpIsNamedAsFull() throws IOException {
    publish();
    Path part = inCache("blobs", Sha256.hex(weights) + ".incomplete");
    Files.createDirectories(part.getParent());
    Files.createSymbolicLink(part, Path.of("/dev/full"));
    assertThatThrownBy(() -> opened().fetch(REPO))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("the disk is full: make room, or set HF_HUB_CACHE");
  }

  @Test
  void shardsAreDownloadedBesideTheirIndexAndLoadAsOneBackbone() throws IOException {
    Path whole = cache.resolve("whole.safetensors");
    RandomBackbone.write(whole, RandomBackbone.Like.of("demo"), 3, false);
    Backbone one = Backbone.load(whole);
    Path first = cache.resolve("first");
    Path second = cache.resolve("second");
    // Two files with all tensors each; the index takes some of either.
    BackboneWriter.convert(first, one, one.spec().depth(), FloatType.F32);
    BackboneWriter.convert(second, one, one.spec().depth(), FloatType.F32);
    StringBuilder index =
        new StringBuilder("{\"metadata\": {\"total_size\": 1}, \"weight_map\": {");
    int i = 0;
    for (String name : one.tensors().keySet()) {
      index.append(
          "%s\"%s\": \"model-0000%d-of-00002.safetensors\""
              .formatted(i == 0 ? "" : ", ", name, 1 + i++ % 2));
    }
    hub.put(
        "some/model",
        "model.safetensors.index.json",
        index.append("}}").toString().getBytes(StandardCharsets.UTF_8));
    hub.put("some/model", "model-00001-of-00002.safetensors", Files.readAllBytes(first));
    assertThatThrownBy(() -> opened().fetch(REPO))
        .hasMessageContaining("names \"model-00002-of-00002.safetensors\"");
    assertThat(opened().cached(REPO)).isEmpty();
    hub.put("some/model", "model-00002-of-00002.safetensors", Files.readAllBytes(second));
    Path file = opened().fetch(REPO);
    assertThat(opened().cached(REPO)).contains(file);
    Backbone joined = Backbone.load(file);
    assertThat(joined.spec()).isEqualTo(one.spec());
    one.tensors()
        .forEach(
            (name, tensor) ->
                assertThat(Arrays.equals(joined.tensor(name).toArray(), tensor.toArray()))
                    .as(name)
                    .isTrue());
  }

  @Test
  void theEnvironmentIsReadAsTheHubsOwnToolsReadIt() throws IOException {
    Path home = cache.resolve("home");
    HubSettings none = HubSettings.of(Map.of(), home);
    assertThat(none.endpoint()).isEqualTo(URI.create("https://huggingface.co"));
    assertThat(none.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
    assertThat(none.token()).isEmpty();
    assertThat(none.offline()).isFalse();
    assertThat(HubSettings.of(Map.of("XDG_CACHE_HOME", "/x"), home).cache())
        .isEqualTo(Path.of("/x/huggingface/hub"));
    assertThat(HubSettings.of(Map.of("HF_HOME", "/h", "XDG_CACHE_HOME", "/x"), home).cache())
        .isEqualTo(Path.of("/h/hub"));
    assertThat(HubSettings.of(Map.of("HF_HOME", "/h", "HF_HUB_CACHE", "/c"), home).cache())
        .isEqualTo(Path.of("/c"));
    for (String yes : new String[] {"1", "ON", "True", "yes"}) {
      assertThat(HubSettings.of(Map.of("HF_HUB_OFFLINE", yes), home).offline()).isTrue();
    }
    assertThat(HubSettings.of(Map.of("HF_HUB_OFFLINE", "0"), home).offline()).isFalse();
    assertThat(HubSettings.of(Map.of("HF_ENDPOINT", "http://mirror:80/"), home).endpoint())
        .isEqualTo(URI.create("http://mirror:80"));
    assertThatThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", "mirror"), home))
        .hasMessageContaining("HF_ENDPOINT \"mirror\": must be the address of a hub");
    Files.createDirectories(home.resolve("hf"));
    Files.writeString(home.resolve("hf/token"), "hf_file\n");
    String hf = home.resolve("hf").toString();
    assertThat(HubSettings.of(Map.of("HF_HOME", hf), home).token()).contains("hf_file");
    assertThat(HubSettings.of(Map.of("HF_HOME", hf, "HF_TOKEN", "hf_own"), home).token())
        .contains("hf_own");
  }

  @Test
  void aNameOfABackboneIsDownloadedOnceAndSaidSo() {
    hub.put("timm/deit_tiny_patch16_224.fb_in1k", "model.safetensors", weights);
    List<String> said = new ArrayList<>();
    Path name = Path.of("deit-tiny");
    Path file =
        BackboneFiles.of(
            name, () -> settings(Optional.empty(), false), HubProgress.SILENT, said::add);
    assertThat(file).hasBinaryContent(weights);
    assertThat(said)
        .containsExactly(
            "backbone deit-tiny: downloading timm/deit_tiny_patch16_224.fb_in1k from %s into \"%s\""
                .formatted(hub.endpoint(), cache));
    assertThat(
            BackboneFiles.of(
                name, () -> settings(Optional.empty(), false), HubProgress.SILENT, said::add))
        .isEqualTo(file);
    assertThat(said).hasSize(1);
  }

  @Test
  void filesAndFoldersWinOverNames() throws IOException {
    Path file = Files.write(cache.resolve("deit-tiny"), CONFIG);
    assertThat(BackboneFiles.of(file, s -> {})).isEqualTo(file);
    assertThat(BackboneFiles.of(cache, s -> {})).isEqualTo(cache.resolve("model.safetensors"));
    Path index = Files.write(cache.resolve("model.safetensors.index.json"), CONFIG);
    assertThat(BackboneFiles.of(cache, s -> {})).isEqualTo(index);
    Path missing = Path.of("models/none.safetensors");
    assertThat(BackboneFiles.of(missing, s -> {})).isEqualTo(missing);
  }

  @Test
  void weightsThatNoHubHasSayWhereTheyAre() {
    assertThatThrownBy(() -> BackboneFiles.repo("mae-ast-patch"))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("https://github.com/AlanBaade/MAE-AST-Public")
        .hasMessageContaining("convert");
    assertThat(BackboneFiles.repo("resnet")).isEmpty();
    assertThat(BackboneFiles.repo("../some/thing")).isEmpty();
    assertThat(BackboneFiles.repo("MIT/ast@v1")).contains(new HubRepo("MIT/ast", "v1"));
  }

  @Test
  void knownSizesAreThoseOfThePublishedArchitectures() {
    // Without the classification heads: timm's count less 1000 classes, twice where distilled.
    assertThat(KnownBackbone.DEIT_TINY.parameters()).isEqualTo(5_717_416 - 193_000);
    assertThat(KnownBackbone.DEIT_TINY_DISTILLED.parameters()).isEqualTo(5_910_800 - 2 * 193_000);
    assertThat(KnownBackbone.DEIT_BASE_DISTILLED_384.parameters()).isEqualTo(86_092_032);
    assertThat(KnownBackbone.DEIT_SMALL.parameters()).isEqualTo(22_050_664 - 385_000);
  }
}
