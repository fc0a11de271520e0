package dev.lookaside.deploy.page;

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
import java.util.regex.Pattern;
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
        Map.of(
            "", "body: is empty, not JSON",
            "[1]", "body: must be one JSON object",
            "{\"kind\"", "body: is not sound JSON at line 1, column 8",
            "{\"kind\": \"maybe\", \"author\": \"me\"}",
                "kind \"maybe\": must be confirm, reject, relabel, add or retract",
            "{\"kind\": \"confirm\", \"author\": \"me\", \"detection\": \"open\"}",
                "detection \"open\": must be one that has ended and is still shown",
            "{\"kind\": \"confirm\", \"detection\": \"e1\"}", "author \"\": must be given, as text",
            "{\"kind\": \"relabel\", \"author\": \"me\", \"detection\": \"e1\", \"label\": \"door\"}",
                "detected \"door\": must be another class than label",
            "{\"kind\": \"add\", \"author\": \"me\", \"stream\": \"s\", \"label\": \"door\", \"onset\": \"noon\", \"offset\": \"x\"}",
                "onset \"noon\": must be a time",
            "{\"kind\": \"retract\", \"author\": \"me\", \"id\": \"3f2a\"}",
                "id \"3f2a\": must be of a label shown here",
            "{\"kind\": \"add\", \"author\": \"me\", \"sound\": \"s\"}",
                "field \"sound\": must be one of");
    for (Map.Entry<String, String> e : wrong.entrySet()) {
      HttpResponse<String> answer = rig.post(e.getKey(), token);
      assertThat(answer.statusCode()).as(e.getKey()).isEqualTo(400);
      assertThat(error(answer)).as(e.getKey()).startsWith(e.getValue());
    }
    // Its first bytes make a parser of bytes guess UTF-32.
    for (String body : List.of("\0\0\0{}", "{\"kind\": \"add\", \"kind\": \"add\"}", "{} {}")) {
      HttpResponse<String> answer = rig.post(body, token);
      assertThat(answer.statusCode()).as(body).isEqualTo(400);
      assertThat(error(answer)).startsWith("body: is not sound JSON at line 1, column ");
    }
    HttpResponse<String> long1 = rig.post("x".repeat(20_000), token);
    assertThat(long1.statusCode()).isEqualTo(413);
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
    assertThat(rig.post(body, "guessed").statusCode()).isEqualTo(403);
    HttpResponse<String> foreign = rig.post(body, rig.token(), "Origin", "http://evil.example");
    assertThat(foreign.statusCode()).isEqualTo(403);
    assertThat(error(foreign)).isEqualTo("Origin \"http://evil.example\": must be this page's");
    String own = "http://" + rig.address.getAuthority();
    assertThat(rig.post(body, rig.token(), "Origin", own).statusCode()).isEqualTo(400);
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
    assertThat(error(rig.get("/audio?stream=s&from=x&until=y")))
        .startsWith("from \"x\": must be a time");
    assertThat(error(rig.get("/audio?from=x"))).isEqualTo("stream \"\": must be given");
    assertThat(
            error(rig.get("/audio?stream=s&from=2026-03-01T12:00:00Z&until=2026-03-01T13:00:00Z")))
        .isEqualTo(
            "until \"2026-03-01T13:00:00Z\": must be at most 60 s after from 2026-03-01T12:00:00Z");
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
      assertThatThrownBy(() -> rig.new Looking()).hasMessage("status 503");
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
