package dev.lookaside.trainer.shadow;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Objects;

/**
 * What came of a {@link ShadowRun}.
 *
 * @param request what was asked
 * @param streams that were followed, sorted
 * @param windows that the candidate scored
 * @param audioSeconds of those streams that both have judged
 * @param comparison of what both said of it
 */
public record ShadowSummary(
    ShadowRequest request,
    List<String> streams,
    long windows,
    double audioSeconds,
    ShadowComparison comparison) {
  public ShadowSummary {
    Objects.requireNonNull(request, "request");
    Objects.requireNonNull(comparison, "comparison");
    streams = List.copyOf(streams);
  }

  /**
   * Twice the agreed events over all events of both, 0 to 1: the F1 of the candidate with the
   * incumbent as truth. 1 if neither has heard anything.
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

  /** For the ledger and for scripts: numbers without the single events. */
  public ObjectNode toJson() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("candidate", request.candidate());
    root.put("scope", request.scope().toString());
    root.put("share", request.share());
    root.put("seed", request.seed());
    root.put("streams", streams.size());
    root.put("windows", windows);
    root.put("audioSeconds", audioSeconds);
    root.put("agreement", agreement());
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
