package dev.lookaside.deploy;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.infer.Scorer;
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
  private static final int WARM_RUNS = 3;

  /** Opens a scorer and warms it, so that the first live window is as quick as the others. */
  Scorer openScorer() {
    Scorer scorer = Scorer.open(backbone, adapter, settings.classifier().scorer());
    float[] silence = new float[adapter.windowFrames() * adapter.frontEnd().mels()];
    for (int i = 0; i < WARM_RUNS; i++) {
      scorer.logits(silence, 1);
    }
    status.scoring(scorer.deviceDescription());
    return scorer;
  }

  Behavior<KafkaSource.Command> source(ActorRef<KafkaSource.Event> listener) {
    return KafkaSource.create(settings.ingest(), listener);
  }
}
