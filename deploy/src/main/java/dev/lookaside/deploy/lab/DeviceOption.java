package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.ScorerSettings;
import picocli.CommandLine.Option;

/** Where a model runs, for commands that read no settings. */
final class DeviceOption {
  @Option(
      names = "--device",
      paramLabel = "WHERE",
      defaultValue = "auto",
      description = "auto, cpu or cuda. Default: ${DEFAULT-VALUE}.")
  private Device device = Device.AUTO;

  Device get() {
    return device;
  }

  /**
   * With this device.
   *
   * @param threads of the CPU; 0 is one per core
   */
  ScorerSettings settings(int threads, int maxBatch) {
    return new ScorerSettings(device, threads, maxBatch);
  }
}
