package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.Detection.Extent;
import dev.lookaside.classifier.detect.Detection.Kind;
import dev.lookaside.classifier.detect.Detection.Origin;
import dev.lookaside.classifier.detect.SegmentDecoder.TimedEvent;
import dev.lookaside.featurizer.StreamTrack;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.Locale;

/** Makes the wire records of one stream; backbone and features are the same for all of them. */
final class DetectionBuilder {
  private final StreamId stream;
  private final int partition;
  private final String backboneDigest;
  private final String fingerprint;

  DetectionBuilder(StreamId stream, int partition, DetectorModel model) {
    this.stream = stream;
    this.partition = partition;
    this.backboneDigest = model.backboneDigest();
    this.fingerprint = model.spec().fingerprint();
  }

  Detection event(TimedEvent e, Instant epoch, DetectorModel model) {
    boolean ended = e.kind() == HysteresisDecoder.Kind.ENDED;
    String label = model.labels().get(e.classIndex());
    Extent extent =
        new Extent(
            e.onsetSample(),
            ended ? e.offsetSample() : Extent.OPEN,
            e.onsetTime(),
            ended ? e.offsetTime() : null,
            e.rateHz());
    return new Detection(
        ended ? Kind.ENDED : Kind.STARTED,
        Detection.idOf(stream, epoch, label, e.onsetSample()),
        stream,
        epoch,
        label,
        extent,
        e.peak(),
        e.mean(),
        origin(model.adapterDigest(), e.firstRecordOffset(), e.lastRecordOffset()),
        null);
  }

  Detection gap(StreamTrack.Gap gap, String adapterDigest) {
    Extent extent =
        new Extent(
            gap.span().fromSample(),
            gap.span().untilSample(),
            gap.from(),
            gap.until(),
            gap.rateHz());
    return unscored(
        Kind.GAP,
        gap.epoch(),
        extent,
        origin(adapterDigest, gap.recordOffset(), gap.recordOffset()),
        gap.cause().name().toLowerCase(Locale.ROOT));
  }

  Detection shed(WindowMark first, WindowMark last, Instant epoch, String reason, String adapter) {
    Extent extent =
        new Extent(
            first.freshFrom(),
            last.span().untilSample(),
            first.timeOf(first.freshFrom()),
            last.timeOf(last.span().untilSample()),
            first.rateHz());
    return unscored(
        Kind.SHED,
        epoch,
        extent,
        origin(adapter, first.firstRecordOffset(), last.lastRecordOffset()),
        reason);
  }

  /** The kind is in the id where an event has its label; no label begins with a number sign. */
  private Detection unscored(
      Kind kind, Instant epoch, Extent extent, Origin origin, String reason) {
    String id = Detection.idOf(stream, epoch, "#" + kind.word(), extent.onsetSample());
    return new Detection(kind, id, stream, epoch, null, extent, 0, 0, origin, reason);
  }

  private Origin origin(String adapterDigest, long first, long last) {
    return new Origin(adapterDigest, backboneDigest, fingerprint, partition, first, last);
  }
}
