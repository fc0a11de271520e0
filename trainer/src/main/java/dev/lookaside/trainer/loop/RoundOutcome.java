package dev.lookaside.trainer.loop;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.gate.GateReport;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a round ended.
 *
 * @param round which
 * @param kind how
 * @param candidate digest of what was fitted; null if nothing was
 * @param report of the gate; null if it was not reached
 * @param cutover id of the ledger record that brought it into force; null if none did
 * @param reason in words
 * @param seconds from the trigger to here
 */
public record RoundOutcome(
    Round round,
    Kind kind,
    @Nullable String candidate,
    @Nullable GateReport report,
    @Nullable String cutover,
    String reason,
    double seconds) {
  /** The ways. */
  public enum Kind {
    /** In force. */
    PUBLISHED,
    /** Worse than the incumbent, which stays in force. */
    REFUSED,
    /** More labels would decide; the incumbent stays in force. */
    UNDECIDED,
    /** Brought into force and rolled back. */
    ROLLED_BACK,
    /** Something broke, or there was nothing to fit on. */
    FAILED;

    /** The word in tables. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** For scripts and topics; {@code RefitTopic} draws it. What does not apply is left out. */
  public ObjectNode toJson() {
    ObjectNode value = JsonNodeFactory.instance.objectNode();
    value
        .put("outcome", kind.word())
        .put("round", round.number())
        .put("fit", round.kind().word())
        .put("trigger", round.trigger())
        .put("reason", reason)
        .put("seconds", seconds);
    if (round.request() != null) {
      value.put("request", round.request());
    }
    if (candidate != null) {
      value.put("candidate", candidate);
    }
    if (cutover != null) {
      value.put("cutover", cutover);
    }
    if (report != null) {
      value.set("gate", report.toJson());
    }
    return value;
  }
}
