package dev.lookaside.classifier.detect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.detect.HysteresisDecoder.Event;
import dev.lookaside.classifier.detect.HysteresisDecoder.Kind;
import dev.lookaside.ingest.ProgressBytes;
import dev.lookaside.ingest.SeededRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HysteresisDecoderTest {
  private static final DecoderSettings PLAIN = settings(Combination.MEAN, 0.5f, 0.3f, 0, 0);

  @Test
  void streamingDecodeIsTheWholeClipDecodeBitForBit() {
    SeededRandom.forAll(
        HysteresisDecoderTest.class,
        400,
        random -> {
          SegmentCase one = SegmentCase.random(random);
          List<Event> expected =
              new WholeClipReference(one.grid(), one.settings(), one.windows(), one.joined())
                  .events();
          assertThat(one.stream()).isEqualTo(expected);
        });
  }

  @Test
  void curveIsTheDefinitionOfTheCurve() {
    SeededRandom.forAll(
        HysteresisDecoderTest.class,
        200,
        random -> {
          SegmentCase one = SegmentCase.random(random);
          WholeClipReference reference =
              new WholeClipReference(one.grid(), one.settings(), one.windows(), one.joined());
          Map<Long, float[]> curve = new HashMap<>();
          one.stream(curve::put);
          assertThat(curve).hasSize((int) (reference.endCell() - reference.firstCell()));
          curve.forEach(
              (cell, values) -> {
                for (int c = 0; c < values.length; c++) {
                  assertThat(values[c]).isEqualTo(reference.curve(cell, c));
                }
              });
        });
  }

  @Test
  void everyStartIsEndedOnceWithTheSameOnsetAndNeverTakenBack() {
    SeededRandom.forAll(
        HysteresisDecoderTest.class,
        200,
        random -> {
          SegmentCase one = SegmentCase.random(random);
          Map<Integer, Event> open = new HashMap<>();
          for (Event e : one.stream()) {
            if (e.kind() == Kind.STARTED) {
              assertThat(open.put(e.classIndex(), e)).isNull();
            } else {
              Event start = open.remove(e.classIndex());
              assertThat(start).isNotNull();
              assertThat(e.onsetCell()).isEqualTo(start.onsetCell());
              assertThat(e.offsetCell()).isGreaterThanOrEqualTo(start.offsetCell());
              assertThat((e.offsetCell() - e.onsetCell()) * one.grid().cellFrames())
                  .isGreaterThanOrEqualTo(one.settings().minLengthFrames()[e.classIndex()]);
            }
          }
          assertThat(open).isEmpty();
        });
  }

  @Test
  void goingOnWhereAnotherDecoderWasGivesTheVeryEventsThatFollowed() {
    SeededRandom.forAll(
        HysteresisDecoderTest.class,
        400,
        random -> {
          SegmentCase one = SegmentCase.random(random);
          HysteresisDecoder decoder = one.decoder(null);
          List<Event> events = new ArrayList<>();
          for (int i = 0; i < one.windows().size(); i++) {
            if (random.nextInt(4) == 0) {
              decoder = copy(decoder, one);
            }
            events.addAll(one.feed(decoder, i));
          }
          events.addAll(copy(decoder, one).finish());
          assertThat(events).isEqualTo(one.stream());
        });
  }

  /** Through bytes, as between two processes. */
  private static HysteresisDecoder copy(HysteresisDecoder decoder, SegmentCase one) {
    ProgressBytes.Writer out = new ProgressBytes.Writer();
    decoder.write(out);
    ProgressBytes.Reader in = new ProgressBytes.Reader(out.toByteArray());
    HysteresisDecoder copy = HysteresisDecoder.read(in, one.grid(), one.settings());
    assertThat(in.atEnd()).isTrue();
    return copy;
  }

  @Test
  void shortEventIsNeitherStartedNorEnded() {
    HysteresisDecoder decoder =
        HysteresisDecoder.of(16, 16, 1, settings(Combination.MEAN, 0.5f, 0.3f, 48, 0));
    assertThat(run(decoder, 0, .9f, .9f, 0, 0)).isEmpty();
  }

  @Test
  void startIsCertainInTheCellThatReachesTheMinimumLength() {
    HysteresisDecoder decoder =
        HysteresisDecoder.of(16, 16, 1, settings(Combination.MEAN, 0.5f, 0.3f, 48, 32));
    assertThat(decoder.push(0, 16, new float[] {.6f})).isEmpty();
    // One quiet cell is less than the minimum gap: it counts into the event.
    assertThat(decoder.push(1, 16, new float[] {.1f})).isEmpty();
    assertThat(decoder.push(2, 16, new float[] {.8f}))
        .containsExactly(new Event(Kind.STARTED, 0, 0, 3, .8f, .5f));
    assertThat(decoder.push(3, 16, new float[] {.2f})).isEmpty();
    assertThat(decoder.push(4, 16, new float[] {.2f}))
        .containsExactly(new Event(Kind.ENDED, 0, 0, 3, .8f, .5f));
  }

  @Test
  void hysteresisHoldsBetweenTheThresholds() {
    List<Event> events = run(HysteresisDecoder.of(16, 16, 1, PLAIN), .4f, .5f, .4f, .3f, .29f, .4f);
    assertThat(events).extracting(Event::kind).containsExactly(Kind.STARTED, Kind.ENDED);
    assertThat(events.get(1).onsetCell()).isEqualTo(1);
    assertThat(events.get(1).offsetCell()).isEqualTo(4);
  }

  @Test
  void minimumFindsTheEdgesOfWhatEveryTouchingWindowHears() {
    HysteresisDecoder decoder =
        HysteresisDecoder.of(128, 16, 1, settings(Combination.MINIMUM, 0.5f, 0.3f, 0, 0));
    List<Event> events = new ArrayList<>();
    for (int k = 0; k < 60; k++) {
      // The event fills cells 20..29; window k sees cells k..k+7.
      boolean touches = k <= 29 && k + 7 >= 20;
      events.addAll(decoder.push(k, 128, new float[] {touches ? .9f : .1f}));
    }
    events.addAll(decoder.finish());
    assertThat(events).hasSize(2);
    assertThat(events.get(1)).isEqualTo(new Event(Kind.ENDED, 0, 20, 30, .9f, .9f));
  }

  @Test
  void centreDecidesHalfAWindowEarlierThanTheMean() {
    assertThat(decidingWindow(Combination.MEAN)).isEqualTo(20);
    assertThat(decidingWindow(Combination.CENTRE)).isEqualTo(16);
    assertThat(decidingWindow(Combination.position(1))).isEqualTo(13);
  }

  @Test
  void columnsHeadGoesTheSameWay() {
    HysteresisDecoder decoder = HysteresisDecoder.of(64, 32, 4, PLAIN);
    assertThat(decoder.cellFrames()).isEqualTo(16);
    List<Event> events = new ArrayList<>();
    // The class sounds in cells 3 and 4: columns 3 of window 0, 1 and 2 of window 1, 0 of window 2.
    events.addAll(decoder.push(0, 64, new float[] {0, 0, 0, 1}));
    events.addAll(decoder.push(1, 64, new float[] {0, 1, 1, 0}));
    events.addAll(decoder.push(2, 64, new float[] {1, 0, 0, 0}));
    events.addAll(decoder.finish());
    assertThat(events.get(1)).isEqualTo(new Event(Kind.ENDED, 0, 3, 5, 1f, 1f));
  }

  @Test
  void skippedWindowsAreZerosAndShedOnesHaveNoSay() {
    List<float[]> curve = new ArrayList<>();
    HysteresisDecoder tapped =
        new HysteresisDecoder(
            CurveGrid.of(32, 16, 1), PLAIN, 0, (cell, values) -> curve.add(values));
    tapped.push(0, 32, new float[] {.8f});
    tapped.skip(1, 32);
    tapped.shed(2, 32);
    tapped.shed(3, 32);
    tapped.finish();
    assertThat(curve).extracting(v -> v[0]).containsExactly(.8f, .4f, 0f, 0f, 0f);
  }

  @Test
  void paddedLastWindowCoversItsAudioOnly() {
    List<Long> cells = new ArrayList<>();
    HysteresisDecoder decoder =
        new HysteresisDecoder(
            CurveGrid.of(128, 16, 1), PLAIN, 0, (cell, values) -> cells.add(cell));
    decoder.push(0, 17, new float[] {.9f});
    List<Event> events = decoder.finish();
    assertThat(cells).containsExactly(0L, 1L);
    assertThat(events.get(0).offsetCell()).isEqualTo(2);
  }

  @Test
  void aMissingWindowIsRefusedByItsNumber() {
    HysteresisDecoder decoder = HysteresisDecoder.of(16, 16, 1, PLAIN);
    decoder.skip(4, 16);
    assertThatThrownBy(() -> decoder.skip(6, 16))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("window \"6\": must be 5, the one after the last");
    assertThatThrownBy(() -> decoder.push(5, 16, new float[3]))
        .hasMessage("posteriors \"3\": must be 1 (1 columns of 1 classes)");
  }

  @Test
  void settingsNameTheFieldAndTheValue() {
    assertThatThrownBy(() -> settings(Combination.MEAN, 0.3f, 0.5f, 0, 0))
        .hasMessage("thresholds of class 0 \"on 0.3, off 0.5\": must be 0 < off <= on <= 1");
    assertThatThrownBy(() -> Combination.of("median"))
        .hasMessageStartingWith("combination \"median\": must be mean, ");
    assertThatThrownBy(() -> Combination.of("quantile:2"))
        .hasMessageStartingWith("combination \"quantile:2\": must be mean, ");
    assertThat(Combination.of("quantile:0.25")).isEqualTo(Combination.quantile(.25));
    assertThat(Combination.of("centre")).isEqualTo(Combination.CENTRE);
    assertThatThrownBy(() -> CurveGrid.of(100, 16, 3))
        .hasMessage("columns \"3\": must divide the 100 frames of a window");
  }

  private static long decidingWindow(Combination how) {
    HysteresisDecoder decoder = HysteresisDecoder.of(128, 16, 1, settings(how, 0.5f, 0.3f, 0, 0));
    long k = 0;
    while (decoder.nextCell() <= 20) {
      decoder.skip(k++, 128);
    }
    return k - 1;
  }

  private static List<Event> run(HysteresisDecoder decoder, float... posteriors) {
    List<Event> events = new ArrayList<>();
    for (int k = 0; k < posteriors.length; k++) {
      events.addAll(decoder.push(k, 16, new float[] {posteriors[k]}));
    }
    events.addAll(decoder.finish());
    return events;
  }

  private static DecoderSettings settings(
      Combination how, float on, float off, int minLengthFrames, int minGapFrames) {
    return new DecoderSettings(
        how, new float[] {on}, new float[] {off}, new int[] {minLengthFrames}, minGapFrames);
  }
}
