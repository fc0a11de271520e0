package dev.lookaside.deploy;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.infer.BackboneSessions;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.infer.MixedScorer;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.audio.AudioDecoder;
import java.util.function.Consumer;

/**
 * What every run of the pipeline is made from.
 *
 * @param decoder of chunk payloads, shared by all streams
 * @param observer sees what the streams tell; called on one thread at a time
 */
record Parts(
    Settings settings,
    Backbone backbone,
    Adapter adapter,
    DetectorModel model,
    AudioDecoder decoder,
    Metrics metrics,
    Status status,
    Consumer<StreamDetector.Event> observer) {
  static final String SOURCE_DISPATCHER = "lookaside.ingest.kafka-dispatcher";
  private static final int ARCHITECTURES = 4;

  /** Sessions for one run of the pipeline, which closes them. */
  BackboneSessions sessions() {
    return new BackboneSessions(backbone, settings.classifier().scorer(), ARCHITECTURES);
  }

  /** Opens a scorer and warms it; called again after the device failed. */
  MixedScorer openScorer(BackboneSessions sessions, LoadedAdapter first) {
    sessions.renew();
    MixedScorer scorer = new MixedScorer(sessions, first);
    scorer.warm(first);
    status.scoring(scorer.deviceDescription());
    return scorer;
  }

  Behavior<KafkaSource.Command> source(ActorRef<KafkaSource.Event> listener) {
    return KafkaSource.create(settings.ingest(), listener);
  }
}
