package dev.lookaside.deploy.page;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.deploy.settings.Configuration;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nothing here reaches a broker. */
@Timeout(60)
class PageTest {
  private final PageRig rig =
      new PageRig(
          Configuration.over(
              Map.of(
                  "lookaside.ingest.kafka-clients.bootstrap.servers",
                  "127.0.0.1:1",
                  "lookaside.ingest.broker-timeout-millis",
                  1000)));

  @AfterEach
  void stop() {
    rig.close();
  }

  @Test
  void aSearchWithoutABrokerSaysSo() throws Exception {
    HttpResponse<String> answer = rig.get("/label-next", Gatekeeper.TOKEN_HEADER, rig.token());
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).contains("127.0.0.1:1");
  }

  @Test
  void thePageIsOneDocumentThatLoadsNothing() throws Exception {
    HttpResponse<String> page = rig.get("/");
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body()).contains("<title>Lookaside</title>");
    assertThat(page.body()).doesNotContain("/*STYLE*/", "/*SCRIPT*/", "/*COLOURS*/", "NONCE");
    assertThat(Pattern.compile("(src|href)=\"(?!data:)[^\"]").matcher(page.body()).find())
        .isFalse();
    assertThat(page.body()).doesNotContainPattern("(import |@import|url\\()");
    assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
        .contains("default-src 'none'")
        .contains("nonce-" + rig.token());
  }

  @Test
  void whatStreamsTellReachesAnOpenPageAndOneThatOpensLater() throws Exception {
    try (PageRig.Looking early = rig.new Looking()) {
      assertThat(early.next().get("hello").asBoolean()).isTrue();
      rig.page.accept(PageRig.window("dock", 0, PageRig.A));
      rig.page.accept(PageRig.window("dock", 1, PageRig.B));
      rig.page.accept(
          PageRig.delivered(
              PageRig.detection(Detection.Kind.STARTED, "e1", 200, 0),
              PageRig.detection(Detection.Kind.ENDED, "e1", 200, 900),
              PageRig.detection(Detection.Kind.GAP, "g1", 1000, 1500)));
      early.await(m -> m.path("kind").asText().equals("hole"));
      assertShown(early.messages);
    }
    try (PageRig.Looking late = rig.new Looking()) {
      JsonNode hello = late.next();
      assertShown(late.messages);
      assertThat(hello.at("/figures/scored").asLong()).isEqualTo(2);
      assertThat(hello.at("/figures/device").asText()).isEqualTo("cpu, 2 threads");
      assertThat(hello.at("/figures/p50").isNumber()).isTrue();
    }
  }

  private static void assertShown(List<JsonNode> messages) {
    List<JsonNode> swaps =
        messages.stream().filter(m -> m.get("kind").asText().equals("swap")).toList();
    assertThat(swaps).hasSize(2);
    assertThat(swaps.get(0).get("first").asBoolean()).isTrue();
    assertThat(swaps.get(1).get("first").asBoolean()).isFalse();
    assertThat(swaps.get(1).get("adapter").asText()).isEqualTo(PageRig.B);
    assertThat(swaps.get(1).get("at").asLong())
        .isEqualTo(PageRig.START.plusMillis(160).toEpochMilli());
    JsonNode window = last(messages, "window");
    // The newest column's: the second of two, its second class.
    assertThat(window.get("label").asText()).isEqualTo("water");
    assertThat(window.get("value").asDouble()).isEqualTo(0.7);
    JsonNode event = last(messages, "event");
    assertThat(event.get("state").asText()).isEqualTo("ended");
    assertThat(event.get("offset").asLong() - event.get("onset").asLong()).isEqualTo(700);
    assertThat(last(messages, "hole").get("why").asText()).isEqualTo("gap");
  }

  private static JsonNode last(List<JsonNode> messages, String kind) {
    return messages.stream()
        .filter(m -> m.get("kind").asText().equals(kind))
        .reduce((a, b) -> b)
        .orElseThrow();
  }

  @Test
  void theTrainerIsShownAsItSays() throws Exception {
    rig.page.trainer(PageRig.JSON.readTree("{\"phase\": \"fitting\", \"freshLabels\": 3}"));
    try (PageRig.Looking looking = rig.new Looking()) {
      JsonNode shown = looking.await(m -> m.path("kind").asText().equals("trainer"));
      assertThat(shown.at("/status/phase").asText()).isEqualTo("fitting");
    }
  }

  @Test
  void badLabelsAreRefusedNamingFieldAndValue() throws Exception {
    String token = rig.token();
    rig.page.accept(PageRig.delivered(PageRig.detection(Detection.Kind.STARTED, "open", 1, 0)));
    rig.page.accept(PageRig.delivered(PageRig.detection(Detection.Kind.ENDED, "e1", 200, 900)));
    Map<String, String> wrong =
        Map.ofEntries(
            entry("", "body: is empty, not JSON"),
            entry("[1]", "body: must be one JSON object"),
            entry("{\"kind\"", "body: is malformed JSON at line 1, column 8"),
            entry(
                "{\"kind\": \"maybe\", \"author\": \"me\"}",
                "kind \"maybe\": must be confirm, reject, relabel, add or retract"),
            entry(
                "{\"kind\": \"confirm\", \"author\": \"me\", \"detection\": \"open\"}",
                "detection \"open\": must be one that has ended and is still shown"),
            entry(
                "{\"kind\": \"confirm\", \"detection\": \"e1\"}",
                "author \"\": must be given, as text"),
            entry(
                "{\"kind\": \"confirm\", \"detection\": \"e1\", \"author\": \" \"}",
                "author \" \": must be given, as text"),
            entry(
                "{\"kind\": \"relabel\", \"author\": \"me\", \"detection\": \"e1\", \"label\": \"door\"}",
                "detected \"door\": must be another class than label"),
            entry(add("noon", "x", "door"), "onset \"noon\": must be a time"),
            entry(
                add("2026-03-01T12:00:00Z", "2026-03-01T22:00:00Z", "door"),
                "offset \"2026-03-01T22:00:00Z\": must be 0.1 to 60 s after onset"
                    + " 2026-03-01T12:00:00Z"),
            entry(
                add("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000000001Z", "door"),
                "offset \"2026-03-01T12:00:00.000000001Z\": must be 0.1 to 60 s after"),
            entry(
                add("2026-03-01T12:00:02Z", "2026-03-01T12:00:01Z", "door"),
                "offset \"2026-03-01T12:00:01Z\": must be 0.1 to 60 s after"),
            entry(
                add("2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z", "do\\u202eor"),
                "label \"do\u202eor\": must hold no control or invisible character, holds U+202E"),
            entry(
                add("2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z", "door")
                    .replace("dock", "attic"),
                "stream \"attic\": must be one that the page shows"),
            entry(
                add("2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z", "door")
                    .replace("}", ", \"request\": \"short\"}"),
                "request \"short\": must be 8 to 64 letters, digits and hyphens"),
            entry(
                "{\"kind\": \"retract\", \"author\": \"me\", \"id\": \"3f2a\"}",
                "id \"3f2a\": must be of a label shown here"),
            entry(
                "{\"kind\": \"add\", \"author\": \"me\", \"sound\": \"s\"}",
                "field \"sound\": must be one of"));
    for (Map.Entry<String, String> e : wrong.entrySet()) {
      HttpResponse<String> answer = rig.post(e.getKey(), token);
      assertThat(answer.statusCode()).as(e.getKey()).isEqualTo(400);
      assertThat(error(answer)).as(e.getKey()).startsWith(e.getValue());
    }
    // Its first bytes make a parser of bytes guess UTF-32.
    for (String body : List.of("\0\0\0{}", "{\"kind\": \"add\", \"kind\": \"add\"}", "{} {}")) {
      HttpResponse<String> answer = rig.post(body, token);
      assertThat(answer.statusCode()).as(body).isEqualTo(400);
      assertThat(error(answer)).startsWith("body: is malformed JSON at line 1, column ");
    }
    HttpResponse<String> long1 = rig.post("x".repeat(20_000), token);
    assertThat(long1.statusCode()).isEqualTo(413);
  }

  private static String add(String onset, String offset, String label) {
    return """
        {"kind": "add", "author": "me", "stream": "dock", "label": "%s", "onset": "%s", "offset": "%s"}
        """
        .formatted(label, onset, offset)
        .strip();
  }

  @Test
  void noBrokerIsSaidAndNothingIsShownAsSent() throws Exception {
    rig.page.accept(PageRig.delivered(PageRig.detection(Detection.Kind.ENDED, "e1", 200, 900)));
    HttpResponse<String> answer =
        rig.post("{\"kind\": \"reject\", \"author\": \"me\", \"detection\": \"e1\"}", rig.token());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
    try (PageRig.Looking looking = rig.new Looking()) {
      looking.next();
      assertThat(looking.messages).noneMatch(m -> m.get("kind").asText().equals("correction"));
    }
  }

  @Test
  void onlyThisPageMayWrite() throws Exception {
    String body = "{}";
    assertThat(rig.post(body, null).statusCode()).isEqualTo(403);
    HttpResponse<String> guessed = rig.post(body, "guessed");
    assertThat(guessed.statusCode()).isEqualTo(403);
    assertThat(error(guessed)).contains("this start of the service", "when it reconnects");
    HttpResponse<String> foreign = rig.post(body, rig.token(), "Origin", "http://evil.example");
    assertThat(foreign.statusCode()).isEqualTo(403);
    assertThat(error(foreign)).startsWith("Origin \"http://evil.example\": must be this page's");
    for (String own :
        List.of(
            "http://" + rig.address.getAuthority(),
            "https://" + rig.address.getAuthority(),
            "https://sounds.example")) {
      assertThat(rig.post(body, rig.token(), "Origin", own).statusCode()).as(own).isEqualTo(400);
    }
  }

  /** It could play what is retained, find out which streams there are, or use up the places. */
  @Test
  void anotherOriginFindsOutNothing() throws Exception {
    String audio = "/audio?stream=dock&from=2026-03-01T12:00:00Z&until=2026-03-01T12:00:01Z";
    for (String path : List.of(audio, "/label-next", "/events")) {
      HttpResponse<String> answer =
          rig.get(path, "Sec-Fetch-Site", "cross-site", Gatekeeper.TOKEN_HEADER, rig.token());
      assertThat(answer.statusCode()).as(path).isEqualTo(403);
      assertThat(rig.get(path, "Origin", "http://evil.example").statusCode())
          .as(path)
          .isEqualTo(403);
    }
    assertThat(rig.get(audio).statusCode()).as("without the token").isEqualTo(403);
    assertThat(rig.get("/", "Sec-Fetch-Site", "cross-site").statusCode())
        .as("a link to the page")
        .isEqualTo(200);
    assertThat(rig.get("/").headers().firstValue("Cross-Origin-Resource-Policy"))
        .contains("same-origin");
  }

  @Test
  void whoComesBackIsToldOnlyWhatHeMissed() throws Exception {
    String lastId;
    try (PageRig.Looking looking = rig.new Looking()) {
      assertThat(looking.next().get("hello").asBoolean()).isTrue();
      rig.page.accept(PageRig.window("dock", 0, PageRig.A));
      looking.await(m -> m.path("kind").asText().equals("window"));
      lastId = looking.lastId;
    }
    rig.page.accept(PageRig.window("dock", 1, PageRig.A));
    try (PageRig.Looking back = rig.new Looking(lastId)) {
      assertThat(back.next().has("hello")).isFalse();
      assertThat(back.await(m -> m.path("kind").asText().equals("window")).get("until").asLong())
          .isEqualTo(PageRig.START.plusMillis(160 + 1280).toEpochMilli());
    }
  }

  /** What an open page needs after a restart of the service. */
  @Test
  void anOpenPageIsGivenTheTokenOfThisStart() throws Exception {
    try (PageRig.Looking looking = rig.new Looking()) {
      assertThat(looking.next().get("token").asText()).isEqualTo(rig.token());
    }
  }

  /** Pages that open while much is told have each window once, and in order. */
  @Test
  void nothingIsLostOrDoubledBetweenSnapshotAndWhatFollows() throws Exception {
    ScheduledExecutorService sender = Executors.newSingleThreadScheduledExecutor();
    AtomicLong index = new AtomicLong();
    try {
      Future<?> sending =
          sender.scheduleAtFixedRate(
              () -> rig.page.accept(PageRig.window("dock", index.getAndIncrement(), PageRig.A)),
              0,
              1,
              TimeUnit.MILLISECONDS);
      for (int i = 0; i < 12; i++) {
        try (PageRig.Looking looking = rig.new Looking()) {
          for (int events = 0; events < 3; events++) {
            looking.next();
          }
          List<Long> untils =
              looking.messages.stream()
                  .filter(m -> m.get("kind").asText().equals("window"))
                  .map(m -> m.get("until").asLong())
                  .toList();
          assertThat(untils).hasSizeGreaterThan(1);
          for (int k = 1; k < untils.size(); k++) {
            assertThat(untils.get(k) - untils.get(k - 1)).as("window " + k).isEqualTo(160);
          }
        }
      }
      assertThat(sending.isDone()).isFalse();
    } finally {
      sender.shutdownNow();
    }
  }

  /** A name that its owner points at this machine is not this machine's. */
  @Test
  void aForeignHostNameReadsNothing() throws IOException {
    assertThat(statusFor("evil.example")).contains("403");
    assertThat(statusFor("localhost:" + rig.address.getPort())).contains("200");
  }

  private String statusFor(String host) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", rig.address.getPort())) {
      socket
          .getOutputStream()
          .write(
              ("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      return new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
          .readLine();
    }
  }

  @Test
  void otherPathsMethodsAndStretchesAreRefused() throws Exception {
    assertThat(rig.get("/else").statusCode()).isEqualTo(404);
    assertThat(rig.get("/labels").statusCode()).isEqualTo(405);
    assertThat(rig.get("/labels").headers().firstValue("Allow")).contains("POST");
    assertThat(audio("stream=s&from=x&until=y")).startsWith("from \"x\": must be a time");
    assertThat(audio("from=x")).isEqualTo("stream \"\": must be given");
    assertThat(audio("stream=s&from=2026-03-01T12:00:00Z&until=2026-03-01T13:00:00Z"))
        .isEqualTo(
            "until \"2026-03-01T13:00:00Z\": must be at most 60 s after from 2026-03-01T12:00:00Z");
  }

  private String audio(String query) throws Exception {
    return PageRig.JSON.readTree(rig.audio(query).body()).get("error").asText();
  }

  @Test
  void onlySoManyPagesAreOpenAtATime() throws Exception {
    List<PageRig.Looking> open = new ArrayList<>();
    try {
      for (int i = 0; i < Viewers.MOST; i++) {
        PageRig.Looking looking = rig.new Looking();
        open.add(looking);
        looking.next();
      }
      Awaitility.await()
          .untilAsserted(
              () ->
                  assertThatThrownBy(() -> rig.new Looking())
                      .hasMessage("status 503: 16 pages are open already; close one"));
    } finally {
      for (PageRig.Looking looking : open) {
        looking.close();
      }
    }
  }

  private static String error(HttpResponse<String> answer) throws IOException {
    return PageRig.JSON.readTree(answer.body()).get("error").asText();
  }
}
