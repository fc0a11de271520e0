package dev.lookaside.featurizer;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigUtil;
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

  private static final String ROOT = "lookaside.featurizer";
  private static final double LOWEST_DBFS = -200;

  public FeaturizerSettings {
    if (hopFrames < 0 || hopFrames > FeatureSpec.MAX_WINDOW_FRAMES) {
      throw new IllegalArgumentException(
          "hop-frames \"%d\": must be \"window\" or in 1..%d"
              .formatted(hopFrames, FeatureSpec.MAX_WINDOW_FRAMES));
    }
    checkLevel("silence-gate.below-dbfs", silenceBelowDbfs);
    silenceOfStreams.forEach((id, level) -> checkLevel("silence-gate.streams." + id, level));
    silenceOfStreams = Map.copyOf(silenceOfStreams);
  }

  /**
   * Reads the block {@code lookaside.featurizer} of a whole configuration.
   *
   * @throws IllegalArgumentException naming key and value of the first mistake
   */
  public static FeaturizerSettings of(Config root) {
    Config config = root.getConfig(ROOT);
    Map<String, Double> streams = new HashMap<>();
    Config overrides = config.getConfig("silence-gate.streams");
    for (String id : overrides.root().keySet()) {
      streams.put(id, level(overrides, ConfigUtil.joinPath(id)));
    }
    return new FeaturizerSettings(
        hopFrames(config), level(config, "silence-gate.below-dbfs"), streams);
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

  private static int hopFrames(Config config) {
    String text = config.getString("hop-frames");
    if (text.equals("window")) {
      return WHOLE_WINDOW;
    }
    int frames = config.getInt("hop-frames");
    if (frames < 1) {
      throw new IllegalArgumentException(
          "hop-frames \"%d\": must be \"window\" or in 1..%d"
              .formatted(frames, FeatureSpec.MAX_WINDOW_FRAMES));
    }
    return frames;
  }

  private static double level(Config config, String path) {
    String text = config.getString(path);
    if (text.equals("off") || text.equals("false")) { // HOCON reads an unquoted off as false
      return Double.NEGATIVE_INFINITY;
    }
    try {
      return config.getDouble(path);
    } catch (ConfigException.WrongType e) {
      throw new IllegalArgumentException(
          "%s \"%s\": must be \"off\" or a level in dBFS".formatted(path, text), e);
    }
  }

  private static void checkLevel(String key, double dbfs) {
    if (dbfs != Double.NEGATIVE_INFINITY && !(dbfs >= LOWEST_DBFS && dbfs <= 0)) {
      throw new IllegalArgumentException(
          "%s \"%s\": must be \"off\" or in %s..0 dBFS".formatted(key, dbfs, LOWEST_DBFS));
    }
  }
}
