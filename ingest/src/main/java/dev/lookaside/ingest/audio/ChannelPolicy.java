package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.Rejection.Reason;

/**
 * How many channels become one: their mean, or one of them.
 *
 * @param channel the channel to keep, from 0; -1 is the mean of all
 */
public record ChannelPolicy(int channel) {
  /** The mean of all channels. */
  public static final ChannelPolicy MIX = new ChannelPolicy(-1);

  public ChannelPolicy {
    if (channel < -1 || channel >= AudioFormat.MAX_CHANNELS) {
      throw bad(Integer.toString(channel));
    }
  }

  /** Keeps channel {@code n}, counted from 0. */
  public static ChannelPolicy channel(int n) {
    if (n < 0) {
      throw bad(Integer.toString(n));
    }
    return new ChannelPolicy(n);
  }

  /**
   * Reads the config value {@code mix} or a channel number.
   *
   * @throws IngestException naming the value if it is neither
   */
  public static ChannelPolicy of(String text) {
    if (text.equals("mix")) {
      return MIX;
    }
    try {
      return channel(Integer.parseInt(text));
    } catch (NumberFormatException e) {
      throw bad(text);
    }
  }

  /**
   * Makes {@code frames} mono samples.
   *
   * @param interleaved {@code [frames][channels]}
   * @param mono receives them from index {@code from} on
   * @throws IngestException if the chosen channel is not among {@code channels}
   */
  void toMono(float[] interleaved, int channels, float[] mono, int from, int frames) {
    if (channel >= channels) {
      throw new IngestException(
          new Rejection(
              Reason.BAD_FORMAT,
              "channels",
              Integer.toString(channels),
              "the configured channel %d is not there".formatted(channel)));
    }
    if (channels == 1) {
      System.arraycopy(interleaved, 0, mono, from, frames);
    } else if (channel >= 0) {
      for (int i = 0; i < frames; i++) {
        mono[from + i] = interleaved[i * channels + channel];
      }
    } else {
      for (int i = 0; i < frames; i++) {
        double sum = 0;
        for (int c = 0; c < channels; c++) {
          sum += interleaved[i * channels + c];
        }
        mono[from + i] = (float) (sum / channels);
      }
    }
  }

  private static IngestException bad(String value) {
    return new IngestException(
        new Rejection(
            Reason.BAD_FORMAT,
            "channel",
            value,
            "must be \"mix\" or a channel from 0 to " + (AudioFormat.MAX_CHANNELS - 1)));
  }
}
