package dev.lookaside.deploy.bench;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
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

  /** Resident memory of this process now; 0 where the system does not report it. */
  static double residentMiB() {
    return statusMiB("VmRSS:");
  }

  /** Most resident memory since {@link #forgetPeak}, or since the start. */
  static double peakResidentMiB() {
    return statusMiB("VmHWM:");
  }

  /** Starts a new peak, where the system can. */
  static void forgetPeak() {
    Path peak = Path.of("/proc/self/clear_refs");
    if (Files.isWritable(peak)) {
      try {
        Files.writeString(peak, "5");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** The sizes that the Java heap may have: with one of them it never grows or shrinks. */
  static String heap() {
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    long least = heap.getInit() >> 20;
    long most = heap.getMax() >> 20;
    return least == most ? most + " MiB, fixed" : least + " to " + most + " MiB";
  }

  /** Milliseconds between two trims of the C library's heap by this JVM; 0 if it does none. */
  static long trimIntervalMillis() {
    HotSpotDiagnosticMXBean jvm =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    try {
      return jvm == null ? 0 : Long.parseLong(jvm.getVMOption("TrimNativeHeapInterval").getValue());
    } catch (IllegalArgumentException e) {
      return 0; // Java has the option from 17.0.9 on.
    }
  }

  private static double statusMiB(String key) {
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      return 0;
    }
    try (var lines = Files.lines(status)) {
      return lines
              .filter(line -> line.startsWith(key))
              .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
              .findFirst()
              .orElse(0)
          / 1024.0;
    } catch (IOException e) {
      return 0;
    }
  }
}
