package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import dev.lookaside.ingest.send.LabelledClip;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoTest {
  @TempDir private Path folder;

  @Test
  void aShortDemoHearsEveryWindowOnceAndItsNumbersAddUp() throws Exception {
    Path file = folder.resolve("demo.json");
    Cli demo = Cli.run("demo", "--seconds", 6, "--streams", 5, "--headless", "--json", file);
    assertThat(demo.err()).isEmpty();
    assertThat(demo.exitCode()).isZero();
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    assertThat(json.get("streams").intValue()).isEqualTo(5);
    assertThat(json.get("windowsExpected").longValue()).isPositive();
    assertThat(json.get("windowsScored")).isEqualTo(json.get("windowsExpected"));
    assertThat(json.get("windowsLost").longValue()).isZero();
    assertThat(json.get("windowsDoubled").longValue()).isZero();
    assertThat(json.get("eventsFound").longValue()).isPositive();
    assertThat(json.get("eventsExpected").longValue())
        .isEqualTo(json.get("eventsFound").longValue() + json.get("eventsMissed").longValue());
    double right = 2 * json.get("eventsFound").doubleValue();
    double all = right + json.get("eventsMissed").longValue() + json.get("eventsFalse").longValue();
    assertThat(json.get("eventF1").doubleValue()).isEqualTo(right / all);
    assertThat(json.get("latencyMillisP50").doubleValue())
        .isPositive()
        .isLessThanOrEqualTo(json.get("latencyMillisP99").doubleValue());
    JsonNode adapter = json.get("adapter");
    assertThat(adapter.get("digest").textValue()).hasSize(64);
    assertThat(adapter.get("newClass").textValue()).isEqualTo("bird");
    assertThat(adapter.get("swaps").intValue()).isZero();
    assertThat(adapter.get("newClassRecallBefore").doubleValue()).isZero();
    assertThat(adapter.get("newClassRecallAfter").isNull()).isTrue();
    assertThat(adapter.get("labelToLiveSeconds").isNull()).isTrue();
    assertThat(adapter.get("headOnlyLabelToLiveSeconds").isNull()).isTrue();
    assertThat(adapter.get("latencyP99SwapRatio").isNull()).isTrue();
    assertThat(adapter.get("notReached").get(0).textValue()).startsWith("the head alone");
    assertThat(demo.out())
        .contains("not reached  the head alone in force: the streams ended before")
        .contains("again with   lookaside demo --seed 1 --streams 5 --seconds 6")
        .contains("0 lost   0 doubled");
  }

  /** The real thing: four live streams, a broker, a worker, a trainer with the gate as it is. */
  @Test
  @Tag("slow")
  void correctionsBecomeAnAdapterThatTakesOverWithoutLosingAWindow() throws Exception {
    Path file = folder.resolve("story.json");
    Cli demo = Cli.run("demo", "--head-only", "--headless", "--json", file);
    assertThat(demo.exitCode()).as(demo.out()).isZero();
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    assertThat(json.get("windowsScored")).isEqualTo(json.get("windowsExpected"));
    assertThat(json.get("windowsLost").longValue()).isZero();
    assertThat(json.get("windowsDoubled").longValue()).isZero();
    JsonNode adapter = json.get("adapter");
    assertThat(adapter.get("headOnlyOutcome").textValue()).as(demo.out()).isEqualTo("published");
    assertThat(adapter.get("swaps").intValue()).isEqualTo(1);
    assertThat(adapter.get("lastDigest")).isNotEqualTo(adapter.get("digest"));
    assertThat(adapter.get("corrections").intValue()).isGreaterThanOrEqualTo(5);
    assertThat(adapter.get("headOnlyLabelToLiveSeconds").doubleValue()).isPositive();
    assertThat(adapter.get("labelToLiveSeconds").isNull()).as("not asked for").isTrue();
    // A bird that sounds while the swap takes place may be named and still count as before it; how
    // many come after it is a matter of how fast the machine is.
    assertThat(adapter.get("newClassRecallBefore").doubleValue()).isLessThan(.5);
    assertThat(adapter.get("newClassRecallAfter").isNumber())
        .isEqualTo(adapter.get("newClassEventsAfter").intValue() > 0);
    assertThat(adapter.get("latencyP99SwapRatio").doubleValue()).isPositive();
    assertThat(adapter.get("notReached")).isEmpty();
    assertThat(demo.out())
        .contains("-- correction ", "-- gate        head: passed", "-- swap        from here on")
        .contains("0 lost   0 doubled", "--streams 4 --head-only");
  }

  @Test
  void theHeadAloneIsNoStoryForAPageOrWithoutRefit() {
    for (String other : new String[] {"--page", "--no-refit"}) {
      Cli demo = Cli.run("demo", "--head-only", other);
      assertThat(demo.exitCode()).isEqualTo(2);
      assertThat(demo.err()).contains("--head-only: not with " + other);
    }
  }

  @Test
  void withoutRefitOnlyWhatIsKnownIsHeard() throws Exception {
    Path file = folder.resolve("plain.json");
    Cli demo =
        Cli.run("demo", "--no-refit", "--seconds", 3, "--streams", 2, "--headless", "--json", file);
    assertThat(demo.exitCode()).isZero();
    JsonNode adapter = new ObjectMapper().readTree(file.toFile()).get("adapter");
    assertThat(adapter.get("newClass").isNull()).isTrue();
    assertThat(adapter.get("lastDigest")).isEqualTo(adapter.get("digest"));
    assertThat(demo.out()).contains("--seconds 3 --no-refit").doesNotContain("new class");
  }

  @Test
  void tooFewStreamsAreAWrongCall() {
    Cli demo = Cli.run("demo", "--streams", 0);
    assertThat(demo.exitCode()).isEqualTo(2);
    assertThat(demo.err()).contains("\"0\"");
  }

  /**
   * At the pace of its sound: three seconds with a sound of a class that the bundled model knows.
   */
  @Test
  void oneSendsOnesOwnSound() throws Exception {
    Path file = folder.resolve("yard.wav");
    LabelledClip clip =
        BundledClips.load().stream()
            .filter(c -> c.label().equals("cymbal"))
            .findFirst()
            .orElseThrow();
    float[] samples = new float[48_000];
    for (int i = 0; i < Math.min(clip.pcm().lengthSamples(), 32_000); i++) {
      samples[8_000 + i] += clip.pcm().samples()[i];
    }
    WavWriter.writeInt16(file, new Pcm(16_000, samples));
    Cli demo = Cli.run("demo", file);
    assertThat(demo.err()).isEmpty();
    assertThat(demo.exitCode()).isZero();
    assertThat(demo.out())
        .contains("page at http://127.0.0.1:", "yard.wav  3.0 s sent")
        .containsPattern("yard.wav +ended +[a-z]");
  }

  @Test
  void anOwnSoundThatCannotBeReadIsNamed() throws Exception {
    Cli missing = Cli.run("demo", folder.resolve("nothing.wav"));
    assertThat(missing.exitCode()).isEqualTo(1);
    assertThat(missing.err()).contains("nothing.wav");
    Cli seeded = Cli.run("demo", "--seed", 3, folder.resolve("nothing.wav"));
    assertThat(seeded.exitCode()).isEqualTo(2);
    assertThat(seeded.err()).contains("--seed: not with files or --microphone");
  }
}
