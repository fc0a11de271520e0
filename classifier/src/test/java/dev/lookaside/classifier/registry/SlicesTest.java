package dev.lookaside.classifier.registry;

import static dev.lookaside.classifier.registry.Cutovers.NOON;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import dev.lookaside.classifier.weights.Safetensors;
import dev.lookaside.ingest.SeededRandom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapter files through the topic: slices, shelf, assembler, cache. */
class SlicesTest {
  private static final long LIMIT = 1L << 30;

  private static byte[] file(RandomGenerator random, int bytes) {
    byte[] file = new byte[bytes];
    random.nextBytes(file);
    return file;
  }

  private static byte[] threeParts() {
    return file(SeededRandom.of(1), 2 * Slice.MAX_BYTES + 5);
  }

  @Test
  void slicesInAnyOrderAndSomeTwiceGiveTheFileAgain() {
    SeededRandom.forAll(
        SlicesTest.class,
        20,
        random -> {
          byte[] file = file(random, 1 + random.nextInt(4 * Slice.MAX_BYTES));
          List<Slice> slices = new ArrayList<>(Slice.cut(file));
          slices.add(slices.get(random.nextInt(slices.size())));
          Collections.shuffle(slices, new Random(random.nextLong()));
          PublishedAdapters shelf = new PublishedAdapters();
          String digest = Safetensors.sha256(file);
          AdapterAssembler assembler = new AdapterAssembler(digest, LIMIT);
          long offset = 0;
          for (Slice slice : slices) {
            ConsumerRecord<byte[], byte[]> record = Cutovers.read(slice.record("adapters"), offset);
            assertThat(record.value().length).isLessThanOrEqualTo(512 * 1024);
            shelf.add(Slice.of(record), offset++, NOON);
            assertThat(assembler.add(Slice.of(record))).isEmpty();
          }
          assertThat(assembler.complete()).isTrue();
          assertThat(assembler.refusal()).isEmpty();
          assertThat(assembler.bytes()).isEqualTo(file);
          assertThat(shelf.missing(digest)).isEmpty();
          assertThat(shelf.find(digest).offsets()).hasSize(Slice.cut(file).size());
        });
  }

  @Test
  void theShelfKnowsWhatIsMissingAndWhereTheRestLies() {
    List<Slice> slices = Slice.cut(threeParts());
    String digest = slices.get(0).digest();
    PublishedAdapters shelf = new PublishedAdapters();
    assertThat(shelf.missing(digest)).containsExactly(0);
    shelf.add(slices.get(2), 7, NOON);
    assertThat(shelf.missing(digest)).containsExactly(0, 1);
    assertThat(shelf.find(digest)).isNull();
    shelf.add(slices.get(0), 9, NOON.plusSeconds(1));
    shelf.add(slices.get(1), 12, NOON);
    assertThat(shelf.find(digest))
        .isEqualTo(
            new PublishedAdapters.PublishedAdapter(
                digest, List.of(9L, 12L, 7L), NOON.plusSeconds(1)));
    shelf.add(Slice.tombstone(digest, 1), 13, NOON);
    assertThat(shelf.find(digest)).isNull();
    shelf.add(Slice.tombstone(digest, 0), 14, NOON);
    shelf.add(Slice.tombstone(digest, 2), 15, NOON);
    assertThat(shelf.digests()).isEmpty();
  }

  @Test
  void aCorruptedSliceIsFoundByTheDigest() {
    List<Slice> slices = Slice.cut(threeParts());
    slices.get(1).bytes()[100] ^= 1;
    AdapterAssembler assembler = new AdapterAssembler(slices.get(0).digest(), LIMIT);
    slices.forEach(s -> assertThat(assembler.add(s)).isEmpty());
    assertThat(assembler.refusal()).map(AdapterRejection::reason).contains(Reason.WRONG_DIGEST);
  }

  @Test
  void slicesThatContradictEachOtherAreRefused() {
    List<Slice> slices = Slice.cut(threeParts());
    Slice first = slices.get(0);
    AdapterAssembler assembler = new AdapterAssembler(first.digest(), LIMIT);
    assertThat(assembler.add(first)).isEmpty();
    assertThat(
            assembler.add(
                new Slice(first.digest(), 1, 2, first.totalBytes(), slices.get(1).bytes())))
        .map(AdapterRejection::reason)
        .contains(Reason.BAD_SLICE);
  }

  @Test
  void aClaimOfGreatSizeTakesNoMemory() {
    byte[] little = {1};
    String digest = Safetensors.sha256(little);
    assertThat(
            new AdapterAssembler(digest, LIMIT)
                .add(new Slice(digest, 0, 999_999, LIMIT + 1, little)))
        .map(AdapterRejection::message)
        .contains("too-large: lookaside-bytes \"1073741825\": must be at most 1073741824");
    assertThat(
            new AdapterAssembler(digest, LIMIT)
                .add(new Slice(digest, 0, Integer.MAX_VALUE, 10, little)))
        .map(AdapterRejection::reason)
        .contains(Reason.BAD_SLICE);
  }

  @Test
  void recordsThatAreNoSlicesAreNamed() {
    Slice slice = Slice.cut(threeParts()).get(0);
    ConsumerRecord<byte[], byte[]> bare =
        new ConsumerRecord<>("adapters", 0, 0, slice.record("t").key(), slice.bytes());
    assertThatThrownBy(() -> Slice.of(bare))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("lookaside-parts \"\"");
    assertThatThrownBy(
            () ->
                Slice.of(
                    new ConsumerRecord<>("adapters", 0, 0, "x/0".getBytes(US_ASCII), new byte[1])))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("key \"x/0\"");
    assertThatThrownBy(() -> new Slice(slice.digest(), 3, 3, 10, new byte[1]))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("part \"3\"");
  }

  @Test
  void theCacheGivesOnlyWhatHasItsDigest(@TempDir Path folder) throws IOException {
    byte[] file = threeParts();
    String digest = Safetensors.sha256(file);
    AdapterCache cache = new AdapterCache(folder.resolve("cache"));
    assertThat(cache.get(digest)).isNull();
    cache.put(digest, file);
    assertThat(cache.get(digest)).isEqualTo(file);
    Path kept = folder.resolve("cache").resolve(digest + ".safetensors");
    file[0] ^= 1;
    Files.write(kept, file);
    assertThat(cache.get(digest)).isNull();
    assertThat(kept).doesNotExist();
    assertThat(new AdapterCache(null).get(digest)).isNull();
  }
}
