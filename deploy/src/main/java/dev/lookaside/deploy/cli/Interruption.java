package dev.lookaside.deploy.cli;

import dev.lookaside.deploy.TemporaryFolder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/**
 * Turns Ctrl-C (and SIGTERM) into an interrupt of the thread that runs a command, which then closes
 * what it opened and ends the process itself.
 *
 * <p>The signals are caught before the JVM begins to shut down: a shutdown runs all hooks at once,
 * and ONNX Runtime's hook frees its memory under the feet of whoever still scores. Open it first in
 * the try-with-resources, so that it closes last. The wait is bounded, and a second Ctrl-C ends the
 * process at once: a command that hangs does not keep the user from leaving.
 */
public final class Interruption implements AutoCloseable {
  private static final long MAX_WAIT_SECONDS = 20;

  /** Exit codes a shell gives to processes that these end. */
  private static final Map<String, Integer> EXIT_CODES = Map.of("INT", 130, "TERM", 143);

  private static final AtomicInteger EXIT_CODE = new AtomicInteger();

  private final Runnable stop;
  private final CountDownLatch finished = new CountDownLatch(1);
  private final Map<String, @Nullable Object> before = new LinkedHashMap<>();

  private Interruption(Runnable stop) {
    this.stop = stop;
    EXIT_CODES.forEach(
        (signal, code) -> before.put(signal, Signals.register(signal, () -> signalled(code))));
  }

  /** Guards the current thread from now on. */
  public static Interruption ofThisThread() {
    return by(Thread.currentThread()::interrupt);
  }

  /** Calls {@code stop} instead of interrupting; it must not block. */
  public static Interruption by(Runnable stop) {
    return new Interruption(stop);
  }

  /**
   * For commands that hold nothing but memory and temporary folders: a signal deletes the folders
   * and ends the process, whatever the command is doing.
   */
  static void endAtOnce() {
    EXIT_CODES.forEach((signal, code) -> Signals.register(signal, () -> end(code)));
  }

  /** Exit code of the signal that came; 0 if none did. */
  static int exitCode() {
    return EXIT_CODE.get();
  }

  private void signalled(int code) {
    if (!EXIT_CODE.compareAndSet(0, code)) {
      end(code);
    }
    stop.run();
    Thread watch = new Thread(() -> endIfHanging(code), "interruption");
    watch.setDaemon(true);
    watch.start();
  }

  private void endIfHanging(int code) {
    try {
      if (!finished.await(MAX_WAIT_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("Not everything stopped within " + MAX_WAIT_SECONDS + " s.");
        end(code);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Without the hooks: they are what must not run beside a command that still scores. */
  private static void end(int code) {
    TemporaryFolder.closeAll();
    Runtime.getRuntime().halt(code);
  }

  @Override
  public void close() {
    finished.countDown();
    before.forEach(Signals::unregister);
  }
}
