package dev.lookaside.trainer.label;

import dev.lookaside.trainer.TrainerException;

/** A label that cannot be; names the field and its value. */
public final class LabelException extends TrainerException {
  private static final long serialVersionUID = 1L;
  private static final int SHOWN_CHARS = 80;

  private final String field;
  private final String value;
  private final String rule;

  LabelException(String field, String value, String rule) {
    super("%s \"%s\": %s".formatted(field, shortened(value), rule));
    this.field = field;
    this.value = value;
    this.rule = rule;
  }

  String field() {
    return field;
  }

  String value() {
    return value;
  }

  String rule() {
    return rule;
  }

  private static String shortened(String text) {
    return text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "...";
  }
}
