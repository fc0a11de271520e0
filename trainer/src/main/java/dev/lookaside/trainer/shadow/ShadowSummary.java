package dev.lookaside.trainer.shadow;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * What came of a {@link ShadowRun}.
 *
 * @param request what was asked
 * @param from capture time of the first events that count
 * @param to capture time before which events must begin to count
 * @param streams that were followed, sorted
 * @param windows that the candidate scored
 * @param audioSeconds of those streams that both have judged
 * @param comparison of what both detected in it
 */
public record ShadowSummary(
    ShadowRequest request,
    Instant from,
    Instant to,
    List<String> streams,
    long windows,
    double audioSeconds,
    ShadowComparison comparison) {
  public ShadowSummary {
    Objects.requireNonNull(request, "request");
    Objects.requireNonNull(from, "from");
    Objects.requireNonNull(to, "to");
    Objects.requireNonNull(comparison, "comparison");
    streams = List.copyOf(streams);
  }

  /**
   * Twice the agreed events over all events of both, 0 to 1: the F1 of the candidate with the
   * incumbent as truth. 1 if neither has detected anything.
   */
  public double agreement() {
    int agreed = 0;
    int all = 0;
    for (ClassAgreement c : comparison.classes().values()) {
      agreed += c.agreed();
      all += c.incumbentEvents() + c.candidateEvents();
    }
    return all == 0 ? 1 : 2.0 * agreed / all;
  }

  /** Whether both have judged anything at all. */
  public boolean compared() {
    return audioSeconds > 0;
  }

  /** One sentence, for the notes of a gate's report. */
  public String note() {
    return streams.isEmpty()
        ? "in shadow: none of the share's streams has sent audio, so nothing was compared"
        : String.format(
            Locale.ROOT,
            "in shadow: %d streams, %.0f s, agrees with the incumbent to %.2f, %d differences",
            streams.size(),
            audioSeconds,
            agreement(),
            comparison.differences().size());
  }

  /** For scripts and topics: numbers without the single events. */
  public ObjectNode toJson() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("candidate", request.candidate());
    root.put("scope", request.scope().toString());
    root.put("share", request.share());
    root.put("seed", request.seed());
    root.put("from", from.toString());
    root.put("to", to.toString());
    root.put("streams", streams.size());
    root.put("windows", windows);
    root.put("audioSeconds", audioSeconds);
    root.put("agreement", agreement());
    root.put("differences", comparison.differences().size());
    ObjectNode classes = root.putObject("classes");
    comparison
        .classes()
        .forEach(
            (label, c) ->
                classes
                    .putObject(label)
                    .put("agreed", c.agreed())
                    .put("onlyIncumbent", c.onlyIncumbent())
                    .put("onlyCandidate", c.onlyCandidate())
                    .put("namedOtherwise", c.namedOtherwise())
                    .put("namedAnew", c.namedAnew())
                    .put("onsetShiftSeconds", c.onsetShiftSeconds())
                    .put("onsetShiftMagnitudeSeconds", c.onsetShiftMagnitudeSeconds()));
    return root;
  }
}
