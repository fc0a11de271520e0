package dev.lookaside.trainer.gate;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
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
 * @param undecided whether more labels would decide; then it has not passed
 * @param incumbent digest
 * @param candidate digest
 * @param decided the figure that decided, with its interval, a sentence; null in older reports
 * @param map mean average precision over the classes that the incumbent knows
 * @param falseAlarmsPerHour on background
 * @param classes figures per class
 * @param corrections stretches that somebody has corrected
 * @param reasons why it did not pass, a sentence each; empty if it did
 * @param notes what else a reader should know, a sentence each
 * @param doubted labels that are probably wrong; nothing was fitted on them
 * @param wanted by class, how many labels more would decide
 * @param learned the labels that the candidate comes from; null in reports of earlier versions
 */
public record GateReport(
    boolean passed,
    boolean undecided,
    String incumbent,
    String candidate,
    @Nullable String decided,
    Change map,
    Change falseAlarmsPerHour,
    SortedMap<String, ClassChange> classes,
    List<CorrectionChange> corrections,
    List<String> reasons,
    List<String> notes,
    List<Doubt> doubted,
    SortedMap<String, Integer> wanted,
    @Nullable Learned learned) {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .serializationInclusion(JsonInclude.Include.NON_NULL)
          .build();

  /** A number of the incumbent and of the candidate; null where there is none. */
  public record Change(@Nullable Double before, @Nullable Double after) {
    /** No numbers. */
    public static final Change NONE = new Change(null, null);

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
   * One class, over sounds that the fit which scored them had not seen.
   *
   * @param examples sounds of it
   * @param labels of these, how many people have named
   * @param averagePrecision {@code before} is null for a new class
   * @param difference where the true difference of the two probably lies; null in older reports
   * @param recall share of its sounds in which it was detected; {@code before} is null for a new
   *     class
   * @param precision share of its detections in sounds that were right; null without any
   */
  public record ClassChange(
      int examples,
      int labels,
      Change averagePrecision,
      @Nullable Interval difference,
      Change recall,
      @Nullable Change precision) {}

  /**
   * One correction.
   *
   * @param example id in the store
   * @param wanted what should be detected, in words
   * @param before whether the incumbent is right
   * @param after whether the candidate is
   * @param heldOut whether what {@code detectedAfter} rests on was not fitted on it
   * @param detectedBefore what the incumbent detects there; null in reports of earlier versions
   * @param detectedAfter what the candidate detects there; null in reports of earlier versions
   */
  public record CorrectionChange(
      String example,
      String wanted,
      boolean before,
      boolean after,
      boolean heldOut,
      @JsonAlias("saidBefore") @Nullable DetectedClasses detectedBefore,
      @JsonAlias("saidAfter") @Nullable DetectedClasses detectedAfter) {}

  /**
   * A label that is probably wrong.
   *
   * @param example id in the store
   * @param label its class
   * @param chance that it is wrong, 0 to 1
   * @param reason in words
   */
  public record Doubt(String example, String label, double chance, String reason) {
    public Doubt {
      chance = Math.rint(chance * 1e3) / 1e3;
    }
  }

  /** Copies; what older reports did not hold is empty. */
  public GateReport {
    map = map == null ? Change.NONE : map;
    falseAlarmsPerHour = falseAlarmsPerHour == null ? Change.NONE : falseAlarmsPerHour;
    classes = Collections.unmodifiableSortedMap(new TreeMap<>(classes));
    corrections = List.copyOf(corrections);
    reasons = List.copyOf(reasons);
    notes = List.copyOf(notes);
    // Older reports list ids there, which no reader asks for.
    doubted = doubted == null ? List.of() : List.copyOf(doubted);
    wanted =
        wanted == null
            ? Collections.emptySortedMap()
            : Collections.unmodifiableSortedMap(new TreeMap<>(wanted));
  }

  /** A report without figures. */
  public static GateReport of(
      boolean passed, String incumbent, String candidate, List<String> reasons) {
    return new GateReport(
        passed,
        false,
        incumbent,
        candidate,
        null,
        Change.NONE,
        Change.NONE,
        new TreeMap<>(),
        List.of(),
        reasons,
        List.of(),
        List.of(),
        new TreeMap<>(),
        null);
  }

  /** Corrections that the incumbent had wrong and the candidate has right. */
  public List<CorrectionChange> nowRight() {
    return corrections.stream().filter(c -> !c.before() && c.after()).toList();
  }

  /** Corrections that the incumbent had right and the candidate has wrong. */
  public List<CorrectionChange> nowWrong() {
    return corrections.stream().filter(c -> c.before() && !c.after()).toList();
  }

  /** {@code passed}, {@code refused} or {@code undecided}. */
  @JsonIgnore
  public String word() {
    return passed ? "passed" : undecided ? "undecided" : "refused";
  }

  /** Whether it has not passed because of the labels, of which too many are doubted or too few. */
  @JsonIgnore
  public boolean labelsAtFault() {
    return undecided || (!passed && !doubted.isEmpty());
  }

  /** This report with one more thing to know. */
  public GateReport withNote(String note) {
    return with(Stream.concat(notes.stream(), Stream.of(note)).toList(), corrections, learned);
  }

  /** This report, saying which labels the candidate comes from. */
  public GateReport withLearned(Learned labels) {
    return with(notes, corrections, labels);
  }

  /** This report, going into these corrections. */
  public GateReport withCorrections(List<CorrectionChange> changes) {
    return with(notes, changes, learned);
  }

  private GateReport with(
      List<String> newNotes, List<CorrectionChange> newCorrections, @Nullable Learned newLearned) {
    return new GateReport(
        passed,
        undecided,
        incumbent,
        candidate,
        decided,
        map,
        falseAlarmsPerHour,
        classes,
        newCorrections,
        reasons,
        newNotes,
        doubted,
        wanted,
        newLearned);
  }

  /** For the ledger and for scripts. */
  public ObjectNode toJson() {
    return MAPPER.valueToTree(this);
  }

  /**
   * Reads {@link #toJson}; fields of later versions are ignored, and the names alone that older
   * ones list as doubted.
   *
   * @throws TrainerException naming what is wrong
   */
  public static GateReport fromJson(JsonNode json) {
    try {
      JsonNode read = json;
      if (json.path("doubted").path(0).isTextual()) {
        read = json.deepCopy();
        ((ObjectNode) read).remove("doubted");
      }
      return StrictJson.bind(MAPPER, read, GateReport.class);
    } catch (NotJsonException e) {
      throw new TrainerException("gate report: " + e.getMessage(), e);
    }
  }
}
