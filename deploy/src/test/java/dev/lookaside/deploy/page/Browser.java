package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * A headless Chromium with one page, by the few commands of its DevTools protocol that tests need.
 *
 * @see "https://chromedevtools.github.io/devtools-protocol/"
 */
final class Browser implements AutoCloseable {
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Process process;
  private final WebSocket socket;
  private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
  private final AtomicInteger ids = new AtomicInteger();

  /** The program, if this machine has it. */
  static Optional<Path> program() {
    return Stream.of(System.getenv("PATH").split(":"))
        .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  Browser(Path program, Path profile) throws Exception {
    process =
        new ProcessBuilder(
                program.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    Path told = profile.resolve("DevToolsActivePort");
    Awaitility.await().atMost(PATIENCE).until(() -> Files.exists(told) && Files.size(told) > 0);
    String port = Files.readAllLines(told).get(0);
    HttpClient client = HttpClient.newHttpClient();
    URI tab = URI.create("http://127.0.0.1:" + port + "/json/new?about:blank");
    String made =
        client
            .send(
                HttpRequest.newBuilder(tab).PUT(HttpRequest.BodyPublishers.noBody()).build(),
                HttpResponse.BodyHandlers.ofString())
            .body();
    URI address = URI.create(JSON.readTree(made).get("webSocketDebuggerUrl").asText());
    socket = client.newWebSocketBuilder().buildAsync(address, new Answers()).join();
  }

  private final class Answers implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
      text.append(part);
      if (last) {
        try {
          JsonNode message = JSON.readTree(text.toString());
          CompletableFuture<JsonNode> asked = answers.remove(message.path("id").asInt(-1));
          if (asked != null) {
            asked.complete(message.path("result"));
          }
        } catch (IOException e) {
          throw new AssertionError("the browser speaks JSON", e);
        }
        text.setLength(0);
      }
      from.request(1);
      return null;
    }
  }

  private JsonNode send(String method, ObjectNode parameters) throws Exception {
    int id = ids.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    answers.put(id, answer);
    ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method);
    message.set("params", parameters);
    socket.sendText(message.toString(), true).join();
    return answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  void open(URI page) throws Exception {
    send("Page.navigate", JSON.createObjectNode().put("url", page.toString()));
  }

  /** The value of an expression of JavaScript, as text. */
  String value(String expression) throws Exception {
    JsonNode result =
        send(
            "Runtime.evaluate",
            JSON.createObjectNode()
                .put("expression", "String(" + expression + ")")
                .put("awaitPromise", true)
                .put("returnByValue", true));
    return result.has("exceptionDetails")
        ? result.get("exceptionDetails").toString()
        : result.at("/result/value").asText();
  }

  void await(String expression) {
    Awaitility.await(expression).atMost(PATIENCE).until(() -> value(expression).equals("true"));
  }

  /**
   * Presses a key and lets it go.
   *
   * @param repeats how often it comes again while it is held down
   */
  void press(String key, int code, int repeats) throws Exception {
    for (int i = 0; i <= repeats; i++) {
      ObjectNode down = key("keyDown", key, code).put("autoRepeat", i > 0);
      send("Input.dispatchKeyEvent", key.equals("Enter") ? down.put("text", "\r") : down);
    }
    send("Input.dispatchKeyEvent", key("keyUp", key, code));
  }

  private static ObjectNode key(String type, String key, int code) {
    return JSON.createObjectNode()
        .put("type", type)
        .put("key", key)
        .put("code", key)
        .put("windowsVirtualKeyCode", code);
  }

  @Override
  public void close() throws Exception {
    socket.abort();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor();
  }
}
