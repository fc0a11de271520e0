package dev.lookaside.ingest.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.IngestException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.TargetDataLine;
import org.junit.jupiter.api.Test;

class MicrophoneTest {
  private final List<String> calls = new ArrayList<>();

  /** A line that records the same two bytes for ever. */
  private TargetDataLine line(AudioFormat format) {
    return (TargetDataLine)
        Proxy.newProxyInstance(
            MicrophoneTest.class.getClassLoader(),
            new Class<?>[] {TargetDataLine.class},
            (proxy, method, arguments) -> {
              switch (method.getName()) {
                case "getFormat":
                  return format;
                case "isActive":
                  return true;
                case "read":
                  byte[] target = (byte[]) arguments[0];
                  int from = (int) arguments[1];
                  int count = (int) arguments[2];
                  for (int i = from; i < from + count; i += 2) {
                    target[i] = 0;
                    target[i + 1] = 0x40;
                  }
                  return count;
                default:
                  calls.add(method.getName());
                  return null;
              }
            });
  }

  @Test
  void recordsUntilClosed() throws Exception {
    AudioFormat format = new AudioFormat(48_000, 16, 1, true, false);
    AudioInput input = Microphone.open(line(format), format);
    float[] block = new float[100];
    assertThat(input.read(block, 100)).isEqualTo(100);
    assertThat(block).containsOnly(0.5f);
    assertThat(input.lengthFrames()).isEqualTo(-1);
    assertThat(calls).containsExactly("open", "start");
    input.close();
    assertThat(calls).contains("stop", "close");
  }

  @Test
  void refusesWhatCannotBeRecorded() {
    assertThatThrownBy(() -> Microphone.open(null, 0, 1))
        .isInstanceOf(IngestException.class)
        .hasMessageStartingWith("rate \"0\"");
    assertThatThrownBy(() -> Microphone.open(null, 16_000, 300))
        .hasMessageStartingWith("channels \"300\"");
    assertThatThrownBy(() -> Microphone.open("no such device", 16_000, 1))
        .hasMessageContaining(
            "no such device records 16 bits at 16000 Hz with 1 channel(s); recording devices: ");
  }
}
