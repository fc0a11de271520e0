package dev.lookaside.classifier.detect;

import dev.lookaside.ingest.Assignment;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Optional;

/**
 * Which records of a stream may be forgotten, given which detections are durable. Pure. A resume
 * point reached after a publish waits for it and for all before it; resume points never fall.
 */
final class SettleLedger {
  /** All records of the stream before {@code resumeOffset} need never be read again. */
  record Resume(Assignment assignment, long resumeOffset) {}

  private static final class Publish {
    private final long number;
    private boolean durable;
    private Optional<Resume> after = Optional.empty();

    Publish(long number) {
      this.number = number;
    }
  }

  private final ArrayDeque<Publish> underWay = new ArrayDeque<>();
  private Optional<Resume> settled = Optional.empty();

  /** A publish is on its way; {@code number} rises. */
  void published(long number) {
    underWay.addLast(new Publish(number));
  }

  /**
   * A new resume point, reached after all publishes so far.
   *
   * @return what to settle now
   */
  Optional<Resume> reached(Resume resume) {
    if (underWay.isEmpty()) {
      return advance(Optional.of(resume));
    }
    underWay.getLast().after = Optional.of(resume);
    return Optional.empty();
  }

  /**
   * A publish is durable.
   *
   * @return what to settle now
   * @throws IllegalStateException if it is not under way
   */
  Optional<Resume> durable(long number) {
    find(number).durable = true;
    Optional<Resume> newest = Optional.empty();
    while (!underWay.isEmpty() && underWay.getFirst().durable) {
      Publish first = underWay.removeFirst();
      newest = first.after.isPresent() ? first.after : newest;
    }
    return advance(newest);
  }

  int underWay() {
    return underWay.size();
  }

  private Publish find(long number) {
    Iterator<Publish> all = underWay.iterator();
    while (all.hasNext()) {
      Publish p = all.next();
      if (p.number == number && !p.durable) {
        return p;
      }
    }
    throw new IllegalStateException("publish " + number + " is not under way");
  }

  private Optional<Resume> advance(Optional<Resume> to) {
    if (to.isEmpty()
        || (settled.isPresent() && settled.get().resumeOffset() >= to.get().resumeOffset())) {
      return Optional.empty();
    }
    settled = to;
    return to;
  }
}
