package dev.lookaside.trainer.collect;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Clip;
import dev.lookaside.trainer.example.ClipSet;
import dev.lookaside.trainer.example.SceneExamples;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The sounds of a round, read from the store's files. */
public final class RoundSounds {
  private static final double BED_SECONDS = 20;

  /** Softer is taken for silence, as by {@link SceneComposer}. */
  private static final double SILENT_RMS = 1e-6;

  /** Chance that the next sound is a rejected one, of no class. */
  private static final double DISTRACTOR_SHARE = .2;

  /** Of a longer sound as much is composed into a scene. */
  private static final double MAX_CLIP_SECONDS = 4;

  private final RefitSettings settings;
  private final FrontEnd frontEnd;
  private final Map<String, StoredExample> byId;

  /**
   * @param examples all that the round's plan names
   */
  public RoundSounds(List<StoredExample> examples, FrontEnd frontEnd, RefitSettings settings) {
    this.settings = settings;
    this.frontEnd = frontEnd;
    this.byId = new TreeMap<>();
    examples.forEach(e -> byId.put(e.id(), e));
  }

  public StoredExample example(String id) {
    StoredExample found = byId.get(id);
    if (found == null) {
      throw new TrainerException("example " + id + ": is not in the store any more");
    }
    return found;
  }

  /**
   * What is composed into scenes to fit on.
   *
   * @param labels in the order of the head's rows
   */
  public ClipSet clips(List<String> ids, List<String> labels) {
    List<Clip> clips = new ArrayList<>();
    for (String id : ids) {
      StoredExample e = example(id);
      int label = labels.indexOf(e.label().orElseThrow());
      clips.add(new Clip(id, label, () -> cut(e.heldAudio().readEvent())));
    }
    return ClipSet.read(frontEnd, labels, clips, true);
  }

  /** The event, not longer than scenes bear. */
  private Pcm cut(Pcm event) {
    int most = (int) Math.round(MAX_CLIP_SECONDS * event.rateHz());
    return event.lengthSamples() <= most ? event : event.part(0, most);
  }

  /** Rejected stretches as distractors; sampled audio as beds, beside pink noise. */
  public SceneExamples.Unlabelled unlabelled(List<String> ids, long seed) {
    List<Pcm> beds = new ArrayList<>();
    List<Pcm> distractors = new ArrayList<>();
    beds.add(BackgroundNoise.pink(Seeds.mix(seed, 0), frontEnd.rateHz(), BED_SECONDS));
    beds.add(BackgroundNoise.pink(Seeds.mix(seed, 1), frontEnd.rateHz(), BED_SECONDS));
    for (String id : ids) {
      StoredExample e = example(id);
      Pcm pcm =
          e.origin() == Origin.SAMPLED ? e.heldAudio().read() : cut(e.heldAudio().readEvent());
      if (!silent(pcm)) {
        (e.origin() == Origin.SAMPLED ? beds : distractors).add(pcm);
      }
    }
    return new SceneExamples.Unlabelled(beds, distractors, DISTRACTOR_SHARE);
  }

  private static boolean silent(Pcm pcm) {
    return pcm.rms() < SILENT_RMS;
  }

  /** Sounds of classes, as they are composed into scenes; not the silent ones. */
  public List<LabelledClip> labelled(List<String> ids) {
    List<LabelledClip> clips = new ArrayList<>();
    ids.forEach(id -> clip(id).ifPresent(clips::add));
    return clips;
  }

  /** One of them; empty if it is silent. */
  public Optional<LabelledClip> clip(String id) {
    StoredExample e = example(id);
    Pcm pcm = cut(e.heldAudio().readEvent());
    return silent(pcm)
        ? Optional.empty()
        : Optional.of(new LabelledClip(e.label().orElseThrow(), pcm));
  }

  /** How many different sounds of each class are among these. */
  public Map<String, Integer> counts(List<String> ids) {
    Map<String, Integer> counts = new TreeMap<>();
    ids.forEach(id -> counts.merge(example(id).label().orElseThrow(), 1, Integer::sum));
    return counts;
  }

  /** Of these, the background of streams that is listened to: the newest. */
  public List<StoredExample> sampled(List<String> ids, double seconds) {
    List<StoredExample> newestFirst =
        ids.stream()
            .map(this::example)
            .filter(e -> e.origin() == Origin.SAMPLED)
            .sorted(Comparator.comparingLong(StoredExample::number).reversed())
            .toList();
    List<StoredExample> chosen = new ArrayList<>();
    double sum = 0;
    for (StoredExample e : newestFirst) {
      sum += e.heldAudio().seconds();
      if (sum <= seconds) {
        chosen.add(e);
      }
    }
    return chosen;
  }

  /**
   * Audio in which no class sounds: what was held out of the streams' background and of imported
   * audio without a class, and noise.
   *
   * @param sampledSeconds of the streams' background at most
   */
  public List<Pcm> background(List<String> ids, double sampledSeconds, long seed) {
    List<Pcm> audio = new ArrayList<>();
    sampled(ids, sampledSeconds).forEach(e -> audio.add(e.heldAudio().read()));
    for (String id : ids) {
      StoredExample e = example(id);
      if (e.origin() != Origin.SAMPLED) {
        audio.add(e.heldAudio().readEvent());
      }
    }
    if (settings.quietSeconds() > 0) {
      Pcm noise = BackgroundNoise.pink(seed, frontEnd.rateHz(), settings.quietSeconds());
      audio.add(asLoudAsBeds(noise));
    }
    return audio;
  }

  private Pcm asLoudAsBeds(Pcm noise) {
    float gain = (float) (settings.scenes().backgroundRms() / noise.rms());
    float[] samples = noise.samples().clone();
    for (int i = 0; i < samples.length; i++) {
      samples[i] *= gain;
    }
    return new Pcm(noise.rateHz(), samples);
  }
}
