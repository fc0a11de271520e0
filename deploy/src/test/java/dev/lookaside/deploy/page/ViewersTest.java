package dev.lookaside.deploy.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import akka.actor.ActorSystem;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Event streams without sockets: each client here reads when it is asked to. */
@Timeout(30)
class ViewersTest {
  private static final ActorSystem SYSTEM = ActorSystem.create("viewers", ConfigFactory.load());
  private final Viewers viewers = new Viewers("s1");

  @AfterAll
  static void stop() {
    SYSTEM.terminate();
  }

  private final class Client {
    final SinkQueueWithCancel<ByteString> queue;

    Client(String lastId) {
      queue =
          viewers.stream(Optional.ofNullable(lastId), () -> "all")
              .toMat(Sink.<ByteString>queue(1), Keep.right())
              .run(SYSTEM);
    }

    /** The next event; empty at the end. */
    Optional<String> next() throws Exception {
      return queue
          .pull()
          .toCompletableFuture()
          .get(20, TimeUnit.SECONDS)
          .map(ByteString::utf8String);
    }

    List<String> next(int count) throws Exception {
      List<String> events = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        events.add(next().orElseThrow().replaceFirst("retry: 2000\n", ""));
      }
      return events;
    }
  }

  private static String event(int number, String data) {
    return "id: s1-%d\ndata: %s\n\n".formatted(number, data);
  }

  @Test
  void aStreamBeginsWithAllThereIsAndGoesOnWithWhatIsTold() throws Exception {
    viewers.tell("a");
    Client client = new Client(null);
    viewers.tell("b");
    viewers.tell("c");
    assertThat(client.next(3)).containsExactly(event(1, "all"), event(2, "b"), event(3, "c"));
  }

  @Test
  void whoComesBackGetsWhatHeMissed() throws Exception {
    for (String told : List.of("a", "b", "c")) {
      viewers.tell(told);
    }
    Client back = new Client("s1-1");
    viewers.tell("d");
    assertThat(back.next(2)).containsExactly(event(2, "b") + event(3, "c"), event(4, "d"));
  }

  @Test
  void whoCannotBeGivenWhatHeMissedBeginsAnew() throws Exception {
    for (int i = 1; i <= 400; i++) {
      viewers.tell("t" + i);
    }
    for (String id : List.of("s1-1", "s1-401", "s0-399", "s1-x", "x", "")) {
      assertThat(new Client(id).next(1)).as(id).containsExactly(event(400, "all"));
    }
    viewers.restart("so much");
    assertThat(new Client("s1-400").next(1)).containsExactly(event(401, "all"));
  }

  @Test
  void whoDoesNotReadIsCutOffAndToldWhy() throws Exception {
    Client slow = new Client(null);
    assertThat(slow.next(1)).containsExactly(event(0, "all"));
    for (int i = 1; i <= 2 * Viewers.QUEUE; i++) {
      viewers.tell("t" + i);
    }
    assertThat(viewers.count()).isZero();
    List<String> rest = new ArrayList<>();
    for (Optional<String> e = slow.next(); e.isPresent(); e = slow.next()) {
      rest.add(e.get());
    }
    assertThat(rest.get(rest.size() - 1))
        .isEqualTo(
            "event: end\ndata: {\"why\":\"this page does not keep up with what there is to"
                + " show\"}\n\n");
    assertThat(rest).as("what was bound for it is given up").hasSizeLessThan(2 * Viewers.QUEUE);
  }

  @Test
  void onlySoManyLookAndWhoLeavesMakesPlace() throws Exception {
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < Viewers.MOST; i++) {
      clients.add(new Client(null));
    }
    assertThat(viewers.full()).isTrue();
    Client late = new Client(null);
    assertThat(late.next().orElseThrow())
        .isEqualTo("event: end\ndata: {\"why\":\"16 pages are open already; close one\"}\n\n");
    assertThat(late.next()).isEmpty();
    clients.get(0).queue.cancel();
    Awaitility.await().until(() -> !viewers.full());
    assertThat(new Client(null).next(1)).containsExactly(event(0, "all"));
  }

  /** It went away while the lock was held that it needs to leave. */
  @Test
  void aPageThatJustWentAwayDoesNotKeepTheServiceFromStopping() {
    synchronized (viewers) {
      viewers.stream(Optional.empty(), () -> "all").to(Sink.cancelled()).run(SYSTEM);
      Awaitility.await("the page has gone")
          .pollInSameThread()
          .until(ViewersTest::somebodyWaitsToLeave);
      assertThatCode(viewers::close).doesNotThrowAnyException();
    }
  }

  private static boolean somebodyWaitsToLeave() {
    return Thread.getAllStackTraces().values().stream()
        .flatMap(Arrays::stream)
        .anyMatch(
            frame ->
                frame.getClassName().equals(Viewers.class.getName())
                    && frame.getMethodName().equals("leave"));
  }
}
