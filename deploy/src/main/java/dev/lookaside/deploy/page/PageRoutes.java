package dev.lookaside.deploy.page;

import akka.NotUsed;
import akka.http.javadsl.model.ContentType;
import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpEntity;
import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.http.javadsl.model.Query;
import akka.http.javadsl.model.headers.RawHeader;
import akka.http.scaladsl.model.IllegalUriException;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.deploy.http.HttpServer;
import dev.lookaside.deploy.plot.PlotColours;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import dev.lookaside.ingest.kafka.UnreachableException;
import dev.lookaside.trainer.label.Label;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The requests.
 *
 * <pre>
 *   GET  /                                   the page
 *   GET  /events                             server-sent events, see {@link Viewers}
 *   GET  /audio?stream=S&amp;from=ISO&amp;until=ISO   WAV
 *   GET  /label-next                         what to label next, see {@link Suggestions}
 *   POST /labels                             a {@link LabelRequest}; 201 with {"id": ...}
 * </pre>
 *
 * <p>The last three wait for brokers or score audio, on threads of their own.
 */
final class PageRoutes implements HttpServer.Handler {
  private static final Logger LOG = LoggerFactory.getLogger(PageRoutes.class);

  /** Answers of up to 6 MB each that clients are reading; and how long they may take for it. */
  private static final int AUDIO_ANSWERS = 8;

  private static final Duration AUDIO_TIMEOUT = Duration.ofSeconds(60);
  private static final int METHOD_NOT_ALLOWED = 405;

  /** What can be asked, as {@code openapi.json} describes it. */
  static final Map<String, String> METHODS =
      Map.of(
          "/", "GET",
          "/events", "GET",
          "/audio", "GET",
          "/mel", "GET",
          "/label-next", "GET",
          "/labels", "POST",
          "/openapi.json", "GET");

  private static final int SLICE_BYTES = 64 * 1024;

  private final Gatekeeper gatekeeper;
  private final Board board;
  private final Viewers viewers;
  private final LabelDesk desk;
  private final RetainedStretch retained;
  private final Suggestions suggestions;
  private final Supplier<String> hello;
  private final Executor blocking;
  private final PageDocument document;
  private final Semaphore audioAnswers = new Semaphore(AUDIO_ANSWERS);

  /**
   * @param hello the first event of a page
   * @param blocking for what waits; rejects what is too much
   */
  PageRoutes(
      Gatekeeper gatekeeper,
      Board board,
      Viewers viewers,
      LabelDesk desk,
      RetainedStretch retained,
      Suggestions suggestions,
      Supplier<String> hello,
      Executor blocking) {
    this.gatekeeper = gatekeeper;
    this.board = board;
    this.viewers = viewers;
    this.desk = desk;
    this.retained = retained;
    this.suggestions = suggestions;
    this.hello = hello;
    this.blocking = blocking;
    document = PageDocument.load(gatekeeper.token());
  }

  @Override
  public CompletionStage<HttpResponse> answer(HttpRequest request) {
    return switch (request.getUri().path()) {
      case "/" -> atOnce(request, this::page);
      case "/events" -> atOnce(request, this::events);
      case "/audio" -> slowly(request, this::audio);
      case "/mel" -> slowly(request, this::mel);
      case "/label-next" -> slowly(request, r -> json(200, suggestions.json(Instant.now())));
      case "/labels" -> slowly(request, this::label);
      case "/openapi.json" -> atOnce(request, this::description);
      default -> atOnce(request, this::notHere);
    };
  }

  private HttpResponse notHere(HttpRequest request) {
    throw new RequestRejected(404, request.getUri().path() + ": is not here");
  }

  /** What answers a request of one path. */
  @FunctionalInterface
  private interface Answer {
    HttpResponse to(HttpRequest request);
  }

  private CompletionStage<HttpResponse> atOnce(HttpRequest request, Answer answer) {
    HttpResponse response;
    try {
      require(request);
      response = answer.to(request);
    } catch (RuntimeException e) {
      response = refused(request, e);
    }
    return CompletableFuture.completedFuture(response);
  }

  /** For the page's own script, on a thread that may wait. */
  private CompletionStage<HttpResponse> slowly(HttpRequest request, Answer answer) {
    try {
      require(request);
      gatekeeper.checkToken(request);
      return CompletableFuture.supplyAsync(
          () -> {
            try {
              return answer.to(request);
            } catch (RuntimeException e) {
              return refused(request, e);
            }
          },
          blocking);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.completedFuture(
          HttpServer.refusal(503, "too many requests are waiting; try again in a few seconds"));
    } catch (RuntimeException e) {
      return CompletableFuture.completedFuture(refused(request, e));
    }
  }

  private static HttpResponse refused(HttpRequest request, RuntimeException why) {
    if (why instanceof RequestRejected rejected) {
      HttpResponse response = HttpServer.refusal(rejected.status(), rejected.text());
      return rejected.status() == METHOD_NOT_ALLOWED
          ? response.addHeader(RawHeader.create("Allow", method(request)))
          : response;
    }
    if (why instanceof UnreachableException) {
      return HttpServer.refusal(503, String.valueOf(why.getMessage()));
    }
    LOG.warn("{} {} failed", request.method().value(), request.getUri().path(), why);
    return HttpServer.refusal(500, "unexpected: see the log");
  }

  private static void require(HttpRequest request) {
    if (!request.method().value().equals(method(request))) {
      throw new RequestRejected(
          METHOD_NOT_ALLOWED,
          "method \"%s\": must be %s".formatted(request.method().value(), method(request)));
    }
  }

  private static String method(HttpRequest request) {
    return METHODS.getOrDefault(request.getUri().path(), "GET");
  }

  private HttpResponse page(HttpRequest request) {
    return HttpResponse.create()
        .addHeader(RawHeader.create("Content-Security-Policy", document.policy()))
        .withEntity(HttpEntities.create(ContentTypes.TEXT_HTML_UTF8, document.bytes()));
  }

  private HttpResponse description(HttpRequest request) {
    return HttpResponse.create()
        .withEntity(
            HttpEntities.create(
                ContentTypes.APPLICATION_JSON, PageDocument.resource("openapi.json")));
  }

  private HttpResponse events(HttpRequest request) {
    gatekeeper.checkOrigin(request);
    if (viewers.full()) {
      throw new RequestRejected(503, Viewers.full(Viewers.MOST));
    }
    ContentType type = ContentTypes.create(MediaTypes.TEXT_EVENT_STREAM);
    return HttpResponse.create()
        // A proxy that collects an answer before it passes it on would show nothing.
        .addHeader(RawHeader.create("X-Accel-Buffering", "no"))
        .withEntity(
            HttpEntities.create(
                type,
                viewers.stream(request.getHeader("Last-Event-ID").map(HttpHeader::value), hello)));
  }

  private HttpResponse audio(HttpRequest request) {
    requirePlace();
    return sliced(ContentTypes.create(MediaTypes.AUDIO_WAV), WavWriter.int16(stretch(request)));
  }

  private Pcm stretch(HttpRequest request) {
    return retained.read(
        required(request, "stream"),
        LabelRequest.time("from", required(request, "from")),
        LabelRequest.time("until", required(request, "until")));
  }

  /** {@link MelLevels} with their size beside them. */
  private HttpResponse mel(HttpRequest request) {
    requirePlace();
    FrontEnd drawn = MelLevels.FRONT_END;
    byte[] levels = MelLevels.of(stretch(request));
    if (levels.length == 0) {
      throw RequestRejected.bad(
          "until", required(request, "until"), "must be at least a frame of 25 ms after from");
    }
    return sliced(ContentTypes.APPLICATION_OCTET_STREAM, levels)
        .addHeader(RawHeader.create("X-Lookaside-Mels", Integer.toString(drawn.mels())))
        .addHeader(
            RawHeader.create(
                "X-Lookaside-Hop-Millis", Long.toString(Math.round(1000 * drawn.hopSeconds()))));
  }

  private void requirePlace() {
    if (audioAnswers.availablePermits() == 0) {
      throw new RequestRejected(503, "too many stretches are being played; ask again");
    }
  }

  private HttpResponse sliced(ContentType type, byte[] all) {
    return HttpResponse.create()
        .withEntity(HttpEntities.create(type, all.length, Source.lazySource(() -> slices(all))));
  }

  /** As the client reads them. An answer that nobody reads holds no place. */
  private Source<ByteString, NotUsed> slices(byte[] all) {
    if (!audioAnswers.tryAcquire()) {
      return Source.failed(new RequestRejected(503, "too many stretches are being played"));
    }
    ByteString bytes = ByteString.fromArrayUnsafe(all);
    int count = (all.length + SLICE_BYTES - 1) / SLICE_BYTES;
    return Source.fromIterator(
            () ->
                IntStream.range(0, count)
                    .mapToObj(i -> bytes.slice(i * SLICE_BYTES, (i + 1) * SLICE_BYTES))
                    .iterator())
        .completionTimeout(AUDIO_TIMEOUT)
        .watchTermination(
            (none, done) -> {
              done.whenComplete((ok, failure) -> audioAnswers.release());
              return none;
            });
  }

  private HttpResponse label(HttpRequest request) {
    byte[] body = ((HttpEntity.Strict) request.entity()).getData().toArray();
    Label label = desk.write(LabelRequest.read(body, board, Instant.now()));
    board.corrected(label);
    return json(
        201,
        JsonNodeFactory.instance
            .objectNode()
            .put("id", label.id())
            .put("stage", PageEvents.Stage.SENT.word()));
  }

  private static String required(HttpRequest request, String name) {
    Query query;
    try {
      query = request.getUri().query();
    } catch (IllegalUriException e) {
      throw new RequestRejected(400, "query: is not URL-encoded");
    }
    return query
        .get(name)
        .filter(value -> !value.isEmpty())
        .orElseThrow(() -> RequestRejected.bad(name, "", "must be given"));
  }

  private static HttpResponse json(int status, ObjectNode node) {
    return HttpResponse.create()
        .withStatus(status)
        .withEntity(HttpEntities.create(ContentTypes.APPLICATION_JSON, node.toString()));
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
                  resource("timeline.js").replace("[/*COLOURS*/]", PlotColours.ofClasses())
                      + resource("mel.js").replace("[/*LEVELS*/]", PlotColours.ofLevels())
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
