package dev.lookaside.trainer.session;

import akka.actor.typed.Behavior;
import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.registry.RegistrySettings;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.SigningKey;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.Leadership;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.ingest.kafka.ResourceCloser;
import dev.lookaside.ingest.retained.RetainedAudio;
import dev.lookaside.trainer.loop.Trainer;
import dev.lookaside.trainer.publish.Publisher;
import dev.lookaside.trainer.publish.RefitTopic;
import dev.lookaside.trainer.refit.RefitTools;
import dev.lookaside.trainer.shadow.ShadowRun;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.LabelIngest;
import dev.lookaside.trainer.watch.BackgroundWatch;
import dev.lookaside.trainer.watch.DriftWatch;
import java.time.Clock;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Trainer} needs to know of the process it runs in.
 *
 * @param settings of the trainer
 * @param ingest topics and brokers
 * @param registry of adapters
 * @param key signs decisions; null: they are not signed
 * @param backbone of all adapters; stays the caller's to close
 * @param configured scores where the ledger has no decision
 * @param features windows as streams have them
 * @param detect how streams are decoded
 * @param where fits and scores run
 * @param channel which one of several counts, as in the live pipeline
 * @param gateDbfs level of a stream's silence gate, as in the live pipeline
 * @param shadow tries candidates on live audio; null: there is none here
 * @param opened gets the store each time this trainer begins to lead, before any label is read, for
 *     instance to put in what the configured adapter was fitted on
 */
public record TrainerSetup(
    TrainerSettings settings,
    IngestSettings ingest,
    RegistrySettings registry,
    @Nullable SigningKey key,
    Backbone backbone,
    Adapter configured,
    FeatureSpec features,
    DetectSettings detect,
    ScorerSettings where,
    ChannelPolicy channel,
    ToDoubleFunction<StreamId> gateDbfs,
    @Nullable ShadowRun shadow,
    Consumer<ExampleStore> opened) {
  /** The trainer; spawn it on {@link Trainer#DISPATCHER}. */
  public Behavior<Trainer.Command> behavior(Trainer.Listener listener) {
    return Trainer.create(
        new Trainer.Parts(
            settings.scope(),
            settings.loop(),
            settings.tick(),
            this::leaderWork,
            leads ->
                Leadership.join(
                    ingest,
                    "trainer",
                    "lookaside-trainer." + settings.scope(),
                    settings.session(),
                    leads),
            listener,
            Clock.systemUTC()));
  }

  /** Opens everything, or nothing: what was opened before a part that fails is closed again. */
  private LeaderSession leaderWork() {
    Topics.ensureTraining(ingest);
    try (ResourceCloser parts = new ResourceCloser()) {
      ExampleStore store = parts.add(ExampleStore.open(settings.folder(), settings.store()));
      opened.accept(store);
      RegistryView view = parts.add(RegistryView.open(ingest, registry::trusted));
      Publisher publisher =
          new Publisher(
              new Publisher.Settings(
                  settings.scope(),
                  settings.author(),
                  features.fingerprint(),
                  settings.deadline(),
                  registry),
              configured,
              backbone,
              where,
              view,
              parts.add(new RegistryWriter(ingest, key)),
              Clock.systemUTC());
      RefitTopic requests = parts.add(RefitTopic.ofRequests(ingest, settings.scope()));
      LabelIngest labels = LabelIngest.open(ingest, store, settings.store(), channel);
      parts.add(labels);
      DriftWatch drift =
          settings.drift().enabled() ? parts.add(drift(parts, view, store, requests)) : null;
      BackgroundWatch background =
          settings.background().enabled() ? background(parts, store) : null;
      return new LeaderSession(
          new LeaderSession.Parts(settings, ingest, tools(), shadow, Clock.systemUTC()),
          store,
          labels,
          requests,
          publisher,
          drift,
          background,
          parts.keep());
    }
  }

  private DriftWatch drift(
      ResourceCloser parts, RegistryView view, ExampleStore store, RefitTopic requests) {
    return new DriftWatch(
        new DriftWatch.Parts(
            settings.scope(),
            settings.drift(),
            ingest,
            tools(),
            configured,
            gateDbfs,
            registry.maxBytes(),
            Clock.systemUTC()),
        store,
        view,
        parts.add(RetainedAudio.open(ingest, channel)),
        requests);
  }

  private BackgroundWatch background(ResourceCloser parts, ExampleStore store) {
    return new BackgroundWatch(
        settings.scope(),
        settings.author(),
        settings.background(),
        ingest,
        gateDbfs,
        store,
        parts.add(RetainedAudio.open(ingest, channel)),
        Clock.systemUTC());
  }

  private RefitTools tools() {
    return new RefitTools(
        backbone,
        features.hopFrames(),
        detect,
        where,
        settings.refit(),
        settings.gate(),
        RefitTools.audioCache());
  }
}
