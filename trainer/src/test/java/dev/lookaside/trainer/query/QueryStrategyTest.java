package dev.lookaside.trainer.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.trainer.query.QueryStrategy.Choice;
import dev.lookaside.trainer.query.QueryStrategy.Labelled;
import dev.lookaside.trainer.query.QueryStrategy.Sound;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class QueryStrategyTest {
  private static final List<String> LABELS = List.of("door", "horn");
  private static final double[] ON = {.5, .8};

  private static float[] unit(double... values) {
    double squares = 0;
    for (double v : values) {
      squares += v * v;
    }
    float[] unit = new float[values.length];
    for (int i = 0; i < unit.length; i++) {
      unit[i] = (float) (values[i] / Math.sqrt(squares));
    }
    return unit;
  }

  private static Sound sound(String id, String label, float[] embedding, double door, double horn) {
    return new Sound(id, label, embedding, new float[] {(float) door, (float) horn}, null);
  }

  private static QueryStrategy strategy(List<Labelled> labelled, String... wanted) {
    return new QueryStrategy(LABELS, ON, labelled, Set.of(wanted));
  }

  private static List<String> ids(List<Choice> choices) {
    return choices.stream().map(c -> c.sound().id()).toList();
  }

  @Test
  void whatIsNearItsOwnThresholdComesFirst() {
    List<Sound> pool =
        List.of(
            sound("sure", "door", unit(1, 0, 0, 0), .99, .01),
            sound("door near", "door", unit(0, 1, 0, 0), .52, .01),
            sound("between, near none", "horn", unit(0, 0, 1, 0), .01, .97),
            sound("horn near", "horn", unit(0, 0, 0, 1), .01, .8));
    List<Choice> chosen = strategy(List.of()).choose(pool, 2);
    assertThat(ids(chosen)).containsExactly("horn near", "door near");
    assertThat(chosen.get(0).reasons())
        .containsExactly("uncertain: horn 0.80, reported from 0.80 on");
  }

  @Test
  void whatIsLikeNoKnownSoundComesFirst() {
    List<Labelled> known =
        List.of(new Labelled("door", unit(1, 0, 0)), new Labelled("horn", unit(0, 1, 0)));
    List<Sound> pool =
        List.of(
            sound("like a door", "door", unit(1, .1, 0), .9, .1),
            sound("like a horn", "door", unit(.1, 1, 0), .9, .1),
            sound("new", "door", unit(.1, .1, 1), .9, .1));
    List<Choice> chosen = strategy(known).choose(pool, 3);
    assertThat(ids(chosen)).startsWith("new");
    assertThat(chosen.get(0).reasons().get(0))
        .startsWith("novel: 0.90 from the nearest labelled sound");
  }

  @Test
  void whatTwoAdaptersDisagreeOnComesFirst() {
    float[] same = {.9f, .1f};
    List<Sound> pool =
        List.of(
            new Sound("agreed", "door", unit(1, 0), same, same),
            new Sound("disputed", "door", unit(0, 1), same, new float[] {.2f, .1f}));
    List<Choice> chosen = strategy(List.of()).choose(pool, 1);
    assertThat(ids(chosen)).containsExactly("disputed");
    assertThat(chosen.get(0).reasons())
        .containsExactly("disagreement: door 0.90 in force, 0.20 with the other adapter");
  }

  @Test
  void aClassThatTheLastRoundNeededComesFirst() {
    List<Sound> pool =
        List.of(
            sound("door", "door", unit(1, 0), .9, .1), sound("horn", "horn", unit(0, 1), .9, .1));
    List<Choice> chosen = strategy(List.of(), "horn").choose(pool, 1);
    assertThat(ids(chosen)).containsExactly("horn");
    assertThat(chosen.get(0).reasons()).containsExactly("needed: too few labels of horn");
  }

  /** The adapter reports it as something else: it does not know the class. */
  @Test
  void whatResemblesASoundOfAClassThatTheAdapterDoesNotKnowComesFirst() {
    List<Labelled> labelled =
        List.of(new Labelled("bird", unit(0, 0, 1)), new Labelled("door", unit(1, 0, 0)));
    List<Sound> pool =
        List.of(
            sound("door", "door", unit(1, .1, .1), .9, .1),
            sound("horn", "horn", unit(0, 1, .1), .9, .1),
            sound("bird", "horn", unit(.1, .1, 1), .9, .1));
    List<Choice> chosen = strategy(labelled).choose(pool, 1);
    assertThat(ids(chosen)).containsExactly("bird");
    assertThat(chosen.get(0).reasons())
        .containsExactly("needed: too few labels of bird, which it resembles");
  }

  @Test
  void aSoundLikeOneThatWasFoundToBeNothingIsNotNovel() {
    List<Labelled> labelled = List.of(new Labelled(null, unit(1, 0)));
    List<Sound> pool =
        List.of(
            sound("like it", "door", unit(1, .1), .9, .1),
            sound("other", "door", unit(0, 1), .9, .1));
    assertThat(ids(strategy(labelled).choose(pool, 1))).containsExactly("other");
  }

  @Test
  void aRepetitionWaitsForOtherSounds() {
    List<Sound> pool = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      pool.add(sound("same " + i, "door", unit(1, 0, .001 * i), .5, .01));
    }
    pool.add(sound("other", "door", unit(0, 1, 0), .7, .01));
    pool.add(sound("third", "door", unit(0, 0, 1), .8, .01));
    assertThat(ids(strategy(List.of()).choose(pool, 3)))
        .hasSize(3)
        .contains("other", "third")
        .filteredOn(id -> id.startsWith("same"))
        .hasSize(1);
  }

  @Test
  void theOrderOfThePoolDoesNotMatterAndAllAreRankedOnce() {
    Random random = new Random(5);
    List<Sound> pool = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      float[] e = unit(random.nextGaussian(), random.nextGaussian(), random.nextGaussian());
      pool.add(sound("s" + i, "door", e, random.nextDouble(), random.nextDouble()));
    }
    List<Labelled> known = List.of(new Labelled("door", unit(1, 1, 1)));
    List<String> first = ids(strategy(known).choose(pool, 100));
    assertThat(first).hasSize(40).doesNotHaveDuplicates();
    Collections.shuffle(pool, random);
    assertThat(ids(strategy(known).choose(pool, 100))).isEqualTo(first);
    assertThat(ids(strategy(known).choose(pool, 7))).isEqualTo(first.subList(0, 7));
  }

  @Test
  void anEmptyPoolAndPosteriorsAtTheEndsAreFine() {
    assertThat(strategy(List.of()).choose(List.of(), 3)).isEmpty();
    List<Choice> one =
        strategy(List.of()).choose(List.of(sound("end", "door", unit(1, 0), 0, 1)), 3);
    assertThat(ids(one)).containsExactly("end");
    assertThat(one.get(0).score()).isBetween(0., 1.);
  }
}
