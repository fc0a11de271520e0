package dev.lookaside.trainer.label;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.weights.ClassName;
import dev.lookaside.ingest.Sha256;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.TrainerException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;

/**
 * One judgement of one person about one stretch of a stream. {@link LabelCodec} draws the wire
 * form.
 *
 * @param id same for the same label written twice: {@link #idOf} unless its writer chose another
 * @param label the class meant: the detected one for confirm and reject, the right one for relabel
 *     and add; kept as {@link ClassName#of} writes it
 * @param detected the class that was detected; given for relabel only
 * @param detection {@link Detection#id()} of what is judged; not given for add
 * @param adapter digest of the adapter that made the detection; not given for add
 * @param onset capture time at which the stretch starts
 * @param offset capture time at which it ends, later than {@code onset}, at most a day
 * @param author who wrote it
 * @param time when
 * @param note for people
 */
public record Label(
    String id,
    LabelKind kind,
    StreamId stream,
    String label,
    Optional<String> detected,
    Optional<String> detection,
    Optional<String> adapter,
    Instant onset,
    Instant offset,
    String author,
    Instant time,
    Optional<String> note) {
  /** Characters of an id or an author. */
  public static final int MAX_CHARS = 200;

  /** Characters of a note. */
  public static final int MAX_NOTE_CHARS = 2_000;

  /** A longer stretch is a typing error. */
  public static final Duration MAX_STRETCH = Duration.ofDays(1);

  /** A label is written after its event; clocks may differ by so much. */
  public static final Duration MAX_AHEAD = Duration.ofHours(1);

  private static final int ID_BYTES = 16;
  private static final Instant LATEST = Instant.parse("2200-01-01T00:00:00Z");

  public Label {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(stream, "stream");
    text("id", id, MAX_CHARS);
    label = className("label", label);
    detected = detected.map(d -> className("detected", d));
    text("author", author, MAX_CHARS);
    note.ifPresent(n -> text("note", n, MAX_NOTE_CHARS));
    given(kind, "detected", detected, kind == LabelKind.RELABEL);
    given(kind, "detection", detection, kind.judgesDetection());
    given(kind, "adapter", adapter, kind.judgesDetection());
    if (detected.isPresent() && detected.get().equals(label)) {
      throw bad("detected", label, "must be another class than label");
    }
    inRange("onset", onset);
    inRange("offset", offset);
    inRange("time", time);
    if (onset.isAfter(time.plus(MAX_AHEAD))) {
      throw bad("onset", onset.toString(), "must be at most an hour after time " + time);
    }
    if (!offset.isAfter(onset)) {
      throw bad("offset", offset.toString(), "must be after onset " + onset);
    }
    if (Duration.between(onset, offset).compareTo(MAX_STRETCH) > 0) {
      throw bad("offset", offset.toString(), "must be at most a day after onset " + onset);
    }
  }

  /**
   * The detection is right.
   *
   * @throws TrainerException if the detection is none of an event or has not ended
   */
  public static Label confirm(Detection d, String author, Instant time, Optional<String> note) {
    return of(LabelKind.CONFIRM, d, eventLabel(d), Optional.empty(), author, time, note);
  }

  /** What was detected is not there. Errors as {@link #confirm}. */
  public static Label reject(Detection d, String author, Instant time, Optional<String> note) {
    return of(LabelKind.REJECT, d, eventLabel(d), Optional.empty(), author, time, note);
  }

  /**
   * Another class is there than was detected. Errors as {@link #confirm}.
   *
   * @param right the class that sounds
   */
  public static Label relabel(
      Detection d, String right, String author, Instant time, Optional<String> note) {
    return of(LabelKind.RELABEL, d, right, Optional.of(eventLabel(d)), author, time, note);
  }

  /** A class sounds where nothing was detected. */
  public static Label add(
      StreamId stream,
      String label,
      Instant onset,
      Instant offset,
      String author,
      Instant time,
      Optional<String> note) {
    String name = className("label", label);
    return new Label(
        idOf(LabelKind.ADD, stream, name, onset, offset, author, time),
        LabelKind.ADD,
        stream,
        name,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        onset,
        offset,
        author,
        time,
        note);
  }

  /**
   * Retracts a label, in its author's name.
   *
   * @throws TrainerException if it is a retraction, which cannot be retracted
   */
  public static Label retract(Label label, Instant time, Optional<String> note) {
    if (label.kind() == LabelKind.RETRACT) {
      throw bad(
          "label",
          label.id(),
          "is a retraction, which cannot be retracted; write the other label anew");
    }
    return new Label(
        idOf(
            LabelKind.RETRACT,
            label.stream(),
            label.label(),
            label.onset(),
            label.offset(),
            label.author(),
            time),
        LabelKind.RETRACT,
        label.stream(),
        label.label(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        label.onset(),
        label.offset(),
        label.author(),
        time,
        note);
  }

  private static Label of(
      LabelKind kind,
      Detection d,
      String label,
      Optional<String> detected,
      String author,
      Instant time,
      Optional<String> note) {
    Instant onset = d.extent().onsetTime();
    Instant offset = d.extent().offsetTime();
    if (offset == null) {
      throw bad("detection", d.id(), "has not ended yet; label it when it has");
    }
    String name = className("label", label);
    return new Label(
        idOf(kind, d.stream(), name, onset, offset, author, time),
        kind,
        d.stream(),
        name,
        detected,
        Optional.of(d.id()),
        Optional.of(d.origin().adapterDigest()),
        onset,
        offset,
        author,
        time,
        note);
  }

  private static String eventLabel(Detection d) {
    String label = d.label();
    if (label == null) {
      throw bad("detection", d.id(), "is a " + d.kind().word() + ", no event");
    }
    return label;
  }

  /**
   * Hexadecimal of the first 16 bytes of sha256 over {@code
   * kind|stream|label|onset|offset|author|time}, UTF-8.
   */
  public static String idOf(
      LabelKind kind,
      StreamId stream,
      String label,
      Instant onset,
      Instant offset,
      String author,
      Instant time) {
    String text =
        String.join(
            "|",
            kind.word(),
            stream.value(),
            label,
            onset.toString(),
            offset.toString(),
            author,
            time.toString());
    return HexFormat.of().formatHex(Sha256.of(text), 0, ID_BYTES);
  }

  private static void given(LabelKind kind, String field, Optional<String> value, boolean wanted) {
    if (value.isPresent() != wanted) {
      String rule = wanted ? "must be given for " : "must not be given for ";
      throw bad(field, value.orElse(""), rule + kind.word());
    }
    value.ifPresent(v -> text(field, v, MAX_CHARS));
  }

  /** As {@link ClassName} has it, so that every spelling of a class is one on the topic. */
  private static String className(String field, String text) {
    String name = ClassName.of(text);
    ClassName.fault(name)
        .ifPresent(
            fault -> {
              throw bad(field, text, fault);
            });
    return name;
  }

  private static void text(String field, String value, int maxChars) {
    if (value.isBlank() || value.length() > maxChars) {
      throw bad(field, value, "must be 1 to %d characters".formatted(maxChars));
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(value)
        || value.chars().anyMatch(Character::isISOControl)) {
      throw bad(field, value, "must hold no control characters and no half surrogate pairs");
    }
  }

  private static void inRange(String field, Instant time) {
    if (time.isBefore(Instant.EPOCH) || time.isAfter(LATEST)) {
      throw bad(field, time.toString(), "must lie between 1970 and 2200");
    }
  }

  private static LabelException bad(String field, String value, String rule) {
    return new LabelException(field, value, rule);
  }
}
