package dev.lookaside.deploy.service;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.http.AllowedHosts;
import dev.lookaside.featurizer.Counts;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class MetricsServerTest {
  private static final AllowedHosts HOSTS = AllowedHosts.of("127.0.0.1", List.of());
  private final Metrics metrics = new Metrics();
  private final AtomicReference<MetricsServer.Health> health =
      new AtomicReference<>(new MetricsServer.Health(true, "ok, 3 partitions"));
  private final MetricsServer server =
      MetricsServer.start("127.0.0.1", 0, HOSTS, metrics, health::get);

  @AfterEach
  void stop() {
    server.close();
    metrics.close();
  }

  @Test
  void countsAppearUnderTheirDocumentedNames() throws Exception {
    metrics.chunksReceived(1, 3200);
    metrics.windowSkipped(0.5);
    metrics.windowScored(0.16, Duration.ofMillis(70));
    metrics.windowShed(0.16, "shed");
    metrics.discarded("source", "bad_key", 2);
    metrics.detection("speech", "started");
    metrics.counted(new Counts(16_000, 0, 0, 0, 4_000, 32_000, 1, 0), 16_000);
    metrics.streams(4, 1);

    assertThat(get("/metrics").body())
        .contains("lookaside_component_received_events_total{component_id=\"source\"} 1.0")
        .contains("lookaside_component_received_event_bytes_total{component_id=\"source\"} 3200.0")
        .contains("lookaside_component_sent_events_total{component_id=\"classifier\"} 1.0")
        .contains("lookaside_component_sent_events_total{component_id=\"sink\"} 1.0")
        .contains(
            "lookaside_component_discarded_events_total{component_id=\"source\",reason=\"bad_key\"} 2.0")
        .contains("lookaside_detections_total{label=\"speech\",type=\"started\"} 1.0")
        .contains("lookaside_audio_seconds_total{outcome=\"received\"} 1.0")
        .contains("lookaside_audio_seconds_total{outcome=\"skipped\"} 0.5")
        .contains("lookaside_audio_seconds_total{outcome=\"gap\"} 2.0")
        .contains("lookaside_audio_seconds_total{outcome=\"shed\"} 0.16")
        .contains("lookaside_window_latency_seconds_count 1")
        .contains("lookaside_streams 4.0")
        .contains("lookaside_streams_parked 1.0");
  }

  @Test
  void healthFollowsTheService() throws Exception {
    assertThat(get("/health").statusCode()).isEqualTo(200);
    assertThat(get("/health").body()).isEqualTo("ok, 3 partitions\n");

    health.set(new MetricsServer.Health(false, "Kafka has not answered"));

    assertThat(get("/health").statusCode()).isEqualTo(503);
    assertThat(get("/health").body()).isEqualTo("Kafka has not answered\n");
  }

  @Test
  void otherPathsAreNotThere() throws Exception {
    assertThat(get("/metrics/else").statusCode()).isEqualTo(404);
    assertThat(get("/").statusCode()).isEqualTo(404);
  }

  /** A foreign page would read the names of classes and streams. */
  @Test
  void aForeignNameReadsNothingAndHeadIsAnswered() throws Exception {
    assertThat(raw("GET", "evil.example")).startsWith("HTTP/1.1 403");
    assertThat(raw("HEAD", "127.0.0.1")).startsWith("HTTP/1.1 200").endsWith("\r\n\r\n");
    assertThat(raw("POST", "127.0.0.1")).startsWith("HTTP/1.1 405").contains("\r\nAllow: GET\r\n");
  }

  private String raw(String method, String host) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", server.port())) {
      String request = "%s /metrics HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.formatted(method, host).getBytes(US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  @Test
  void aTakenPortIsNamed() {
    assertThatThrownBy(
            () -> MetricsServer.start("127.0.0.1", server.port(), HOSTS, metrics, health::get))
        .isInstanceOf(DeployException.class)
        .hasMessageContaining("127.0.0.1:" + server.port());
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }
}
