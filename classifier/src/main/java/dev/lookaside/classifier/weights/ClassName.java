package dev.lookaside.classifier.weights;

import java.text.Normalizer;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The rule for names of classes, wherever they come in: the labels topic, the command line, data
 * sets and adapter files.
 *
 * <p>A name is text in Unicode's NFC, without blanks at its ends, 1 to {@value #MAX_CHARS}
 * characters, and holds no control character, line separator, invisible format character (but the
 * joiners that scripts and emoji need), unassigned code point or U+FFFD, which stands for text that
 * was damaged on its way. Two names that differ in case, in the kind or number of blanks, or in
 * compatible forms of a character are one class.
 *
 * @see "Unicode Standard Annex 15, normalization forms; Unicode Technical Standard 39, 5"
 */
public final class ClassName {
  /** Characters of a name. */
  public static final int MAX_CHARS = 200;

  private static final int ZERO_WIDTH_NON_JOINER = 0x200c;
  private static final int ZERO_WIDTH_JOINER = 0x200d;
  private static final int REPLACEMENT = 0xfffd;

  /** The tags of which flags of regions are made. */
  private static final int FIRST_TAG = 0xe0020;

  private static final int LAST_TAG = 0xe007f;

  private static final Pattern BLANKS = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern ENDS =
      Pattern.compile("^[\\s\\ufeff]+|[\\s\\ufeff]+$", Pattern.UNICODE_CHARACTER_CLASS);

  private ClassName() {}

  /** What {@code text} means: in NFC, without blanks at its ends. It may still break the rule. */
  public static String of(String text) {
    return Normalizer.normalize(ENDS.matcher(text).replaceAll(""), Normalizer.Form.NFC);
  }

  /** What is wrong with a name that {@link #of} gave; empty if nothing. */
  public static Optional<String> fault(String name) {
    if (name.isEmpty() || name.length() > MAX_CHARS) {
      return Optional.of("must be 1 to %d characters".formatted(MAX_CHARS));
    }
    return name.codePoints()
        .filter(ClassName::forbidden)
        .mapToObj(
            c ->
                "must hold no %s, holds U+%04X"
                    .formatted(
                        c == REPLACEMENT
                            ? "character that was damaged on its way"
                            : "control or invisible character",
                        c))
        .findFirst();
  }

  /** Names with equal keys are one class. */
  public static String key(String name) {
    String folded =
        Normalizer.normalize(name, Normalizer.Form.NFKC)
            .toUpperCase(Locale.ROOT)
            .toLowerCase(Locale.ROOT);
    return BLANKS.matcher(Normalizer.normalize(folded, Normalizer.Form.NFKC)).replaceAll(" ");
  }

  /** What is wrong with names of one list: the first of them that is none, or is there twice. */
  public static Optional<String> fault(Collection<String> names) {
    Map<String, String> known = new HashMap<>();
    for (String name : names) {
      Optional<String> fault = name.equals(of(name)) ? fault(name) : Optional.of(notOf(name));
      if (fault.isPresent()) {
        return Optional.of("class \"%s\": %s".formatted(name, fault.get()));
      }
      String same = known.put(key(name), name);
      if (same != null) {
        return Optional.of(
            same.equals(name)
                ? "class \"%s\": is named twice".formatted(name)
                : "classes \"%s\" and \"%s\": are one class in two spellings"
                    .formatted(same, name));
      }
    }
    return Optional.empty();
  }

  private static String notOf(String name) {
    return ENDS.matcher(name).find()
        ? "must not begin or end with a blank"
        : "must be in Unicode's NFC";
  }

  private static boolean forbidden(int c) {
    boolean joiner = c == ZERO_WIDTH_JOINER || c == ZERO_WIDTH_NON_JOINER;
    boolean tag = c >= FIRST_TAG && c <= LAST_TAG;
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          true;
      case Character.FORMAT -> !joiner && !tag;
      default -> c == REPLACEMENT;
    };
  }
}
