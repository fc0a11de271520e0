package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.deploy.page.PageEvents.Stage;
import dev.lookaside.trainer.receipt.Receipt;
import dev.lookaside.trainer.receipt.Receipt.State;
import dev.lookaside.trainer.store.Standing;

/** What a receipt changes in what is shown of a correction. */
final class ReceiptMessage {
  private ReceiptMessage() {}

  /**
   * The correction as it is shown from now on; equal to {@code known} if nothing has changed.
   *
   * @param known stays as it is
   */
  static ObjectNode of(ObjectNode known, Receipt receipt) {
    ObjectNode next = known.deepCopy();
    String judged = receipt.label().label();
    Receipt.Decision first = receipt.first().orElse(null);
    boolean learned = receipt.state() == State.IN_FORCE;
    if (first != null && (learned || receipt.state() == State.TAKEN_BACK)) {
      next.put("stage", (learned ? Stage.IN_FORCE : Stage.TAKEN_BACK).word())
          .put("adapter", first.adapter())
          .put("since", first.since().toEpochMilli())
          .put("before", receipt.told().flatMap(d -> d.before(judged)).orElse(null))
          .put("after", receipt.newest().flatMap(d -> d.after(judged)).orElse(null));
    } else if (receipt.stands().standing() == Standing.CONFLICT) {
      next.put("stage", Stage.DISPUTED.word());
    } else if (known.path("stage").asText().equals(Stage.DISPUTED.word())) {
      next.put("stage", Stage.SENT.word());
    }
    return next.put("receipt", receipt.sentence());
  }
}
