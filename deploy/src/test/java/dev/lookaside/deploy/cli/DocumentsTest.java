package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.audio.WavWriter;
import dev.lookaside.ingest.send.BackgroundNoise;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What README and the pages name exists: files, headings, commands, options, settings, tests. */
class DocumentsTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path DOCS = ROOT.resolve("deploy/docs");
  private static final Path CONFIGURATION = DOCS.resolve("configuration.md");
  private static final List<String> MODULES =
      List.of("ingest", "featurizer", "classifier", "trainer", "deploy");

  private static final String HEAD =
      """
      # Configuration

      `lookaside run --config my.conf` reads [HOCON](https://github.com/lightbend/config) over the defaults below. `--set KEY=VALUE` overrides
      the file, a system property (`-DKEY=VALUE`) overrides both, and an environment variable (`CONFIG_FORCE_` and the key with `_` for a dot, `__` for a
      hyphen) overrides all. Kafka's own keys may be written with quotes or without; one file that has both forms of a key is an error. For example:

      ```
      lookaside.ingest.kafka-clients."bootstrap.servers" = "kafka1:9092,kafka2:9092"
      lookaside.ingest.topics.policy = fail             # never make topics, name the missing one
      lookaside.featurizer.silence-gate.below-dbfs = -70
      lookaside.classifier.scorer.device = cuda          # auto | cpu | cuda
      lookaside.deploy.metrics.port = 9100               # /metrics for Prometheus, /health
      ```

      For an NVIDIA GPU build once with `mvn -Pcuda -pl deploy -am package -DskipTests`; CUDA 12 (newer than 12.6, whose runtime lacks functions that
      ONNX Runtime 1.28 asks for) and cuDNN 9 come from the machine. `auto` logs at start which device it chose, and why.

      The tables are generated from the `reference.conf` of each module.
      """;

  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern CODE = Pattern.compile("`([^`\n]+(?:\n[^`\n]+)?)`");
  private static final Pattern FENCE = Pattern.compile("(?ms)^```\\w*\n(.*?)^```");
  private static final Pattern SETTING =
      Pattern.compile(
          "lookaside\\.(?:ingest|featurizer|classifier|trainer|deploy)((?:\\.[a-z][a-z-]*)+)");

  /** Commands that are run, each on some page; the first word tells. */
  private static final Set<String> QUICK =
      new TreeSet<>(Set.of("classify", "plot", "explain", "keys"));

  @TempDir Path folder;

  @Test
  void everyLinkLeadsToAFileAndAHeading() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Path page : pages()) {
      Matcher link = LINK.matcher(Files.readString(page));
      while (link.find()) {
        String target = link.group(1);
        if (target.contains("://")) {
          continue;
        }
        int hash = target.indexOf('#');
        String file = hash < 0 ? target : target.substring(0, hash);
        Path at = file.isEmpty() ? page : page.resolveSibling(file).normalize();
        if (!Files.exists(at)
            || hash >= 0 && !anchors(Files.readString(at)).contains(target.substring(hash + 1))) {
          wrong.add(page.getFileName() + ": " + target);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void everyCommandAndOptionExists() throws IOException {
    CommandLine root = Main.commandLine();
    List<String> wrong = new ArrayList<>();
    for (Path page : pages()) {
      String text = Files.readString(page);
      List<String> calls = new ArrayList<>(blockCalls(text));
      Matcher code = CODE.matcher(FENCE.matcher(text).replaceAll(""));
      while (code.find()) {
        if (code.group(1).matches("(?s)(deploy/bin/)?lookaside\\s.*")) {
          calls.add(code.group(1).replaceFirst("^deploy/bin/", ""));
        }
      }
      for (String call : calls) {
        String fault = fault(root, call);
        if (fault != null) {
          wrong.add("%s: \"%s\": %s".formatted(page.getFileName(), call, fault));
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  /** Lines of blocks that call the program, without their comments. */
  private static List<String> blockCalls(String text) {
    List<String> calls = new ArrayList<>();
    Matcher fence = FENCE.matcher(text);
    while (fence.find()) {
      for (String line : fence.group(1).replace("\\\n", " ").split("\n")) {
        if (line.matches("(\\$ )?(deploy/bin/)?lookaside .*")) {
          calls.add(line.replaceFirst("^(\\$ )?(deploy/bin/)?", "").replaceFirst("\\s#.*", ""));
        }
      }
    }
    return calls;
  }

  /** Words of a line as a shell takes them, up to a pipe, without the program's name. */
  private static List<String> words(String call) {
    List<String> words = new ArrayList<>();
    Matcher word = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)").matcher(call);
    while (word.find() && !word.group().matches("[|>;&].*|2>.*")) {
      words.add(
          word.group(1) != null
              ? word.group(1)
              : word.group(2) != null ? word.group(2) : word.group(3));
    }
    return words.subList(1, words.size());
  }

  /** With its real options: types, numbers of values and required ones. */
  @Test
  void everyLineOfABlockIsACallThatParses() throws IOException {
    List<String> wrong = new ArrayList<>();
    int parsed = 0;
    for (Path page : pages()) {
      for (String call : blockCalls(Files.readString(page))) {
        List<String> words = words(call);
        if (words.contains("...")) {
          continue;
        }
        parsed++;
        try {
          Main.commandLine().parseArgs(words.toArray(String[]::new));
        } catch (CommandLine.ParameterException e) {
          wrong.add("%s: \"%s\": %s".formatted(page.getFileName(), call, e.getMessage()));
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(parsed).isGreaterThan(40);
  }

  /**
   * Those that need neither network nor brokers nor a fit, with files of the test for the page's.
   */
  @Test
  void theQuickLinesOfBlocksRun() throws IOException {
    Path wav = folder.resolve("door.wav");
    WavWriter.writeInt16(wav, BackgroundNoise.pink(1, 16_000, 3));
    Set<String> ran = new TreeSet<>();
    List<String> failed = new ArrayList<>();
    for (Path page : pages()) {
      for (String call : blockCalls(Files.readString(page))) {
        List<String> words = new ArrayList<>(words(call));
        // A backbone that only has a name is downloaded.
        if (!QUICK.contains(words.get(0)) || words.contains("deit-tiny")) {
          continue;
        }
        words.replaceAll(word -> here(word, wav));
        if (words.get(0).equals("keys")) {
          String keys = "lookaside.classifier.security.adapters.keys-folder=";
          words.addAll(List.of("--set", keys + folder.resolve("keys")));
        }
        ran.add(words.get(0));
        Cli run = Cli.run(words.toArray());
        if (run.exitCode() != 0) {
          failed.add("%s: \"%s\": %s".formatted(page.getFileName(), call, run.err()));
        }
        deleteKeys();
      }
    }
    assertThat(failed).isEmpty();
    assertThat(ran).containsExactlyElementsOf(QUICK);
    assertThat(folder.resolve("door.png")).isNotEmptyFile();
  }

  /** A file of the page's as one that is there. */
  private String here(String word, Path wav) {
    Path model = Path.of("src/main/resources/demo-model");
    if (word.equals("door.wav")) {
      return wav.toString();
    }
    if (word.startsWith("$R/demo-model/")) {
      return model.resolve(word.substring("$R/demo-model/".length())).toString();
    }
    if (word.equals("my.safetensors")) {
      return model.resolve("adapter.safetensors").toString();
    }
    return word.endsWith(".png") ? folder.resolve(word).toString() : word;
  }

  /** Two pages make a key of the same name. */
  private void deleteKeys() throws IOException {
    Path keys = folder.resolve("keys");
    if (Files.exists(keys)) {
      try (Stream<Path> files = Files.walk(keys)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static @org.jspecify.annotations.Nullable String fault(CommandLine root, String call) {
    CommandLine command = root;
    boolean descending = true;
    String[] words = call.split("\\s+");
    for (String word : Arrays.copyOfRange(words, 1, words.length)) {
      if (word.equals("COMMAND") || word.equals("…") || word.equals("...")) {
        return null;
      }
      if (word.startsWith("--")) {
        descending = false;
        String option = word.replaceFirst("=.*", "");
        CommandLine at = command;
        if (at.getCommandSpec().findOption(option) == null) {
          return "no option " + option;
        }
      } else if (descending && !command.getSubcommands().isEmpty()) {
        CommandLine next = command.getSubcommands().get(word);
        if (next == null) {
          return "no command " + word;
        }
        command = next;
      } else {
        descending = false;
      }
    }
    return null;
  }

  @Test
  void everySettingExists() throws IOException {
    Config config = Configuration.over(Map.of());
    List<String> wrong = new ArrayList<>();
    for (Path page : pages()) {
      Matcher setting = SETTING.matcher(Files.readString(page));
      while (setting.find()) {
        if (!config.hasPath(setting.group())) {
          wrong.add(page.getFileName() + ": " + setting.group());
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void everyTestThatIsNamedExists() throws IOException {
    List<String> names;
    try (Stream<Path> files =
        MODULES.stream().flatMap(module -> walk(ROOT.resolve(module).resolve("src/test/java")))) {
      names = files.map(file -> String.valueOf(file.getFileName())).collect(Collectors.toList());
    }
    List<String> wrong = new ArrayList<>();
    for (Path page : pages()) {
      Matcher test = Pattern.compile("`(\\w+Test)`").matcher(Files.readString(page));
      while (test.find()) {
        if (!names.contains(test.group(1) + ".java")) {
          wrong.add(page.getFileName() + ": " + test.group(1));
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void readmeIsOnePage() throws IOException {
    assertThat(Files.readAllLines(ROOT.resolve("README.md"))).hasSizeLessThanOrEqualTo(150);
  }

  /** With {@code -Dlookaside.docs.write=true} the page is written anew instead. */
  @Test
  void theConfigurationPageIsThatOfTheDefaults() throws IOException {
    String page = configurationPage();
    if (Boolean.getBoolean("lookaside.docs.write")) {
      Files.writeString(CONFIGURATION, page);
    }
    assertThat(Files.readString(CONFIGURATION))
        .as(
            "write it anew: mvn -B -q test -pl deploy -am -Dtest=DocumentsTest"
                + " -Dsurefire.failIfNoSpecifiedTests=false -Dlookaside.docs.write=true")
        .isEqualTo(page);
  }

  private static String configurationPage() {
    StringBuilder page = new StringBuilder(HEAD);
    for (String module : MODULES) {
      Path file = ROOT.resolve(module).resolve("src/main/resources/reference.conf");
      String path = "lookaside." + module;
      page.append("\n## `").append(path).append("`\n");
      write(page, path, ConfigFactory.parseFile(file.toFile()).getObject(path));
    }
    return page.toString();
  }

  private static void write(StringBuilder page, String path, ConfigObject settings) {
    List<Map.Entry<String, ConfigValue>> entries =
        settings.entrySet().stream()
            .sorted(Comparator.comparingInt(e -> e.getValue().origin().lineNumber()))
            .toList();
    boolean table = false;
    for (Map.Entry<String, ConfigValue> e : entries) {
      if (e.getValue() instanceof ConfigObject object && !object.isEmpty()) {
        continue;
      }
      if (!table) {
        page.append("\n| key | default | meaning |\n|---|---|---|\n");
        table = true;
      }
      page.append("| `%s` | `%s` | %s |\n".formatted(key(e.getKey()), value(e), comment(e)));
    }
    for (Map.Entry<String, ConfigValue> e : entries) {
      if (e.getValue() instanceof ConfigObject object
          && !object.isEmpty()
          && !e.getKey().endsWith("dispatcher")) {
        String inner = path + "." + key(e.getKey());
        page.append("\n### `%s`\n".formatted(inner));
        String comment = comment(e);
        if (!comment.isEmpty()) {
          page.append("\n").append(comment).append("\n");
        }
        write(page, inner, object);
      }
    }
  }

  private static String key(String key) {
    return key.contains(".") ? '"' + key + '"' : key;
  }

  private static String value(Map.Entry<String, ConfigValue> e) {
    if (e.getValue() instanceof ConfigList list) {
      return list.render(ConfigRenderOptions.concise());
    }
    return e.getValue().render(ConfigRenderOptions.concise());
  }

  private static String comment(Map.Entry<String, ConfigValue> e) {
    return e.getValue().origin().comments().stream()
        .map(String::strip)
        .collect(Collectors.joining(" "))
        .replace("|", "\\|")
        .strip();
  }

  private static List<String> anchors(String page) {
    return page.lines()
        .filter(line -> line.startsWith("#"))
        .map(line -> line.replaceFirst("^#+ ", "").toLowerCase(Locale.ROOT))
        .map(line -> line.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
        .toList();
  }

  private static List<Path> pages() throws IOException {
    try (Stream<Path> docs = Files.list(DOCS)) {
      return Stream.concat(
              Stream.of(ROOT.resolve("README.md")),
              docs.filter(file -> file.toString().endsWith(".md")))
          .sorted()
          .toList();
    }
  }

  private static Stream<Path> walk(Path folder) {
    try {
      return Files.walk(folder);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
