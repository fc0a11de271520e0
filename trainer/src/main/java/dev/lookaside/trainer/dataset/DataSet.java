package dev.lookaside.trainer.dataset;

import dev.lookaside.classifier.weights.ClassName;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Clip;
import dev.lookaside.trainer.example.TimedRecording;
import dev.lookaside.trainer.metric.Event;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * A data set.
 *
 * @param name as the command line calls it
 * @param folder where it lies, for messages
 * @param labels the classes, in the order of their indices
 * @param segments in the order of the distribution
 * @param noise backgrounds that come with it and are of no class
 * @param quiet recordings in which no class sounds: what is found in them is a false alarm
 */
public record DataSet(
    String name,
    String folder,
    List<String> labels,
    List<Segment> segments,
    List<Recording> noise,
    List<Quiet> quiet) {
  /** The usual names of splits; ESC-50 and folders of clips have fewer. */
  public static final String TRAIN = "train";

  /** Split on which settings and thresholds are chosen. */
  public static final String VALIDATION = "validation";

  /** Split on which results are reported. */
  public static final String TEST = "test";

  public DataSet {
    labels = List.copyOf(labels);
    segments = List.copyOf(segments);
    noise = List.copyOf(noise);
    quiet = List.copyOf(quiet);
    ClassName.fault(labels)
        .ifPresent(
            fault -> {
              throw new TrainerException("%s: data set %s: %s".formatted(folder, name, fault));
            });
    if (segments.isEmpty()) {
      throw new TrainerException("%s: data set %s: holds no clips".formatted(folder, name));
    }
  }

  /** A data set without quiet recordings. */
  public DataSet(
      String name,
      String folder,
      List<String> labels,
      List<Segment> segments,
      List<Recording> noise) {
    this(name, folder, labels, segments, noise, List.of());
  }

  /** A whole recording of a split in which no class sounds. */
  public record Quiet(Recording recording, String split) {}

  /** The splits that have segments, sorted. */
  public TreeSet<String> splits() {
    TreeSet<String> splits = new TreeSet<>();
    segments.forEach(s -> splits.add(s.split()));
    return splits;
  }

  /**
   * Segments of a split, in order.
   *
   * @throws TrainerException if there is no such split, naming those there are
   */
  public List<Segment> segments(String split) {
    List<Segment> found = segments.stream().filter(s -> s.split().equals(split)).toList();
    if (found.isEmpty()) {
      throw new TrainerException(
          "%s: split \"%s\": must be one of %s".formatted(folder, split, splits()));
    }
    return found;
  }

  /**
   * Segments of a split as clips to fit on.
   *
   * @throws TrainerException also if the split's labels are not published
   */
  public List<Clip> clips(String split) {
    List<Clip> clips = new ArrayList<>();
    for (Segment s : segments(split)) {
      if (s.label() == Segment.UNLABELLED) {
        throw new TrainerException("%s: split \"%s\": has no labels".formatted(folder, split));
      }
      clips.add(new Clip(s.id(), s.label(), s::read));
    }
    return clips;
  }

  /**
   * Whether a split has the times of its classes: then it can be used for detection.
   *
   * @throws TrainerException if there is no such split
   */
  public boolean hasTimes(String split) {
    return segments(split).stream().allMatch(s -> s.span().isPresent() && s.label() >= 0);
  }

  /** Recordings of a split, each once, in the order of their first segment; then quiet ones. */
  public List<Recording> recordings(String split) {
    Map<String, Recording> byName = new LinkedHashMap<>();
    segments(split).forEach(s -> byName.putIfAbsent(s.recording().name(), s.recording()));
    quiet.stream()
        .filter(q -> q.split().equals(split))
        .forEach(q -> byName.putIfAbsent(q.recording().name(), q.recording()));
    return List.copyOf(byName.values());
  }

  /**
   * Recordings of a split with their events, to fit detection on. Each is asked how long it is.
   *
   * @param frontEnd of which each must have a frame
   * @param unreadable gets what is wrong with each recording that is left out; may end it
   * @throws TrainerException if the split has no onsets and offsets of its classes, or no recording
   *     is left
   */
  public List<TimedRecording> timed(String split, FrontEnd frontEnd, Consumer<String> unreadable) {
    if (!hasTimes(split)) {
      throw new TrainerException(
          "%s: split \"%s\": has no onsets and offsets of its classes".formatted(folder, split));
    }
    Map<String, List<LabelledEvent>> events = new HashMap<>();
    for (Event e : events(split)) {
      events
          .computeIfAbsent(e.stream(), s -> new ArrayList<>())
          .add(new LabelledEvent(e.label(), e.onsetSeconds(), e.offsetSeconds()));
    }
    List<TimedRecording> timed = new ArrayList<>();
    List<String> complaints = new ArrayList<>();
    for (Recording r : recordings(split)) {
      try {
        TimedRecording recording = timed(r, events.getOrDefault(r.name(), List.of()));
        recording.checkLongEnough(frontEnd);
        timed.add(recording);
      } catch (IngestException | TrainerException e) {
        String message = String.valueOf(e.getMessage());
        complaints.add(message.contains(r.name()) ? message : r.name() + ": " + message);
        unreadable.accept(complaints.get(complaints.size() - 1));
      }
    }
    if (timed.isEmpty()) {
      throw new TrainerException(
          "%s: split \"%s\": no recording can be read; the first: %s"
              .formatted(folder, split, complaints.get(0)));
    }
    return timed;
  }

  private static TimedRecording timed(Recording r, List<LabelledEvent> events) {
    Recording.Extent extent = r.extent();
    return new TimedRecording(
        r.name(),
        extent.rateHz(),
        extent.samples(),
        (from, until) -> r.read(Span.ofSamples(from, until, extent.rateHz())).samples(),
        events);
  }

  /** What sounds when in a split; streams are the recordings' names. */
  public List<Event> events(String split) {
    List<Event> events = new ArrayList<>();
    for (Segment s : segments(split)) {
      Optional<Span> span = s.span();
      if (span.isPresent() && s.label() >= 0) {
        events.add(
            new Event(
                s.recording().name(),
                labels.get(s.label()),
                span.get().onsetSeconds(),
                span.get().offsetSeconds()));
      }
    }
    return events;
  }
}
