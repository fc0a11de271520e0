package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.lookaside.deploy.plot.ClassColours;
import dev.lookaside.ingest.kafka.UnreachableException;
import dev.lookaside.trainer.label.Label;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The requests.
 *
 * <pre>
 *   GET  /                                   the page
 *   GET  /events                             server-sent events
 *   GET  /audio?stream=S&amp;from=ISO&amp;until=ISO   WAV
 *   GET  /label-next                         what to label next, see {@link Suggestions}
 *   POST /labels                             a {@link LabelRequest}; 201 with {"id": ...}
 * </pre>
 */
final class PageRoutes implements HttpHandler {
  private static final Logger LOG = LoggerFactory.getLogger(PageRoutes.class);
  private static final int MAX_BODY_BYTES = 16 * 1024;

  private final Gatekeeper gatekeeper;
  private final Board board;
  private final Viewers viewers;
  private final LabelDesk desk;
  private final RetainedWav listening;
  private final Suggestions suggestions;
  private final Supplier<String> hello;
  private final PageDocument document;

  PageRoutes(
      Gatekeeper gatekeeper,
      Board board,
      Viewers viewers,
      LabelDesk desk,
      RetainedWav listening,
      Suggestions suggestions,
      Supplier<String> hello) {
    this.gatekeeper = gatekeeper;
    this.board = board;
    this.viewers = viewers;
    this.desk = desk;
    this.listening = listening;
    this.suggestions = suggestions;
    this.hello = hello;
    document = PageDocument.load(gatekeeper.token());
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    boolean streaming = false;
    try {
      gatekeeper.checkHost(exchange.getRequestHeaders());
      String path = exchange.getRequestURI().getPath();
      switch (path) {
        case "/" -> {
          require(exchange, "GET");
          exchange.getResponseHeaders().set("Content-Security-Policy", document.policy());
          answer(exchange, 200, "text/html; charset=utf-8", document.bytes());
        }
        case "/events" -> {
          require(exchange, "GET");
          events(exchange);
          streaming = true;
        }
        case "/audio" -> {
          require(exchange, "GET");
          answer(exchange, 200, "audio/wav", audio(exchange));
        }
        case "/label-next" -> {
          require(exchange, "GET");
          // It costs a search: other origins must not be able to ask for it.
          gatekeeper.checkToken(exchange.getRequestHeaders());
          answer(exchange, 200, "application/json", utf8(suggestions.json(Instant.now())));
        }
        case "/labels" -> {
          require(exchange, "POST");
          gatekeeper.checkPost(exchange.getRequestHeaders());
          answer(exchange, 201, "application/json", label(exchange));
        }
        default -> throw new RequestRejected(404, path + ": is not here");
      }
    } catch (RequestRejected e) {
      refuse(exchange, e.status(), e.text());
    } catch (UnreachableException e) {
      refuse(exchange, 503, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      LOG.warn("{} {} failed", exchange.getRequestMethod(), exchange.getRequestURI(), e);
      refuse(exchange, 500, "unexpected: see the log");
    } finally {
      if (!streaming) {
        exchange.close();
      }
    }
  }

  private static void require(HttpExchange exchange, String method) {
    if (!exchange.getRequestMethod().equals(method)) {
      exchange.getResponseHeaders().set("Allow", method);
      throw new RequestRejected(
          405, "method \"%s\": must be %s".formatted(exchange.getRequestMethod(), method));
    }
  }

  private void events(HttpExchange exchange) throws IOException {
    if (viewers.count() >= Viewers.MOST) {
      throw new RequestRejected(503, "%d pages are open already".formatted(Viewers.MOST));
    }
    head(exchange, "text/event-stream; charset=utf-8");
    exchange.sendResponseHeaders(200, 0);
    try {
      viewers.add(exchange, hello.get());
    } catch (RequestRejected e) {
      // Another took the last place meanwhile; the browser asks again.
      exchange.close();
    }
  }

  private byte[] audio(HttpExchange exchange) {
    Map<String, String> query = query(exchange);
    return listening.wav(
        required(query, "stream"),
        LabelRequest.time("from", required(query, "from")),
        LabelRequest.time("until", required(query, "until")));
  }

  private byte[] label(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY_BYTES + 1);
    if (body.length > MAX_BODY_BYTES) {
      throw new RequestRejected(413, "body: must be at most %d bytes".formatted(MAX_BODY_BYTES));
    }
    Label label = LabelRequest.read(body, board, Instant.now());
    desk.write(label);
    board.corrected(label);
    return utf8(
        JsonNodeFactory.instance
            .objectNode()
            .put("id", label.id())
            .put("stage", PageEvents.Stage.SENT.word()));
  }

  private static Map<String, String> query(HttpExchange exchange) {
    Map<String, String> values = new HashMap<>();
    String raw = exchange.getRequestURI().getRawQuery();
    for (String pair : raw == null ? new String[0] : raw.split("&", -1)) {
      int at = pair.indexOf('=');
      if (at > 0) {
        try {
          values.put(
              pair.substring(0, at),
              URLDecoder.decode(pair.substring(at + 1), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
          throw RequestRejected.bad(
              pair.substring(0, at), pair.substring(at + 1), "is not URL-encoded");
        }
      }
    }
    return values;
  }

  private static String required(Map<String, String> query, String name) {
    String value = query.getOrDefault(name, "");
    if (value.isEmpty()) {
      throw RequestRejected.bad(name, "", "must be given");
    }
    return value;
  }

  private static void refuse(HttpExchange exchange, int status, String why) throws IOException {
    answer(
        exchange,
        status,
        "application/json",
        utf8(JsonNodeFactory.instance.objectNode().put("error", why)));
  }

  private static byte[] utf8(ObjectNode node) {
    return node.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void answer(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    head(exchange, type);
    exchange.sendResponseHeaders(status, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  private static void head(HttpExchange exchange, String type) {
    Headers headers = exchange.getResponseHeaders();
    headers.set("Content-Type", type);
    headers.set("Cache-Control", "no-store");
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("X-Frame-Options", "DENY");
    headers.set("Referrer-Policy", "no-referrer");
  }

  /**
   * The page with style and script inlined, so that one answer is all of it.
   *
   * @param policy what the browser may load and run: nothing but this
   */
  @SuppressWarnings("ArrayRecordComponent") // Read only, made once.
  record PageDocument(byte[] bytes, String policy) {
    private static final String FOLDER = "/page/";

    /**
     * @param token of this start: also the nonce of the script
     */
    static PageDocument load(String token) {
      String html =
          resource("index.html")
              .replace("/*STYLE*/", resource("style.css"))
              .replace("NONCE", token)
              .replace(
                  "/*SCRIPT*/",
                  resource("timeline.js").replace("[/*COLOURS*/]", ClassColours.json())
                      + resource("page.js").replace("\"TOKEN\"", '"' + token + '"'));
      String policy =
          ("default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; connect-src 'self';"
                  + " media-src 'self' blob:; img-src data:; base-uri 'none'; form-action 'none';"
                  + " frame-ancestors 'none'")
              .formatted(token, token);
      return new PageDocument(html.getBytes(StandardCharsets.UTF_8), policy);
    }

    private static String resource(String name) {
      try (InputStream in = PageDocument.class.getResourceAsStream(FOLDER + name)) {
        if (in == null) {
          throw new IllegalStateException(FOLDER + name + ": is not in this program");
        }
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new IllegalStateException(FOLDER + name + ": cannot be read", e);
      }
    }
  }
}
