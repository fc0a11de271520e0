package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.IngestException;
import java.util.ArrayList;
import java.util.List;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.LineUnavailableException;
import javax.sound.sampled.Mixer;
import javax.sound.sampled.TargetDataLine;
import org.jspecify.annotations.Nullable;

/** Recording devices of this computer, by javax.sound. */
public final class Microphone {
  private static final int BITS = 16;

  private Microphone() {}

  /** Names of the devices that record. */
  public static List<String> devices() {
    List<String> names = new ArrayList<>();
    for (Mixer.Info info : AudioSystem.getMixerInfo()) {
      if (AudioSystem.getMixer(info).getTargetLineInfo().length > 0) {
        names.add(info.getName());
      }
    }
    return List.copyOf(names);
  }

  /**
   * Starts recording; 16 bits.
   *
   * @param device part of a device's name; null: the default one
   * @throws IngestException if there is no such device or it cannot record so; names those there
   *     are
   */
  public static AudioInput open(@Nullable String device, int rateHz, int channels) {
    dev.lookaside.ingest.AudioFormat.checkRate(rateHz);
    dev.lookaside.ingest.AudioFormat.checkChannels(channels);
    AudioFormat format = new AudioFormat(rateHz, BITS, channels, true, false);
    try {
      return open(line(device, format), format);
    } catch (LineUnavailableException e) {
      throw fault(device, "is in use by another program", e);
    } catch (SecurityException e) {
      throw fault(device, "recording is not permitted", e);
    } catch (IllegalArgumentException e) {
      throw fault(
          device,
          "no such device records 16 bits at %d Hz with %d channel(s)".formatted(rateHz, channels),
          e);
    }
  }

  /** Starts {@code line}; closing the input stops and closes it. */
  static AudioInput open(TargetDataLine line, AudioFormat format) throws LineUnavailableException {
    line.open(format);
    line.start();
    return new RawInput(
        new AudioInputStream(line),
        SampleCoding.S16LE,
        Math.round(format.getSampleRate()),
        format.getChannels(),
        -1,
        ReadRules.LENIENT);
  }

  /** What people call it: {@code microphone}, or with a part of its name. */
  public static String named(@Nullable String device) {
    return device == null ? "microphone" : "microphone \"" + device + "\"";
  }

  private static IngestException fault(@Nullable String device, String what, Exception cause) {
    return new IngestException(
        "%s: %s; recording devices: %s"
            .formatted(
                named(device), what, devices().isEmpty() ? "none" : String.join(", ", devices())),
        cause);
  }

  private static TargetDataLine line(@Nullable String device, AudioFormat format)
      throws LineUnavailableException {
    if (device == null) {
      return AudioSystem.getTargetDataLine(format);
    }
    for (Mixer.Info info : AudioSystem.getMixerInfo()) {
      Mixer mixer = AudioSystem.getMixer(info);
      DataLine.Info wanted = new DataLine.Info(TargetDataLine.class, format);
      if (info.getName().contains(device) && mixer.isLineSupported(wanted)) {
        return (TargetDataLine) mixer.getLine(wanted);
      }
    }
    throw new IllegalArgumentException("no such device");
  }
}
