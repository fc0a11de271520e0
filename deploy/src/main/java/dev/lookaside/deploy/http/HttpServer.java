package dev.lookaside.deploy.http;

import akka.NotUsed;
import akka.actor.ActorSystem;
import akka.http.javadsl.Http;
import akka.http.javadsl.model.ContentType;
import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.ResponseEntity;
import akka.http.javadsl.model.headers.Connection;
import akka.http.javadsl.model.headers.RawHeader;
import akka.http.scaladsl.model.EntityStreamException;
import akka.http.scaladsl.model.EntityStreamSizeException;
import akka.stream.KillSwitches;
import akka.stream.SharedKillSwitch;
import akka.stream.TLSProtocol.SslTlsInbound;
import akka.stream.TLSProtocol.SslTlsOutbound;
import akka.stream.javadsl.BidiFlow;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.stream.javadsl.TLSPlacebo;
import akka.stream.javadsl.Tcp;
import akka.util.ByteString;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.ingest.FaultReason;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server on one port, with threads of its own: another one in the same process answers whatever
 * this one does.
 *
 * <pre>
 *   TCP - idle time-out - cut-off - bytes seen - HTTP/1.1 - whole request - Host - handler
 * </pre>
 *
 * <p>A connection that has no place left for it takes that of the one that has waited longest
 * without having sent a request, so that thousands of half-open ones keep nobody out.
 */
public final class HttpServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);

  /** Answers a whole request; its body is in memory. Must not block. */
  @FunctionalInterface
  public interface Handler {
    CompletionStage<HttpResponse> answer(HttpRequest request);
  }

  /**
   * What one client may take.
   *
   * @param connections at a time, of all clients together
   * @param request from its first byte to its last one
   * @param idle without a byte in either direction: also a client that does not read its answer
   * @param bodyBytes of a request
   */
  record Limits(int connections, Duration request, Duration idle, int bodyBytes) {
    /** Sixteen open pages hold a hundred connections at most; a request is at most a label. */
    static final Limits STANDARD =
        new Limits(512, Duration.ofSeconds(10), Duration.ofSeconds(60), 16 * 1024);
  }

  /**
   * Two threads each for requests and for streams' inner works. {@code request-timeout} is for a
   * handler that never answers: whatever ours wait for has shorter deadlines of its own.
   */
  private static final String AKKA =
      """
      akka {
        daemonic = on
        actor.default-dispatcher.fork-join-executor { parallelism-min = 2, parallelism-max = 2 }
        actor.internal-dispatcher.fork-join-executor { parallelism-min = 2, parallelism-max = 2 }
        http.server {
          enable-http2 = off
          server-header = ""
          request-timeout = 300 s
          transparent-head-requests = on
          parsing {
            max-uri-length = 4k
            max-header-count = 64
            illegal-header-warnings = off
            error-logging-verbosity = off
          }
        }
      }
      """;

  private static final int BACKLOG = 512;
  private static final Duration SWEEP = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** Of every answer. */
  private static final List<HttpHeader> HEADERS =
      List.of(
          RawHeader.create("Cache-Control", "no-store"),
          RawHeader.create("X-Content-Type-Options", "nosniff"),
          RawHeader.create("X-Frame-Options", "DENY"),
          RawHeader.create("Referrer-Policy", "no-referrer"),
          RawHeader.create("Cross-Origin-Resource-Policy", "same-origin"));

  private final ActorSystem system;
  private final Limits limits;
  private final AllowedHosts hosts;
  private final Handler handler;
  private final BidiFlow<HttpResponse, ByteString, ByteString, HttpRequest, NotUsed> http;
  private final Set<Client> clients = ConcurrentHashMap.newKeySet();
  private final Tcp.ServerBinding binding;

  /** A connection. Its state is written by its own stream and read by the sweep. */
  private static final class Client {
    private enum State {
      /** Nothing of a request has come since the last answer. */
      QUIET,
      /** Some of a request's head has. */
      HEAD,
      /** Its head is complete, its body is not. */
      BODY,
      /** All of it is there, and is being answered. */
      ANSWERED
    }

    final SharedKillSwitch cut = KillSwitches.shared("connection");
    private State state = State.QUIET;
    private long sinceNanos = System.nanoTime();

    synchronized void enter(State next) {
      state = next;
      sinceNanos = System.nanoTime();
    }

    synchronized ByteString received(ByteString bytes) {
      if (state == State.QUIET) {
        enter(State.HEAD);
      }
      return bytes;
    }

    synchronized boolean slow(Duration allowed) {
      return state == State.HEAD && System.nanoTime() - sinceNanos > allowed.toNanos();
    }

    /** How long it has asked for nothing; empty while it is being answered. */
    synchronized OptionalLong waitingNanos() {
      return state == State.ANSWERED
          ? OptionalLong.empty()
          : OptionalLong.of(System.nanoTime() - sinceNanos);
    }
  }

  private HttpServer(
      ActorSystem system,
      String key,
      String host,
      int port,
      AllowedHosts hosts,
      Limits limits,
      Handler handler) {
    this.system = system;
    this.hosts = hosts;
    this.limits = limits;
    this.handler = handler;
    http = Http.get(system).serverLayer().atop(plain());
    binding = bind(key, host, port);
    system.scheduler().scheduleWithFixedDelay(SWEEP, SWEEP, this::sweep, system.dispatcher());
  }

  /**
   * Starts to listen.
   *
   * @param key of the settings, for errors
   * @param port 0: a free one, see {@link #port()}
   * @throws DeployException if it cannot listen there
   */
  public static HttpServer start(
      String key, String host, int port, AllowedHosts hosts, Handler handler) {
    return start(key, host, port, hosts, Limits.STANDARD, handler);
  }

  static HttpServer start(
      String key, String host, int port, AllowedHosts hosts, Limits limits, Handler handler) {
    Config config = ConfigFactory.parseString(AKKA).withFallback(ConfigFactory.load());
    ActorSystem system = ActorSystem.create("http", config);
    try {
      return new HttpServer(system, key, host, port, hosts, limits, handler);
    } catch (RuntimeException e) {
      system.terminate();
      throw e;
    }
  }

  /** The port listened on. */
  public int port() {
    return binding.localAddress().getPort();
  }

  int connections() {
    return clients.size();
  }

  /** An answer that says why there is no other: {@code {"error": why}}. */
  public static HttpResponse refusal(int status, String why) {
    return HttpResponse.create()
        .withStatus(status)
        .withEntity(
            HttpEntities.create(
                ContentTypes.APPLICATION_JSON,
                JsonNodeFactory.instance.objectNode().put("error", why).toString()));
  }

  /** The HTTP layer's outgoing side speaks of TLS even where there is none. */
  @SuppressWarnings("unchecked")
  private static BidiFlow<SslTlsOutbound, ByteString, ByteString, SslTlsInbound, NotUsed> plain() {
    return (BidiFlow<SslTlsOutbound, ByteString, ByteString, SslTlsInbound, NotUsed>)
        (BidiFlow<?, ?, ?, ?, ?>) TLSPlacebo.getInstance();
  }

  private Tcp.ServerBinding bind(String key, String host, int port) {
    String where = "%s: cannot listen on %s:%d: ".formatted(key, host, port);
    InetSocketAddress address = new InetSocketAddress(host, port);
    if (address.isUnresolved()) {
      throw new DeployException(where + "unknown host");
    }
    // Akka logs such a failure with its trace, besides.
    try (ServerSocket trial = new ServerSocket()) {
      trial.bind(address);
    } catch (IOException e) {
      throw new DeployException(where + FaultReason.of(e), e);
    }
    try {
      return Tcp.get(system)
          .bind(host, port, BACKLOG, List.of(), false, Optional.<Duration>empty())
          .to(Sink.foreach(this::accept))
          .run(system)
          .toCompletableFuture()
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new DeployException(where + "it is not free any more", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeployException(where + "interrupted", e);
    }
  }

  private void accept(Tcp.IncomingConnection incoming) {
    Client client = new Client();
    clients.add(client);
    makePlace(client);
    Flow<ByteString, ByteString, NotUsed> served =
        Flow.of(HttpRequest.class)
            .mapAsync(1, request -> answer(client, request))
            .join(http)
            .join(seen(client));
    incoming
        .flow()
        .watchTermination(
            (none, done) -> {
              done.whenComplete((ok, failure) -> clients.remove(client));
              return none;
            })
        .join(served)
        .run(system);
  }

  /** What passes between HTTP and TCP. */
  private BidiFlow<ByteString, ByteString, ByteString, ByteString, NotUsed> seen(Client client) {
    return BidiFlow.fromFlows(
            Flow.of(ByteString.class).via(client.cut.flow()),
            Flow.of(ByteString.class).via(client.cut.flow()).map(client::received))
        .atop(BidiFlow.bidirectionalIdleTimeout(limits.idle()));
  }

  /** The oldest that waits, be it the newcomer itself where all others are being answered. */
  private void makePlace(Client newcomer) {
    if (clients.size() > limits.connections()) {
      cutOff(
          clients.stream()
              .filter(c -> c != newcomer && c.waitingNanos().isPresent())
              .max(Comparator.comparingLong(c -> c.waitingNanos().orElse(-1)))
              .orElse(newcomer));
    }
  }

  /** Counts no more from now on, whenever its stream ends. */
  private void cutOff(Client client) {
    clients.remove(client);
    client.cut.abort(new IOException("is cut off"));
  }

  private void sweep() {
    for (Client client : new ArrayList<>(clients)) {
      if (client.slow(limits.request())) {
        cutOff(client);
      }
    }
  }

  private CompletionStage<HttpResponse> answer(Client client, HttpRequest request) {
    client.enter(Client.State.BODY);
    return request
        .entity()
        .toStrict(limits.request().toMillis(), limits.bodyBytes(), system)
        .thenCompose(
            body -> {
              client.enter(Client.State.ANSWERED);
              return handled(request.withEntity(body));
            })
        .exceptionally(failure -> failed(request, failure))
        .thenApply(response -> ending(client, response.addHeaders(HEADERS)));
  }

  private CompletionStage<HttpResponse> handled(HttpRequest request) {
    String host = request.getHeader("Host").map(HttpHeader::value).orElse("");
    if (!hosts.covers(host)) {
      return CompletableFuture.completedFuture(
          refusal(403, "Host \"%s\": must be %s".formatted(host, hosts)));
    }
    return handler.answer(request);
  }

  private HttpResponse failed(HttpRequest request, Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof EntityStreamSizeException || cause instanceof EntityStreamException) {
      return last(413, "body: must be at most %d bytes".formatted(limits.bodyBytes()));
    }
    if (cause instanceof TimeoutException) {
      return last(408, "body: must be here within %d s".formatted(limits.request().toSeconds()));
    }
    LOG.warn("{} {} failed", request.method().value(), request.getUri().path(), cause);
    return refusal(500, "unexpected: see the log");
  }

  /** After it the connection closes: what else comes is the rest of a body. */
  private static HttpResponse last(int status, String why) {
    return refusal(status, why).addHeader(Connection.create("close"));
  }

  /** Knows when the answer is over. */
  private HttpResponse ending(Client client, HttpResponse response) {
    ResponseEntity entity = response.entity();
    if (entity.isStrict()) {
      client.enter(Client.State.QUIET);
      return response;
    }
    Source<ByteString, Object> watched =
        entity
            .getDataBytes()
            .watchTermination(
                (none, done) -> {
                  done.whenComplete((ok, failure) -> client.enter(Client.State.QUIET));
                  return none;
                });
    ContentType type = entity.getContentType();
    OptionalLong length = entity.getContentLengthOption();
    return response.withEntity(
        length.isPresent()
            ? HttpEntities.create(type, length.getAsLong(), watched)
            : HttpEntities.create(type, watched));
  }

  /** Cuts off whoever is still connected. */
  @Override
  public void close() {
    binding.unbind();
    new ArrayList<>(clients).forEach(this::cutOff);
    try {
      system.terminate();
      system
          .getWhenTerminated()
          .toCompletableFuture()
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("The server on port {} did not stop cleanly", port(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
