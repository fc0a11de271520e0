package dev.lookaside.trainer.store;

import static dev.lookaside.trainer.store.StoreFixtures.add;
import static dev.lookaside.trainer.store.StoreFixtures.at;
import static dev.lookaside.trainer.store.StoreFixtures.confirm;
import static dev.lookaside.trainer.store.StoreFixtures.reject;
import static dev.lookaside.trainer.store.StoreFixtures.relabel;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.label.Label;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class ClaimTest {
  private static Claim claim(Label l) {
    return new Claim(
        l.id(),
        l.author(),
        l.time(),
        l.onset(),
        l.offset(),
        l.kind(),
        l.label(),
        l.detected(),
        l.detection());
  }

  private static List<Standing> standings(Label... labels) {
    Map<String, Standing> found =
        Claim.standings(Arrays.stream(labels).map(ClaimTest::claim).toList());
    return Arrays.stream(labels).map(l -> found.get(l.id())).toList();
  }

  @Test
  void theNewestOfAnAuthorCounts() {
    assertThat(standings(confirm("dog", 1, 2, "ada", 10), reject("dog", 1, 2, "ada", 11)))
        .containsExactly(Standing.SUPERSEDED, Standing.USABLE);
    assertThat(standings(confirm("dog", 1, 2, "ada", 12), reject("dog", 1, 2, "ada", 11)))
        .containsExactly(Standing.USABLE, Standing.SUPERSEDED);
    assertThat(standings(add("dog", 1, 2, "ada", 10), add("dog", 1.2, 2.1, "ada", 11)))
        .containsExactly(Standing.SUPERSEDED, Standing.USABLE);
    assertThat(
            standings(
                relabel("dog", "cat", 1, 2, "ada", 10), relabel("dog", "cow", 1, 2, "ada", 11)))
        .containsExactly(Standing.SUPERSEDED, Standing.USABLE);
  }

  @Test
  void authorsWhoDisagreeAreBothLeftOut() {
    assertThat(standings(confirm("dog", 1, 2, "ada", 10), reject("dog", 1, 2, "bob", 11)))
        .containsOnly(Standing.CONFLICT);
    assertThat(
            standings(
                relabel("dog", "cat", 1, 2, "ada", 10), relabel("dog", "cow", 1, 2, "bob", 11)))
        .containsOnly(Standing.CONFLICT);
    assertThat(standings(add("cat", 1, 2, "ada", 10), reject("cat", 1.1, 2, "bob", 11)))
        .containsOnly(Standing.CONFLICT);
    assertThat(
            standings(
                confirm("dog", 1, 2, "ada", 10),
                reject("dog", 1, 2, "bob", 11),
                reject("dog", 1, 2, "ada", 12)))
        .as("and agree again")
        .containsExactly(Standing.SUPERSEDED, Standing.USABLE, Standing.DUPLICATE);
  }

  @Test
  void soundsAtTheSameTimeAndApartAreNoDisagreement() {
    assertThat(standings(add("dog", 1, 3, "ada", 10), add("car", 1.7, 3.7, "ada", 11)))
        .containsOnly(Standing.USABLE);
    assertThat(standings(add("dog", 1, 2, "ada", 10), add("car", 1, 9, "bob", 11)))
        .containsOnly(Standing.USABLE);
    assertThat(standings(confirm("dog", 1, 3, "ada", 10), add("car", 1, 3, "ada", 11)))
        .containsOnly(Standing.USABLE);
    assertThat(standings(confirm("dog", 1, 2, "ada", 10), reject("dog", 1.9, 3, "bob", 11)))
        .containsOnly(Standing.USABLE);
  }

  @Test
  void oneStretchThatWasMissedHasOneName() {
    assertThat(standings(add("siren", 1, 3, "ann", 10), add("horn", 1.3, 3.3, "ann", 11)))
        .containsExactly(Standing.SUPERSEDED, Standing.USABLE);
    assertThat(standings(add("siren", 1, 3, "ann", 10), add("horn", 1.3, 3.3, "bob", 11)))
        .containsOnly(Standing.CONFLICT);
  }

  @Test
  void whatIsTakenBackIsAsIfItHadNeverBeenSaid() {
    Label siren = add("siren", 1, 3, "ann", 10);
    Label horn = add("horn", 1, 3, "ann", 11);
    Label never = Label.retract(horn, at(12), Optional.empty());
    assertThat(standings(siren, horn, never))
        .containsExactly(Standing.USABLE, Standing.SUPERSEDED, Standing.RETRACTION);
    assertThat(standings(add("siren", 1, 3, "bob", 10), horn, never))
        .as("a dispute ends")
        .containsExactly(Standing.USABLE, Standing.SUPERSEDED, Standing.RETRACTION);
    assertThat(standings(horn, never, add("horn", 1, 3, "ann", 13)))
        .as("said once more")
        .containsExactly(Standing.SUPERSEDED, Standing.RETRACTION, Standing.USABLE);
    assertThat(standings(add("horn", 1, 3.1, "ann", 11), never, add("horn", 1, 3, "bob", 13)))
        .as("neither another stretch nor another author's word")
        .containsExactly(Standing.USABLE, Standing.RETRACTION, Standing.DUPLICATE);
  }

  @Test
  void oneSoundIsOneExample() {
    assertThat(standings(confirm("dog", 1, 2, "ada", 10), confirm("dog", 1, 2, "bob", 11)))
        .containsExactly(Standing.USABLE, Standing.DUPLICATE);
    assertThat(standings(reject("dog", 1, 2, "ada", 10), relabel("dog", "cat", 1, 2, "bob", 11)))
        .as("what is named is no background")
        .containsExactly(Standing.DUPLICATE, Standing.USABLE);
  }

  @Test
  void theOrderOfArrivalDoesNotMatter() {
    SeededRandom.forAll(
        ClaimTest.class,
        200,
        random -> {
          List<Claim> claims = new ArrayList<>();
          for (int i = random.nextInt(2, 12); i > 0; i--) {
            claims.add(claim(random(random)));
          }
          Map<String, Standing> expected = Claim.standings(claims);
          List<Claim> shuffled = new ArrayList<>(claims);
          Collections.shuffle(shuffled, new java.util.Random(random.nextLong()));
          assertThat(Claim.standings(shuffled)).isEqualTo(expected);
          assertThat(expected.values())
              .as("somebody counts or there is a dispute")
              .containsAnyOf(Standing.USABLE, Standing.CONFLICT, Standing.RETRACTION);
        });
  }

  static Label random(RandomGenerator random) {
    String[] classes = {"dog", "cat", "cow"};
    String label = classes[random.nextInt(3)];
    String other = classes[(Arrays.asList(classes).indexOf(label) + 1) % 3];
    String author = random.nextBoolean() ? "ada" : "bob";
    double onset = random.nextInt(8) / 2.;
    double offset = onset + random.nextInt(1, 4) / 2.;
    double time = 100 + random.nextInt(20);
    return switch (random.nextInt(5)) {
      case 0 -> confirm(label, onset, offset, author, time);
      case 1 -> reject(label, onset, offset, author, time);
      case 2 -> relabel(label, other, onset, offset, author, time);
      case 3 ->
          Label.retract(add(label, onset, offset, author, time), at(time + 5), Optional.empty());
      default -> add(label, onset, offset, author, time);
    };
  }
}
