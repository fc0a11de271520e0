package dev.lookaside.deploy.simulation;

import dev.lookaside.ingest.SeededRandom;
import org.junit.jupiter.api.Test;

/** The whole live path in virtual time, whatever happens to it. */
class LivePathSimulationTest {
  /** How many simulations: {@code -Dlookaside.simulation.seeds=100000} for a long run. */
  private static final int SEEDS = Integer.getInteger("lookaside.simulation.seeds", 250);

  @Test
  void whateverHappensTheResultIsTheSame() {
    SeededRandom.forAll(LivePathSimulationTest.class, SEEDS, random -> new LiveWorld(random).run());
  }
}
