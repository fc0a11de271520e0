package dev.lookaside.deploy.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the figures were measured on. */
final class Machine {
  private Machine() {}

  static String processor() {
    Path info = Path.of("/proc/cpuinfo");
    if (Files.isReadable(info)) {
      try (var lines = Files.lines(info)) {
        return lines
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .findFirst()
            .orElse(System.getProperty("os.arch", "unknown"));
      } catch (IOException e) {
        return System.getProperty("os.arch", "unknown");
      }
    }
    return System.getProperty("os.arch", "unknown");
  }

  static int cores() {
    return Runtime.getRuntime().availableProcessors();
  }

  static double memoryGiB() {
    if (ManagementFactory.getOperatingSystemMXBean()
        instanceof com.sun.management.OperatingSystemMXBean system) {
      return system.getTotalMemorySize() / (double) (1 << 30);
    }
    return Runtime.getRuntime().maxMemory() / (double) (1 << 30);
  }

  static double loadAverage() {
    return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
  }

  static String system() {
    return System.getProperty("os.name") + " " + System.getProperty("os.version");
  }

  static String java() {
    return System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version");
  }
}
