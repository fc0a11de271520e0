package dev.lookaside.trainer.fit;

import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Example;
import dev.lookaside.trainer.example.ExampleSource;
import dev.lookaside.trainer.gradient.Gradients;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The loop: batch, gradients, clipping, optimiser, log, checkpoint. Runs on the thread that calls
 * it; any other may stop it.
 */
final class Fit {
  private static final double CLIP_EPSILON = 1e-6; // as torch.nn.utils.clip_grad_norm_
  private static final int MAX_NAMED = 5;

  private final FitSettings settings;
  private final ExampleSource source;
  private final BatchGradients gradients;
  private final Checkpoints checkpoints;
  private final FitProgress progress;
  private final Map<String, String> identity;
  private volatile boolean stopping;

  /**
   * @param model what decides the gradients (backbone, adapter at the start, loss), by name
   */
  Fit(
      FitSettings settings,
      ExampleSource source,
      BatchGradients gradients,
      Map<String, String> model,
      Checkpoints checkpoints,
      FitProgress progress) {
    this.settings = settings;
    this.source = source;
    this.gradients = gradients;
    this.checkpoints = checkpoints;
    this.progress = progress;
    SortedMap<String, String> all = new TreeMap<>(model);
    all.put("settings", settings.identity());
    all.put("examples", source.identity());
    this.identity = all;
  }

  /**
   * Fits to the end.
   *
   * @param start every trained tensor; not changed
   * @param resume whether to go on from the checkpoint, if there is one
   * @return the trained tensors
   * @throws TrainerException if the loss is no number (naming step and clips), the checkpoint
   *     cannot be written or is of another fit, or the fit was stopped
   */
  SortedMap<String, float[]> run(Map<String, float[]> start, boolean resume) {
    SortedMap<String, float[]> weights = new TreeMap<>();
    Optimizer optimizer = new Optimizer(settings.optimizer());
    FitState found = resume ? checkpoints.load(identity).orElse(null) : null;
    if (found == null) {
      start.forEach((name, values) -> weights.put(name, values.clone()));
    } else {
      weights.putAll(found.weights());
      optimizer = new Optimizer(settings.optimizer(), found.steps(), found.moments());
    }
    progress.begun(optimizer.steps());
    long steps = settings.steps(source.size());
    try (BatchLoader loader = new BatchLoader(source, settings, optimizer.steps())) {
      while (optimizer.steps() < steps) {
        long begin = System.nanoTime();
        step(loader.next(), weights, optimizer, begin);
        boolean last = optimizer.steps() == steps;
        if (last || stopping || optimizer.steps() % settings.checkpointEverySteps() == 0) {
          save(weights, optimizer);
        }
        if (stopping && !last) {
          throw new TrainerException(
              "stopped after step %d of %d, which its checkpoint holds"
                  .formatted(optimizer.steps(), steps));
        }
      }
    }
    return weights;
  }

  /** Ends the fit after the current step, with a checkpoint; {@link #run} then throws. */
  void stop() {
    stopping = true;
  }

  private void step(
      Batch batch, SortedMap<String, float[]> weights, Optimizer optimizer, long begin) {
    long step = optimizer.steps();
    double rate = settings.learningRate(step, source.size());
    Gradients.Step all = gradients(batch, weights);
    double norm = norm(all.gradients());
    if (!Double.isFinite(all.loss()) || !Double.isFinite(norm)) {
      throw notFinite(batch, all, norm, step);
    }
    if (settings.maxGradientNorm() > 0) {
      scale(all.gradients(), Math.min(1, settings.maxGradientNorm() / (norm + CLIP_EPSILON)));
    }
    optimizer.step(weights, all.gradients(), rate);
    progress.stepped(
        new FitProgress.Step(
            step + 1,
            settings.steps(source.size()),
            batch.epoch() + 1,
            all.loss(),
            rate,
            batch.size(),
            (System.nanoTime() - begin) * 1e-9));
  }

  /** Loss and gradients of a batch, run in parts and added up by the parts' weights. */
  private Gradients.Step gradients(Batch batch, Map<String, float[]> weights) {
    int partSize = (batch.size() + settings.parts() - 1) / settings.parts();
    if (partSize >= batch.size()) {
      return gradients.step(weights, batch);
    }
    double total = batch.totalWeight();
    double loss = 0;
    float[] logits = new float[0];
    SortedMap<String, float[]> sum = new TreeMap<>();
    for (int from = 0; from < batch.size(); from += partSize) {
      Batch part = batch.part(from, Math.min(batch.size(), from + partSize));
      Gradients.Step one = gradients.step(weights, part);
      double share = part.totalWeight() / total;
      loss += share * one.loss();
      scale(one.gradients(), share);
      one.gradients().forEach((name, g) -> sum.merge(name, g, Fit::plus));
      int before = logits.length;
      logits = Arrays.copyOf(logits, before + one.logits().length);
      System.arraycopy(one.logits(), 0, logits, before, one.logits().length);
    }
    return new Gradients.Step(loss, logits, sum);
  }

  private static float[] plus(float[] sum, float[] more) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += more[i];
    }
    return sum;
  }

  private static double norm(Map<String, float[]> gradients) {
    double squares = 0;
    for (float[] gradient : gradients.values()) {
      for (float g : gradient) {
        squares += (double) g * g;
      }
    }
    return Math.sqrt(squares);
  }

  private static void scale(Map<String, float[]> gradients, double by) {
    float factor = (float) by;
    if (factor != 1) {
      for (float[] gradient : gradients.values()) {
        for (int i = 0; i < gradient.length; i++) {
          gradient[i] *= factor;
        }
      }
    }
  }

  private TrainerException notFinite(Batch batch, Gradients.Step all, double norm, long step) {
    int perWindow = all.logits().length / batch.size();
    List<String> bad = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      for (int k = i * perWindow; k < (i + 1) * perWindow; k++) {
        if (!Float.isFinite(all.logits()[k])) {
          bad.add(batch.examples().get(i).name());
          break;
        }
      }
    }
    boolean some = !bad.isEmpty() && bad.size() < batch.size();
    List<String> names = some ? bad : batch.examples().stream().map(Example::name).toList();
    String more =
        names.size() > MAX_NAMED ? " and %d more".formatted(names.size() - MAX_NAMED) : "";
    String what =
        Double.isFinite(all.loss())
            ? "norm of the gradients \"%s\"".formatted(norm)
            : "loss \"%s\"".formatted(all.loss());
    return new TrainerException(
        "step %d (epoch %d): %s: must be a number; %s %s%s; the last checkpoint is kept"
            .formatted(
                step + 1,
                batch.epoch() + 1,
                what,
                some ? "from" : "in the batch were",
                String.join(", ", names.subList(0, Math.min(MAX_NAMED, names.size()))),
                more));
  }

  private void save(SortedMap<String, float[]> weights, Optimizer optimizer) {
    weights.forEach(
        (name, values) -> {
          for (float v : values) {
            if (!Float.isFinite(v)) {
              throw new TrainerException(
                  "step %d: weight \"%s\" became %s: must be finite; the last checkpoint is kept"
                      .formatted(optimizer.steps(), name, v));
            }
          }
        });
    checkpoints.save(new FitState(optimizer.steps(), weights, optimizer.moments()), identity);
  }
}
