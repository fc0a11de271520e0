package dev.lookaside.classifier.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClassNameTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "dog",
        "Vögel 🐦",
        "鳥",
        "metal / wood",
        "=SUM(A1)",
        "a\u00a0b",
        "👨\u200d👩\u200d👧",
        "می\u200cخواهم",
        "🏴\udb40\udc67\udb40\udc62\udb40\udc65\udb40\udc6e\udb40\udc67\udb40\udc7f"
      })
  void whatPeopleWriteIsAName(String name) {
    assertThat(ClassName.of(name)).isEqualTo(name);
    assertThat(ClassName.fault(name)).isEmpty();
    assertThat(ClassName.fault(List.of(name))).isEmpty();
  }

  @Test
  void endsAndFormsAreMended() {
    assertThat(ClassName.of(" \u3000\u00a0\tdog\u2028\n\u0085 ")).isEqualTo("dog");
    assertThat(ClassName.of("\ufeffdog")).isEqualTo("dog");
    assertThat(ClassName.of("Vo\u0308gel")).isEqualTo("V\u00f6gel");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a\tb",
        "a\nb",
        "a\u0000b",
        "a\u007fb",
        "a\u0085b",
        "a\u2028b",
        "a\u2029b",
        "a\u200bb",
        "a\u202eb",
        "a\ufeffb",
        "V\ufffdgel",
        "a\ud800b",
        "a\u0378b"
      })
  void whatNobodySeesIsNone(String name) {
    assertThat(ClassName.fault(name)).isPresent();
    assertThat(ClassName.fault(List.of("dog", name))).isPresent();
  }

  @Test
  void faultsSayWhichCharacter() {
    assertThat(ClassName.fault("a\tb"))
        .contains("must hold no control or invisible character, holds U+0009");
    assertThat(ClassName.fault("V\ufffdgel"))
        .contains("must hold no character that was damaged on its way, holds U+FFFD");
    assertThat(ClassName.fault("x".repeat(201))).contains("must be 1 to 200 characters");
  }

  @Test
  void spellingsOfOneClassDoNotShareAList() {
    assertThat(ClassName.fault(List.of("Dog", "cat", "dog")))
        .contains("classes \"Dog\" and \"dog\": are one class in two spellings");
    assertThat(ClassName.fault(List.of("a b", "a\u00a0b"))).isPresent();
    assertThat(ClassName.fault(List.of("a b", "a  b"))).isPresent();
    assertThat(ClassName.fault(List.of("ﬁre", "fire"))).isPresent();
    assertThat(ClassName.fault(List.of("STRASSE", "straße"))).isPresent();
    assertThat(ClassName.fault(List.of("dog", "dog"))).contains("class \"dog\": is named twice");
    assertThat(ClassName.fault(List.of("dog ")))
        .contains("class \"dog \": must not begin or end with a blank");
    assertThat(ClassName.fault(List.of("Vo\u0308gel"))).isPresent();
    assertThat(ClassName.fault(List.of("dog", "dogs", "hot dog"))).isEmpty();
  }
}
