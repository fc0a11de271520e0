package dev.lookaside.deploy.page;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What pages are shown of streams that come and go, in the test's own time. */
class BoardTest {
  private final Board board = new Board();

  private static StreamDetector.Event window(String stream, long index) {
    return PageRig.window(stream, index, PageRig.A);
  }

  /** The wall clock when window {@code index} is scored without delay. */
  private static Instant end(long index) {
    return PageRig.START.plusMillis(160 * index + 1280);
  }

  private List<JsonNode> told(String kind) {
    return of(board.drain().orElseThrow(), kind);
  }

  private List<JsonNode> all(String kind, Instant now) {
    return of(board.view(now).all(), kind);
  }

  private static List<JsonNode> of(Iterable<JsonNode> messages, String kind) {
    List<JsonNode> found = new ArrayList<>();
    messages.forEach(
        m -> {
          if (m.get("kind").asText().equals(kind)) {
            found.add(m);
          }
        });
    return found;
  }

  private static String standing(JsonNode message) {
    return "%s %s %d"
        .formatted(
            message.get("stream").asText(),
            message.get("state").asText(),
            message.get("millis").asLong());
  }

  @Test
  void aStreamWhoseSenderIsGoneIsSilentUntilItIsBack() {
    board.observed(window("dock", 0), end(0));
    board.look(end(0).plusSeconds(9));
    assertThat(told("stream")).isEmpty();
    Instant later = end(0).plusSeconds(11);
    board.look(later);
    board.look(later.plusSeconds(1));
    assertThat(told("stream")).map(BoardTest::standing).containsExactly("dock silent 11000");
    assertThat(all("stream", later)).map(BoardTest::standing).containsExactly("dock silent 11000");
    board.observed(window("dock", 100), end(100));
    board.look(end(100));
    assertThat(told("stream")).map(BoardTest::standing).containsExactly("dock live 0");
  }

  @Test
  void aStreamThatIsBehindIsLateAndSaysByHowMuch() {
    Instant now = end(0).plusSeconds(55);
    board.observed(window("dock", 0), now);
    board.observed(window("gate", 300), end(300));
    assertThat(board.lateness(now)).contains("1 of 2 streams late, by up to 55 s");
    board.look(now);
    assertThat(told("stream")).map(BoardTest::standing).containsExactly("dock late 55000");
    board.observed(window("dock", 400), end(400));
    board.observed(window("gate", 400), end(400));
    board.look(end(400));
    assertThat(told("stream")).map(BoardTest::standing).containsExactly("dock live 0");
    assertThat(board.lateness(end(400))).isEmpty();
  }

  @Test
  void aStreamSaysByHowMuchItsClockIsOff() {
    board.observed(window("dock", 0), end(0));
    StreamId dock = new StreamId("dock");
    board.observed(new StreamDetector.ClockOff(dock, Duration.ofSeconds(-3_600)), end(0));
    assertThat(told("stream"))
        .extracting(m -> m.get("clockAheadMillis").longValue())
        .containsExactly(-3_600_000L);
    assertThat(all("stream", end(1)))
        .as("to a page that opens later")
        .extracting(m -> m.get("clockAheadMillis").longValue())
        .containsExactly(-3_600_000L);
    board.observed(new StreamDetector.ClockOff(dock, Duration.ZERO), end(2));
    assertThat(told("stream"))
        .extracting(m -> m.get("clockAheadMillis").longValue())
        .containsExactly(0L);
  }

  @Test
  void whoLooksLaterSeesThatAStreamHasEnded() {
    board.observed(window("dock", 0), end(0));
    board.observed(new StreamDetector.Finished(new StreamId("dock")), end(1));
    assertThat(all("stream", end(2))).map(BoardTest::standing).containsExactly("dock ended 320");
    assertThat(board.lateness(end(10_000))).isEmpty();
  }

  @Test
  void theStreamThatIsGoneForLongestMakesWayForANewOne() {
    for (int i = 0; i < Board.MAX_STREAMS; i++) {
      board.observed(window("s" + i, 0), end(0).plusMillis(i));
    }
    Instant now = end(1);
    board.observed(window("early", 0), now);
    assertThat(board.shows("early")).as("all others are live").isFalse();
    assertThat(board.figures().get("unseenStreams").asInt()).isEqualTo(1);
    told("gone");

    board.observed(new StreamDetector.Finished(new StreamId("s7")), now);
    board.observed(window("second", 0), now);
    assertThat(told("gone")).map(m -> m.get("stream").asText()).containsExactly("s7");

    Instant later = now.plusSeconds(20);
    IntStream.range(1, Board.MAX_STREAMS)
        .filter(i -> i != 7)
        .forEach(i -> board.observed(window("s" + i, 200), later));
    board.observed(window("third", 0), later);
    assertThat(told("gone")).map(m -> m.get("stream").asText()).containsExactly("s0");
    assertThat(board.shows("third")).isTrue();
    assertThat(all("stream", later)).hasSize(Board.MAX_STREAMS);
  }

  @Test
  void curvesAreKeptForAllThatThePageOffers() {
    for (int i = 0; i < 4_000; i++) {
      board.observed(window("dock", i), end(i));
    }
    JsonNode curve = all("curve", end(4_000)).get(0);
    JsonNode columns = curve.get("columns");
    int count = columns.size() / 4;
    assertThat(count).isEqualTo(300_000 / 160 + 1);
    long first = columns.get(0).asLong();
    assertThat(first).isEqualTo(end(3_999 - 300_000 / 160).toEpochMilli());
    assertThat(columns.get(4).asLong()).isEqualTo(160);
    assertThat(curve.at("/labels/" + columns.get(6).asInt()).asText()).isEqualTo("water");
    assertThat(columns.get(7).asInt()).isEqualTo(700);
    assertThat(curve.at("/outcomes/" + columns.get(5).asInt()).asText()).isEqualTo("scored");
  }

  @Test
  void whatIsPendingIsPartOfASnapshotAndToldNoMore() {
    board.observed(window("dock", 0), end(0));
    Board.View view = board.view(end(0));
    assertThat(of(view.told().orElseThrow(), "window")).hasSize(1);
    assertThat(of(view.all(), "curve").get(0).get("columns")).hasSize(4);
    assertThat(told("window")).isEmpty();
  }
}
