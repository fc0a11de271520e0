package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.registry.TrustedKeys;
import dev.lookaside.deploy.http.AllowedHosts;
import dev.lookaside.deploy.http.HttpServer;
import dev.lookaside.deploy.review.NextLabels;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.audio.ChannelPolicy;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
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

  /** Two read audio, one searches, one writes labels. */
  private static final int BLOCKING_THREADS = 4;

  /** Requests that wait for such a thread; more are turned away. */
  private static final int BLOCKING_QUEUE = 32;

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

  private final ThreadPoolExecutor blocking;
  private final ScheduledExecutorService ticker;
  private final Board board = new Board();
  private final Gatekeeper gatekeeper;
  private final Viewers viewers;
  private final LabelDesk desk;
  private final Supplier<Surroundings> surroundings;
  private final String host;
  private final HttpServer server;
  private @Nullable ReceiptWatch receipts;
  private int ticks;

  private Page(
      String host,
      int port,
      AllowedHosts hosts,
      IngestSettings ingest,
      ChannelPolicy channel,
      NextLabels next,
      Supplier<Surroundings> surroundings) {
    this.host = host;
    this.surroundings = surroundings;
    gatekeeper = new Gatekeeper(hosts);
    viewers = new Viewers(Integer.toHexString(gatekeeper.token().hashCode()));
    desk = new LabelDesk(ingest);
    blocking =
        new ThreadPoolExecutor(
            BLOCKING_THREADS,
            BLOCKING_THREADS,
            30,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(BLOCKING_QUEUE),
            daemons("page-blocking"));
    blocking.allowCoreThreadTimeOut(true);
    PageRoutes routes =
        new PageRoutes(
            gatekeeper,
            board,
            viewers,
            desk,
            new RetainedStretch(ingest, channel),
            new Suggestions(next, board),
            this::hello,
            blocking);
    server = HttpServer.start("lookaside.deploy.page", host, port, hosts, routes);
    ticker = Executors.newSingleThreadScheduledExecutor(daemons("page-ticker"));
    ticker.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /**
   * Starts to listen.
   *
   * @param port 0: a free one, see {@link #address}
   * @param hosts names under which it is asked
   * @param ingest where labels go and audio is retained
   * @param channel as streams are read
   * @param next searches for what to label next
   * @throws dev.lookaside.deploy.DeployException if it cannot listen there
   */
  public static Page start(
      String host,
      int port,
      AllowedHosts hosts,
      IngestSettings ingest,
      ChannelPolicy channel,
      NextLabels next,
      Supplier<Surroundings> surroundings) {
    return new Page(host, port, hosts, ingest, channel, next, surroundings);
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
    return "http://%s:%d/".formatted(host.contains(":") ? '[' + host + ']' : host, server.port());
  }

  @Override
  public void accept(StreamDetector.Event event) {
    board.observed(event, Instant.now());
  }

  @Override
  public void trainer(JsonNode status) {
    board.trainer(status);
  }

  /** The first event of a page: all there is. What was told before goes to the others first. */
  private String hello() {
    Board.View now = board.view(Instant.now());
    pass(now.told(), false);
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("hello", true);
    node.put("token", gatekeeper.token());
    node.set("figures", figures());
    node.set("messages", now.all());
    return node.toString();
  }

  private void tick() {
    try {
      boolean withFigures = ++ticks % TICKS_PER_FIGURES == 0;
      if (withFigures) {
        board.look(Instant.now());
      }
      synchronized (viewers) {
        pass(board.drain(), withFigures);
      }
    } catch (RuntimeException e) {
      // A thrown exception would silence the ticker for good.
      LOG.warn("The page could not be brought up to date", e);
    }
  }

  /** To the pages that are open; under their lock, so that events are in order. */
  private void pass(Optional<ArrayNode> told, boolean withFigures) {
    if (told.isEmpty()) {
      viewers.restart("more happened at once than could be told; the page starts over");
    } else if (withFigures || !told.get().isEmpty()) {
      ObjectNode node = JsonNodeFactory.instance.objectNode();
      if (withFigures) {
        node.set("figures", figures());
      }
      node.set("messages", told.get());
      viewers.tell(node.toString());
    }
  }

  private ObjectNode figures() {
    Surroundings now = surroundings.get();
    Optional<String> late = board.lateness(Instant.now());
    return board
        .figures()
        .put("device", now.device())
        .put("healthy", now.healthy() && late.isEmpty())
        .put("health", now.health() + late.map(text -> "; " + text).orElse(""));
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
    server.close();
    blocking.shutdownNow();
    desk.close();
  }
}
