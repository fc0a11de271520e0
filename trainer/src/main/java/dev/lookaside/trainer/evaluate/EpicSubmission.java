package dev.lookaside.trainer.evaluate;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.metric.ScoredEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The files that the EPIC-SOUNDS challenges take: a zip with {@code test.json}.
 *
 * <pre>
 * {"version": "0.1", "challenge": "audio_based_interaction_recognition",
 *  "sls_pt": 2, "sls_tl": 3, "sls_td": 4, "t_mod": 0,
 *  "results": {"P01_03_0": {"interaction": {"0": 1.5, ..., "43": -2.0}}, ...}}
 *
 * {... "challenge": "audio_based_interaction_detection" ...
 *  "results": {"P01_101": [{"interaction": 5, "score": 0.9, "segment": [1.2, 3.4]}, ...], ...}}
 * </pre>
 *
 * @param pretraining supervision level of the pretraining, 0 to 5 ({@code sls_pt})
 * @param labels of the training labels, 0 to 5 ({@code sls_tl})
 * @param data of the training data, 0 to 5 ({@code sls_td})
 * @see <a href="https://github.com/epic-kitchens/C9-epic-sounds">C9-epic-sounds</a>
 * @see <a href="https://github.com/epic-kitchens/C10-epic-sounds-detection">C10</a>
 */
public record EpicSubmission(int pretraining, int labels, int data) {
  private static final int AUDIO = 0;
  private static final int MAX_LEVEL = 5;

  public EpicSubmission {
    level("sls_pt", pretraining);
    level("sls_tl", labels);
    level("sls_td", data);
  }

  private static void level(String name, int value) {
    if (value < 0 || value > MAX_LEVEL) {
      throw new TrainerException("%s \"%d\": must be 0 to %d".formatted(name, value, MAX_LEVEL));
    }
  }

  /**
   * Writes a recognition submission.
   *
   * @param indices for each class id of the data set its column in the scores
   * @throws TrainerException if a score is not finite, naming clip and class
   */
  public void writeRecognition(RecognizedClips clips, int[] indices, Path zip) {
    ObjectNode results = JsonNodeFactory.instance.objectNode();
    for (int i = 0; i < clips.ids().size(); i++) {
      ObjectNode interaction = JsonNodeFactory.instance.objectNode();
      for (int id = 0; id < indices.length; id++) {
        float score = clips.scores()[i][indices[id]];
        finite(clips.ids().get(i), id, score);
        interaction.put(Integer.toString(id), score);
      }
      results.putObject(clips.ids().get(i)).set("interaction", interaction);
    }
    write("audio_based_interaction_recognition", results, zip);
  }

  /**
   * Writes a detection submission.
   *
   * @param videos every one of them, whether anything was found in it or not
   * @param classes of the data set in the order of their ids
   * @throws TrainerException if a score is not finite
   */
  public void writeDetection(
      List<String> videos, List<String> classes, List<ScoredEvent> found, Path zip) {
    ObjectNode results = JsonNodeFactory.instance.objectNode();
    videos.forEach(results::putArray);
    for (ScoredEvent e : found) {
      int id = classes.indexOf(e.event().label());
      if (id < 0) {
        throw new TrainerException(
            "event \"%s\": is no class of the data set".formatted(e.event().label()));
      }
      finite(e.event().stream(), id, e.score());
      ObjectNode event = JsonNodeFactory.instance.objectNode();
      event.put("interaction", id).put("score", e.score());
      event.putArray("segment").add(e.event().onsetSeconds()).add(e.event().offsetSeconds());
      ((ArrayNode) results.withArray(e.event().stream())).add(event);
    }
    write("audio_based_interaction_detection", results, zip);
  }

  private static void finite(String name, int id, double score) {
    if (!Double.isFinite(score)) {
      throw new TrainerException(
          "%s: score of class %d \"%s\": must be finite".formatted(name, id, score));
    }
  }

  private void write(String challenge, ObjectNode results, Path zip) {
    ObjectNode test =
        JsonNodeFactory.instance
            .objectNode()
            .put("version", "0.1")
            .put("challenge", challenge)
            .put("sls_pt", pretraining)
            .put("sls_tl", labels)
            .put("sls_td", data)
            .put("t_mod", AUDIO);
    test.set("results", results);
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
      out.putNextEntry(new ZipEntry("test.json"));
      out.write(new ObjectMapper().writeValueAsBytes(test));
      out.closeEntry();
    } catch (IOException e) {
      throw new TrainerException(zip + ": cannot be written: " + FaultReason.of(e), e);
    }
  }
}
