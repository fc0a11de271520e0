package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.deploy.cli.Cli;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExplainTest {
  private static final Path RESOURCES = Path.of("src/main/resources");
  private static final Path TRACTOR = RESOURCES.resolve("sounds/engine/qabcs-data_tractor.flac");

  @TempDir private Path folder;

  @Test
  void everythingThatIsLookedAtAddsUpToOne() throws Exception {
    for (String[] from :
        new String[][] {{"--at", "1.5"}, {"--hz", "900"}, {"--from", "specials"}}) {
      JsonNode models = explain(from).get("models");
      assertThat(models).hasSize(2);
      for (JsonNode model : models) {
        double sum = model.get("toSpecialTokens").asDouble();
        for (JsonNode row : model.get("attention")) {
          for (JsonNode share : row) {
            sum += share.asDouble();
          }
        }
        assertThat(sum).isBetween(1 - 1e-4, 1 + 1e-4);
      }
    }
  }

  @Test
  void anAdapterShowsFromTheSecondBlockOn() throws Exception {
    JsonNode first = explain("--at", "1.5", "--layer", "1").get("models");
    assertThat(first.get(0).get("attention")).isEqualTo(first.get(1).get("attention"));
    JsonNode second = explain("--at", "1.5", "--layer", "2").get("models");
    assertThat(second.get(0).get("attention")).isNotEqualTo(second.get(1).get("attention"));
  }

  @Test
  void theWindowLiesAroundTheTime() throws Exception {
    JsonNode model = explain("--at", "1.5").get("models").get(1);
    double from = model.get("windowFrom").asDouble();
    double until = model.get("windowUntil").asDouble();
    assertThat(until - from).isBetween(1.28 - 1e-9, 1.28 + 1e-9);
    assertThat((from + until) / 2).isBetween(1.49, 1.51);
    // 16 frames of 10 ms a column.
    double column = model.get("column").asInt() * 0.16 + from;
    assertThat(1.5).isBetween(column - 0.011, column + 0.171);
    assertThat(model.get("posteriors").get("engine").asDouble()).isGreaterThan(0.5);
  }

  @Test
  void theFirstOnsetIsThatOfClassify() throws Exception {
    Cli classified = Cli.run("classify", TRACTOR, "--format", "json");
    double onset =
        new ObjectMapper().readTree(classified.out()).findValue("onsetSeconds").asDouble();
    assertThat(explain("--onset", "1").get("at").asDouble()).isEqualTo(onset);
  }

  @Test
  void drawsAPicturePerAdapter() throws Exception {
    Path picture = folder.resolve("x.png");
    Path backbone = RESOURCES.resolve("demo-model/backbone.safetensors");
    Path adapter = RESOURCES.resolve("demo-model/adapter.safetensors");
    Cli run =
        Cli.run(
            "explain",
            TRACTOR,
            "--at",
            1,
            "--backbone",
            backbone,
            "--adapter",
            adapter,
            "--adapter",
            adapter,
            "--heads",
            "--out",
            picture,
            "--width",
            1000);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.err()).contains("x.png: 1.00 s, 3 models");
    assertThat(ImageIO.read(picture.toFile()).getWidth()).isEqualTo(1000);
  }

  /** One whose convolutions give nothing looks as the backbone alone does, beside the other. */
  @Test
  void adaptersAreShownSideBySideInTheOrderGiven() throws Exception {
    Path backbone = RESOURCES.resolve("demo-model/backbone.safetensors");
    Path adapter = RESOURCES.resolve("demo-model/adapter.safetensors");
    Adapter fitted = Adapter.load(adapter);
    Map<String, FloatTensor> tensors = new TreeMap<>(fitted.tensors());
    tensors.replaceAll(
        (name, tensor) ->
            name.endsWith(".loaa.up.weight")
                ? FloatTensor.of(tensor.shape(), new float[tensor.toArray().length])
                : tensor);
    assertThat(tensors).isNotEqualTo(fitted.tensors());
    Path still = folder.resolve("still.safetensors");
    Files.write(still, AdapterFactory.encode(AdapterFactory.of(tensors, fitted.metadata())));
    JsonNode models =
        explain("--at", "1.5", "--backbone", backbone, "--adapter", still, "--adapter", adapter)
            .get("models");
    assertThat(models).hasSize(3);
    assertThat(models.get(1).get("attention")).isEqualTo(models.get(0).get("attention"));
    assertThat(models.get(2).get("attention")).isNotEqualTo(models.get(0).get("attention"));
    JsonNode turned =
        explain("--at", "1.5", "--backbone", backbone, "--adapter", adapter, "--adapter", still)
            .get("models");
    assertThat(turned.get(1).get("attention")).isEqualTo(models.get(2).get("attention"));
    assertThat(turned.get(2).get("attention")).isEqualTo(models.get(1).get("attention"));
    assertThat(turned.get(1).get("posteriors")).isNotEqualTo(turned.get(2).get("posteriors"));
  }

  @Test
  void wrongOptionsAreNamedWithTheirValues() {
    assertThat(refused("--at", "9")).contains("--at \"9.0\": must be 0 to 3.0");
    assertThat(refused("--at", "NaN")).contains("--at \"NaN\": must be");
    assertThat(refused("--layer", "13", "--at", "1"))
        .contains("--layer \"13\": must be 1 to 12, the blocks of the backbone");
    assertThat(refused("--onset", "99")).contains("--onset \"99\": must be 1 to ");
    assertThat(refused("--hz", "-1", "--at", "1")).contains("--hz \"-1.0\": must be 0 to 8000");
    assertThat(refused("--backbone", "b")).contains("--backbone \"b\": needs --adapter, too");
    assertThat(refused("--at", "1", "--onset", "1")).contains("--onset \"1\": excludes --at");
    Cli nowhere = Cli.run("explain", TRACTOR);
    assertThat(nowhere.exitCode()).isEqualTo(2);
    assertThat(nowhere.err()).contains("--out or --json");
  }

  private static String refused(Object... options) {
    Cli run = run(options);
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.err()).doesNotContain("unexpected");
    return run.err();
  }

  private static JsonNode explain(Object... options) throws Exception {
    Cli run = run(options);
    assertThat(run.exitCode()).as(run.err()).isZero();
    return new ObjectMapper().readTree(run.out());
  }

  private static Cli run(Object... options) {
    Object[] args = new Object[3 + options.length];
    args[0] = "explain";
    args[1] = TRACTOR;
    args[2] = "--json";
    System.arraycopy(options, 0, args, 3, options.length);
    return Cli.run(args);
  }
}
