package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.Ack;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Promotion;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a promotion has to say, for people and programs. */
final class PromotionText {
  private PromotionText() {}

  static String text(Promotion.Result result) {
    StringBuilder text = new StringBuilder();
    for (Promotion.Worker w : result.workers()) {
      text.append("  ").append(line(w, result.announced())).append(System.lineSeparator());
    }
    if (result.workers().isEmpty() && result.announced().adapter() != null) {
      text.append("  no worker is alive: whoever starts prepares it then")
          .append(System.lineSeparator());
    }
    slowest(result.workers(), result.announced())
        .ifPresent(
            w ->
                text.append(
                        "  slowest: %s, %d ms".formatted(w.name(), waited(w, result.announced())))
                    .append(System.lineSeparator()));
    Cutover c = result.inForce();
    if (c == null) {
      return text.append("refused, nothing changes").toString();
    }
    if (result.late()) {
      text.append(
              "  late: written after that time; windows from %s on may have been scored by what was in force, by some workers and not by others"
                  .formatted(c.effectiveFrom()))
          .append(System.lineSeparator());
    }
    String what =
        c.adapter() == null
            ? "released"
            : result.refusing().isEmpty() ? c.adapter() + " in force" : c.adapter() + " decided";
    text.append("%s from %s (%s)".formatted(what, c.effectiveFrom(), c.id()));
    if (!result.refusing().isEmpty()) {
      text.append(
          "; %d of %d workers refuse it: there what was in force scores on"
              .formatted(result.refusing().size(), result.workers().size()));
    }
    return text.toString();
  }

  private static String line(Promotion.Worker worker, Cutover announced) {
    Ack answer = worker.answer();
    if (answer == null) {
      return worker.name()
          + "  has not answered; it will hold its windows until it has the adapter";
    }
    return answer.state() == Ack.State.REFUSED
        ? worker.name() + "  refuses it: " + answer.reason()
        : "%s  prepared %,d bytes in %d ms, %d ms after the announcement"
            .formatted(worker.name(), answer.bytes(), answer.millis(), waited(worker, announced));
  }

  /** The last of those that have prepared it. */
  private static Optional<Promotion.Worker> slowest(
      List<Promotion.Worker> workers, Cutover announced) {
    return workers.stream()
        .filter(w -> w.answer() != null && w.answer().state() == Ack.State.PREPARED)
        .max(Comparator.comparingLong(w -> waited(w, announced)));
  }

  /** From the announcement, by its writer's clock, to the answer, by the worker's. */
  private static long waited(Promotion.Worker worker, Cutover announced) {
    Ack answer = Objects.requireNonNull(worker.answer());
    return Duration.between(announced.written(), answer.at()).toMillis();
  }

  static ObjectNode json(Promotion.Result result) {
    ObjectNode root = json(result.inForce(), result.workers());
    root.put("late", result.late());
    Promotion.Worker slowest = slowest(result.workers(), result.announced()).orElse(null);
    root.put("slowest", slowest == null ? null : slowest.name());
    root.put("slowestMillis", slowest == null ? null : waited(slowest, result.announced()));
    return root;
  }

  private static ObjectNode json(@Nullable Cutover inForce, List<Promotion.Worker> workers) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("promoted", inForce != null);
    if (inForce != null) {
      root.put("cutover", inForce.id())
          .put("adapter", inForce.adapter())
          .put("effectiveFrom", Objects.toString(inForce.effectiveFrom(), null));
    }
    ArrayNode list = root.putArray("workers");
    for (Promotion.Worker w : workers) {
      ObjectNode node = list.addObject().put("worker", w.name());
      Ack answer = w.answer();
      node.put("state", answer == null ? "silent" : answer.state().word());
      if (answer != null) {
        node.put("at", answer.at().toString())
            .put("millis", answer.millis())
            .put("bytes", answer.bytes())
            .put("reason", answer.reason().isEmpty() ? null : answer.reason());
      }
    }
    return root;
  }
}
