package dev.lookaside.deploy.service;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.ingest.FaultReason;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * {@code GET /metrics} in Prometheus' text format, {@code GET /health}: 200 or 503 with one line.
 * Answers on one thread of its own.
 */
public final class MetricsServer implements AutoCloseable {
  /**
   * What {@code /health} says.
   *
   * @param healthy 200, else 503
   * @param text one line
   */
  public record Health(boolean healthy, String text) {}

  private final HttpServer server;
  private final ExecutorService thread;

  private MetricsServer(HttpServer server, ExecutorService thread) {
    this.server = server;
    this.thread = thread;
  }

  /**
   * Starts to listen.
   *
   * @param port 0: a free one, see {@link #port()}
   * @throws DeployException if it cannot listen there
   */
  public static MetricsServer start(
      String host, int port, Metrics metrics, Supplier<Health> health) {
    HttpServer server;
    try {
      server = HttpServer.create(new InetSocketAddress(host, port), 16);
    } catch (IOException | IllegalArgumentException e) {
      throw new DeployException(
          "lookaside.deploy.metrics: cannot listen on %s:%d: %s"
              .formatted(host, port, FaultReason.of(e)),
          e);
    }
    ExecutorService thread =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread t = new Thread(task, "metrics-server");
              t.setDaemon(true);
              return t;
            });
    server.setExecutor(thread);
    server.createContext(
        "/metrics",
        exchange ->
            answer(exchange, "/metrics", 200, "text/plain; version=0.0.4", metrics.scrape()));
    server.createContext(
        "/health",
        exchange -> {
          Health h = health.get();
          answer(exchange, "/health", h.healthy() ? 200 : 503, "text/plain", h.text() + "\n");
        });
    server.start();
    return new MetricsServer(server, thread);
  }

  /** The port listened on. */
  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    thread.shutdownNow();
  }

  private static void answer(
      HttpExchange exchange, String path, int status, String type, String text) throws IOException {
    try (exchange) {
      if (!exchange.getRequestURI().getPath().equals(path)) {
        exchange.sendResponseHeaders(404, -1);
      } else if (!exchange.getRequestMethod().equals("GET")) {
        exchange.getResponseHeaders().set("Allow", "GET");
        exchange.sendResponseHeaders(405, -1);
      } else {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
        exchange.sendResponseHeaders(status, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
          out.write(body);
        }
      }
    }
  }
}
