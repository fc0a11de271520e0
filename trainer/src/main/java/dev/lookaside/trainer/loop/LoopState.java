package dev.lookaside.trainer.loop;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.trainer.TrainerException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All that the loop of one scope must not forget. Written whole before whatever follows from it is
 * begun.
 *
 * @param rounds that have begun
 * @param seenChange of the store up to which full fits, or rounds that labels alone have decided,
 *     have seen all
 * @param roundChange of the store when the round under way began
 * @param wanted new labels that the last round has asked for; 0: as many as in the settings
 * @param lastRefitMillis when a full fit was last begun, since 1970; 0 if never
 * @param watch what is judged in force; null if nothing is
 * @param waiting requests that were not begun
 * @param phase where it is
 * @param attempts at this phase that failed
 */
public record LoopState(
    long rounds,
    long seenChange,
    long roundChange,
    int wanted,
    long lastRefitMillis,
    @Nullable Watch watch,
    List<RefitRequest> waiting,
    Phase phase,
    int attempts) {
  /** Nothing has happened. */
  public static final LoopState FIRST =
      new LoopState(0, 0, 0, 0, 0, null, List.of(), new Phase.Collecting(), 0);

  private static final JsonMapper MAPPER =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  public LoopState {
    waiting = List.copyOf(waiting);
  }

  public String toJson() {
    try {
      return MAPPER.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a state is plain data", e);
    }
  }

  /**
   * Reads {@link #toJson}.
   *
   * @throws TrainerException if it is none
   */
  public static LoopState fromJson(String json) {
    try {
      return StrictJson.bind(MAPPER, StrictJson.parse(json), LoopState.class);
    } catch (NotJsonException e) {
      throw new TrainerException("state of the trainer: " + e.getMessage(), e);
    }
  }
}
