package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.deploy.bundled.BundledModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Commands about adapters, on a broker and with keys of a test's own. */
record AdapterCli(String bootstrapServers, Path folder, List<String> more) {
  AdapterCli(String bootstrapServers, Path folder) {
    this(bootstrapServers, folder, List.of());
  }

  Cli run(Object... words) {
    String keys = "lookaside.classifier.security.adapters.keys-folder=" + folder.resolve("keys");
    List<Object> all = new ArrayList<>(List.of(words));
    all.addAll(List.of("--set", keys, "--bootstrap-servers", bootstrapServers));
    all.addAll(more);
    return Cli.run(all.toArray());
  }

  /** What a command prints that succeeds. */
  JsonNode json(Object... words) throws IOException {
    return printed(0, words);
  }

  /** What a command prints that comes back with exit code 1. */
  JsonNode failing(Object... words) throws IOException {
    return printed(1, words);
  }

  private JsonNode printed(int exitCode, Object... words) throws IOException {
    List<Object> all = new ArrayList<>(List.of(words));
    all.add("--json");
    Cli cli = run(all.toArray());
    assertThat(cli.exitCode()).as(cli.err()).isEqualTo(exitCode);
    return new JsonMapper().readTree(cli.out());
  }

  /** The bundled adapter with a new head bias and a parent. */
  Path variant(String name, float bias, String parent) throws IOException {
    try (BundledModel model = BundledModel.open()) {
      Adapter bundled = Adapter.load(model.adapter());
      Map<String, FloatTensor> tensors = new TreeMap<>(bundled.tensors());
      float[] values = new float[bundled.labels().size()];
      Arrays.fill(values, bias);
      tensors.put("head.fc.bias", FloatTensor.of(new int[] {values.length}, values));
      Map<String, String> metadata = new TreeMap<>(bundled.metadata());
      metadata.put("parent", parent.isEmpty() ? bundled.digest() : parent);
      metadata.put("report", "{\"data\": {\"labels\": {\"count\": 3, \"authors\": {\"ann\": 3}}}}");
      Path file = folder.resolve(name);
      return Files.write(file, SafetensorsWriter.encode(tensors, metadata));
    }
  }
}
