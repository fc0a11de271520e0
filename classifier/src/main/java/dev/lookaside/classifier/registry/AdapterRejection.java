package dev.lookaside.classifier.registry;

import java.util.Locale;

/**
 * Why a ledger record or an adapter is not used. The incumbent stays.
 *
 * @param field what is wrong
 * @param value its value
 * @param rule what it must be
 */
public record AdapterRejection(Reason reason, String field, String value, String rule) {
  /** All reasons there are; on acks and metrics they are these names in lower case with dashes. */
  public enum Reason {
    /** The ledger record is no valid JSON of this version. */
    BAD_RECORD,
    /** No signature, and unsigned records are not allowed. */
    UNSIGNED,
    /** Signed with a key that is not trusted. */
    UNKNOWN_KEY,
    /** Signed with a key that is trusted for another part of the ledger. */
    KEY_OUT_OF_BOUNDS,
    /** The signature does not belong to this record and key. */
    BAD_SIGNATURE,
    /** Another record of the scope has this number or a later one. */
    NUMBER_TAKEN,
    /** Effective before its predecessor: would change what was decided already. */
    EFFECTIVE_TOO_EARLY,
    /** Not all slices came in time. */
    MISSING_SLICES,
    /** Slices that contradict each other. */
    BAD_SLICE,
    /** More bytes than are allowed. */
    TOO_LARGE,
    /** The bytes are not those that the ledger names. */
    WRONG_DIGEST,
    /** No valid adapter file. */
    BAD_FILE,
    /** A tensor of another shape than the others or the backbone call for. */
    WRONG_SHAPE,
    /** A weight that is no finite number. */
    NOT_FINITE,
    /** The head has not as many rows as there are labels. */
    LABEL_COUNT,
    /** Made for another backbone. */
    OTHER_BACKBONE,
    /** Made for other features or windows than are computed here. */
    OTHER_FEATURES,
    /** The golden window does not give the recorded logits. */
    GOLDEN_DIFFERS;

    /** The word on acks and metrics. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  private static final int SHOWN_CHARS = 200;

  public AdapterRejection {
    value = value.length() <= SHOWN_CHARS ? value : value.substring(0, SHOWN_CHARS) + "...";
  }

  /** One line for people. */
  public String message() {
    return "%s: %s \"%s\": %s".formatted(reason.word(), field, value, rule);
  }
}
