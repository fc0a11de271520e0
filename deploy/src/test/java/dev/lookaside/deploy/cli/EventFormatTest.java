package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.deploy.cli.EventFormat.FileEvent;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
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

  @Test
  void tableLinesUp() {
    List<String> lines = written(EventFormat.TABLE, EVENTS).lines().toList();
    assertThat(lines).hasSize(3);
    assertThat(lines.get(1).indexOf("metal")).isEqualTo(lines.get(0).indexOf("label"));
    assertThat(lines.get(2).indexOf("water")).isEqualTo(lines.get(0).indexOf("label"));
  }

  private static String written(EventFormat format, List<FileEvent> events) {
    StringWriter text = new StringWriter();
    format.write(events, new PrintWriter(text, true));
    return text.toString();
  }
}
