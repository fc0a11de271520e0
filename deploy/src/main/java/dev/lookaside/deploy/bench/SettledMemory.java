package dev.lookaside.deploy.bench;

import dev.lookaside.deploy.DeployException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.concurrent.TimeUnit;

/**
 * Memory of this process after full collections: what is resident, and the parts of it that Java
 * knows of. Without the collections it would be the size that the collector happens to give the
 * heap.
 *
 * @param heapMiB committed
 * @param directMiB under Java's direct buffers
 * @param codeMiB compiled code and classes, committed
 */
record SettledMemory(double residentMiB, double heapMiB, double directMiB, double codeMiB) {
  private static final double MIB = 1 << 20;
  private static final int COLLECTIONS = 3;

  /** Collects, which stops everything for a moment, and looks. */
  static SettledMemory look() {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
      try {
        // Buffers that are garbage are given back by another thread, a moment later.
        TimeUnit.MILLISECONDS.sleep(200);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new DeployException("benchmark: interrupted");
      }
    }
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
    return new SettledMemory(
        Machine.residentMiB(),
        ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted() / MIB,
        direct / MIB,
        code / MIB);
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
