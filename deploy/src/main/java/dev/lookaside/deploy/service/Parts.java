package dev.lookaside.deploy.service;

import akka.actor.typed.Behavior;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.infer.BackboneSessions;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.infer.MixedScorer;
import dev.lookaside.classifier.registry.AdapterRegistry;
import dev.lookaside.classifier.registry.Preparation;
import dev.lookaside.classifier.registry.TrustedKeys;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.audio.AudioDecoder;
import java.time.Clock;
import java.util.function.Consumer;

/**
 * What every run of the pipeline is made from.
 *
 * @param trusted whose decisions about adapters count
 * @param decoder of chunk payloads, shared by all streams
 * @param observer sees the streams' events; called on one thread at a time
 */
record Parts(
    Settings settings,
    Backbone backbone,
    Adapter adapter,
    DetectorModel model,
    TrustedKeys trusted,
    AudioDecoder decoder,
    Metrics metrics,
    Status status,
    Consumer<StreamDetector.Event> observer) {
  /** Sessions for one run of the pipeline, which closes them. */
  BackboneSessions sessions() {
    return new BackboneSessions(
        backbone, settings.classifier().scorer(), settings.registry().maxArchitectures());
  }

  /** Follows the decisions about adapters. */
  Behavior<AdapterRegistry.Command> registry(
      BackboneSessions sessions, LoadedAdapter configured, AdapterRegistry.Listeners listeners) {
    return AdapterRegistry.create(
        new AdapterRegistry.Parts(
            settings.registry(),
            trusted,
            settings.ingest(),
            new Preparation(sessions, model.spec()),
            configured,
            Clock.systemUTC()),
        listeners);
  }

  /** Opens a scorer and warms it; called again after the device failed. */
  MixedScorer openScorer(BackboneSessions sessions, LoadedAdapter first) {
    sessions.renew();
    MixedScorer scorer = new MixedScorer(sessions, first);
    scorer.warm(first);
    status.scoring(scorer.deviceDescription());
    return scorer;
  }
}
