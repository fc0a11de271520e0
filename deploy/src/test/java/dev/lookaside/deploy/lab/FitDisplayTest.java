package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.deploy.lab.FitCommand.FitDisplay;
import dev.lookaside.trainer.fit.FitProgress.Step;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class FitDisplayTest {
  private final StringWriter said = new StringWriter();

  @Test
  void elsewhereThanOnATerminalTheLastStepIsALineWithTheMeanOverTheLastOnes() {
    try (FitDisplay display = new FitDisplay(new PrintWriter(said, true), false)) {
      display.begun(0);
      display.stepped(new Step(1, 3, 1, 3, 1e-3, 8, 0.5));
      display.stepped(new Step(2, 3, 1, 2, 1e-3, 8, 0.5));
      display.stepped(new Step(3, 3, 1, 1, 1e-3, 8, 0.5));
    }
    assertThat(said.toString())
        .isEqualToNormalizingNewlines(
            "epoch 1, step 3 of 3, loss 2.0000, 16 windows/s, 0:00:00 left\n");
  }

  @Test
  void goingOnIsSaid() {
    try (FitDisplay display = new FitDisplay(new PrintWriter(said, true), false)) {
      display.begun(1200);
    }
    assertThat(said.toString()).isEqualToNormalizingNewlines("resuming after step 1,200\n");
  }
}
