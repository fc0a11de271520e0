package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.SettleLedger.Resume;
import dev.lookaside.classifier.detect.StreamDetector.Outcome;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamFeaturizer;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One stream, from windows to settled records, without threads or time. What comes in is put in the
 * featurizer's order whatever the order of the scorer's answers; what goes out goes through {@link
 * Outbox}. {@link StreamDetector} is its actor.
 */
final class DetectorCore {
  /** Where the core's wishes go. */
  interface Outbox {
    /** Score this window; one answer with this ticket is expected. */
    void score(long ticket, MelWindow window);

    /** Say which adapter is in force then; one answer with this ticket is expected. */
    void resolve(long ticket, Instant at);

    /** Room for this many more windows. */
    void demand(int windows);

    /** Write these in this order; one {@link DetectorCore#durable} is expected. */
    void publish(long number, List<Detection> detections);

    /** These records of the stream need never be read again. */
    void settle(Assignment assignment, long resumeOffset);

    /** For whoever watches. */
    void tell(StreamDetector.Event event);

    /** The stream has ended, all is durable and settled. */
    void done();
  }

  /** What stands in line; the head waits until it is complete. */
  private sealed interface Item permits Asked, SegmentEnd, End {}

  /** What the classifier is asked about. */
  private abstract static sealed class Asked implements Item permits Window, Gap {
    boolean answered;
    @Nullable AdapterFacts adapter;
  }

  private static final class Window extends Asked {
    private final WindowMark mark;
    private final Instant epoch;
    private final boolean segmentStart;
    private Outcome outcome;
    private float @Nullable [] posteriors;
    private String reason = "";

    /** {@code outcome} as it is expected. */
    Window(MelWindow w, Outcome outcome) {
      this.mark = WindowMark.of(w);
      this.epoch = w.epoch();
      this.segmentStart = w.segmentStart();
      this.outcome = outcome;
    }
  }

  private static final class Gap extends Asked {
    private final StreamFeaturizer.Gap gap;

    Gap(StreamFeaturizer.Gap gap) {
      this.gap = gap;
    }
  }

  private record SegmentEnd(StreamFeaturizer.SegmentEnded ended) implements Item {}

  private record End(StreamFeaturizer.Ended ended) implements Item {}

  private final StreamId stream;
  private final DetectSettings settings;
  private final Outbox out;
  private final StreamDecoder decoder;
  private final ArrayDeque<Item> line = new ArrayDeque<>();
  private final Map<Long, Asked> asked = new HashMap<>();
  private final SettleLedger ledger = new SettleLedger();
  private final Map<Long, StreamDetector.Delivered> undurable = new HashMap<>();
  private long nextTicket;
  private long nextPublish;
  private int demandOwed;
  private boolean stopping;
  private boolean done;

  DetectorCore(StreamId stream, DetectorModel model, DetectSettings settings, Outbox out) {
    this.stream = stream;
    this.settings = settings;
    this.out = out;
    this.decoder = new StreamDecoder(stream, model, settings);
  }

  /** Whether the featurizer has told its last event. */
  boolean stopping() {
    return stopping || line.stream().anyMatch(i -> i instanceof End e && e.ended().stopping());
  }

  /** Asks for the first windows. */
  void start() {
    out.demand(settings.maxWindowsUnderWay());
  }

  void heard(StreamFeaturizer.Event event) {
    if (event instanceof StreamFeaturizer.WindowReady ready) {
      out.score(asked(new Window(ready.window(), Outcome.SCORED)), ready.window());
    } else if (event instanceof StreamFeaturizer.WindowSkipped skipped) {
      MelWindow window = skipped.window();
      out.resolve(asked(new Window(window, Outcome.SKIPPED)), window.captureTime());
    } else if (event instanceof StreamFeaturizer.Gap gap) {
      out.resolve(asked(new Gap(gap)), gap.from());
    } else if (event instanceof StreamFeaturizer.SegmentEnded ended) {
      line.addLast(new SegmentEnd(ended));
    } else if (event instanceof StreamFeaturizer.Ended ended) {
      line.addLast(new End(ended));
    } else if (event instanceof StreamFeaturizer.Counted counted) {
      out.tell(new StreamDetector.Counted(stream, counted.rateHz(), counted.delta()));
    }
    drain();
  }

  private long asked(Asked item) {
    line.addLast(item);
    asked.put(nextTicket, item);
    return nextTicket++;
  }

  /** An answer; one that comes twice is ignored. */
  void scored(long ticket, float[] posteriors, AdapterFacts adapter) {
    if (asked.get(ticket) instanceof Window window) {
      window.posteriors = posteriors;
    }
    answered(ticket, adapter);
  }

  /** The adapter in force, where nothing is to be scored. */
  void resolved(long ticket, AdapterFacts adapter) {
    answered(ticket, adapter);
  }

  /** The window will not be scored; or it is not known which adapter is in force. */
  void shed(long ticket, String reason) {
    if (asked.get(ticket) instanceof Window window && window.outcome == Outcome.SCORED) {
      window.outcome = Outcome.SHED;
      window.reason = reason;
    }
    answered(ticket, null);
  }

  /** The detections of publish {@code number} can no longer be lost; {@code at} by wall clock. */
  void durable(long number, Instant at) {
    Optional<Resume> resume = ledger.durable(number);
    StreamDetector.Delivered delivered = undurable.remove(number);
    if (delivered != null) {
      out.tell(delivered.durableAt(at));
    }
    resume.ifPresent(this::settle);
    payDemand();
    doneIfDone();
  }

  private void answered(long ticket, @Nullable AdapterFacts adapter) {
    Asked item = asked.remove(ticket);
    if (item != null) {
      item.answered = true;
      item.adapter = adapter;
      drain();
    }
  }

  private void drain() {
    while (!line.isEmpty() && ready(line.getFirst())) {
      Item item = line.removeFirst();
      List<Detection> found = decode(item);
      if (!found.isEmpty()) {
        publish(found);
      }
      if (item instanceof Window window) {
        demandOwed++;
        tell(window);
      } else if (item instanceof End end) {
        stopping |= end.ended().stopping();
      }
      decoder.resume().flatMap(ledger::reached).ifPresent(this::settle);
    }
    payDemand();
    doneIfDone();
  }

  private static boolean ready(Item item) {
    return !(item instanceof Asked asked) || asked.answered;
  }

  private List<Detection> decode(Item item) {
    List<Detection> found = new ArrayList<>();
    if (item instanceof Window w) {
      decoder.begin(w.mark, w.epoch, w.segmentStart, w.adapter, found);
      if (w.posteriors != null) {
        decoder.scored(w.mark, w.posteriors, found);
      } else if (w.outcome == Outcome.SKIPPED) {
        decoder.skipped(w.mark, found);
      } else {
        decoder.shed(w.mark, w.reason, found);
      }
    } else if (item instanceof Gap gap) {
      decoder.gap(gap.gap, gap.adapter, found);
    } else if (item instanceof SegmentEnd end) {
      decoder.segmentEnded(end.ended(), found);
    } else if (item instanceof End end) {
      decoder.ended(end.ended(), found);
    }
    return found;
  }

  private void publish(List<Detection> found) {
    long number = nextPublish++;
    ledger.published(number);
    undurable.put(
        number, new StreamDetector.Delivered(stream, found, decoder.capturedUntil(), Instant.MAX));
    out.publish(number, found);
  }

  private void tell(Window w) {
    out.tell(
        new StreamDetector.Windowed(
            stream,
            w.epoch,
            w.mark.index(),
            w.outcome,
            w.posteriors,
            w.adapter,
            w.mark.captureTime(),
            w.mark.capturedUntil(),
            w.mark.freshSamples(),
            w.mark.rateHz()));
  }

  private void settle(Resume resume) {
    out.settle(resume.assignment(), resume.resumeOffset());
  }

  /** Room is given back as windows are done with, unless too much waits for the broker. */
  private void payDemand() {
    if (demandOwed > 0 && !stopping && ledger.underWay() < settings.maxPublishesUnderWay()) {
      out.demand(demandOwed);
      demandOwed = 0;
    }
  }

  private void doneIfDone() {
    if (stopping && !done && line.isEmpty() && ledger.underWay() == 0) {
      done = true;
      out.done();
    }
  }
}
