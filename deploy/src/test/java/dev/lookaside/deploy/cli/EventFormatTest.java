package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.lookaside.deploy.cli.EventFormat.FileEvent;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class EventFormatTest {
  private static final List<FileEvent> EVENTS =
      List.of(
          new FileEvent("a dir/kitchen, \"old\".wav", "metal / wood", 0.32, 1.44, 0.875),
          new FileEvent("b.wav", "water", 10, 3601.5, 0.5));

  @Test
  void jsonIsOneArrayWithExactlyTheFiveFields() throws Exception {
    JsonNode array = new ObjectMapper().readTree(written(EventFormat.JSON, EVENTS));
    assertThat(array.isArray()).isTrue();
    assertThat(array).hasSize(2);
    JsonNode first = array.get(0);
    assertThat(first.fieldNames())
        .toIterable()
        .containsExactly("file", "label", "onsetSeconds", "offsetSeconds", "peak");
    assertThat(first.get("file").asText()).isEqualTo("a dir/kitchen, \"old\".wav");
    assertThat(first.get("onsetSeconds").asDouble()).isEqualTo(0.32);
    assertThat(first.get("peak").asDouble()).isEqualTo(0.875);
  }

  @Test
  void jsonWithoutEventsIsAnEmptyArray() throws Exception {
    JsonNode array = new ObjectMapper().readTree(written(EventFormat.JSON, List.of()));
    assertThat(array.isArray()).isTrue();
    assertThat(array).isEmpty();
  }

  @Test
  void csvQuotesWhatNeedsIt() {
    assertThat(written(EventFormat.CSV, EVENTS))
        .isEqualTo(
            "file,label,onsetSeconds,offsetSeconds,peak\r\n"
                + "\"a dir/kitchen, \"\"old\"\".wav\",metal / wood,0.320,1.440,0.8750\r\n"
                + "b.wav,water,10.000,3601.500,0.5000\r\n");
  }

  @Test
  void audacityIsTabSeparated() {
    assertThat(written(EventFormat.AUDACITY, EVENTS.subList(1, 2)))
        .isEqualTo("10.000000\t3601.500000\twater\n");
  }

  @Test
  void rttmHasTenFieldsAndADuration() {
    List<String> lines = written(EventFormat.RTTM, EVENTS).lines().toList();
    assertThat(lines).allSatisfy(line -> assertThat(line.split(" ")).hasSize(10));
    assertThat(lines.get(1)).isEqualTo("SPEAKER b 1 10.000 3591.500 <NA> <NA> water <NA> <NA>");
  }

  /** Names that people gave, and what each format must not make of them. */
  private static final List<FileEvent> ODD =
      List.of(
          new FileEvent("a/kitchen.wav", "=SUM(A1)", 0, 1, 0.5),
          new FileEvent("b/kitchen.wav", "a\u3000b\u00a0c\u2028d e\u200d", 1, 2, 0.5),
          new FileEvent("b/kitchen.flac", "Vögel 🐦 100%", 2, 3, 0.5),
          new FileEvent("hall.wav", "<NA>", 3, 4, 0.5),
          new FileEvent("-x;y.wav", "'tis", 4, 5, 0.5),
          new FileEvent("+1.wav", "-dash, \"quoted\"", 5, 6, 0.5),
          new FileEvent("line\nbreak\t\u001b[31m.wav", "@here", 6, 7, 0.5));

  @Test
  void csvIsReadBackByAnotherParserAndHoldsNoFormula() throws Exception {
    List<Map<String, String>> rows = new ArrayList<>();
    try (MappingIterator<Map<String, String>> lines =
        new CsvMapper()
            .readerForMapOf(String.class)
            .with(CsvSchema.emptySchema().withHeader())
            .readValues(written(EventFormat.CSV, ODD))) {
      lines.forEachRemaining(rows::add);
    }
    assertThat(rows).hasSize(ODD.size());
    for (int i = 0; i < rows.size(); i++) {
      for (String column : List.of("file", "label")) {
        String cell = rows.get(i).get(column);
        assertThat(cell).doesNotStartWith("=").doesNotStartWith("+").doesNotStartWith("-");
        assertThat(cell).doesNotStartWith("@");
        // As the help says: an apostrophe in front of these is not part of the text.
        String text = cell.replaceFirst("^'(?=[=+\\-@'])", "");
        assertThat(text).isEqualTo(column.equals("file") ? ODD.get(i).file() : ODD.get(i).label());
      }
    }
  }

  @Test
  void rttmIsReadBackByItsRules() throws Exception {
    String text = written(EventFormat.RTTM, ODD);
    // As Python's splitlines and split, which readers of RTTM use: any line end and blank of
    // Unicode.
    String[] lines = text.split("[\\n\\r\\x0b\\x0c\\x1c-\\x1e\\x85\\u2028\\u2029]");
    assertThat(lines).hasSize(ODD.size());
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < lines.length; i++) {
      String[] fields = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS).split(lines[i]);
      assertThat(fields).as(lines[i]).hasSize(10);
      assertThat(fields[7]).isNotEqualTo("<NA>");
      assertThat(decoded(fields[7])).isEqualTo(ODD.get(i).label());
      assertThat(ODD.get(i).file()).contains(decoded(fields[1]));
      ids.add(fields[1]);
    }
    assertThat(ids).hasSize(ODD.size()).contains("a/kitchen.wav", "hall");
  }

  /** RFC 3986 by the JDK's URI. */
  private static String decoded(String field) throws Exception {
    StringBuilder quoted = new StringBuilder("x:");
    // What a URI may not hold as it is, but RTTM may.
    for (char c : field.toCharArray()) {
      boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || "%/.-_()=+@',".indexOf(c) >= 0);
      quoted.append(plain || c >= 0x80 ? String.valueOf(c) : "%%%02X".formatted((int) c));
    }
    return new URI(quoted.toString()).getSchemeSpecificPart();
  }

  @Test
  void anAudacityLabelStaysOnItsLine() {
    String[] lines = written(EventFormat.AUDACITY, ODD).split("[\\n\\x85\\u2028\\u2029]");
    assertThat(lines).hasSize(ODD.size());
    for (int i = 0; i < lines.length; i++) {
      String[] fields = lines[i].split("\t", 3);
      assertThat(Double.parseDouble(fields[0])).isEqualTo(i);
      assertThat(Double.parseDouble(fields[1])).isEqualTo(i + 1);
      assertThat(fields[2]).isEqualTo(ODD.get(i).label().replace('\u2028', ' '));
    }
  }

  @Test
  void aTableCannotCommandATerminal() {
    assertThat(written(EventFormat.TABLE, ODD)).doesNotContain("\u001b").hasLineCount(8);
  }

  @Test
  void tableLinesUp() {
    List<String> lines = written(EventFormat.TABLE, EVENTS).lines().toList();
    assertThat(lines).hasSize(3);
    assertThat(lines.get(1).indexOf("metal")).isEqualTo(lines.get(0).indexOf("label"));
    assertThat(lines.get(2).indexOf("water")).isEqualTo(lines.get(0).indexOf("label"));
  }

  private static String written(EventFormat format, List<FileEvent> events) {
    StringWriter text = new StringWriter();
    format.write(
        events.stream().map(FileEvent::file).distinct().toList(),
        events,
        new PrintWriter(text, true));
    return text.toString();
  }
}
