package dev.lookaside.featurizer;

import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.SampleSpan;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/** Which record holds which samples, for the pieces that are still needed. */
final class PiecePlaces {
  private final Deque<Place> places = new ArrayDeque<>();

  /** A piece without its samples. */
  record Place(SampleSpan span, Instant captureTime, Assignment assignment, long recordOffset) {
    /** When {@code sample} was captured, by this piece's clock. */
    Instant timeOf(long sample, int rateHz) {
      return AudioChunk.timeOf(captureTime, sample - span.fromSample(), rateHz);
    }
  }

  void add(Piece piece) {
    places.addLast(
        new Place(piece.span(), piece.captureTime(), piece.assignment(), piece.recordOffset()));
  }

  /** The piece that holds {@code sample}, looked for from the oldest on. */
  Place fromOldest(long sample) {
    return find(places.iterator(), sample);
  }

  /** The piece that holds {@code sample}, looked for from the newest on. */
  Place fromNewest(long sample) {
    return find(places.descendingIterator(), sample);
  }

  private static Place find(Iterator<Place> candidates, long sample) {
    while (candidates.hasNext()) {
      Place place = candidates.next();
      if (place.span().contains(sample)) {
        return place;
      }
    }
    throw new IllegalStateException("sample %d: no piece holds it".formatted(sample));
  }

  /** Pieces wholly before {@code sample} are not asked for again. */
  void dropUntil(long sample) {
    while (!places.isEmpty() && places.getFirst().span().untilSample() <= sample) {
      places.removeFirst();
    }
  }
}
