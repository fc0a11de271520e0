package dev.lookaside.featurizer;

import dev.lookaside.featurizer.StreamFeaturizer.Counted;
import dev.lookaside.featurizer.StreamFeaturizer.Event;
import dev.lookaside.featurizer.StreamFeaturizer.SegmentEnded;
import dev.lookaside.featurizer.StreamFeaturizer.WindowReady;
import dev.lookaside.featurizer.StreamFeaturizer.WindowSkipped;
import dev.lookaside.ingest.Assignment;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** Something a chunk has left to tell, worked out only when it is pulled. */
sealed interface TrackStep {
  boolean hasNext();

  /** True if the next event is a window. */
  boolean needsRoom();

  Event next();

  /** One event. */
  final class Tell implements TrackStep {
    private @Nullable Event event;

    Tell(Event event) {
      this.event = event;
    }

    @Override
    public boolean hasNext() {
      return event != null;
    }

    @Override
    public boolean needsRoom() {
      return false;
    }

    @Override
    public Event next() {
      Event told = event;
      if (told == null) {
        throw new NoSuchElementException("told already");
      }
      event = null;
      return told;
    }
  }

  /** All windows that a slicer has now, then their count. */
  final class Slice implements TrackStep {
    private final WindowSlicer slicer;
    private Counts counts = Counts.NONE;

    Slice(WindowSlicer slicer) {
      this.slicer = slicer;
    }

    @Override
    public boolean hasNext() {
      return slicer.hasNext() || !counts.equals(Counts.NONE);
    }

    @Override
    public boolean needsRoom() {
      return slicer.hasNext();
    }

    @Override
    public Event next() {
      if (!slicer.hasNext()) {
        Counts told = counts;
        counts = Counts.NONE;
        return new Counted(slicer.start().stream(), slicer.start().rateHz(), told);
      }
      MelWindow window = slicer.next();
      if (slicer.lastWasQuiet()) {
        counts = counts.plus(Counts.skipped(window.freshSamples()));
        return new WindowSkipped(window);
      }
      counts = counts.plus(Counts.windowed(window.freshSamples()));
      return new WindowReady(window);
    }
  }

  /** What is said of a finished segment after its last window. */
  final class Close implements TrackStep {
    private final WindowSlicer slicer;
    private final Assignment assignment;
    private final long lastRecordOffset;
    private boolean counted;
    private boolean ended;

    Close(WindowSlicer slicer, Assignment assignment, long lastRecordOffset) {
      this.slicer = slicer;
      this.assignment = assignment;
      this.lastRecordOffset = lastRecordOffset;
    }

    @Override
    public boolean hasNext() {
      return !ended;
    }

    @Override
    public boolean needsRoom() {
      return false;
    }

    @Override
    public Event next() {
      SegmentStart start = slicer.start();
      long unheard = slicer.unheardSamples();
      if (unheard > 0 && !counted) {
        counted = true;
        return new Counted(start.stream(), start.rateHz(), Counts.unheard(unheard));
      }
      ended = true;
      return new SegmentEnded(
          start.stream(),
          start.epoch(),
          slicer.segment(),
          start.rateHz(),
          unheard,
          assignment,
          lastRecordOffset);
    }
  }
}
