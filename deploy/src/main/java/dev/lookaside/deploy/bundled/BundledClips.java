package dev.lookaside.deploy.bundled;

import dev.lookaside.deploy.DeployException;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.ingest.send.LabelledClip;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The short labelled sounds that come with the program: ten classes, 16 kHz mono. Their sources and
 * licences are in {@code sounds/ATTRIBUTION.md}.
 */
public final class BundledClips {
  /** Class of the sounds that no bundled adapter knows. */
  public static final String NEW_CLASS = "bird";

  private static final String FOLDER = "/sounds/";
  private static final String NEW_FOLDER = "/sounds-new-class/";
  private static final String TABLE = "clips.csv";
  private static final long MAX_BYTES = 1 << 22;

  /** One line of the table, as far as the program needs it. */
  private record Line(String folder, String path, String label, String split) {
    static Line of(String folder, String text) {
      // Only later columns may hold quoted commas.
      String[] columns = text.split(",", 4);
      if (columns.length < 4) {
        throw new DeployException(
            "%s%s \"%s\": must have path, label, split".formatted(folder, TABLE, text));
      }
      return new Line(folder, columns[0], columns[1], columns[2]);
    }
  }

  /** A clip by its path among the resources, {@code label/name}. */
  public record Named(String path, LabelledClip clip) {}

  private BundledClips() {}

  /** All clips with their paths, ordered by these. Errors as {@link #load}. */
  public static List<Named> named() {
    return lines().stream().map(line -> new Named(line.path, clip(line))).toList();
  }

  /**
   * All clips, ordered by path.
   *
   * @throws DeployException if the program was built without them
   */
  public static List<LabelledClip> load() {
    List<LabelledClip> clips = new ArrayList<>();
    for (Line line : lines()) {
      clips.add(clip(line));
    }
    return List.copyOf(clips);
  }

  /** Only the clips that the bundled model was not trained on. Not every class has many. */
  public static List<LabelledClip> loadUnseen() {
    List<LabelledClip> clips = new ArrayList<>();
    for (Line line : lines()) {
      if (line.split.equals("test")) {
        clips.add(clip(line));
      }
    }
    return List.copyOf(clips);
  }

  /**
   * Sounds of {@link #NEW_CLASS}, ordered by path. Their sources and licences are in {@code
   * sounds-new-class/ATTRIBUTION.md}.
   *
   * @param after other recordings than those of {@code false}
   */
  public static List<LabelledClip> loadNewClass(boolean after) {
    String part = after ? "after/" : "before/";
    return lines(NEW_FOLDER).stream()
        .filter(line -> line.path.startsWith(part))
        .map(BundledClips::clip)
        .toList();
  }

  private static List<Line> lines() {
    return lines(FOLDER);
  }

  private static List<Line> lines(String folder) {
    String table = new String(bytes(folder, TABLE), StandardCharsets.UTF_8);
    return table.lines().skip(1).filter(l -> !l.isBlank()).map(l -> Line.of(folder, l)).toList();
  }

  private static LabelledClip clip(Line line) {
    AudioDecoder decoder = new AudioDecoder(ChannelPolicy.MIX, MAX_BYTES);
    AudioDecoder.Decoded decoded = decoder.decode(AudioFormat.FLAC, bytes(line.folder, line.path));
    if (decoded instanceof AudioDecoder.Samples samples) {
      return new LabelledClip(line.label, samples.pcm());
    }
    throw new DeployException("bundled sound " + line.path + ": " + decoded);
  }

  private static byte[] bytes(String folder, String name) {
    try (InputStream in = BundledClips.class.getResourceAsStream(folder + name)) {
      if (in == null) {
        throw new DeployException("bundled sound: " + folder + name + " is not in this program");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new DeployException("bundled sound " + name + ": " + FaultReason.of(e), e);
    }
  }
}
