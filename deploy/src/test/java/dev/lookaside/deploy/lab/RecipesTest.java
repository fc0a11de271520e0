package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.trainer.dataset.Distribution;
import dev.lookaside.trainer.recipe.Recipe;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class RecipesTest {
  @TestFactory
  List<DynamicTest> everyRecipeIsAFitOfThePapersSize() {
    List<DynamicTest> tests = new ArrayList<>();
    for (String name : Recipe.names()) {
      tests.add(DynamicTest.dynamicTest(name, () -> check(Recipe.of(name))));
    }
    return tests;
  }

  private static void check(Recipe recipe) {
    Recipes.FitParts parts = Recipes.FitParts.of(recipe);
    assertThat(recipe.title()).isNotBlank();
    if (recipe.name().startsWith("small/")) {
      assertThat(recipe.backbone()).isEqualTo("demo");
      assertThat(recipe.options()).contains(entry("scenes", "24"));
      return;
    }
    if (recipe.name().startsWith("esc50-tiny/")) {
      assertThat(recipe.backbone()).isEqualTo("deit-tiny");
      assertThat(recipe.options()).contains(entry("dataset", "esc50"), entry("epochs", "8"));
      assertThat(recipe.evaluation()).containsEntry("dataset", "esc50");
      return;
    }
    boolean detection = parts.what.detection();
    assertThat(parts.how.settings().epochs()).isIn(detection ? 10 : 25, detection ? 10 : 30);
    String dataset = Objects.requireNonNull(recipe.options().get("dataset"));
    assertThat(recipe.name()).startsWith(Distribution.of(dataset) + "/");
    assertThat(recipe.evaluation()).containsEntry("dataset", dataset);
    parts.what.check(parts.how.balanced());
    recipe
        .paper()
        .trainableMillions()
        .ifPresent(
            millions ->
                assertThat(
                        1e-6 * parts.count(recipe, recipe.paper().countedWithClasses()).trainable())
                    .isCloseTo(millions, within(5e-4)));
    recipe
        .paper()
        .percent()
        .ifPresent(
            percent ->
                assertThat(parts.count(recipe, recipe.paper().countedWithClasses()).percent())
                    .isCloseTo(percent, within(percent < 0.1 ? 5e-3 : 5e-2)));
  }

  @Test
  void theRowsThatThePaperCountsExactlyAreCountedSo() {
    Map<String, Long> expected =
        Map.of(
            "epic-sounds/linear-probe", 35_372L,
            "epic-sounds/loaa-attn-t-2pct", 2_026_028L,
            "epic-sounds/parallel-5pct", 4_016_684L,
            "epic-sounds/loaa-5pct", 4_016_684L,
            "epic-sounds/loaa-10pct", 7_997_996L,
            "esc50/linear-probe", 39_986L,
            "epic-sounds/full", 85_445_420L);
    checkCounts(expected);
  }

  /** 85,410,048 weights on 8 x 25 patches are 85,256,448 and a position of 768 for each patch. */
  @Test
  void theRowsBesideThePaperAreCountedToo() {
    checkCounts(
        Map.of(
            // 12 x 50 and 12 x 12 patches that overlap instead of 8 x 32 and 8 x 8.
            "esc50/ast-full-overlap", 85_256_448L + 600 * 768 + 39_986,
            "esc50/ast-audioset-full-overlap", 85_256_448L + 600 * 768 + 39_986,
            "esc50/ast-audioset-full", 85_256_448L + 256 * 768 + 39_986,
            "speech-commands/ast-full-overlap", 85_256_448L + 144 * 768 + 28_451,
            "epic-sounds/ast-audioset-linear-probe", 35_372L,
            "epic-sounds/ast-audioset-loaa-5pct", 4_016_684L,
            "epic-sounds/detection-columns", 4_016_684L,
            "epic-sounds/detection-clip", 4_016_684L,
            "speech-commands/loaa-5pct-background", 3_981_312L + 28_451));
  }

  /** Rows of one share have equally many weights, 248,832 beside the head's 10,034. */
  @Test
  void theTinyRowsAreOfEqualSize() {
    checkCounts(
        Map.of(
            "esc50-tiny/linear-probe", 10_034L,
            "esc50-tiny/parallel-5pct", 258_866L,
            "esc50-tiny/loaa-attn-t-5pct", 258_866L,
            "esc50-tiny/loaa-mlp-f-5pct", 258_866L,
            "esc50-tiny/loaa-5pct", 258_866L,
            "esc50-tiny/loaa-attn-f-mlp-t-5pct", 258_866L,
            "esc50-tiny/loaa-3x3-5pct", 258_866L,
            "esc50-tiny/loaa-10pct", 507_698L));
  }

  private static void checkCounts(Map<String, Long> expected) {
    expected.forEach(
        (name, trainable) -> {
          Recipe recipe = Recipe.of(name);
          assertThat(Recipes.FitParts.of(recipe).count(recipe, recipe.classes()).trainable())
              .as(name)
              .isEqualTo(trainable);
        });
  }

  /** A file that the index forgets could not be run. */
  @Test
  void theIndexHasEveryFile() throws IOException, URISyntaxException {
    URL index = Objects.requireNonNull(Recipe.class.getResource("/recipes/index.conf"));
    if (index.getProtocol().equals("jar")) {
      String jar = index.getPath().substring("file:".length(), index.getPath().indexOf('!'));
      try (FileSystem files = FileSystems.newFileSystem(Path.of(jar))) {
        checkFiles(files.getPath("recipes"));
      }
    } else {
      checkFiles(Path.of(index.toURI()).resolveSibling("."));
    }
  }

  private static void checkFiles(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      List<String> names =
          files
              .filter(f -> f.toString().endsWith(".conf") && !f.endsWith("index.conf"))
              .map(f -> root.relativize(f).toString().replace(File.separatorChar, '/'))
              .map(f -> f.substring(0, f.length() - ".conf".length()))
              .filter(f -> !f.endsWith("/common"))
              .toList();
      assertThat(names).containsExactlyInAnyOrderElementsOf(Recipe.names());
    }
  }

  @Test
  void theListIsATableOrJson() throws IOException {
    Cli table = Cli.run("recipes");
    assertThat(table.exitCode()).isZero();
    assertThat(table.out()).contains("2,026,028   2.330   54.52  LoAA beside the attention");
    assertThat(table.out()).containsPattern("esc50/ast-audioset-full-overlap +85,757,234 .* 95.60");
    assertThat(table.out().lines()).hasSize(1 + Recipe.names().size());
    JsonNode json = new ObjectMapper().readTree(Cli.run("recipes", "--json").out());
    assertThat(json).hasSize(Recipe.names().size());
    assertThat(json.get(0).get("recipe").asText()).isEqualTo("epic-sounds/linear-probe");
    assertThat(json.get(0).get("paper").get("top1").asDouble()).isEqualTo(38.95);
    assertThat(json.get(0).get("paper").get("source").asText()).contains("2412.05951");
    assertThat(json.get(0).get("options").get("lr").asText()).isEqualTo("1e-4");
    assertThat(json.get(0).get("evaluate").get("dataset").asText()).isEqualTo("epic-sounds");
  }
}
