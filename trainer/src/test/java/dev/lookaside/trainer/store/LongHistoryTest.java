package dev.lookaside.trainer.store;

import static dev.lookaside.trainer.store.StoreFixtures.ADAPTER;
import static dev.lookaside.trainer.store.StoreFixtures.EPOCH;
import static dev.lookaside.trainer.store.StoreFixtures.SETTINGS;
import static dev.lookaside.trainer.store.StoreFixtures.confirm;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.trainer.label.Label;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a trainer does once a second, and when a label comes, costs the same however many labels
 * have ever come. Counted in instructions of SQLite's machine and in examples in memory, not in
 * seconds.
 */
class LongHistoryTest {
  private static final int FEW = 4_000;
  private static final int MANY = 100_000;

  /** Labels of the past are two seconds apart and end before this. */
  private static final double AFTER_ALL = 4.0 * MANY;

  @TempDir private Path folder;

  /** A store as {@code labels} confirmed detections of four classes on one stream have left it. */
  private ExampleStore store(int labels) {
    ExampleStore store = ExampleStore.open(folder.resolve("store" + labels), SETTINGS);
    store
        .index()
        .change(
            () ->
                store
                    .index()
                    .update(
                        """
                        INSERT INTO examples (id, stream, label, onset, offset, recording, split,
                          origin, author, labelled_at, label_id, kind, detection, adapter, standing,
                          change, audio_state, file, sha256, start, rate_hz, samples, onset_sample,
                          offset_sample, whole)
                        WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                        SELECT 'label ' || i, 'dock', 'class ' || (i % 4),
                          ?2 + i * 2000000000, ?2 + i * 2000000000 + 900000000, 'dock@' || (i / 300),
                          'train', 'label', 'ada', ?2 + i * 2000000000, 'label ' || i, 'confirm',
                          'detection ' || i, ?3, 'usable', i, 'held', 'f', 's', ?2, 16000, 16000, 0,
                          8000, 1
                        FROM n
                        """,
                        labels, Nanos.of(EPOCH), ADAPTER));
    return store;
  }

  /** What {@code LeaderSession.collect} asks for each time. */
  private static long tick(ExampleStore store, long seen) {
    return store
        .index()
        .hundredsOfSteps(
            () -> {
              assertThat(store.changes()).isGreaterThanOrEqualTo(seen);
              store.usableSince(seen, Scope.ALL);
              store.verdicts(ADAPTER, Scope.ALL, Instant.EPOCH);
              store.awaited();
            });
  }

  private static long label(ExampleStore store, Label label) {
    return store
        .index()
        .hundredsOfSteps(
            () -> assertThat(store.take(List.of(label), "labels", Map.of(0, 1L))).isOne());
  }

  @Test
  void aTickAndALabelCostTheSameAfterAHundredThousandLabels() {
    try (ExampleStore few = store(FEW);
        ExampleStore many = store(MANY)) {
      assertThat(tick(many, many.changes())).as("a tick").isLessThan(2 * tick(few, few.changes()));
      Label next = confirm("class 1", AFTER_ALL, AFTER_ALL + 1, "ada", AFTER_ALL + 2);
      assertThat(label(many, next)).as("a label").isLessThan(2 * label(few, next) + 10);
      assertThat(tick(many, many.changes() - 1))
          .as("the tick after it")
          .isLessThan(2 * tick(few, few.changes() - 1));
      Label again = confirm("class 2", 2_000, 2_000.5, "bob", AFTER_ALL);
      assertThat(label(many, again)).as("of long ago").isLessThan(2 * label(few, again) + 10);
      assertThat(many.index().hundredsOfSteps(() -> many.known("dock", at(50), at(60))))
          .isLessThan(10);
    }
  }

  private static Instant at(int seconds) {
    return EPOCH.plus(Duration.ofSeconds(seconds));
  }

  @Test
  void aRoundChoosesFromTheNewestExamplesOfEachClass() {
    try (ExampleStore few = store(FEW);
        ExampleStore many = store(MANY)) {
      long steps = few.index().hundredsOfSteps(() -> few.newestUsable(Scope.ALL, Instant.MAX));
      assertThat(many.index().hundredsOfSteps(() -> many.newestUsable(Scope.ALL, Instant.MAX)))
          .isLessThan(2 * steps);
      List<StoredExample> newest = many.newestUsable(Scope.ALL, Instant.MAX);
      assertThat(newest).hasSize(4 * ExampleStore.NEWEST_MAX);
      assertThat(newest.get(0).number()).isEqualTo(MANY - 4L * ExampleStore.NEWEST_MAX + 1);
      assertThat(many.newestUsable(Scope.ALL, at(20)).stream().map(StoredExample::id))
          .containsExactly(
              "label 1", "label 2", "label 3", "label 4", "label 5", "label 6", "label 7",
              "label 8", "label 9");
      assertThat(many.newestUsable(Scope.parse("stream:yard"), Instant.MAX)).isEmpty();
      assertThat(many.newestUsable(Scope.ALL, Instant.MIN)).as("before all times").isEmpty();
    }
  }

  @Test
  void theNewestJudgementsSayHowOftenAnAdapterIsWrong() {
    try (ExampleStore many = store(MANY)) {
      many.index()
          .change(
              () ->
                  many.index()
                      .update("UPDATE examples SET kind = 'reject' WHERE number > ?", MANY - 400));
      Verdicts verdicts = many.verdicts(ADAPTER, Scope.ALL, Instant.EPOCH);
      assertThat(verdicts.judged()).isEqualTo(Standings.JUDGED_MAX);
      assertThat(verdicts.wrong()).isEqualTo(400);
      assertThat(many.verdicts(ADAPTER, Scope.parse("stream:dock"), Instant.EPOCH))
          .isEqualTo(verdicts);
      assertThat(many.verdicts(ADAPTER, Scope.parse("tenant:dock"), Instant.EPOCH).judged())
          .isZero();
    }
  }
}
