package dev.lookaside.trainer.gate;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.trainer.TrainerException;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the gate found, in numbers and words. As JSON it is the field {@code gate} of the ledger.
 *
 * @param passed whether the candidate may take the incumbent's place
 * @param incumbent digest
 * @param candidate digest
 * @param map mean average precision over the classes that the incumbent knows
 * @param falseAlarmsPerHour on background
 * @param calibrationError of the posteriors
 * @param classes average precision per class
 * @param corrections stretches that somebody has corrected
 * @param reasons why it did not pass, a sentence each; empty if it did
 * @param notes what could not be judged, a sentence each
 * @param learned the labels that the candidate comes from; null in reports that did not say
 * @param checks each rule with what was compared, the figure and its bound; empty in reports that
 *     did not say
 * @param doubted examples whose label the incumbent finds unlikely; they decide only together
 */
public record GateReport(
    boolean passed,
    String incumbent,
    String candidate,
    Change map,
    Change falseAlarmsPerHour,
    Change calibrationError,
    SortedMap<String, ClassChange> classes,
    List<CorrectionChange> corrections,
    List<String> reasons,
    List<String> notes,
    @Nullable Learned learned,
    List<Check> checks,
    List<String> doubted) {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .serializationInclusion(JsonInclude.Include.NON_NULL)
          .build();

  /** A number of the incumbent and of the candidate; null where there is none. */
  public record Change(@Nullable Double before, @Nullable Double after) {
    /** NaN becomes null, the rest is rounded to six decimals: more are noise. */
    public Change {
      before = rounded(before);
      after = rounded(after);
    }

    private static @Nullable Double rounded(@Nullable Double value) {
      return value == null || !Double.isFinite(value) ? null : Math.rint(value * 1e6) / 1e6;
    }
  }

  /**
   * One class.
   *
   * @param examples held-out sounds of it
   * @param averagePrecision {@code before} is null for a new class
   * @param recall share of its events that were detected; {@code before} is null for a new class
   */
  public record ClassChange(int examples, Change averagePrecision, Change recall) {}

  /**
   * One correction.
   *
   * @param example id in the store
   * @param wanted what should be heard, in words
   * @param before whether the incumbent hears it so
   * @param after whether the candidate does
   * @param heldOut false if the candidate was fitted on it
   * @param saidBefore what the incumbent says there; null in reports that did not say
   * @param saidAfter what the candidate says there; null in reports that did not say
   */
  public record CorrectionChange(
      String example,
      String wanted,
      boolean before,
      boolean after,
      boolean heldOut,
      @Nullable Said saidBefore,
      @Nullable Said saidAfter) {}

  /** A report that says neither which labels the candidate comes from nor what was compared. */
  public GateReport(
      boolean passed,
      String incumbent,
      String candidate,
      Change map,
      Change falseAlarmsPerHour,
      Change calibrationError,
      SortedMap<String, ClassChange> classes,
      List<CorrectionChange> corrections,
      List<String> reasons,
      List<String> notes) {
    this(
        passed,
        incumbent,
        candidate,
        map,
        falseAlarmsPerHour,
        calibrationError,
        classes,
        corrections,
        reasons,
        notes,
        null,
        List.of(),
        List.of());
  }

  /** Copies. */
  public GateReport {
    classes = Collections.unmodifiableSortedMap(new TreeMap<>(classes));
    corrections = List.copyOf(corrections);
    reasons = List.copyOf(reasons);
    notes = List.copyOf(notes);
    checks = checks == null ? List.of() : List.copyOf(checks);
    doubted = doubted == null ? List.of() : List.copyOf(doubted);
  }

  /** Corrections that the incumbent had wrong and the candidate has right. */
  public List<CorrectionChange> nowRight() {
    return corrections.stream().filter(c -> !c.before() && c.after()).toList();
  }

  /** Corrections that the incumbent had right and the candidate has wrong. */
  public List<CorrectionChange> nowWrong() {
    return corrections.stream().filter(c -> c.before() && !c.after()).toList();
  }

  /** This report with one more thing to know. */
  public GateReport withNote(String note) {
    return with(Stream.concat(notes.stream(), Stream.of(note)).toList(), learned);
  }

  /** This report, saying which labels the candidate comes from. */
  public GateReport withLearned(Learned labels) {
    return with(notes, labels);
  }

  private GateReport with(List<String> newNotes, @Nullable Learned newLearned) {
    return new GateReport(
        passed,
        incumbent,
        candidate,
        map,
        falseAlarmsPerHour,
        calibrationError,
        classes,
        corrections,
        reasons,
        newNotes,
        newLearned,
        checks,
        doubted);
  }

  /** For the ledger and for scripts. */
  public ObjectNode toJson() {
    return MAPPER.valueToTree(this);
  }

  /**
   * Reads {@link #toJson}; fields of later versions are ignored.
   *
   * @throws TrainerException naming what is wrong
   */
  public static GateReport fromJson(JsonNode json) {
    try {
      return MAPPER.treeToValue(json, GateReport.class);
    } catch (JsonProcessingException e) {
      throw new TrainerException("gate report: " + e.getOriginalMessage(), e);
    }
  }
}
