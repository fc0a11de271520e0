package dev.lookaside.deploy.page;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.lookaside.deploy.http.AllowedHosts;
import dev.lookaside.deploy.service.Metrics;
import dev.lookaside.deploy.service.MetricsServer;
import dev.lookaside.deploy.settings.Configuration;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whoever can reach the port can do this: page, metrics and health answer all the same. */
@Timeout(120)
class HostileClientsTest {
  private static final PageRig RIG =
      new PageRig(
          Configuration.over(
              Map.of("lookaside.ingest.kafka-clients.bootstrap.servers", "127.0.0.1:1")));
  private static final Metrics METRICS = new Metrics();
  private static final MetricsServer SERVER =
      MetricsServer.start(
          "127.0.0.1",
          0,
          AllowedHosts.of("127.0.0.1", List.of()),
          METRICS,
          () -> new MetricsServer.Health(true, "ok"));

  private final List<Socket> clients = new ArrayList<>();

  @AfterEach
  void closeClients() throws IOException {
    for (Socket client : clients) {
      client.close();
    }
  }

  @AfterAll
  static void stop() {
    RIG.close();
    SERVER.close();
    METRICS.close();
  }

  private void send(int port, String bytes) throws IOException {
    Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
    clients.add(client);
    client.getOutputStream().write(bytes.getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void requestsThatNeverEndSilenceNobody() throws Exception {
    String post =
        "POST /labels HTTP/1.1\r\nHost: localhost\r\n%s: %s\r\nContent-Length: 90\r\n\r\n{"
            .formatted(Gatekeeper.TOKEN_HEADER, RIG.token());
    for (int i = 0; i < 16; i++) {
      send(RIG.address.getPort(), "GET / HTTP/1.1\r\nHost: loc");
      send(RIG.address.getPort(), post);
      send(SERVER.port(), "GET /metrics HTTP/1.1\r\nHost: loc");
    }
    assertAllAnswer();
  }

  @Test
  void thousandsOfHalfOpenConnectionsKeepNobodyOut() throws Exception {
    // Each costs two handles here, one at either end.
    int most = 3_000;
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
      long free = system.getMaxFileDescriptorCount() - system.getOpenFileDescriptorCount();
      most = (int) Math.min(most, free / 4);
    }
    for (int i = 0; i < most; i++) {
      send(RIG.address.getPort(), "G");
      if (i % 2 == 0) {
        send(SERVER.port(), "G");
      }
    }
    assertAllAnswer();
  }

  private static void assertAllAnswer() throws Exception {
    String metrics = "http://127.0.0.1:" + SERVER.port();
    for (String url : List.of(RIG.address.toString(), metrics + "/metrics", metrics + "/health")) {
      HttpResponse<String> answer =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(20)).build(),
                  HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(url).isEqualTo(200);
    }
  }
}
