package dev.lookaside.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.metric.Event;
import dev.lookaside.trainer.metric.ScoredEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EpicSubmissionTest {
  private static final EpicSubmission LEVELS = new EpicSubmission(2, 3, 4);

  @TempDir private Path folder;

  private JsonNode test(Path zip) throws IOException {
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(zip))) {
      assertThat(in.getNextEntry().getName()).isEqualTo("test.json");
      JsonNode json = new ObjectMapper().readTree(in.readAllBytes());
      assertThat(in.getNextEntry()).isNull();
      return json;
    }
  }

  private static RecognizedClips clips(float score) {
    return new RecognizedClips(
        List.of("b", "a"),
        List.of("P01_03_0"),
        new float[][] {{1.5f, score}},
        new float[][] {{1, 0}},
        new int[] {-1},
        0);
  }

  @Test
  void recognitionHasAScorePerClassIdWhateverTheAdaptersOrder() throws IOException {
    Path zip = folder.resolve("epic.zip");
    LEVELS.writeRecognition(clips(-2), new int[] {1, 0}, zip);
    assertThat(test(zip))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {"version": "0.1", "challenge": "audio_based_interaction_recognition",
                     "sls_pt": 2, "sls_tl": 3, "sls_td": 4, "t_mod": 0,
                     "results": {"P01_03_0": {"interaction": {"0": -2.0, "1": 1.5}}}}
                    """));
  }

  @Test
  void detectionHasEveryVideo() throws IOException {
    Path zip = folder.resolve("epic.zip");
    ScoredEvent event = new ScoredEvent(new Event("P01_101", "b", 1.25, 3.5), 0.75);
    LEVELS.writeDetection(List.of("P01_101", "P12_102"), List.of("a", "b"), List.of(event), zip);
    assertThat(test(zip))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {"version": "0.1", "challenge": "audio_based_interaction_detection",
                     "sls_pt": 2, "sls_tl": 3, "sls_td": 4, "t_mod": 0,
                     "results": {"P01_101": [{"interaction": 1, "score": 0.75, "segment": [1.25, 3.5]}],
                                 "P12_102": []}}
                    """));
  }

  @Test
  void whatTheChallengeWouldRefuseIsRefused() {
    Path zip = folder.resolve("epic.zip");
    assertThatThrownBy(() -> LEVELS.writeRecognition(clips(Float.NaN), new int[] {1, 0}, zip))
        .isInstanceOf(TrainerException.class)
        .hasMessage("P01_03_0: score of class 0 \"NaN\": must be finite");
    ScoredEvent event = new ScoredEvent(new Event("P01_101", "c", 1, 2), 1);
    assertThatThrownBy(
            () -> LEVELS.writeDetection(List.of("P01_101"), List.of("a"), List.of(event), zip))
        .hasMessageContaining("event \"c\": is no class");
    assertThat(zip).doesNotExist();
    assertThatThrownBy(() -> new EpicSubmission(2, 6, 0))
        .hasMessageContaining("sls_tl \"6\": must be 0 to 5");
  }
}
