package dev.lookaside.deploy.service;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.lookaside.ingest.Assignment;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class StatusTest {
  private final Logger logger = (Logger) LoggerFactory.getLogger(Service.class);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private final Level level = logger.getLevel();
  private final Status status = new Status();

  @BeforeEach
  void listen() {
    logger.setLevel(Level.INFO);
    log.start();
    logger.addAppender(log);
    status.scoring("a device");
    log.list.clear();
  }

  @AfterEach
  void stop() {
    logger.detachAppender(log);
    logger.setLevel(level);
  }

  @Test
  void aBrokerThatIsAwayIsLoggedOnceAndAgainWhenThatHasLastedTwiceAsLong() {
    status.assigned(Set.of(new Assignment(0, 1)));
    log.list.clear();
    for (long seconds = 10; seconds <= 200; seconds += 5) {
      status.unreachable("k:9092", seconds * 1_000); // The source.
      status.unreachable("k:9092", seconds * 1_000 - 2_000); // The sink.
    }
    assertThat(messages())
        .containsExactly(
            "Kafka at k:9092 has not answered for 10 s; retrying",
            "Kafka at k:9092 has not answered for 60 s; retrying",
            "Kafka at k:9092 has not answered for 120 s; retrying");
    assertThat(status.health().text()).isEqualTo("Kafka at k:9092 has not answered for 198 s");
    log.list.clear();
    status.reachable();
    status.reachable();
    assertThat(messages()).containsExactly("Kafka answers again");
    assertThat(status.health().healthy()).isTrue();
  }

  @Test
  void atTheStartABrokerDoesNotAnswer() {
    status.unreachable("k:9092", 0);
    status.unreachable("k:9092", 5_000);
    assertThat(messages()).containsExactly("Kafka at k:9092 does not answer; retrying");
  }

  @Test
  void aBrokerThatAnswersEndsNoOtherTrouble() {
    status.placeTaken("lookaside", "roof", 3_000);
    status.reachable();
    assertThat(status.health().healthy()).isFalse();
    assertThat(status.health().text()).contains("source.instance \"roof\"", "for 3 s now");
    status.assigned(Set.of(new Assignment(0, 1)));
    assertThat(status.health().healthy()).isTrue();
  }

  private List<String> messages() {
    return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }
}
