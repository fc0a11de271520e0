package dev.lookaside.deploy.demo;

import dev.lookaside.deploy.page.PageEvents;
import dev.lookaside.trainer.gate.GateReport;
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
    Instant now = Instant.now();
    story.finished(outcome, now);
    GateReport report = outcome.report();
    String candidate = outcome.candidate();
    if (report == null || candidate == null) {
      return;
    }
    boolean inForce = outcome.kind() == RoundOutcome.Kind.PUBLISHED;
    for (GateReport.CorrectionChange c : report.corrections()) {
      // An example from a label has the label's id.
      page.ifPresent(
          p ->
              p.correction(
                  c.example(),
                  inForce ? PageEvents.Stage.IN_FORCE : PageEvents.Stage.STORED,
                  inForce ? Optional.of(candidate) : Optional.empty(),
                  now));
    }
  }
}
