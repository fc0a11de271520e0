package dev.lookaside.deploy.page;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Open pages and their event streams: one thread and a bounded queue each. A page that does not
 * keep up is let go; its browser opens a new stream by itself, which begins with a snapshot.
 */
final class Viewers implements AutoCloseable {
  static final int MOST = 16;
  private static final int QUEUE = 64;

  private static final class Viewer {
    final BlockingQueue<byte[]> queue = new ArrayBlockingQueue<>(QUEUE);
    final Thread thread;

    Viewer(Runnable work) {
      thread = new Thread(work, "page-viewer");
      thread.setDaemon(true);
    }
  }

  private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();
  private final AtomicInteger places = new AtomicInteger(MOST);

  /**
   * Gives an exchange its stream.
   *
   * @param first what it begins with
   * @throws RequestRejected 503 if there are too many
   */
  void add(HttpExchange exchange, String first) {
    if (places.getAndDecrement() <= 0) {
      places.incrementAndGet();
      throw new RequestRejected(503, "%d pages are open already".formatted(MOST));
    }
    Viewer[] viewer = new Viewer[1];
    viewer[0] = new Viewer(() -> serve(exchange, viewer[0]));
    viewer[0].queue.add(event(first));
    viewers.add(viewer[0]);
    viewer[0].thread.start();
  }

  int count() {
    return viewers.size();
  }

  /** Tells all pages. */
  void tell(String json) {
    byte[] event = event(json);
    for (Viewer viewer : viewers) {
      if (!viewer.queue.offer(event)) {
        viewer.thread.interrupt();
      }
    }
  }

  /** Ends all streams: what pages show is no longer what is. */
  void letGo() {
    viewers.forEach(viewer -> viewer.thread.interrupt());
  }

  private void serve(HttpExchange exchange, Viewer viewer) {
    try (exchange;
        OutputStream out = exchange.getResponseBody()) {
      while (!Thread.interrupted()) {
        out.write(viewer.queue.take());
        out.flush();
      }
    } catch (IOException | InterruptedException e) {
      // The page is closed, or too slow; both end this stream and nothing else.
      Thread.interrupted();
    } finally {
      viewers.remove(viewer);
      places.incrementAndGet();
    }
  }

  private static byte[] event(String json) {
    return ("data: " + json + "\n\n").getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    letGo();
  }
}
