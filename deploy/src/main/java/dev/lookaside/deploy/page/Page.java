package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.registry.TrustedKeys;
import dev.lookaside.deploy.review.NextLabels;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.audio.ChannelPolicy;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The live page and its server. What streams tell comes in by {@link #accept}, what a trainer tells
 * by {@link PageEvents}; open pages are told five times a second.
 */
public final class Page implements PageEvents, Consumer<StreamDetector.Event>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Page.class);
  private static final int REQUEST_THREADS = 4;
  private static final long TICK_MILLIS = 200;
  private static final int TICKS_PER_FIGURES = 5;

  /**
   * What the page says of the service around it.
   *
   * @param device that scores, and why
   * @param healthy whether it works
   * @param health one line
   */
  public record Surroundings(String device, boolean healthy, String health) {}

  private final HttpServer server;
  private final ExecutorService requests;
  private final ScheduledExecutorService ticker;
  private final Board board = new Board();
  private final Viewers viewers = new Viewers();
  private final LabelDesk desk;
  private final Supplier<Surroundings> surroundings;
  private final String host;
  private @Nullable ReceiptWatch receipts;
  private int ticks;

  private Page(
      HttpServer server,
      String host,
      IngestSettings ingest,
      ChannelPolicy channel,
      NextLabels next,
      Supplier<Surroundings> surroundings) {
    this.server = server;
    this.host = host;
    this.surroundings = surroundings;
    desk = new LabelDesk(ingest);
    requests = Executors.newFixedThreadPool(REQUEST_THREADS, daemons("page-request"));
    ticker = Executors.newSingleThreadScheduledExecutor(daemons("page-ticker"));
    server.setExecutor(requests);
    server.createContext(
        "/",
        new PageRoutes(
            new Gatekeeper(host),
            board,
            viewers,
            desk,
            new RetainedWav(ingest, channel),
            new Suggestions(next, board),
            this::hello));
  }

  /**
   * Starts to listen.
   *
   * @param port 0: a free one, see {@link #address}
   * @param ingest where labels go and audio is retained
   * @param channel as streams are heard
   * @param next searches for what to label next
   * @throws PageException if it cannot listen there
   */
  public static Page start(
      String host,
      int port,
      IngestSettings ingest,
      ChannelPolicy channel,
      NextLabels next,
      Supplier<Surroundings> surroundings) {
    HttpServer server;
    try {
      server = HttpServer.create(new InetSocketAddress(host, port), 16);
    } catch (IOException | IllegalArgumentException e) {
      throw new PageException(
          "lookaside.deploy.page: cannot listen on %s:%d: %s"
              .formatted(host, port, FaultReason.of(e)),
          e);
    }
    Page page = new Page(server, host, ingest, channel, next, surroundings);
    server.start();
    page.ticker.scheduleWithFixedDelay(page::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    return page;
  }

  /**
   * From now on shows also what other people say, what becomes of it, and how rounds of trainers
   * elsewhere end: by the topics.
   *
   * @param ingest where labels, requests and ledger are
   * @param trusted gives the keys whose decisions count now
   */
  public synchronized void followReceipts(IngestSettings ingest, Supplier<TrustedKeys> trusted) {
    if (receipts == null) {
      receipts = new ReceiptWatch(ingest, trusted, Board.MAX_CORRECTIONS, board);
    }
  }

  /** To open in a browser. */
  public String address() {
    return "http://%s:%d/".formatted(host, server.getAddress().getPort());
  }

  @Override
  public void accept(StreamDetector.Event event) {
    board.observed(event, Instant.now());
  }

  @Override
  public void trainer(JsonNode status) {
    board.trainer(status);
  }

  /** The first event of a page: all there is. */
  private String hello() {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("hello", true);
    node.set("figures", figures());
    node.set("messages", board.snapshot());
    return node.toString();
  }

  private void tick() {
    try {
      Optional<ArrayNode> told = board.drain();
      if (told.isEmpty()) {
        viewers.letGo();
        return;
      }
      boolean withFigures = ++ticks % TICKS_PER_FIGURES == 0;
      if (viewers.count() > 0 && (withFigures || !told.get().isEmpty())) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        if (withFigures) {
          node.set("figures", figures());
        }
        node.set("messages", told.get());
        viewers.tell(node.toString());
      }
    } catch (RuntimeException e) {
      // A thrown exception would silence the ticker for good.
      LOG.warn("The page could not be brought up to date", e);
    }
  }

  private ObjectNode figures() {
    Surroundings now = surroundings.get();
    return board
        .figures()
        .put("device", now.device())
        .put("healthy", now.healthy())
        .put("health", now.health());
  }

  private static ThreadFactory daemons(String name) {
    return task -> {
      Thread thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  @Override
  public synchronized void close() {
    if (receipts != null) {
      receipts.close();
      receipts = null;
    }
    ticker.shutdownNow();
    viewers.close();
    server.stop(0);
    requests.shutdownNow();
    desk.close();
  }

  /** The page cannot be served. */
  public static final class PageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PageException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
