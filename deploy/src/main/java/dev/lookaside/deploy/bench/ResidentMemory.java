package dev.lookaside.deploy.bench;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Memory of this process as its operator sees it, and the parts of it that Java knows of. Nothing
 * is collected before: a heap of fixed size, as the launcher gives to a service, stays as it is.
 *
 * @param heapMiB committed
 * @param directMiB under Java's direct buffers
 * @param codeMiB compiled code and classes, committed
 */
record ResidentMemory(double residentMiB, double heapMiB, double directMiB, double codeMiB) {
  private static final double MIB = 1 << 20;

  static ResidentMemory now() {
    double direct =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(b -> b.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
    double code =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(p -> p.getType() == MemoryType.NON_HEAP)
            // Part of the pool Metaspace.
            .filter(p -> !p.getName().equals("Compressed Class Space"))
            .map(MemoryPoolMXBean::getUsage)
            .mapToLong(MemoryUsage::getCommitted)
            .sum();
    return new ResidentMemory(
        Machine.residentMiB(),
        ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted() / MIB,
        direct / MIB,
        code / MIB);
  }

  /** Java heap that is reachable: what is in use after a collection. */
  static double usedHeapMiB() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / MIB;
  }

  /**
   * The one in the middle by what is resident: a single one may fall into a compilation, whose
   * memory is given back a moment later.
   *
   * @param samples at least one
   */
  static ResidentMemory median(Collection<ResidentMemory> samples) {
    List<ResidentMemory> sorted =
        samples.stream().sorted(Comparator.comparing(ResidentMemory::residentMiB)).toList();
    return sorted.get(sorted.size() / 2);
  }

  /** What Java does not know of: ONNX Runtime, the compiler's and the collector's own memory. */
  double otherMiB() {
    return residentMiB - heapMiB - directMiB - codeMiB;
  }

  String parts() {
    return "MiB (Java heap %.0f, direct buffers %.0f, code and classes %.0f, other %.0f)"
        .formatted(heapMiB, directMiB, codeMiB, otherMiB());
  }
}
