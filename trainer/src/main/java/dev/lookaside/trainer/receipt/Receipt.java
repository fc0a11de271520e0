package dev.lookaside.trainer.receipt;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.ShortId;
import dev.lookaside.trainer.gate.DetectedClasses;
import dev.lookaside.trainer.gate.GateReport.CorrectionChange;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelCodec;
import dev.lookaside.trainer.store.LabelStandings.LabelStanding;
import dev.lookaside.trainer.store.Standing;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What has become of one label.
 *
 * @param standing among the other labels
 * @param decisions whose adapters come from the label, in the order of their times: those for its
 *     stream, or those for others if there are none
 * @param inForce digest of the adapter that the ledger names for the stream now; empty: the one of
 *     the configuration
 * @param perhaps for {@link State#UNNAMED}: the first decision whose report names only the newest
 *     of its labels, this one not among them
 */
public record Receipt(
    Label label,
    LabelStanding stands,
    State state,
    List<Decision> decisions,
    Optional<String> inForce,
    Optional<Cutover> perhaps) {
  /** How far it has come. */
  public enum State {
    /** No adapter comes from it. */
    NOT_YET,
    /** One may: its report names the newest of its labels only. */
    UNNAMED,
    /** One does, and will score the label's stream. */
    DECIDED,
    /** The adapter that scores the label's stream does, itself or by what it was fitted from. */
    IN_FORCE,
    /** One did, and another one scores the stream now that does not come from it. */
    TAKEN_BACK,
    /** One does that does not score the label's stream. */
    ELSEWHERE;

    /** The word in tables. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * A record of the ledger whose adapter comes from the label.
   *
   * @param cutover id of the record
   * @param adapter digest
   * @param since capture time
   * @param fitted on it; false: judged on it, which no fit saw
   * @param incumbent digest of the adapter before
   * @param change what the two detect in the label's interval; null if the report does not include
   *     it
   */
  public record Decision(
      String cutover,
      Scope scope,
      String adapter,
      Instant since,
      boolean fitted,
      String incumbent,
      @Nullable CorrectionChange change) {
    /** What the adapter before detected, in words; empty if that is not known. */
    public Optional<String> before(String judged) {
      return change == null
          ? Optional.empty()
          : words(change.detectedBefore(), change.before(), judged);
    }

    /** What the adapter detects, in words; empty if that is not known. */
    public Optional<String> after(String judged) {
      return change == null
          ? Optional.empty()
          : words(change.detectedAfter(), change.after(), judged);
    }

    private static Optional<String> words(
        @Nullable DetectedClasses classes, boolean right, String judged) {
      // Reports of earlier versions have no more than whether it was right.
      String bare = right ? "what is right" : "what is wrong";
      return Optional.of(classes == null ? bare : classes.words(judged));
    }
  }

  /** Copies. */
  public Receipt {
    decisions = List.copyOf(decisions);
  }

  /** The decision with which the label came into an adapter. */
  public Optional<Decision> first() {
    return decisions.stream().findFirst();
  }

  /** The first decision whose report has what is detected in the label's interval. */
  public Optional<Decision> firstReported() {
    return decisions.stream().filter(d -> d.change() != null).findFirst();
  }

  /** The newest decision whose report has what is detected in the label's interval. */
  public Optional<Decision> newest() {
    return decisions.stream().filter(d -> d.change() != null).reduce((a, b) -> b);
  }

  /** In one sentence, for people. */
  public String sentence() {
    Decision d = first().orElse(null);
    if (d == null) {
      return perhaps
          .filter(c -> stands.standing() == Standing.USABLE)
          .map(
              c ->
                  "may be in adapter %s since %s, whose report names the newest of its labels only"
                      .formatted(ShortId.of(String.valueOf(c.adapter())), c.effectiveFrom()))
          .orElseGet(this::standing);
    }
    StringBuilder text = new StringBuilder();
    String adapter = ShortId.of(d.adapter());
    switch (state) {
      case DECIDED -> text.append("will be in adapter ").append(adapter).append(" from ");
      case TAKEN_BACK -> text.append("was in adapter ").append(adapter).append(" from ");
      case ELSEWHERE ->
          text.append(
              "is in adapter %s of %s, not of its own stream, since "
                  .formatted(adapter, d.scope()));
      default -> text.append("is in adapter ").append(adapter).append(" since ");
    }
    text.append(d.since());
    if (!d.fitted()) {
      text.append(" (held out of the fit, used to evaluate it)");
    }
    text.append(detections(d));
    switch (stands.standing()) {
      case SUPERSEDED ->
          text.append(stands.retracted() ? "; its author has retracted it" : "; now it is")
              .append(stands.retracted() ? " with" : " superseded by")
              .append(" label %s".formatted(others()))
              .append(stands.retracted() ? "" : " of the same author")
              .append(": no further fit learns it");
      case CONFLICT ->
          text.append("; now it is in dispute with label %s".formatted(others()))
              .append(": no further fit learns it");
      default -> {}
    }
    if (state == State.TAKEN_BACK) {
      String other = inForce.map(ShortId::of).orElse("of the configuration");
      text.append("; adapter %s is in force again, without it".formatted(other));
    }
    return text.toString();
  }

  /** What adapters detect at the label, where a report includes it. */
  private String detections(Decision first) {
    Decision reporting = firstReported().orElse(null);
    if (reporting == null) {
      boolean soon = state == State.IN_FORCE || state == State.DECIDED;
      return soon && stands.standing() == Standing.USABLE
          ? "; a later report names what is detected there"
          : "";
    }
    String judged = label.label();
    String before = reporting.before(judged).orElse("");
    String after = reporting.after(judged).orElse("");
    StringBuilder text = new StringBuilder();
    if (reporting.adapter().equals(first.adapter())) {
      text.append(
          "; there the old adapter detected %s, the new one detects %s".formatted(before, after));
    } else {
      text.append(
          "; there adapter %s, since %s, detects %s, the one before it detected %s"
              .formatted(ShortId.of(reporting.adapter()), reporting.since(), after, before));
    }
    newest()
        .filter(latest -> !latest.adapter().equals(reporting.adapter()))
        .ifPresent(
            latest ->
                text.append(
                    "; adapter %s, since %s, detects %s"
                        .formatted(
                            ShortId.of(latest.adapter()),
                            latest.since(),
                            latest.after(judged).orElse(""))));
    return text.toString();
  }

  private String standing() {
    String others = others();
    return switch (stands.standing()) {
      case SUPERSEDED ->
          stands.retracted()
              ? "is retracted by its author with label " + others
              : "is superseded by label " + others + " of the same author";
      case CONFLICT -> "is in dispute with label %s: kept out of training".formatted(others);
      case DUPLICATE -> "repeats label " + others + ": one example of a sound is enough";
      case RETRACTION -> others.isEmpty() ? "retracts nothing" : "retracts label " + others;
      case USABLE -> "is in no adapter yet";
    };
  }

  private String others() {
    return String.join(", ", stands.because().stream().map(ShortId::of).toList());
  }

  /** For scripts. */
  public ObjectNode toJson() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.set("label", new LabelCodec().toNode(label));
    root.put("standing", stands.standing().word());
    stands.because().forEach(root.putArray("because")::add);
    root.put("state", state.word()).put("sentence", sentence());
    root.put("inForce", inForce.orElse(null));
    ArrayNode all = root.putArray("decisions");
    for (Decision d : decisions) {
      ObjectNode one =
          all.addObject()
              .put("adapter", d.adapter())
              .put("cutover", d.cutover())
              .put("scope", d.scope().toString())
              .put("since", d.since().toString())
              .put("fitted", d.fitted())
              .put("incumbent", d.incumbent());
      CorrectionChange change = d.change();
      if (change != null) {
        detections(one.putObject("before"), change.before(), change.detectedBefore());
        detections(one.putObject("after"), change.after(), change.detectedAfter());
      }
    }
    return root;
  }

  private static void detections(
      ObjectNode node, boolean right, @Nullable DetectedClasses classes) {
    node.put("right", right);
    if (classes != null) {
      ArrayNode detected = node.putArray("detected");
      classes
          .detected()
          .forEach(h -> detected.addObject().put("label", h.label()).put("peak", h.peak()));
      node.put("more", classes.more()).put("highest", classes.highest());
    }
  }
}
