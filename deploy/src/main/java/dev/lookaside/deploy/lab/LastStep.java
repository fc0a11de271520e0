package dev.lookaside.deploy.lab;

import dev.lookaside.trainer.fit.FitProgress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Hands every step on and remembers the last one. */
final class LastStep implements FitProgress {
  private final List<FitProgress> others;
  private @Nullable Step step;

  LastStep(List<FitProgress> others) {
    this.others = List.copyOf(others);
  }

  /** Null before the first one. */
  @Nullable Step step() {
    return step;
  }

  @Override
  public void begun(long stepsDone) {
    others.forEach(o -> o.begun(stepsDone));
  }

  @Override
  public void stepped(Step next) {
    step = next;
    others.forEach(o -> o.stepped(next));
  }
}
