package dev.lookaside.deploy.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import dev.lookaside.ingest.SeededRandom;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * The whole live path in virtual time, whatever happens to it. Each seed is one {@link LiveWorld}:
 * some seconds of a few streams, one to three workers, and troubles.
 */
class LivePathSimulationTest {
  /** How many simulations: {@code -Dtest.jvm.args=-Dlookaside.simulation.seeds=100000}. */
  private static final int SEEDS = Integer.getInteger("lookaside.simulation.seeds", 600);

  private static final int SEEDS_SLOW = 3_000;

  private static final Map<Logger, Level> LEVELS = new HashMap<>();

  /** What goes wrong here goes wrong on purpose; a seed that is run again says what. */
  @BeforeAll
  static void quiet() {
    if (Long.getLong(SeededRandom.SEED_PROPERTY) == null) {
      LoggerContext loggers = (LoggerContext) LoggerFactory.getILoggerFactory();
      for (String name : new String[] {Logger.ROOT_LOGGER_NAME, "dev.lookaside", "akka"}) {
        Logger logger = loggers.getLogger(name);
        LEVELS.put(logger, logger.getLevel());
        logger.setLevel(Level.OFF);
      }
    }
  }

  @AfterAll
  static void loud() {
    LEVELS.forEach(Logger::setLevel);
  }

  @Test
  void whateverHappensTheResultIsTheSame() {
    run(SEEDS);
  }

  @Test
  @Tag("slow")
  void whateverElseHappensTheResultIsTheSame() {
    run(SEEDS_SLOW);
  }

  private static void run(int seeds) {
    Map<LiveWorld.Turn, Integer> turns = new EnumMap<>(LiveWorld.Turn.class);
    SeededRandom.forAll(
        LivePathSimulationTest.class,
        seeds,
        random -> {
          LiveWorld world = new LiveWorld(random);
          world.run();
          world.reached().forEach(turn -> turns.merge(turn, 1, Integer::sum));
        });
    if (Long.getLong(SeededRandom.SEED_PROPERTY) == null && seeds >= 500) {
      assertThat(turns).as("simulations that came to it").containsOnlyKeys(LiveWorld.Turn.values());
    }
  }

  @Test
  void aSeedRunsTheSameWayAgain() {
    SeededRandom.forAll(
        LivePathSimulationTest.class,
        5,
        random -> {
          long seed = random.nextLong();
          assertThat(trace(seed)).as("steps of seed %d", seed).isEqualTo(trace(seed));
        });
  }

  private static String trace(long seed) {
    LiveWorld world = new LiveWorld(SeededRandom.of(seed));
    world.run();
    return world + ", " + world.trace();
  }
}
