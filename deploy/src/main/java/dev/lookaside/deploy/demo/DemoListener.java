package dev.lookaside.deploy.demo;

import dev.lookaside.deploy.page.PageEvents;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.Trainer;
import dev.lookaside.trainer.loop.TrainerStatus;
import java.time.Instant;
import java.util.Optional;

/** Passes on what a trainer tells: to the demo's story and to the page beside it. */
record DemoListener(DemoStory story, Optional<PageEvents> page) implements Trainer.Listener {
  @Override
  public void status(TrainerStatus status) {
    story.status(status, Instant.now());
    page.ifPresent(p -> p.trainer(status.toJson()));
  }

  @Override
  public void finished(RoundOutcome outcome) {
    story.finished(outcome, Instant.now());
  }
}
