package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExamplesCommandTest {
  private static final String HEADER =
      "path,label,split,onset,offset,id,stream,recording,origin,author,labelled_at,rejected_label,kind,start,event_onset,event_offset\n";

  @TempDir private Path folder;
  private Path store;

  /**
   * A store of two seeds of each of two classes, four labels of which two contradict each other,
   * and a rejected stretch.
   */
  @BeforeEach
  void fill() throws IOException {
    store = folder.resolve("store");
    StringBuilder seeds = new StringBuilder("path,label,split\n");
    for (int i = 0; i < 4; i++) {
      String label = i % 2 == 0 ? "dog" : "rain";
      WavWriter.writeInt16(folder.resolve(i + ".wav"), noise(i));
      seeds.append("%d.wav,%s,%s%n".formatted(i, label, i < 2 ? "train" : "held-out"));
    }
    Files.writeString(folder.resolve("seeds.csv"), seeds);
    Files.writeString(
        folder.resolve("labels.csv"),
        HEADER
            + label("1", "siren", "", "add", "ada", 10)
            + label("2", "siren", "", "add", "ada", 20)
            + label("3", "siren", "", "add", "ada", 30)
            + label("4", "", "siren", "reject", "bob", 30)
            + label("5", "", "dog", "reject", "bob", 40));
    assertThat(json("import", folder.resolve("seeds.csv")).get("added").intValue()).isEqualTo(4);
    assertThat(json("import", folder.resolve("labels.csv")).get("added").intValue()).isEqualTo(5);
  }

  /** A line about 0.25 to 0.75 s of 0.wav, said to be captured so many seconds after noon. */
  private static String label(
      String digit, String label, String rejected, String kind, String author, int second) {
    return "0.wav,%s,train,0.25,0.75,%s,yard,yard@noon,label,%s,2026-03-01T13:00:00Z,%s,%s,2026-03-01T12:00:%dZ,2026-03-01T12:00:%d.25Z,2026-03-01T12:00:%d.75Z%n"
        .formatted(label, digit.repeat(32), author, rejected, kind, second, second, second);
  }

  private static Pcm noise(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] samples = new float[16_000];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (float) (random.nextDouble() - 0.5) * (seed % 2 == 0 ? 0.5f : 0.05f);
    }
    return new Pcm(16_000, samples);
  }

  private Cli run(Path of, Object... words) {
    List<Object> all = new ArrayList<>(List.of("examples"));
    all.addAll(List.of(words));
    all.addAll(List.of("--store", of));
    return Cli.run(all.toArray());
  }

  private JsonNode json(Object... words) throws IOException {
    return jsonOf(store, words);
  }

  private JsonNode jsonOf(Path of, Object... words) throws IOException {
    List<Object> all = new ArrayList<>(List.of(words));
    all.add("--json");
    Cli cli = run(of, all.toArray());
    assertThat(cli.exitCode()).as(cli.err()).isZero();
    return new JsonMapper().readTree(cli.out());
  }

  @Test
  void whatIsThereIsCountedAndListed() throws IOException {
    JsonNode stats = json("stats");
    assertThat(stats.at("/origins/seed").intValue()).isEqualTo(4);
    assertThat(stats.at("/origins/label").intValue()).isEqualTo(5);
    assertThat(stats.at("/labels/usable").intValue()).isEqualTo(3);
    assertThat(stats.at("/labels/conflict").intValue()).isEqualTo(2);
    assertThat(stats.at("/audio/held").intValue()).isEqualTo(9);
    assertThat(stats.at("/classes/siren/train").intValue()).isEqualTo(2);
    assertThat(stats.at("/classes/dog/held-out").intValue()).isEqualTo(1);
    assertThat(stats.at("/classes/(background)/train").intValue()).isEqualTo(1);
    assertThat(run(store, "stats").out())
        .contains("labels      usable 3, superseded 0, conflict 2, duplicate 0")
        .contains("siren                           2        0");

    assertThat(json("list", "--label", "siren", "--standing", "usable").get("examples")).hasSize(2);
    assertThat(json("list", "--split", "held-out", "--origin", "seed").get("examples")).hasSize(2);
    assertThat(json("list", "--audio", "lost").get("examples")).isEmpty();
    assertThat(json("list", "--label", "(background)").get("examples")).hasSize(2);
    assertThat(run(store, "list", "--label", "siren").out())
        .contains("111111111111  train     usable      siren               0.50 s  yard")
        .contains("by ada  audio held");
  }

  @Test
  void disagreementIsListedWithWhoSaidWhat() throws IOException {
    JsonNode conflicts = json("conflicts").get("conflicts");
    assertThat(conflicts).hasSize(1);
    assertThat(conflicts.get(0).get("examples"))
        .extracting(e -> e.get("author").textValue() + " " + e.get("rejectedLabel").asText())
        .containsExactlyInAnyOrder("ada null", "bob siren");
    assertThat(run(store, "conflicts").out())
        .contains("siren                by ada at 2026-03-01T13:00:00Z  (label 333333333333)")
        .contains("not siren            by bob at 2026-03-01T13:00:00Z  (label 444444444444)");
  }

  @Test
  void whatIsExportedComesBackAndCanBeFittedOn() throws IOException {
    Path out = folder.resolve("out");
    assertThat(json("export", out).get("examples").intValue()).isEqualTo(7);
    Path other = folder.resolve("other");
    assertThat(jsonOf(other, "import", out).get("added").intValue()).isEqualTo(7);
    assertThat(jsonOf(other, "import", out).get("added").intValue()).as("once more").isZero();
    assertThat(usable(other)).hasSize(7).isEqualTo(usable(store));

    Path adapter = folder.resolve("a.safetensors");
    Cli fit =
        Cli.run(
            "fit",
            "--dataset",
            "csv",
            "--data",
            out,
            "--backbone",
            Golden.file("fit/backbone.safetensors"),
            "--tune",
            "linear-probe",
            "--epochs",
            1,
            "--window-frames",
            32,
            "--out",
            adapter,
            "--json");
    assertThat(fit.exitCode()).as(fit.err()).isZero();
    assertThat(new JsonMapper().readTree(fit.out()).get("clips").asInt())
        .as("of the split train: two seeds and two labels")
        .isEqualTo(4);
    assertThat(Adapter.load(adapter).labels()).containsExactly("dog", "rain", "siren");
  }

  /** By id, all but the place on disk. */
  private TreeMap<String, JsonNode> usable(Path of) throws IOException {
    TreeMap<String, JsonNode> byId = new TreeMap<>();
    for (JsonNode e : jsonOf(of, "list", "--standing", "usable").get("examples")) {
      ((com.fasterxml.jackson.databind.node.ObjectNode) e).remove("file");
      byId.put(e.get("id").textValue(), e);
    }
    return byId;
  }

  @Test
  void whatCannotBeIsNamed() throws IOException {
    Path none = folder.resolve("none");
    assertFails(none, "holds no store of examples", "stats");
    assertFails(none, "holds no store of examples", "export", folder.resolve("x"));
    assertThat(none).doesNotExist();
    assertFails(
        store,
        "\"" + folder.resolve("no.csv") + "\": no such table",
        "import",
        folder.resolve("no.csv"));
    assertFails(store, "split \"some\": must be train, held-out", "list", "--split", "some");
    assertThat(run(store, "list", "--standing", "good").exitCode()).isEqualTo(2);
    json("export", folder.resolve("out"));
    assertFails(
        store,
        "clips.csv\": is there already; give another folder",
        "export",
        folder.resolve("out"));
    Path bad = Files.writeString(folder.resolve("bad.csv"), "path,label,split\n0.wav,dog,often\n");
    assertFails(store, "bad.csv line 2: split \"often\": must be train, held-out", "import", bad);
    Path missing = Files.writeString(bad, "path,label,split\nno.wav,dog,train\n");
    assertFails(store, "bad.csv line 2: path \"no.wav\": no such file", "import", missing);
    assertThat(Cli.run("examples").exitCode()).isEqualTo(2);
  }

  private void assertFails(Path of, String message, Object... words) {
    Cli cli = run(of, words);
    assertThat(cli.exitCode()).as(message).isEqualTo(1);
    assertThat(cli.err()).contains(message);
    assertThat(cli.out()).isEmpty();
  }
}
