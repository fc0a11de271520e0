package dev.lookaside.trainer.dataset;

/**
 * Text in a cell of a CSV file. Spreadsheets run a cell that begins with {@code =}, {@code +},
 * {@code -}, {@code @}, a tab or a carriage return as a formula, also when it is quoted, and what
 * stands there may come from anybody who can write a label or name a file. Such a cell, and one
 * that begins with an apostrophe, gets an apostrophe in front, which spreadsheets show as text; it
 * is taken off again when the file is read.
 *
 * @see "OWASP, CSV injection; RFC 4180 for everything else"
 */
public final class CsvCell {
  /** The second row are the full-width forms, which some spreadsheets take alike. */
  private static final String DANGEROUS = "=+-@\t\r'\uff1d\uff0b\uff0d\uff20";

  private CsvCell() {}

  /** As it is written, before quoting. */
  public static String escaped(String text) {
    return dangerous(text, 0) ? '\'' + text : text;
  }

  /** What {@link #escaped} was given. */
  public static String unescaped(String cell) {
    return cell.startsWith("'") && dangerous(cell, 1) ? cell.substring(1) : cell;
  }

  private static boolean dangerous(String text, int at) {
    return text.length() > at && DANGEROUS.indexOf(text.charAt(at)) >= 0;
  }
}
