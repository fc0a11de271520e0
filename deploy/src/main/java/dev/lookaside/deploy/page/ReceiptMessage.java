package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.deploy.page.PageEvents.Stage;
import dev.lookaside.trainer.receipt.Receipt;
import dev.lookaside.trainer.receipt.Receipt.State;
import dev.lookaside.trainer.store.LabelStandings.Stands;

/** What a receipt changes in what is shown of a correction. */
final class ReceiptMessage {
  private ReceiptMessage() {}

  /**
   * The correction as it is shown from now on; equal to {@code known} if nothing has changed.
   *
   * @param known stays as it is
   * @param used whether a round was fitted to it or judged on it
   */
  static ObjectNode of(ObjectNode known, Receipt receipt, boolean used) {
    ObjectNode next = known.deepCopy();
    String judged = receipt.label().label();
    Stands stands = receipt.stands();
    Receipt.Decision first = receipt.first().orElse(null);
    boolean learned = receipt.state() == State.IN_FORCE;
    if (first != null && (learned || receipt.state() == State.TAKEN_BACK)) {
      next.put("stage", (learned ? Stage.IN_FORCE : Stage.TAKEN_BACK).word())
          .put("adapter", first.adapter())
          .put("since", first.since().toEpochMilli())
          .put("before", receipt.told().flatMap(d -> d.before(judged)).orElse(null))
          .put("after", receipt.newest().flatMap(d -> d.after(judged)).orElse(null));
    } else {
      next.put("stage", notLearned(stands, used).word());
    }
    next.put("standing", stands.takenBack() ? "retracted" : stands.standing().word());
    stands.because().forEach(next.putArray("because")::add);
    return next.put("receipt", receipt.sentence());
  }

  private static Stage notLearned(Stands stands, boolean used) {
    return switch (stands.standing()) {
      case SUPERSEDED -> stands.takenBack() ? Stage.RETRACTED : Stage.SUPERSEDED;
      case CONFLICT -> Stage.DISPUTED;
      case USABLE, DUPLICATE, RETRACTION -> used ? Stage.STORED : Stage.SENT;
    };
  }
}
