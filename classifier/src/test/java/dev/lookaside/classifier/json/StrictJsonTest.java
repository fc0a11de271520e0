package dev.lookaside.classifier.json;

import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.Charset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrictJsonTest {
  /** As the trainer keeps its state. */
  record Plan(String name, List<Part> parts) {
    record Part(int seed) {}
  }

  @Test
  void utf8IsRead() throws NotJsonException {
    byte[] utf8 = "{\"label\": \"Vögel 🐦\", \"x\": 1.50}".getBytes(UTF_8);
    assertThat(StrictJson.parse(utf8).get("label").asText()).isEqualTo("Vögel 🐦");
    assertThat(StrictJson.parse(utf8).get("x").isDouble()).isTrue();
    assertThat(StrictJson.parseExact(utf8).get("x").decimalValue()).hasToString("1.50");
  }

  /** Their first bytes make a parser of bytes guess another encoding, or fail within its guess. */
  @Test
  void otherEncodingsAreNoJson() {
    for (Charset charset : new Charset[] {UTF_16BE, Charset.forName("UTF-32BE")}) {
      assertThatThrownBy(() -> StrictJson.parse("{\"a\": 1}".getBytes(charset)))
          .isInstanceOf(NotJsonException.class)
          .hasMessage("is malformed JSON at line 1, column 2");
    }
    assertThatThrownBy(() -> StrictJson.parse("\0\0\0el  x".getBytes(UTF_8)))
        .isInstanceOf(NotJsonException.class);
    assertThatThrownBy(() -> StrictJson.parse(new byte[] {'"', (byte) 0xff, '"'}))
        .hasMessage("is not UTF-8");
  }

  @Test
  void plainDataIsBoundAndWhatIsWrongWithItIsNamedByItsField() throws NotJsonException {
    JsonMapper mapper = new JsonMapper();
    JsonNode sound = StrictJson.parse("{\"name\": \"a\", \"parts\": [{\"seed\": 1}]}");
    assertThat(StrictJson.bind(mapper, sound, Plan.class))
        .isEqualTo(new Plan("a", List.of(new Plan.Part(1))));
    Map<String, String> wrong =
        Map.of(
            "{\"parts\": [{\"seed\": 1}, {\"seed\": \"x\"}]}", "field \"parts.1.seed\" ",
            "{\"size\": 1}", "field \"size\" ",
            "[]", "a field ");
    for (Map.Entry<String, String> e : wrong.entrySet()) {
      JsonNode node = StrictJson.parse(e.getKey());
      assertThatThrownBy(() -> StrictJson.bind(mapper, node, Plan.class))
          .isInstanceOf(NotJsonException.class)
          .hasMessage(e.getValue() + "is missing or has the wrong type");
    }
    assertThatThrownBy(() -> StrictJson.bind(mapper, StrictJson.parse("null"), Plan.class))
        .hasMessage("is null");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " \n", "{\"a\": 1} 2", "{\"a\": 1, \"a\": 2}", "{\"a\": ", "nul"})
  void whatIsNotOneValueIsRejected(String text) {
    assertThatThrownBy(() -> StrictJson.parse(text))
        .isInstanceOf(NotJsonException.class)
        .message()
        .matches("is (empty, not JSON|malformed JSON at line \\d+, column \\d+)");
  }
}
