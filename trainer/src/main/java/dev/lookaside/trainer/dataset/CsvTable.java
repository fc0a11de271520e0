package dev.lookaside.trainer.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.lookaside.trainer.TrainerException;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A CSV file with a header whose complaints say where they are from. Cells are read as {@link
 * CsvCell} writes them.
 */
public final class CsvTable {
  private static final CsvMapper CSV =
      CsvMapper.builder()
          .enable(CsvParser.Feature.TRIM_SPACES)
          .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
          .build();

  private CsvTable() {}

  /** One line of a file. */
  public record Row(Path file, int line, Map<String, String> cells) {
    /** True if the cell is there and not empty. */
    public boolean has(String column) {
      String value = cells.get(column);
      return value != null && !value.isEmpty();
    }

    /** A cell that must not be empty. */
    public String text(String column) {
      if (!has(column)) {
        throw bad(column, "is missing");
      }
      return cells.getOrDefault(column, "");
    }

    /** A whole number within bounds. */
    public int whole(String column, int min, int max) {
      try {
        int value = Integer.parseInt(text(column));
        if (value >= min && value <= max) {
          return value;
        }
      } catch (NumberFormatException e) {
        throw bad(column, "must be a whole number from %d to %d".formatted(min, max));
      }
      throw bad(column, "must be %d to %d".formatted(min, max));
    }

    /** Seconds as a plain number. */
    public double seconds(String column) {
      try {
        double value = Double.parseDouble(text(column));
        if (value >= 0 && Double.isFinite(value)) {
          return value;
        }
      } catch (NumberFormatException e) {
        throw bad(column, "must be a number of seconds");
      }
      throw bad(column, "must be 0 or more");
    }

    /** What is wrong with a cell, with file, line, column and value. */
    public TrainerException bad(String column, String complaint) {
      return new TrainerException(
          "%s line %d: %s \"%s\": %s"
              .formatted(file, line, column, cells.getOrDefault(column, ""), complaint));
    }
  }

  /**
   * Reads a whole file.
   *
   * @throws TrainerException naming the file that is missing, is no CSV or lacks a column
   */
  public static List<Row> read(Path file, List<String> columns) {
    if (!Files.isRegularFile(file)) {
      throw new TrainerException(file + ": no such file; the data set's distribution has it");
    }
    List<Row> rows = new ArrayList<>();
    try (MappingIterator<Map<String, String>> lines =
        CSV.readerForMapOf(String.class)
            .with(CsvSchema.emptySchema().withHeader())
            .readValues(file.toFile())) {
      while (lines.hasNextValue()) {
        // The parser stands at the end of the line before.
        int line = 1 + lines.getParser().currentTokenLocation().getLineNr();
        Map<String, String> cells = lines.nextValue();
        cells.replaceAll((column, cell) -> CsvCell.unescaped(cell));
        if (rows.isEmpty()) {
          checkColumns(file, columns, cells.keySet());
        }
        rows.add(new Row(file, line, cells));
      }
    } catch (JsonProcessingException e) {
      int line = e.getLocation() == null ? 1 : Math.max(1, e.getLocation().getLineNr());
      throw new TrainerException("%s line %d: is no CSV".formatted(file, line), e);
    } catch (CharConversionException e) {
      throw new TrainerException(file + ": is not UTF-8", e);
    } catch (IOException e) {
      throw new TrainerException(file + ": cannot be read", e);
    }
    if (rows.isEmpty()) {
      throw new TrainerException(file + ": holds no line below its header");
    }
    return rows;
  }

  private static void checkColumns(Path file, List<String> columns, Set<String> found) {
    Set<String> missing = new HashSet<>(columns);
    missing.removeAll(found);
    if (!missing.isEmpty()) {
      throw new TrainerException(
          "%s: columns \"%s\": must have %s, too"
              .formatted(file, String.join(",", found), new java.util.TreeSet<>(missing)));
    }
  }
}
