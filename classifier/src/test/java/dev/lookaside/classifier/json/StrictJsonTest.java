package dev.lookaside.classifier.json;

import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.Charset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrictJsonTest {
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
          .hasMessage("is not sound JSON at line 1, column 2");
    }
    assertThatThrownBy(() -> StrictJson.parse("\0\0\0el  x".getBytes(UTF_8)))
        .isInstanceOf(NotJsonException.class);
    assertThatThrownBy(() -> StrictJson.parse(new byte[] {'"', (byte) 0xff, '"'}))
        .hasMessage("is not UTF-8");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " \n", "{\"a\": 1} 2", "{\"a\": 1, \"a\": 2}", "{\"a\": ", "nul"})
  void whatIsNotOneValueIsRejected(String text) {
    assertThatThrownBy(() -> StrictJson.parse(text))
        .isInstanceOf(NotJsonException.class)
        .message()
        .matches("is (empty, not JSON|not sound JSON at line \\d+, column \\d+)");
  }
}
