package dev.lookaside.trainer.loop;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.drift.DriftReport;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The state of a trainer, for metrics and people.
 *
 * @param leads whether this one does the work of its scope
 * @param phase {@code standby} while it does not lead, else the loop's: {@code collecting}, {@code
 *     fitting}, {@code judging}, {@code shadowing}, {@code publishing} or {@code rolling-back}
 * @param since when the phase began here
 * @param round under way; null if there is none
 * @param freshLabels usable labels that no full fit has seen
 * @param step of the fit, from 1; 0 while none runs
 * @param steps of the fit
 * @param trouble what cannot be done now, in words; null if nothing
 * @param last how the last round ended; null if none has since the start
 * @param drift how the streams sounded when they were last compared, the worst ones; null if they
 *     were not
 */
public record TrainerStatus(
    Scope scope,
    boolean leads,
    String phase,
    Instant since,
    @Nullable Round round,
    int freshLabels,
    long step,
    long steps,
    @Nullable String trouble,
    @Nullable RoundOutcome last,
    @Nullable DriftReport drift) {
  /** For scripts and pages. */
  public ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("scope", scope.toString())
        .put("leads", leads)
        .put("phase", phase)
        .put("since", since.toString())
        .put("freshLabels", freshLabels);
    if (round != null) {
      json.putObject("round")
          .put("number", round.number())
          .put("fit", round.kind().word())
          .put("trigger", round.trigger())
          .put("step", step)
          .put("steps", steps);
    }
    if (trouble != null) {
      json.put("trouble", trouble);
    }
    if (last != null) {
      json.set("last", last.toJson());
    }
    if (drift != null) {
      json.set("drift", drift.brief());
    }
    return json;
  }
}
