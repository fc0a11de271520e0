package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.trainer.publish.RefitTopic;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What became of the adapters that trainers have fitted, as they reported it. */
final class Outcomes {
  private static final String PUBLISHED = "published";

  private final Map<String, JsonNode> last;

  private Outcomes(Map<String, JsonNode> last) {
    this.last = last;
  }

  static Outcomes read(IngestSettings ingest) {
    return new Outcomes(RefitTopic.lastOutcomes(ingest));
  }

  /** Of this adapter, with the gate's report; null if it is no trainer's or its round goes on. */
  @Nullable JsonNode of(String digest) {
    return last.get(digest);
  }

  /** As above, without the report. */
  @Nullable JsonNode brief(String digest) {
    JsonNode outcome = of(digest);
    return outcome instanceof ObjectNode o ? o.deepCopy().without("gate") : outcome;
  }

  /** In words: how it ended, and why if that was not well; empty if nothing is known. */
  String text(String digest) {
    JsonNode outcome = of(digest);
    if (outcome == null) {
      return "";
    }
    String word = outcome.path("outcome").asText();
    String round =
        "%s in round %d of %s"
            .formatted(word, outcome.path("round").asLong(), outcome.path("scope").asText());
    return word.equals(PUBLISHED) ? round : round + ": " + outcome.path("reason").asText();
  }

  /** Whether a trainer did not let it into force, or took it back. */
  boolean against(String digest) {
    JsonNode outcome = of(digest);
    return outcome != null && !outcome.path("outcome").asText().equals(PUBLISHED);
  }
}
