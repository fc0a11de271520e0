package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.review.NextLabels;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The detections whose labels would teach most, searched for when a page asks. A search scores
 * audio on the cores that score streams, so that there is one at a time and its result serves every
 * page for a while. Thread-safe.
 */
final class Suggestions {
  /** So many are shown; the search ranks more, since some are judged while it runs. */
  private static final int COUNT = 20;

  private static final Duration WITHIN = Duration.ofHours(1);
  private static final Duration FRESH = Duration.ofSeconds(15);

  private final NextLabels next;
  private final Board shown;
  private final ReentrantLock searching = new ReentrantLock();
  private @Nullable Instant searched;
  private Optional<NextLabels.Found> last = Optional.empty();

  /**
   * @param shown knows which detections can still be judged on the page
   */
  Suggestions(NextLabels next, Board shown) {
    this.next = next;
    this.shown = shown;
  }

  /**
   * As {@link NextLabels.Found#json}, of detections that the page still shows.
   *
   * @throws RequestRejected 503 while another page's search runs, 409 if there is no adapter
   */
  ObjectNode json(Instant now) {
    if (!searching.tryLock()) {
      throw new RequestRejected(503, "another page is searching; try again in a few seconds");
    }
    try {
      Instant before = searched;
      if (before == null || now.isAfter(before.plus(FRESH))) {
        last = next.find(null, now.minus(WITHIN), COUNT);
        searched = now;
      }
      ObjectNode found =
          last.map(NextLabels.Found::json).orElseGet(JsonNodeFactory.instance::objectNode);
      ArrayNode sounds = found.withArray("sounds");
      sounds.removeIf(s -> shown.ended(s.get("detection").textValue()).isEmpty());
      return found;
    } catch (DeployException e) {
      throw new RequestRejected(409, String.valueOf(e.getMessage()));
    } finally {
      searching.unlock();
    }
  }
}
