package dev.lookaside.deploy.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class DemoViewTest {
  @Test
  void barsFillInEighths() {
    assertThat(DemoView.bar(0, 4)).isEqualTo("    ");
    assertThat(DemoView.bar(1, 4)).isEqualTo("████");
    assertThat(DemoView.bar(0.5, 4)).isEqualTo("██  ");
    assertThat(DemoView.bar(1.0 / 32, 4)).isEqualTo("▏   ");
    assertThat(DemoView.bar(7, 2)).isEqualTo("██");
    assertThat(DemoView.bar(-1, 2)).isEqualTo("  ");
  }

  @Test
  void clocksCarryOver() {
    assertThat(DemoView.clock(0)).isEqualTo("0:00.0");
    assertThat(DemoView.clock(59.96)).isEqualTo("1:00.0");
    assertThat(DemoView.clock(754.3)).isEqualTo("12:34.3");
  }

  @Test
  void aStreamShowsWhatIsHeardAndWhatWas() {
    DemoView.StreamLine line =
        new DemoView.StreamLine(
            "dock",
            -30,
            List.of(new DemoView.Detected("engine", 0.8, true)),
            List.of("0:12.3 gunshot"));

    assertThat(DemoView.line(line, 6))
        .startsWith(" dock    ███    -30 dB")
        .contains("*engine     ████  0.80")
        .endsWith("0:12.3 gunshot");
  }

  @Test
  void theHeightNeverChangesAndNoLineIsTooLong() {
    DemoView.StreamLine line = new DemoView.StreamLine("a".repeat(300), -90, List.of(), List.of());
    DemoView.EventLine event = new DemoView.EventLine("x", true);
    List<String> story = List.of("s".repeat(100), "s");
    DemoView.Picture empty = new DemoView.Picture("t", List.of(line), story, List.of(), "f");
    DemoView.Picture full =
        new DemoView.Picture("t", List.of(line), story, List.of(event, event, event, event), "f");

    assertThat(DemoView.lines(empty, 80, 3, false))
        .hasSameSizeAs(DemoView.lines(full, 80, 3, false))
        .allSatisfy(text -> assertThat(text.length()).isLessThanOrEqualTo(80));
  }
}
