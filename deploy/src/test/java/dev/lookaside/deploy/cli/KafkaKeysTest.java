package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.KafkaKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Kafka's keys have dots; however they are written, what is given counts before a default. */
class KafkaKeysTest {
  private static final String CLIENTS = "lookaside.ingest.kafka-clients.";

  @TempDir private Path folder;

  @Command
  private static final class Holder {
    @Mixin private ConfigOptions options = new ConfigOptions();
  }

  private static Config load(String... words) {
    Holder holder = new Holder();
    new CommandLine(holder).parseArgs(words);
    return holder.options.config();
  }

  private Config file(String name, String text, String... more) throws IOException {
    Path file = Files.writeString(folder.resolve(name), text);
    List<String> words = new ArrayList<>(List.of("--config", file.toString()));
    words.addAll(List.of(more));
    return load(words.toArray(String[]::new));
  }

  private static String servers(Config config) {
    return IngestSettings.of(config).servers();
  }

  @AfterEach
  void clear() {
    System.getProperties().keySet().removeIf(k -> String.valueOf(k).startsWith("lookaside."));
    ConfigFactory.invalidateCaches();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        CLIENTS + "\"bootstrap.servers\" = \"k1:9092\"",
        CLIENTS + "bootstrap.servers = \"k1:9092\"",
        CLIENTS + "bootstrap { servers = \"k1:9092\" }",
        "lookaside.ingest { kafka-clients { \"bootstrap.servers\": \"k1:9092\" } }",
        "broker = \"k1:9092\"\n" + CLIENTS + "\"bootstrap.servers\" = ${broker}",
        "lookaside.ingest.kafka-clients = { \"bootstrap\" : { \"servers\" = [\"k1:9092\"] } }",
      })
  void aFileBeatsTheDefault(String text) throws IOException {
    Config config = file("own.conf", text);
    assertThat(servers(config)).isEqualTo("k1:9092");
    assertThat(IngestSettings.of(config).kafkaClients())
        .containsEntry("reconnect.backoff.ms", "250");
  }

  @Test
  void jsonAndPropertiesDoAsWell() throws IOException {
    String json =
        "{\"lookaside\":{\"ingest\":{\"kafka-clients\":{\"bootstrap.servers\":\"k:1\"}}}}";
    assertThat(servers(file("own.json", json))).isEqualTo("k:1");
    assertThat(servers(file("a.properties", CLIENTS + "bootstrap.servers=k:2"))).isEqualTo("k:2");
    assertThat(servers(file("b.properties", CLIENTS + "\"bootstrap.servers\"=k:3")))
        .isEqualTo("k:3");
  }

  @ParameterizedTest
  @ValueSource(strings = {"bootstrap.servers", "\"bootstrap.servers\""})
  void theCommandLineBeatsTheFileHoweverBothAreWritten(String key) throws IOException {
    for (String inFile : List.of("bootstrap.servers", "\"bootstrap.servers\"")) {
      String text = CLIENTS + inFile + " = \"file:1\"";
      assertThat(servers(file("own.conf", text, "--set", CLIENTS + key + "=set:2")))
          .isEqualTo("set:2");
      assertThat(servers(file("own.conf", text, "-b", "option:3"))).isEqualTo("option:3");
      System.setProperty(CLIENTS + key, "property:4");
      ConfigFactory.invalidateCaches();
      assertThat(servers(file("own.conf", text, "--set", CLIENTS + "bootstrap.servers=set:2")))
          .isEqualTo("property:4");
      clear();
    }
  }

  /** Prints the servers that its environment gives. */
  static final class Printer {
    public static void main(String[] args) {
      System.out.println(servers(load(args)));
    }
  }

  @Test
  void theEnvironmentBeatsTheFile() throws IOException, InterruptedException {
    Path file =
        Files.writeString(
            folder.resolve("own.conf"), CLIENTS + "\"bootstrap.servers\" = \"file:1\"");
    ProcessBuilder process =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Printer.class.getName(),
            "--config",
            file.toString());
    process
        .environment()
        .put("CONFIG_FORCE_lookaside_ingest_kafka__clients_bootstrap_servers", "environment:5");
    Process printer = process.redirectErrorStream(true).start();
    String printed = new String(printer.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(printer.waitFor()).as(printed).isZero();
    assertThat(printed.strip()).endsWith("environment:5");
  }

  static Stream<String> blocks() {
    List<String> found = new ArrayList<>();
    collect("", ConfigFactory.defaultReferenceUnresolved().root(), found);
    return found.stream();
  }

  /** Every block that is passed to Kafka by name, of every module's reference.conf. */
  private static void collect(String path, ConfigObject object, List<String> found) {
    for (Map.Entry<String, ConfigValue> e : object.entrySet()) {
      String key = path.isEmpty() ? e.getKey() : path + "." + e.getKey();
      if (!key.startsWith("lookaside") || !(e.getValue() instanceof ConfigObject inner)) {
        continue;
      }
      if (e.getKey().endsWith("kafka-clients") || e.getKey().equals("configs")) {
        found.add(key);
      } else {
        collect(key, inner, found);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void everyDefaultOfEveryBlockCanBeBeatenByEitherSpelling(String block) throws IOException {
    Map<String, Object> defaults = KafkaKeys.properties(file("none.conf", "").getConfig(block));
    Set<String> keys = new TreeSet<>(defaults.keySet());
    keys.add("max.message.bytes"); // Also one without a default.
    for (String key : keys) {
      for (String spelling : List.of(key, '"' + key + '"')) {
        Config config = file("own.conf", block + "." + spelling + " = given");
        assertThat(KafkaKeys.properties(config.getConfig(block)))
            .as(block + "." + spelling)
            .containsEntry(key, "given")
            .containsOnlyKeys(defaults.containsKey(key) ? defaults.keySet() : keys);
      }
    }
  }

  @Test
  void twoSpellingsOfOneKeyInOneFileAreNamed() {
    String text =
        """
        lookaside.ingest.kafka-clients {
          security.protocol = SSL
          "bootstrap.servers" = "k1:9092"
          bootstrap.servers = "k2:9092"
        }
        """;
    assertThatThrownBy(() -> file("own.conf", text))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("own.conf")
        .hasMessageContaining("lookaside.ingest.kafka-clients.bootstrap.servers")
        .hasMessageContaining("lookaside.ingest.kafka-clients.\"bootstrap.servers\"")
        .hasMessageContaining("line 3")
        .hasMessageContaining("line 4");
    assertThatThrownBy(
            () ->
                load(
                    "--set",
                    CLIENTS + "bootstrap.servers=k1:9092",
                    "--set",
                    CLIENTS + "\"bootstrap.servers\"=k2:9092"))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("--set")
        .hasMessageContaining("\"bootstrap.servers\"");
    assertThatThrownBy(
            () ->
                file(
                    "own.conf",
                    "lookaside.ingest.topics.audio-chunks.configs { retention.ms = 1,"
                        + " \"retention.ms\" = 2 }"))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("\"retention.ms\"");
  }

  @Test
  void aKeyMayBeginAsAnotherOneDoes() throws IOException {
    Config config =
        file(
            "own.conf",
            CLIENTS
                + "\"config.providers\" = file\n"
                + CLIENTS
                + "\"config.providers.file.class\" = \"a.B\"");
    assertThat(IngestSettings.of(config).kafkaClients())
        .containsEntry("config.providers", "file")
        .containsEntry("config.providers.file.class", "a.B");
  }
}
