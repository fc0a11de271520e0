package dev.lookaside.trainer.store;

import static dev.lookaside.trainer.store.StoreFixtures.ADAPTER;
import static dev.lookaside.trainer.store.StoreFixtures.SETTINGS;
import static dev.lookaside.trainer.store.StoreFixtures.add;
import static dev.lookaside.trainer.store.StoreFixtures.at;
import static dev.lookaside.trainer.store.StoreFixtures.confirm;
import static dev.lookaside.trainer.store.StoreFixtures.detection;
import static dev.lookaside.trainer.store.StoreFixtures.noise;
import static dev.lookaside.trainer.store.StoreFixtures.reject;
import static dev.lookaside.trainer.store.StoreFixtures.relabel;
import static dev.lookaside.trainer.store.StoreFixtures.sound;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Npy;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.LogMel;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.dataset.DataSet;
import dev.lookaside.trainer.dataset.Distribution;
import dev.lookaside.trainer.label.Label;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExampleStoreTest {
  @TempDir Path folder;

  private static void take(ExampleStore store, Label... labels) {
    store.take(List.of(labels), "audio.labels", Map.of(0, (long) labels.length));
    for (Label label : labels) {
      store.hold(label.id(), sound(label));
    }
  }

  private static List<String> ids(List<StoredExample> examples) {
    return examples.stream().map(StoredExample::id).toList();
  }

  @Test
  void whatWasTakenIsThereAfterAReopening() {
    Label dog = confirm("dog", 1, 2, "ada", 10);
    Label cat = relabel("dog", "cat", 1_000, 1_001, "ada", 1_010);
    Label none = reject("dog", 2_000, 2_001, "ada", 2_010);
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      take(store, dog, cat, none);
      store.setState("loop", "{\"n\":1}");
    }
    try (ExampleStore store = ExampleStore.open(folder)) {
      assertThat(store.positions("audio.labels")).isEqualTo(Map.of(0, 3L));
      assertThat(store.state("loop")).contains("{\"n\":1}");
      assertThat(store.state("other")).isEmpty();
      assertThat(ids(store.all())).containsExactly(dog.id(), cat.id(), none.id());
      StoredExample relabelled = store.find(cat.id()).orElseThrow();
      assertThat(relabelled.label()).contains("cat");
      assertThat(relabelled.rejectedLabel()).contains("dog");
      assertThat(relabelled.adapter()).contains(ADAPTER);
      assertThat(relabelled.onset()).isEqualTo(cat.onset());
      assertThat(relabelled.recording()).isEqualTo("dock@2026-03-01T10:10:00Z");
      assertThat(relabelled.usable()).isTrue();
      StoredExample background = store.find(none.id()).orElseThrow();
      assertThat(background.label()).isEmpty();
      assertThat(background.rejectedLabel()).contains("dog");
      List<LabelCount> counts = store.labels();
      assertThat(counts)
          .extracting(LabelCount::label)
          .containsExactly(Optional.of("cat"), Optional.of("dog"), Optional.empty());
      assertThat(counts.stream().mapToInt(c -> c.train() + c.heldOut()).sum()).isEqualTo(3);
    }
  }

  @Test
  void aClassIsSpelledAsByItsFirstExample() {
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      take(store, add("Dog", 1, 2, "ada", 10), add("dog", 700, 701, "ada", 710));
    }
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      take(store, add("DOG", 1400, 1401, "ada", 1410), add("cat", 2100, 2101, "ada", 2110));
      assertThat(store.all())
          .extracting(e -> e.label().orElse(""))
          .containsExactly("Dog", "Dog", "Dog", "cat");
    }
  }

  @Test
  void audioAndLogMelAreWhatWasHeard() {
    Label dog = confirm("dog", 1, 2, "ada", 10);
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      take(store, dog);
      StoredAudio audio = store.find(dog.id()).orElseThrow().heldAudio();
      assertThat(audio.read().samples()).isEqualTo(sound(dog).pcm().samples());
      assertThat(audio.readEvent().samples()).hasSize(16_000);
      assertThat(audio.start()).isEqualTo(at(.5));
      Npy logMel = Npy.read(audio.logMel());
      assertThat(logMel.shape()).containsExactly((int) audio.frames(FrontEnd.AST_FBANK), 128);
      assertThat(logMel.values())
          .isEqualTo(LogMel.of(FrontEnd.AST_FBANK).clip(audio.read().samples()));
    }
  }

  @Test
  void aLabelReadTwiceIsOneExample() {
    Label dog = confirm("dog", 1, 2, "ada", 10);
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      assertThat(store.take(List.of(dog, dog), "t", Map.of(0, 2L))).isEqualTo(1);
      assertThat(store.take(List.of(dog), "t", Map.of(0, 3L))).isZero();
      assertThat(store.all()).hasSize(1);
      assertThat(store.positions("t")).isEqualTo(Map.of(0, 3L));
    }
  }

  @Test
  void aRecordingIsNeverTornApartAndNeverMoves() {
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      List<Label> labels = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        labels.add(add("dog", 60. * i, 60. * i + 1, "ada", 100_000));
      }
      store.take(labels, "t", Map.of());
      Map<String, List<StoredExample>> byRecording =
          store.all().stream()
              .collect(java.util.stream.Collectors.groupingBy(StoredExample::recording));
      assertThat(byRecording).hasSize(30);
      assertThat(byRecording.values())
          .allSatisfy(
              all ->
                  assertThat(all)
                      .extracting(StoredExample::split)
                      .containsOnly(all.get(0).split()));
      long heldOut =
          byRecording.values().stream().filter(a -> a.get(0).split() == Split.HELD_OUT).count();
      assertThat(heldOut).isBetween(4L, 16L);
    }
    StoreSettings others =
        new StoreSettings(
            FrontEnd.AST_FBANK, 500, 5_000, 0, 99, Duration.ofSeconds(1), Duration.ofSeconds(1));
    try (ExampleStore store = ExampleStore.open(folder, others)) {
      List<Split> before = store.all().stream().map(StoredExample::split).toList();
      store.take(List.of(add("cat", 17_990, 17_991, "ada", 18_000)), "t", Map.of());
      List<StoredExample> after = store.all();
      assertThat(after.get(300).split()).isEqualTo(before.get(299));
      assertThat(after.get(300).recording()).isEqualTo(after.get(299).recording());
    }
  }

  @Test
  void disagreementIsListedAndKeptOut() {
    Label ada = confirm("dog", 1, 2, "ada", 10);
    Label bob = reject("dog", 1, 2, "bob", 11);
    Label cat = add("cat", 500, 501, "bob", 600);
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      take(store, ada, cat);
      long before = store.changes();
      take(store, bob);
      List<StoredExample> usable = new ArrayList<>(store.usable(Split.TRAIN));
      usable.addAll(store.usable(Split.HELD_OUT));
      assertThat(ids(usable)).containsExactly(cat.id());
      assertThat(store.conflicts())
          .singleElement()
          .satisfies(c -> assertThat(ids(c.examples())).containsExactly(ada.id(), bob.id()));
      assertThat(store.verdicts(ADAPTER, Scope.ALL, Instant.EPOCH))
          .isEqualTo(new Verdicts(0, 0, 0, 0));
      take(store, reject("dog", 1, 2, "ada", 12));
      assertThat(store.conflicts()).isEmpty();
      assertThat(store.verdicts(ADAPTER, Scope.ALL, Instant.EPOCH))
          .isEqualTo(new Verdicts(0, 1, 0, 1));
      assertThat(store.usableSince(before, Scope.ALL)).isEqualTo(1);
      assertThat(store.usableSince(store.changes(), Scope.ALL)).isZero();
    }
  }

  @Test
  void verdictsAreOfOneAdapterAndSinceATime() {
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      store.take(
          List.of(
              confirm("dog", 1, 2, "ada", 10),
              confirm("dog", 1, 2, "bob", 11),
              reject("dog", 10, 12, "ada", 20),
              relabel("dog", "cat", 20, 22, "ada", 30),
              add("cow", 30, 31, "ada", 40)),
          "t",
          Map.of());
      Verdicts all = store.verdicts(ADAPTER, Scope.ALL, at(0));
      assertThat(all).isEqualTo(new Verdicts(1, 1, 1, 2));
      assertThat(store.verdicts(ADAPTER, Scope.ALL, at(15))).isEqualTo(new Verdicts(0, 0, 1, 1));
      assertThat(store.verdicts("c".repeat(64), Scope.ALL, at(0)).judged()).isZero();
    }
  }

  @Test
  void theWorstHourOfWrongOnesMayLieAnywhere() {
    List<Label> labels = new ArrayList<>();
    for (double onset : new double[] {0, 1_000, 3_000, 3_599, 6_598, 6_599, 6_600, 9_000}) {
      labels.add(reject("dog", onset, onset + .5, "ada", 20_000));
    }
    labels.add(confirm("dog", 6_500, 6_500.5, "ada", 20_000));
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      store.take(labels, "t", Map.of());
      assertThat(store.verdicts(ADAPTER, Scope.ALL, at(0))).isEqualTo(new Verdicts(1, 8, 0, 4));
    }
  }

  /** One store may hold the labels of several tenants; a trainer is for its own. */
  @Test
  void aScopeSeesItsOwnStreamsAndTheSeeds() {
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      store.putSeed(Seed.whole("cow", "clip-1", noise(1, 16_000, 1), "esc50"));
      long before = store.changes();
      Label ours = rejectOn("harbour/dock", 1);
      take(store, ours, rejectOn("mill/yard", 1), rejectOn("mill/yard", 5), rejectOn("dock", 1));
      Scope harbour = Scope.parse("tenant:harbour");
      List<StoredExample> usable = new ArrayList<>(store.newestUsable(harbour, Instant.MAX));
      assertThat(usable)
          .extracting(StoredExample::stream)
          .containsExactlyInAnyOrder("harbour/dock", "seed:clip-1");
      assertThat(store.usableSince(before, harbour)).isEqualTo(1);
      assertThat(store.usableSince(before, Scope.parse("stream:mill/yard"))).isEqualTo(2);
      assertThat(store.usableSince(before, Scope.ALL)).isEqualTo(4);
      assertThat(store.verdicts(ADAPTER, harbour, at(0))).isEqualTo(new Verdicts(0, 1, 0, 1));
      assertThat(store.verdicts(ADAPTER, Scope.parse("tenant:mill"), at(0)))
          .isEqualTo(new Verdicts(0, 2, 0, 2));
    }
  }

  private static Label rejectOn(String stream, double onset) {
    Detection wrong = detection(new StreamId(stream), "dog", onset, onset + 1);
    return Label.reject(wrong, "ada", at(onset + 10), Optional.empty());
  }

  @Test
  void audioThatIsGoneIsCountedAndListed() {
    Label dog = confirm("dog", 1, 2, "ada", 10);
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      store.take(List.of(dog), "t", Map.of());
      assertThat(ids(store.awaited())).containsExactly(dog.id());
      store.without(dog.id(), AudioState.LOST, "is not retained any more");
      assertThat(store.awaited()).isEmpty();
      assertThat(store.lost())
          .singleElement()
          .satisfies(e -> assertThat(e.audioReason()).contains("is not retained any more"));
      assertThat(store.stats().byAudio()).isEqualTo(Map.of(AudioState.LOST, 1));
      assertThat(store.usable(Split.TRAIN)).isEmpty();
      assertThat(store.usable(Split.HELD_OUT)).isEmpty();
    }
  }

  @Test
  void seedsAndSamplesAreAddedOnce() {
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      Seed seed = Seed.whole("dog", "clip-1", noise(1, 8_000, 1), "esc50");
      StoredExample first = store.putSeed(seed);
      assertThat(first.heldAudio().rateHz()).isEqualTo(16_000);
      assertThat(first.origin()).isEqualTo(Origin.SEED);
      assertThat(store.putSeed(seed)).isEqualTo(first);
      StoredExample sample = store.putSampled("dock", at(5), noise(2, 16_000, 2), "sampler");
      assertThat(sample.label()).isEmpty();
      assertThat(sample.recording()).isEqualTo("dock@2026-03-01T10:00:00Z");
      assertThat(sample.offset()).isEqualTo(at(7));
      assertThat(store.stats().byOrigin()).isEqualTo(Map.of(Origin.SEED, 1, Origin.SAMPLED, 1));
      assertThat(store.stats().heldSeconds()).isEqualTo(3);
      assertThatThrownBy(
              () ->
                  store.putSeed(
                      new Seed(
                          Optional.of("dog"),
                          "c",
                          noise(1, 16_000, 3),
                          2,
                          3,
                          Optional.empty(),
                          "a")))
          .hasMessageContaining("must lie within the 16000 samples");
    }
  }

  @Test
  void newerBackgroundTakesThePlaceOfOlder() {
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      List<StoredExample> samples = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        String stream = i % 4 == 0 ? "gate" : "dock";
        samples.add(store.putSampled(stream, at(10 * i), noise(1, 16_000, i), "sampler"));
        store.limitSampled(3, 4);
      }
      List<StoredExample> usable = new ArrayList<>(store.usable(Split.TRAIN));
      usable.addAll(store.usable(Split.HELD_OUT));
      assertThat(ids(usable)).containsExactlyInAnyOrderElementsOf(ids(samples.subList(4, 8)));
      assertThat(store.find(samples.get(3).id()).orElseThrow().heldAudio().read().seconds())
          .as("a round may still name it")
          .isEqualTo(1);
      for (int i = 8; i < 16; i++) {
        store.putSampled("yard", at(10 * i), noise(1, 16_000, i), "sampler");
        store.limitSampled(3, 4);
      }
      assertThat(store.find(samples.get(3).id())).isEmpty();
      assertThat(store.all()).hasSize(8);
      assertThat(folder.resolve("audio").toFile().list()).hasSize(8);
      assertThat(folder.resolve("logmel").toFile().list()).hasSize(8);
      assertThat(store.known("yard", at(150.5), at(170)))
          .containsExactly(new Stretch(at(150), at(151)));
      assertThat(store.known("yard", at(151), at(170))).isEmpty();
      assertThat(store.usableSince(0, Scope.ALL)).as("no labels").isZero();
    }
  }

  @Test
  void whatIsExportedIsADataSetAndComesBack() {
    Path csv = folder.resolve("out/clips.csv");
    Label none = reject("dog", 2_000, 2_000.7, "ada", 2_010);
    List<StoredExample> before;
    try (ExampleStore store = ExampleStore.open(folder.resolve("one"), SETTINGS)) {
      take(store, confirm("dog", 1, 2.3, "ada", 10), add("a, \"cat\"", 700, 701, "bob", 800), none);
      store.putSeed(Seed.whole("cow", "clip-1", noise(1, 16_000, 1), "esc50"));
      assertThat(store.exportTo(csv)).isEqualTo(4);
      before = store.all();
    }
    DataSet data = Distribution.CSV.load(csv, Optional.empty());
    assertThat(data.labels()).containsExactly("a, \"cat\"", "cow", "dog");
    assertThat(data.segments()).hasSize(3);
    data.segments()
        .forEach(
            s -> {
              StoredExample e =
                  before.stream()
                      .filter(b -> b.label().equals(Optional.of(data.labels().get(s.label()))))
                      .findFirst()
                      .orElseThrow();
              assertThat(s.read().samples()).isEqualTo(e.heldAudio().readEvent().samples());
              assertThat(s.split()).isEqualTo(e.split().word());
            });
    assertThat(data.noise())
        .singleElement()
        .satisfies(
            n ->
                assertThat(n.read().samples())
                    .isEqualTo(find(before, none.id()).heldAudio().readEvent().samples()));
    try (ExampleStore store = ExampleStore.open(folder.resolve("two"), SETTINGS)) {
      assertThat(store.importFrom(csv)).isEqualTo(4);
      assertThat(store.importFrom(csv)).isEqualTo(4);
      assertThat(store.all()).hasSize(4);
      for (StoredExample e : store.all()) {
        StoredExample was = find(before, e.id());
        assertThat(withoutPlace(e)).isEqualTo(withoutPlace(was));
        assertThat(e.heldAudio().sha256()).isEqualTo(was.heldAudio().sha256());
      }
      assertThat(store.verdicts(ADAPTER, Scope.ALL, at(0))).isEqualTo(new Verdicts(1, 1, 0, 1));
      assertThat(store.take(List.of(none), "t", Map.of())).as("the label again").isZero();
    }
  }

  private static StoredExample find(List<StoredExample> in, String id) {
    return in.stream().filter(e -> e.id().equals(id)).findFirst().orElseThrow();
  }

  private static List<Object> withoutPlace(StoredExample e) {
    StoredAudio a = e.heldAudio();
    return List.of(
        e.id(),
        e.stream(),
        e.label(),
        e.rejectedLabel(),
        e.onset(),
        e.offset(),
        e.recording(),
        e.split(),
        e.origin(),
        e.author(),
        e.labelledAt(),
        e.labelId(),
        e.adapter(),
        e.standing(),
        a.start(),
        a.rateHz(),
        a.samples(),
        a.onsetSample(),
        a.offsetSample(),
        a.whole());
  }

  @Test
  void aFullDiskIsSaidAndChangesNothing() {
    Label dog = confirm("dog", 1, 2, "ada", 10);
    List<Label> many = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      many.add(add("cat", 60. * i, 60. * i + 1, "ada", 1_000_000));
    }
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      take(store, dog);
      store.index().limitPages(30);
      assertThatThrownBy(() -> store.take(many, "audio.labels", Map.of(0, 9L)))
          .isInstanceOf(TrainerException.class)
          .hasMessage(
              "%s: the disk is full; what it held before is intact",
              folder.resolve("index.sqlite"));
      assertThat(ids(store.all())).containsExactly(dog.id());
      assertThat(store.positions("audio.labels")).isEqualTo(Map.of(0, 1L));
      store.index().limitPages(1 << 20);
      assertThat(store.take(many, "audio.labels", Map.of(0, 9L))).isEqualTo(2_000);
    }
  }

  @Test
  void aBrokenIndexIsSaid() throws IOException {
    Path index = folder.resolve("index.sqlite");
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      take(store, confirm("dog", 1, 2, "ada", 10));
    }
    byte[] bytes = Files.readAllBytes(index);
    java.util.Arrays.fill(bytes, 4_096, bytes.length, (byte) 0x5a);
    Files.write(index, bytes);
    assertThatThrownBy(() -> ExampleStore.open(folder, SETTINGS).close())
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining(index + ": is broken (")
        .hasMessageContaining("move the store's folder away");
    Files.writeString(
        index,
        "this is no index at all, and longer than a header must be ........" + ".".repeat(100));
    assertThatThrownBy(() -> ExampleStore.open(folder).close())
        .hasMessageContaining(index + ": is broken (");
  }

  @Test
  void aMissingOrChangedAudioFileIsSaid() throws IOException {
    Label dog = confirm("dog", 1, 2, "ada", 10);
    try (ExampleStore store = ExampleStore.open(folder, SETTINGS)) {
      take(store, dog);
      StoredAudio audio = store.find(dog.id()).orElseThrow().heldAudio();
      byte[] bytes = Files.readAllBytes(audio.file());
      bytes[100] ^= 1;
      Files.write(audio.file(), bytes);
      assertThatThrownBy(audio::read).hasMessageContaining("must be " + audio.sha256());
      Files.delete(audio.file());
      assertThatThrownBy(audio::read)
          .hasMessageContaining(audio.file() + ": audio file is missing");
      assertThatThrownBy(() -> store.exportTo(folder.resolve("x/clips.csv")))
          .hasMessageContaining("audio file is missing");
    }
  }

  @Test
  void aStoreOfAnotherFrontEndOrNoneIsSaid() throws IOException {
    ExampleStore.open(folder, SETTINGS).close();
    StoreSettings epic =
        new StoreSettings(
            FrontEnd.EPIC_LOGMEL, 500, 5_000, .3, 7, Duration.ofSeconds(1), Duration.ofSeconds(1));
    assertThatThrownBy(() -> ExampleStore.open(folder, epic).close())
        .hasMessageContaining("the store was made with ast-fbank");
    assertThatThrownBy(() -> ExampleStore.open(folder.resolve("none")).close())
        .hasMessage("%s: holds no store of examples (no index.sqlite)", folder.resolve("none"));
    Path file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() -> ExampleStore.open(file, SETTINGS).close())
        .hasMessageContaining(file + ": no store can be made here");
  }
}
