package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.dataset.DataSet;
import dev.lookaside.trainer.dataset.Recording;
import dev.lookaside.trainer.metric.Event;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What decoders are tuned and judged on.
 *
 * @param tuning where their numbers are chosen
 * @param judged where they are judged
 * @param count scenes or recordings of that
 */
record DecoderMaterial(Source tuning, Source judged, int count) {
  /**
   * What one model heard.
   *
   * @param clips by stream
   * @param seconds that each lasts
   * @param truth its events
   */
  record Heard(Map<String, ClipDetections> clips, Map<String, Double> seconds, List<Event> truth) {}

  /** Lets a model hear it. */
  @FunctionalInterface
  interface Source {
    Heard heard(OfflineModel model);
  }

  /** So many scenes to judge on and half as many to tune on. */
  static DecoderMaterial ofScenes(
      ComposedScenes tuning, ComposedScenes judged, int count, PrintWriter err) {
    return new DecoderMaterial(
        model -> scenes(model, tuning, count / 2, err),
        model -> scenes(model, judged, count, err),
        count);
  }

  private static Heard scenes(
      OfflineModel model, ComposedScenes composed, int count, PrintWriter err) {
    Heard heard = new Heard(new LinkedHashMap<>(), new LinkedHashMap<>(), new ArrayList<>());
    try (EvaluateDisplay display = new EvaluateDisplay("scenes", count, err)) {
      for (int i = 0; i < count; i++) {
        Scene scene = composed.scene(i);
        String name = "scene " + i;
        heard.clips().put(name, model.detect(scene.audio()));
        heard.seconds().put(name, scene.audio().seconds());
        for (LabelledEvent e : scene.events()) {
          heard.truth().add(new Event(name, e.label(), e.onsetSeconds(), e.offsetSeconds()));
        }
        display.done(i + 1);
      }
    }
    return heard;
  }

  /**
   * Splits of a data set. Where test has no times, the split that numbers are chosen on is judged,
   * and that is said.
   *
   * @param tuneSplit null for validation
   * @param judgedSplit empty for test
   * @throws CliException if a split does not say when its classes sound, or has other labels
   */
  static DecoderMaterial ofRecordings(
      DataSet set,
      @Nullable String tuneSplit,
      Optional<String> judgedSplit,
      Adapter adapter,
      PrintWriter err) {
    String chosen = tuneSplit == null ? DataSet.VALIDATION : tuneSplit;
    boolean test = set.splits().contains(DataSet.TEST) && set.hasTimes(DataSet.TEST);
    String judged = judgedSplit.orElse(test ? DataSet.TEST : chosen);
    for (String split : List.of(chosen, judged)) {
      if (!set.hasTimes(split)) {
        throw new CliException(
            "split \"%s\" of %s: does not say when its classes sound".formatted(split, set.name()));
      }
    }
    new JudgedData.Sounds(set, judged).indices(adapter);
    err.printf("%s: chosen on %s, judged on %s%n", set.name(), chosen, judged);
    if (chosen.equals(judged)) {
      err.println("figures are too good: of the split that the numbers were chosen on");
    }
    return new DecoderMaterial(
        model -> recordings(model, set, chosen, err),
        model -> recordings(model, set, judged, err),
        set.recordings(judged).size());
  }

  /** Recordings that cannot be read are named and left out. */
  private static Heard recordings(OfflineModel model, DataSet set, String split, PrintWriter err) {
    Map<String, ClipDetections> clips = new LinkedHashMap<>();
    Map<String, Double> seconds = new LinkedHashMap<>();
    List<Recording> recordings = set.recordings(split);
    Unheard unheard = new Unheard(err, Optional.empty());
    int done = 0;
    try (EvaluateDisplay display = new EvaluateDisplay("recordings", recordings.size(), err)) {
      for (Recording recording : recordings) {
        try {
          Pcm pcm = recording.read();
          clips.put(recording.name(), model.detect(pcm));
          seconds.put(recording.name(), pcm.seconds());
        } catch (IngestException | TrainerException e) {
          unheard.accept(recording.name() + ": " + e.getMessage());
        }
        display.done(++done);
      }
    }
    unheard.report(recordings.size(), "recordings");
    if (clips.isEmpty()) {
      throw new CliException("split \"%s\": no recording can be heard".formatted(split));
    }
    List<Event> truth =
        set.events(split).stream().filter(e -> clips.containsKey(e.stream())).toList();
    return new Heard(clips, seconds, truth);
  }
}
