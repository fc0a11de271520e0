package dev.lookaside.deploy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import dev.lookaside.deploy.DeployException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Limits are small here, so that nothing waits for long, yet not too small for a busy machine. */
@Timeout(60)
class HttpServerTest {
  private static final int CONNECTIONS = 8;
  private static final ByteString MEGABYTE = ByteString.fromArray(new byte[1 << 20]);
  private static final HttpServer SERVER =
      HttpServer.start(
          "lookaside.deploy.page",
          "127.0.0.1",
          0,
          AllowedHosts.of("127.0.0.1", List.of("sounds.example")),
          new HttpServer.Limits(CONNECTIONS, Duration.ofSeconds(3), Duration.ofSeconds(4), 100),
          HttpServerTest::answer);

  private final List<Socket> open = new ArrayList<>();

  private static CompletionStage<HttpResponse> answer(HttpRequest request) {
    return switch (request.getUri().path()) {
      case "/endless" ->
          CompletableFuture.completedFuture(
              HttpResponse.create()
                  .withEntity(
                      HttpEntities.create(
                          ContentTypes.APPLICATION_OCTET_STREAM, Source.repeat(MEGABYTE))));
      case "/fails" -> CompletableFuture.failedFuture(new IllegalStateException("as asked"));
      default -> CompletableFuture.completedFuture(HttpResponse.create().withEntity("fine"));
    };
  }

  @AfterEach
  void closeClients() throws IOException {
    for (Socket socket : open) {
      socket.close();
    }
    Awaitility.await().until(() -> SERVER.connections() == 0);
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  private Socket client(String bytes) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), SERVER.port());
    open.add(socket);
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  /** All that comes until the server closes the connection. */
  private String answerTo(String request) throws IOException {
    return rest(client(request));
  }

  private static String rest(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private static String get(String path, String... headers) {
    return "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n"
        .formatted(path, String.join("", headers));
  }

  @Test
  void everyAnswerCarriesWhatKeepsOtherOriginsOut() throws Exception {
    assertThat(answerTo(get("/")))
        .startsWith("HTTP/1.1 200")
        .contains("Cross-Origin-Resource-Policy: same-origin\r\n")
        .contains("Cache-Control: no-store\r\n")
        .contains("X-Content-Type-Options: nosniff\r\n")
        .doesNotContain("\r\nServer:")
        .endsWith("fine");
  }

  @Test
  void headIsGetWithoutItsBody() throws Exception {
    assertThat(answerTo(get("/").replace("GET", "HEAD")))
        .startsWith("HTTP/1.1 200")
        .endsWith("\r\n\r\n");
  }

  @Test
  void aFailingHandlerSaysNothingOfItself() throws Exception {
    assertThat(answerTo(get("/fails")))
        .startsWith("HTTP/1.1 500")
        .endsWith("{\"error\":\"unexpected: see the log\"}");
  }

  @Test
  void anotherNameOfThisMachineIsRefused() throws Exception {
    for (String host : List.of("evil.example", "evil.example:80", "localhost.evil.example")) {
      assertThat(answerTo(get("/").replace("localhost", host)))
          .as(host)
          .startsWith("HTTP/1.1 403")
          .contains("Host \\\"" + host + "\\\": must be ");
    }
    String own = InetAddress.getLocalHost().getHostName();
    for (String host : List.of("127.0.0.1:80", "[::1]:80", "Sounds.Example", own, own + ":80")) {
      assertThat(answerTo(get("/").replace("localhost", host))).as(host).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void anOriginIsOwnByNameOrAsTheHostThatWasAsked() {
    AllowedHosts hosts = AllowedHosts.of("127.0.0.1", List.of("sounds.example"));
    assertThat(hosts.isOwnOrigin("http://localhost:8080", "localhost:8080")).isTrue();
    assertThat(hosts.isOwnOrigin("https://sounds.example", "sounds.example")).isTrue();
    assertThat(hosts.isOwnOrigin("https://sounds.example", "127.0.0.1:8080")).isTrue();
    assertThat(hosts.isOwnOrigin("http://localhost:3000", "localhost:8080")).isFalse();
    assertThat(hosts.isOwnOrigin("https://evil.example", "sounds.example")).isFalse();
    assertThat(hosts.isOwnOrigin("ftp://sounds.example", "sounds.example")).isFalse();
    assertThat(hosts.isOwnOrigin("null", "sounds.example")).isFalse();
    assertThat(hosts.isOwnOrigin("https://[", "sounds.example")).isFalse();
  }

  @Test
  void aRequestThatIsTooSlowOrTooLongIsEnded() throws Exception {
    Socket slowHead = client("GET / HTTP/1.1\r\nHost: loc");
    String post = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n{";
    assertThat(answerTo(post.formatted(50)))
        .startsWith("HTTP/1.1 408")
        .contains("body: must be here within 3 s");
    assertThat(answerTo(post.formatted(101)))
        .startsWith("HTTP/1.1 413")
        .contains("body: must be at most 100 bytes");
    assertThat(
            answerTo(
                "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "65\r\n"
                    + "x".repeat(101)
                    + "\r\n0\r\n\r\n"))
        .startsWith("HTTP/1.1 413");
    assertCutOff(slowHead);
  }

  @Test
  void whoDoesNotReadHisAnswerIsCutOff() throws Exception {
    client("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
    Awaitility.await().until(() -> SERVER.connections() == 1);
    Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> SERVER.connections() == 0);
  }

  @Test
  void theOneThatWaitsLongestMakesPlaceForANewOne() throws Exception {
    Socket first = client("GET / HTTP/1.1\r\nHost");
    Awaitility.await().until(() -> SERVER.connections() == 1);
    for (int i = 1; i < 3 * CONNECTIONS; i++) {
      client("GET / HTTP/1.1\r\nHost");
    }
    assertThat(answerTo(get("/"))).endsWith("fine");
    Awaitility.await().until(() -> SERVER.connections() <= CONNECTIONS);
    assertCutOff(first);
  }

  /** One that is being answered keeps its place, whoever knocks. */
  @Test
  void whoIsBeingAnsweredStays() throws Exception {
    List<Socket> readers = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      Socket reader = client("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertThat(reader.getInputStream().read()).isEqualTo('H');
      readers.add(reader);
    }
    assertCutOff(client("GET / HTTP/1.1\r\nHost"));
    for (Socket reader : readers) {
      assertThat(reader.getInputStream().readNBytes(1 << 20)).hasSize(1 << 20);
    }
  }

  private static void assertCutOff(Socket socket) throws IOException {
    socket.setSoTimeout(20_000);
    try {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    } catch (SocketException e) {
      assertThat(e).hasMessageContaining("reset");
    }
  }

  @Test
  void whatCannotBeListenedOnIsNamed() {
    AllowedHosts hosts = AllowedHosts.of("127.0.0.1", List.of());
    assertThatThrownBy(
            () -> HttpServer.start("a.key", "127.0.0.1", SERVER.port(), hosts, r -> answer(r)))
        .isInstanceOf(DeployException.class)
        .hasMessage(
            "a.key: cannot listen on 127.0.0.1:%d: Address already in use"
                .formatted(SERVER.port()));
    assertThatThrownBy(() -> HttpServer.start("a.key", "no.invalid", 0, hosts, r -> answer(r)))
        .hasMessage("a.key: cannot listen on no.invalid:0: unknown host");
  }
}
