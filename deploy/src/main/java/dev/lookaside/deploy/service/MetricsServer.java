package dev.lookaside.deploy.service;

import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpMethods;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.headers.RawHeader;
import dev.lookaside.deploy.http.AllowedHosts;
import dev.lookaside.deploy.http.HttpServer;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * {@code GET /metrics} in Prometheus' text format, {@code GET /health}: 200 or 503 with one line. A
 * server of its own, which answers whatever the live page does.
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

  private MetricsServer(HttpServer server) {
    this.server = server;
  }

  /**
   * Starts to listen.
   *
   * @param port 0: a free one, see {@link #port()}
   * @param hosts names under which it is asked
   * @throws dev.lookaside.deploy.DeployException if it cannot listen there
   */
  public static MetricsServer start(
      String host, int port, AllowedHosts hosts, Metrics metrics, Supplier<Health> health) {
    return new MetricsServer(
        HttpServer.start(
            "lookaside.deploy.metrics",
            host,
            port,
            hosts,
            request -> CompletableFuture.completedFuture(answer(request, metrics, health))));
  }

  private static HttpResponse answer(
      HttpRequest request, Metrics metrics, Supplier<Health> health) {
    String path = request.getUri().path();
    if (!path.equals("/metrics") && !path.equals("/health")) {
      return HttpServer.refusal(404, path + ": is not here, /metrics and /health are");
    }
    if (!request.method().equals(HttpMethods.GET)) {
      return HttpServer.refusal(405, "method: must be GET")
          .addHeader(RawHeader.create("Allow", "GET"));
    }
    if (path.equals("/metrics")) {
      return text(200, "text/plain; version=0.0.4; charset=utf-8", metrics.scrape());
    }
    Health now = health.get();
    return text(now.healthy() ? 200 : 503, "text/plain; charset=utf-8", now.text() + "\n");
  }

  private static HttpResponse text(int status, String type, String text) {
    return HttpResponse.create()
        .withStatus(status)
        .withEntity(
            HttpEntities.create(ContentTypes.parse(type), akka.util.ByteString.fromString(text)));
  }

  /** The port listened on. */
  public int port() {
    return server.port();
  }

  @Override
  public void close() {
    server.close();
  }
}
