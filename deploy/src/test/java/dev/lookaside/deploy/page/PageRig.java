package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.deploy.http.AllowedHosts;
import dev.lookaside.deploy.review.NextLabels;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.ChannelPolicy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A page, and someone who looks at it. */
final class PageRig implements AutoCloseable {
  static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
  static final String A = "a".repeat(64);
  static final String B = "b".repeat(64);
  static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern TOKEN = Pattern.compile("let token = \"([^\"]+)\"");

  final Page page;
  final HttpClient client = HttpClient.newHttpClient();
  final URI address;

  PageRig(Config config) {
    this(config, 0);
  }

  PageRig(Config config, int port) {
    Settings settings = Settings.of(config);
    page =
        Page.start(
            "127.0.0.1",
            port,
            AllowedHosts.of("127.0.0.1", List.of("sounds.example")),
            settings.ingest(),
            ChannelPolicy.MIX,
            new NextLabels(settings, Optional::empty),
            () -> new Page.Surroundings("cpu, 2 threads", true, "ok, 4 partitions"));
    address = URI.create(page.address());
  }

  HttpResponse<String> get(String path, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(address.resolve(path));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  /** As the page's script asks. */
  HttpResponse<byte[]> audio(String query) throws IOException, InterruptedException {
    return bytes("/audio?" + query);
  }

  HttpResponse<byte[]> bytes(String path) throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(address.resolve(path))
            .header(Gatekeeper.TOKEN_HEADER, token())
            .build(),
        HttpResponse.BodyHandlers.ofByteArray());
  }

  String token() throws IOException, InterruptedException {
    Matcher found = TOKEN.matcher(get("/").body());
    if (!found.find()) {
      throw new AssertionError("the page holds no token");
    }
    return found.group(1);
  }

  HttpResponse<String> post(String body, @Nullable String token, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address.resolve("/labels"))
            .POST(HttpRequest.BodyPublishers.ofString(body));
    if (token != null) {
      request.header(Gatekeeper.TOKEN_HEADER, token);
    }
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  /** An open event stream. */
  final class Looking implements AutoCloseable {
    private final InputStream in;
    private final BufferedReader lines;
    final List<JsonNode> messages = new ArrayList<>();

    /** Of the event read last. */
    String lastId = "";

    Looking() throws IOException, InterruptedException {
      this("");
    }

    /**
     * @param lastId as a browser sends it that was cut off
     */
    Looking(String lastId) throws IOException, InterruptedException {
      HttpResponse<InputStream> answer =
          client.send(
              HttpRequest.newBuilder(address.resolve("/events"))
                  .header("Last-Event-ID", lastId)
                  .build(),
              HttpResponse.BodyHandlers.ofInputStream());
      if (answer.statusCode() != 200) {
        JsonNode refusal = JSON.readTree(answer.body());
        throw new IOException(
            "status %d: %s".formatted(answer.statusCode(), refusal.path("error").asText()));
      }
      in = answer.body();
      lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    }

    /** The next event, whole. */
    JsonNode next() throws IOException {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("id: ")) {
          lastId = line.substring(4);
        }
        if (line.startsWith("data: ")) {
          JsonNode event = JSON.readTree(line.substring(6));
          event.get("messages").forEach(m -> messages.addAll(uncurled(m)));
          return event;
        }
      }
      throw new IOException("the stream has ended");
    }

    /** The windows of a snapshot one by one, as the page takes them. */
    private static List<JsonNode> uncurled(JsonNode message) {
      if (!message.path("kind").asText().equals("curve")) {
        return List.of(message);
      }
      List<JsonNode> windows = new ArrayList<>();
      JsonNode columns = message.get("columns");
      long until = 0;
      for (int i = 0; i < columns.size(); i += 4) {
        until += columns.get(i).asLong();
        ObjectNode window =
            JSON.createObjectNode()
                .put("kind", "window")
                .put("stream", message.get("stream").asText())
                .put("until", until)
                .put("outcome", message.at("/outcomes/" + columns.get(i + 1)).asText());
        if (columns.get(i + 2).asInt() >= 0) {
          window
              .put("label", message.at("/labels/" + columns.get(i + 2)).asText())
              .put("value", columns.get(i + 3).asInt() / 1000.0);
        }
        windows.add(window);
      }
      return windows;
    }

    /** Reads until a message is such a one. */
    JsonNode await(Predicate<JsonNode> wanted) throws IOException {
      int seen = 0;
      while (true) {
        for (; seen < messages.size(); seen++) {
          if (wanted.test(messages.get(seen))) {
            return messages.get(seen);
          }
        }
        next();
      }
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  static StreamDetector.Windowed window(String stream, long index, String adapter) {
    return new StreamDetector.Windowed(
        new StreamId(stream),
        START,
        index,
        StreamDetector.Outcome.SCORED,
        new float[] {0.9f, 0.1f, 0.2f, 0.7f},
        new AdapterFacts(adapter, List.of("door", "water"), 2, Map.of()),
        START.plusMillis(160 * index),
        START.plusMillis(160 * index + 1280),
        2560,
        16_000);
  }

  static Detection detection(Detection.Kind kind, String id, int from, int until) {
    return detection(kind, id, from, until, A);
  }

  static Detection detection(Detection.Kind kind, String id, int from, int until, String adapter) {
    boolean open = kind == Detection.Kind.STARTED;
    return new Detection(
        kind,
        id,
        new StreamId("dock"),
        START,
        kind == Detection.Kind.GAP ? null : "door",
        new Detection.Extent(
            from * 16L,
            open ? Detection.Extent.OPEN : until * 16L,
            START.plusMillis(from),
            open ? null : START.plusMillis(until),
            16_000),
        kind == Detection.Kind.GAP ? 0 : 0.8,
        kind == Detection.Kind.GAP ? 0 : 0.6,
        new Detection.Origin(adapter, B, "features", 0, 1, 2),
        kind == Detection.Kind.GAP ? "missing" : null);
  }

  static StreamDetector.Delivered delivered(Detection... detections) {
    return new StreamDetector.Delivered(
        new StreamId("dock"), List.of(detections), START, START.plusMillis(90));
  }

  @Override
  public void close() {
    page.close();
  }
}
