package dev.lookaside.featurizer;

import com.typesafe.config.Config;
import dev.lookaside.ingest.SettingsBlock;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import java.util.HashMap;
import java.util.Map;

/**
 * The block {@code lookaside.featurizer}, read once at start.
 *
 * @param hopFrames frames from one window to the next; {@link #WHOLE_WINDOW}: as many as a window
 *     has
 * @param silenceBelowDbfs a window whose frames are all below this level is not scored; {@code
 *     -Infinity}: every window is
 * @param silenceOfStreams the same for single streams, by stream id
 */
public record FeaturizerSettings(
    int hopFrames, double silenceBelowDbfs, Map<String, Double> silenceOfStreams) {
  /** {@link #hopFrames} of windows that do not overlap. */
  public static final int WHOLE_WINDOW = 0;

  private static final int LOWEST_DBFS = -200;
  private static final String HOP_RULE =
      "must be \"window\" or a whole number from 1 to " + FeatureSpec.MAX_WINDOW_FRAMES;
  private static final String LEVEL_RULE =
      "must be \"off\" or a number from " + LOWEST_DBFS + " to 0 (dBFS)";

  public FeaturizerSettings {
    silenceOfStreams = Map.copyOf(silenceOfStreams);
  }

  /**
   * Reads {@code lookaside.featurizer} of a whole configuration.
   *
   * @throws SettingsBlock.Fault naming key and value of the first mistake
   */
  public static FeaturizerSettings of(Config config) {
    SettingsBlock own = SettingsBlock.of(config, "lookaside.featurizer");
    SettingsBlock gate = own.block("silence-gate");
    Map<String, Double> levels = new HashMap<>();
    SettingsBlock streams = gate.block("streams");
    streams.keys().forEach(id -> levels.put(id, level(streams, id)));
    return new FeaturizerSettings(
        own.parsed("hop-frames", FeaturizerSettings::hop, HOP_RULE),
        level(gate, "below-dbfs"),
        levels);
  }

  /** Windows of a front end with this hop. */
  public FeatureSpec spec(FrontEnd frontEnd, int windowFrames) {
    return new FeatureSpec(
        frontEnd, windowFrames, hopFrames == WHOLE_WINDOW ? windowFrames : hopFrames);
  }

  /**
   * Tracks of streams.
   *
   * @param decoder shared by all of them
   */
  public StreamTrack.Factory tracks(FeatureSpec spec, AudioDecoder decoder) {
    return (stream, state) ->
        new StreamTrack(stream, spec, silenceBelowDbfs(stream), decoder, state);
  }

  /** Level of the silence gate of one stream, dBFS; {@code -Infinity} if it has none. */
  public double silenceBelowDbfs(StreamId stream) {
    return silenceOfStreams.getOrDefault(stream.value(), silenceBelowDbfs);
  }

  private static int hop(String text) {
    if (text.equals("window")) {
      return WHOLE_WINDOW;
    }
    int frames = Integer.parseInt(text);
    if (frames < 1 || frames > FeatureSpec.MAX_WINDOW_FRAMES) {
      throw new IllegalArgumentException(text);
    }
    return frames;
  }

  private static double level(SettingsBlock block, String key) {
    return block.parsed(
        key,
        text -> {
          if (text.equals("off") || text.equals("false")) { // HOCON reads an unquoted off as false
            return Double.NEGATIVE_INFINITY;
          }
          double dbfs = Double.parseDouble(text);
          if (!(dbfs >= LOWEST_DBFS && dbfs <= 0)) {
            throw new IllegalArgumentException(text);
          }
          return dbfs;
        },
        LEVEL_RULE);
  }
}
