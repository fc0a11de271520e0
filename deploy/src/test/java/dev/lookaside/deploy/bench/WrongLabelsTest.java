package dev.lookaside.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.ingest.send.SceneSettings;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Seed;
import dev.lookaside.trainer.store.Split;
import dev.lookaside.trainer.store.StoreSettings;
import dev.lookaside.trainer.store.StoredExample;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rounds of the bundled model with right and wrong labels, without a broker. */
@Tag("slow")
class WrongLabelsTest {
  private static final int RATE_HZ = 16_000;
  private static final double CONTEXT_SECONDS = 1.3;

  /** Every fourth sound of a class, as the trainer's service holds them out. */
  private static final int HELD_OUT_EVERY = 4;

  private static final Scene SCENE =
      new SceneComposer(
              SceneSettings.ofSeconds(110),
              BundledClips.load(),
              BackgroundNoise.pink(11, RATE_HZ, 5))
          .compose(11);

  /** What the incumbent says of the labels does not depend on how long the fit was. */
  private static final Map<String, Object> SHORT =
      Map.of(
          "lookaside.trainer.fit.epochs", 1,
          "lookaside.trainer.fit.scenes", 4);

  private static BundledModel files;
  private static Backbone backbone;
  private static Adapter incumbent;
  @TempDir private Path folder;

  @BeforeAll
  static void open() {
    files = BundledModel.open();
    backbone = Backbone.load(files.backbone());
    incumbent = Adapter.load(files.adapter());
  }

  @AfterAll
  static void close() {
    files.close();
  }

  /** How labels are wrong. */
  private enum Wrong {
    NONE,
    /** Each names the next class. */
    SHIFTED,
    /** Each names any class. */
    RANDOM,
    /** Every second one names the next class. */
    HALF;

    boolean is(int number) {
      return this == SHIFTED || this == RANDOM || this == HALF && number % 2 == 0;
    }
  }

  private static Config config(Map<String, Object> some, Double... speeds) {
    Map<String, Object> settings = new HashMap<>(some);
    settings.put("lookaside.trainer.scenes.speeds", List.of(speeds));
    return Configuration.over(settings);
  }

  /** What a round is made of. */
  private final class Rig implements AutoCloseable {
    private final Config config;
    private final ExampleStore store;
    private final List<StoredExample> examples = new ArrayList<>();
    private final Set<String> wrong = new HashSet<>();

    Rig(Config config) {
      this.config = config;
      store =
          ExampleStore.open(
              folder.resolve("store"), StoreSettings.of(config, incumbent.frontEnd()));
      Map<String, Integer> counts = new HashMap<>();
      for (BundledClips.Named named : BundledClips.named()) {
        String label = named.clip().label();
        boolean held = counts.merge(label, 1, Integer::sum) % HELD_OUT_EVERY == 0;
        Pcm pcm = named.clip().pcm();
        examples.add(put(label, named.path(), pcm, 0, pcm.seconds(), split(held)));
      }
    }

    private static Split split(boolean heldOut) {
      return heldOut ? Split.HELD_OUT : Split.TRAIN;
    }

    private StoredExample put(
        String label, String recording, Pcm pcm, double onset, double offset, Split split) {
      return store.putSeed(
          new Seed(Optional.of(label), recording, pcm, onset, offset, Optional.of(split), "ann"));
    }

    /**
     * Labels for all that sounds in the scene.
     *
     * @param heldOutEvery so many-th one is held out; 0: none
     */
    void label(Wrong how, int heldOutEvery) {
      List<String> names = incumbent.labels();
      RandomGenerator random = SeededRandom.of(3);
      int number = 0;
      for (LabelledEvent e : SCENE.events()) {
        int truth = names.indexOf(e.label());
        int step = how == Wrong.RANDOM ? 1 + random.nextInt(names.size() - 1) : 1;
        String said = how.is(number) ? names.get((truth + step) % names.size()) : e.label();
        boolean held = heldOutEvery > 0 && number % heldOutEvery == 0;
        StoredExample example = labelled(said, e, "label " + number, split(held));
        examples.add(example);
        if (how.is(number)) {
          wrong.add(example.id());
        }
        number++;
      }
    }

    /** As a label of a stream would have put it there. */
    private StoredExample labelled(String said, LabelledEvent e, String recording, Split split) {
      float[] all = SCENE.audio().samples();
      int from = (int) (Math.max(0, e.onsetSeconds() - CONTEXT_SECONDS) * RATE_HZ);
      int until =
          (int) Math.min(all.length, (e.offsetSeconds() + CONTEXT_SECONDS) * (double) RATE_HZ);
      double start = (double) from / RATE_HZ;
      StoredExample put =
          put(
              said,
              recording,
              new Pcm(RATE_HZ, Arrays.copyOfRange(all, from, until)),
              e.onsetSeconds() - start,
              e.offsetSeconds() - start,
              split);
      return new StoredExample(
          put.number(),
          put.id(),
          "yard",
          put.label(),
          Optional.empty(),
          put.onset(),
          put.offset(),
          recording,
          split,
          Origin.LABEL,
          "ann",
          Instant.EPOCH,
          Optional.of(put.id()),
          Optional.empty(),
          put.standing(),
          put.audioState(),
          Optional.empty(),
          put.audio());
    }

    GateReport judged(Round.Kind kind) {
      try (OfflineRounds rounds = new OfflineRounds(config, backbone, incumbent, folder)) {
        return rounds.judged(examples, kind).report();
      }
    }

    @Override
    public void close() {
      store.close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SHIFTED, HEAD, 0",
    "RANDOM, HEAD, 3",
    "HALF, HEAD, 3",
  })
  void wrongLabelsAreStoppedHoweverTheyAreFitted(Wrong how, Round.Kind kind, int heldOutEvery) {
    try (Rig rig = new Rig(config(SHORT, .9, 1.0, 1.12))) {
      rig.label(how, heldOutEvery);
      GateReport report = rig.judged(kind);
      assertThat(report.passed()).isFalse();
      assertThat(report.reasons()).anyMatch(r -> r.contains("labels contradict"));
      List<String> doubted = report.doubted().stream().map(GateReport.Doubt::example).toList();
      assertThat(doubted.stream().filter(rig.wrong::contains).count())
          .as("wrong ones among the doubted, %s", doubted)
          .isGreaterThan(doubted.size() * 3L / 4);
    }
  }

  @Test
  void rightLabelsPass() {
    try (Rig rig = new Rig(config(Map.of(), 1.0))) {
      rig.label(Wrong.NONE, 4);
      GateReport report = rig.judged(Round.Kind.HEAD);
      assertThat(report.reasons()).isEmpty();
    }
  }
}
