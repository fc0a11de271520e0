package dev.lookaside.trainer.fit;

import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.Safetensors;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A checkpoint as one safetensors file: {@code weight:NAME}, {@code first:NAME} and {@code
 * second:NAME} for each trained tensor, flat; the metadata holds {@code steps} and the fit's
 * identity.
 */
public final class CheckpointFile implements Checkpoints {
  private static final String WEIGHT = "weight:";
  private static final String FIRST = "first:";
  private static final String SECOND = "second:";
  private static final String STEPS = "steps";
  private static final String IDENTITY = "fit:";

  private final Path file;

  public CheckpointFile(Path file) {
    this.file = file;
  }

  /** Where it is. */
  public Path file() {
    return file;
  }

  /** Removes it, if it is there: the fit has ended. */
  public void delete() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new TrainerException(file + ": cannot be deleted: " + FaultReason.of(e), e);
    }
  }

  @Override
  public void save(FitState state, Map<String, String> identity) {
    Map<String, FloatTensor> tensors = new LinkedHashMap<>();
    state.weights().forEach((name, values) -> tensors.put(WEIGHT + name, flat(values)));
    state
        .moments()
        .forEach(
            (name, m) -> {
              tensors.put(FIRST + name, flat(m.first()));
              tensors.put(SECOND + name, flat(m.second()));
            });
    Map<String, String> metadata = new TreeMap<>();
    metadata.put(STEPS, Long.toString(state.steps()));
    identity.forEach((setting, value) -> metadata.put(IDENTITY + setting, value));
    AtomicFile.write(file, path -> SafetensorsWriter.write(path, tensors, metadata));
  }

  private static FloatTensor flat(float[] values) {
    return FloatTensor.of(new int[] {values.length}, values);
  }

  @Override
  public Optional<FitState> load(Map<String, String> identity) {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try (Safetensors opened = Safetensors.open(file)) {
      checkIdentity(opened.metadata(), identity);
      SortedMap<String, float[]> weights = new TreeMap<>();
      SortedMap<String, Optimizer.Moments> moments = new TreeMap<>();
      for (String name : opened.names()) {
        if (name.startsWith(WEIGHT)) {
          String own = name.substring(WEIGHT.length());
          weights.put(own, opened.floats(name).toArray());
          if (opened.has(FIRST + own)) {
            moments.put(
                own,
                new Optimizer.Moments(
                    opened.floats(FIRST + own).toArray(), opened.floats(SECOND + own).toArray()));
          }
        }
      }
      return Optional.of(new FitState(steps(opened.metadata()), weights, moments));
    }
  }

  private long steps(Map<String, String> metadata) {
    String steps = metadata.getOrDefault(STEPS, "");
    if (!steps.matches("\\d{1,18}")) {
      throw new TrainerException("%s: steps \"%s\": must be a whole number".formatted(file, steps));
    }
    return Long.parseLong(steps);
  }

  private void checkIdentity(Map<String, String> metadata, Map<String, String> identity) {
    identity.forEach(
        (setting, value) -> {
          String found = metadata.getOrDefault(IDENTITY + setting, "");
          if (!found.equals(value)) {
            throw new TrainerException(
                "%s: cannot be resumed: %s was \"%s\" and is now \"%s\""
                    .formatted(file, setting, found, value));
          }
        });
  }
}
