package dev.lookaside.trainer.store;

import static dev.lookaside.trainer.store.StoreFixtures.SETTINGS;
import static dev.lookaside.trainer.store.StoreFixtures.add;
import static dev.lookaside.trainer.store.StoreFixtures.confirm;
import static dev.lookaside.trainer.store.StoreFixtures.reject;
import static dev.lookaside.trainer.store.StoreFixtures.relabel;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.store.LabelStandings.LabelStanding;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelStandingsTest {
  @TempDir private Path folder;

  @Test
  void eachStandsAsItDoesForItsReasons() {
    Label first = confirm("dog", 1, 2, "ada", 10);
    Label again = reject("dog", 1, 2, "ada", 11);
    Label right = confirm("cat", 5, 6, "ada", 12);
    Label wrong = reject("cat", 5, 6, "bob", 13);
    Label cow = add("cow", 8, 9, "ada", 14);
    Label sameCow = add("cow", 8, 9.1, "bob", 15);
    assertThat(LabelStandings.of(List.of(sameCow, cow, wrong, right, again, first)))
        .isEqualTo(
            Map.of(
                first.id(), new LabelStanding(Standing.SUPERSEDED, List.of(again.id())),
                again.id(), new LabelStanding(Standing.USABLE, List.of()),
                right.id(), new LabelStanding(Standing.CONFLICT, List.of(wrong.id())),
                wrong.id(), new LabelStanding(Standing.CONFLICT, List.of(right.id())),
                cow.id(), new LabelStanding(Standing.USABLE, List.of()),
                sameCow.id(), new LabelStanding(Standing.DUPLICATE, List.of(cow.id()))));
  }

  @Test
  void whatIsTakenBackSaysSo() {
    Label owl = add("owl", 11, 12, "ada", 16);
    Label hers = Label.retract(owl, owl.time().plusSeconds(1), Optional.empty());
    assertThat(LabelStandings.of(List.of(hers, owl)))
        .isEqualTo(
            Map.of(
                owl.id(), new LabelStanding(Standing.SUPERSEDED, List.of(hers.id()), true),
                hers.id(), new LabelStanding(Standing.RETRACTION, List.of(owl.id()))));
  }

  /** A store that takes the same labels, in whatever order, says the same of each. */
  @Test
  void aStoreSaysTheSame() {
    AtomicInteger number = new AtomicInteger();
    SeededRandom.forAll(
        LabelStandingsTest.class,
        8,
        random -> {
          List<Label> labels = new ArrayList<>();
          for (int i = 0; i < 25; i++) {
            labels.add(random(random, i));
          }
          try (ExampleStore store =
              ExampleStore.open(folder.resolve("store-" + number.getAndIncrement()), SETTINGS)) {
            store.take(labels, "audio.labels", Map.of());
            Map<String, Standing> expected = new TreeMap<>();
            store.all().forEach(e -> expected.put(e.id(), e.standing()));
            Map<String, Standing> found = new TreeMap<>();
            LabelStandings.of(labels)
                .forEach(
                    (id, stands) -> {
                      found.put(id, stands.standing());
                      assertThat(stands.because().isEmpty())
                          .as("%s, %s", id, stands)
                          .isEqualTo(stands.standing() == Standing.USABLE);
                    });
            assertThat(found).isEqualTo(expected);
          }
        });
  }

  private static Label random(RandomGenerator random, int time) {
    String author = "author " + random.nextInt(3);
    String label = "label " + random.nextInt(3);
    double onset = random.nextInt(40) / 4.0;
    double offset = onset + (1 + random.nextInt(6)) / 4.0;
    return switch (random.nextInt(4)) {
      case 0 -> confirm(label, onset, offset, author, time);
      case 1 -> reject(label, onset, offset, author, time);
      case 2 -> relabel(label, "other " + label, onset, offset, author, time);
      default -> add(label, onset, offset, author, time);
    };
  }
}
