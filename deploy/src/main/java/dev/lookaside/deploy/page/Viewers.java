package dev.lookaside.deploy.page;

import akka.NotUsed;
import akka.stream.BoundedSourceQueue;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Open pages and their event streams: server-sent events, numbered, with a bounded queue each.
 *
 * <pre>
 *   id: START-17
 *   data: {...}          what is new since the last one; the first one is all there is
 *
 *   event: end
 *   data: {"why": TEXT}  the last one, where the server ends the stream
 * </pre>
 *
 * <p>A browser that was cut off asks again with the last id it has: it gets what it missed, or all
 * there is where that is not kept any more. Thread-safe; holds its own lock while it takes a
 * snapshot, so that nothing is told between that and the first event after it.
 */
final class Viewers implements AutoCloseable {
  static final int MOST = 16;

  /** Events that wait for a page: twelve seconds of them. One place is for the last event. */
  static final int QUEUE = 64;

  /** Past events kept for those who come back: a minute of them. */
  private static final int PAST_MAX = 300;

  private static final int PAST_BYTES_MAX = 4 << 20;

  /** Proxies end a connection on which nothing comes. */
  private static final Duration HEARTBEAT = Duration.ofSeconds(10);

  private static final ByteString HEARTBEAT_LINE = ByteString.fromString(":\n\n");

  /** Milliseconds after which a browser that was cut off asks again. */
  private static final ByteString RETRY = ByteString.fromString("retry: 2000\n");

  private final String start;
  private final Set<BoundedSourceQueue<ByteString>> open = new HashSet<>();
  private final ArrayDeque<ByteString> past = new ArrayDeque<>();
  private int places = MOST;
  private long newest;
  private long pastBytes;

  /**
   * @param start tells the ids of this start of the program from those of another
   */
  Viewers(String start) {
    this.start = start;
  }

  /** Whether one more may look. */
  synchronized boolean full() {
    return places == 0;
  }

  /** How many look. */
  synchronized int count() {
    return open.size();
  }

  /**
   * A page's stream; takes its place when it is run.
   *
   * @param lastId of the event that the page has seen last, if any
   * @param snapshot all there is, called under this one's lock; tells what came before it first
   */
  Source<ByteString, NotUsed> stream(Optional<String> lastId, Supplier<String> snapshot) {
    return Source.<ByteString>queue(QUEUE)
        .watchTermination(
            (queue, done) -> {
              boolean joined = join(queue, lastId, snapshot);
              done.whenComplete((ok, failure) -> leave(queue, joined));
              return NotUsed.notUsed();
            })
        .keepAlive(HEARTBEAT, () -> HEARTBEAT_LINE);
  }

  private synchronized boolean join(
      BoundedSourceQueue<ByteString> queue, Optional<String> lastId, Supplier<String> snapshot) {
    if (places == 0) {
      end(queue, full(MOST));
      return false;
    }
    String all = snapshot.get();
    places--;
    long missed = lastId.map(this::missed).orElse(-1L);
    if (missed >= 0 && missed <= past.size()) {
      queue.offer(
          past.stream()
              .skip(past.size() - missed)
              .reduce(ByteString.emptyByteString(), ByteString::concat));
    } else {
      queue.offer(RETRY.concat(event(newest, all)));
    }
    open.add(queue);
    return true;
  }

  private synchronized void leave(BoundedSourceQueue<ByteString> queue, boolean joined) {
    open.remove(queue);
    if (joined) {
      places++;
    }
  }

  /** How many events came after this one; negative if it is none of this start's. */
  private long missed(String id) {
    int at = id.lastIndexOf('-');
    if (at < 0 || !id.substring(0, at).equals(start)) {
      return -1;
    }
    try {
      return newest - Long.parseLong(id.substring(at + 1));
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /** Tells all pages. One that has not read what was told before is cut off, and told so. */
  synchronized void tell(String json) {
    ByteString event = event(++newest, json);
    past.addLast(event);
    pastBytes += event.size();
    while (past.size() > PAST_MAX || pastBytes > PAST_BYTES_MAX) {
      pastBytes -= past.removeFirst().size();
    }
    open.removeIf(
        queue -> {
          if (queue.size() < QUEUE - 1) {
            return !queue.offer(event).isEnqueued();
          }
          end(queue, "this page does not keep up with what there is to show");
          return true;
        });
  }

  /** Ends all streams and forgets what was told: what pages show is no longer what is. */
  synchronized void restart(String why) {
    open.forEach(queue -> end(queue, why));
    open.clear();
    newest++;
    past.clear();
    pastBytes = 0;
  }

  static String full(int most) {
    return "%d pages are open already; close one".formatted(most);
  }

  private static void end(BoundedSourceQueue<ByteString> queue, String why) {
    String json = JsonNodeFactory.instance.objectNode().put("why", why).toString();
    queue.offer(ByteString.fromString("event: end\ndata: " + json + "\n\n"));
    try {
      queue.complete();
    } catch (IllegalStateException e) {
      // The page went away by itself and leaves as soon as this lock is free.
    }
  }

  private ByteString event(long number, String json) {
    return ByteString.fromString("id: %s-%d\ndata: %s\n\n".formatted(start, number, json));
  }

  @Override
  public void close() {
    restart("the service stops");
  }
}
