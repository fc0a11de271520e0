package dev.lookaside.trainer.metric;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

/** Seeded truth and detections on a coarse time grid, so that ties and equal edges are common. */
final class RandomEvents {
  private static final double STEP_SECONDS = 0.125;

  private RandomEvents() {}

  static Event event(RandomGenerator random, int streams, int labels, int gridSteps) {
    double onset = STEP_SECONDS * random.nextInt(gridSteps);
    double length = STEP_SECONDS * (1 + random.nextInt(12));
    return new Event(
        "stream-" + random.nextInt(streams),
        "label-" + random.nextInt(labels),
        onset,
        onset + length);
  }

  static List<Event> events(
      RandomGenerator random, int most, int streams, int labels, int gridSteps) {
    int count = random.nextInt(most + 1);
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      events.add(event(random, streams, labels, gridSteps));
    }
    return events;
  }

  static <T> List<T> shuffled(RandomGenerator random, List<T> list) {
    List<T> copy = new ArrayList<>(list);
    Collections.shuffle(copy, new Random(random.nextLong()));
    return copy;
  }
}
