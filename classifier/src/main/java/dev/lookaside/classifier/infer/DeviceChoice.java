package dev.lookaside.classifier.infer;

import ai.onnxruntime.OrtException;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tries CUDA where it is wanted and falls back to the CPU where that is allowed.
 *
 * @param opened what was opened
 * @param device CPU or CUDA
 * @param why one line for people
 */
record DeviceChoice<T>(T opened, Device device, String why) {
  /** For example "CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=...". */
  private static final Pattern CAUSE =
      Pattern.compile("CUDA failure \\d+: [^;\n]+|Failed to load library [^\n]+");

  /** Opens a session on CPU or CUDA. */
  interface Attempt<T> {
    T on(Device device) throws OrtException;
  }

  /**
   * @param providers names of the execution providers that this build of ONNX Runtime has; that
   *     CUDA is among them does not mean it works
   * @throws ScorerException if the wanted device cannot be used and no other is allowed
   */
  static <T> DeviceChoice<T> open(Device wanted, Set<String> providers, Attempt<T> attempt) {
    if (wanted == Device.CPU) {
      return new DeviceChoice<>(openCpu(attempt), Device.CPU, "device cpu is configured");
    }
    String obstacle;
    if (!providers.contains("CUDA")) {
      obstacle = "this build of ONNX Runtime has no CUDA (Maven profile cuda)";
    } else {
      try {
        return new DeviceChoice<>(attempt.on(Device.CUDA), Device.CUDA, "CUDA works");
      } catch (OrtException | LinkageError e) {
        obstacle = reason(e);
      }
    }
    if (wanted == Device.CUDA) {
      throw new ScorerException("device \"cuda\": cannot be used: " + obstacle);
    }
    return new DeviceChoice<>(openCpu(attempt), Device.CPU, "no CUDA: " + obstacle);
  }

  /** The device and why it was chosen, one line. */
  String description(int threads) {
    return device == Device.CUDA
        ? "cuda 0 (" + why + ")"
        : "cpu, %d threads (%s)".formatted(threads, why);
  }

  private static <T> T openCpu(Attempt<T> attempt) {
    try {
      return attempt.on(Device.CPU);
    } catch (OrtException e) {
      throw new ScorerException("ONNX Runtime cannot open the model on the CPU: " + e, e);
    }
  }

  /** The cause that ONNX Runtime names among its own source lines, or else its first line. */
  private static String reason(Throwable e) {
    String text = String.valueOf(e.getMessage());
    Matcher cause = CAUSE.matcher(text);
    if (cause.find()) {
      return cause.group().strip();
    }
    int end = text.indexOf('\n');
    return end < 0 ? text : text.substring(0, end);
  }
}
