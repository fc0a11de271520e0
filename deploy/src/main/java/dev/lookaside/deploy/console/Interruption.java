package dev.lookaside.deploy.console;

import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.service.StopClock;
import java.time.Duration;
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
 * the try-with-resources, so that it closes last. The wait is bounded by a {@link StopClock}, and a
 * second Ctrl-C ends the process at once: a command that hangs does not keep the user from leaving.
 */
public final class Interruption implements AutoCloseable {
  /** For commands that have no such setting. */
  public static final Duration STOP_TIMEOUT = Duration.ofSeconds(20);

  /** Exit codes a shell gives to processes that these end. */
  private static final Map<String, Integer> EXIT_CODES = Map.of("INT", 130, "TERM", 143);

  private static final AtomicInteger EXIT_CODE = new AtomicInteger();

  private final Runnable stop;
  private final StopClock clock;
  private final CountDownLatch finished = new CountDownLatch(1);
  private final Map<String, @Nullable Object> before = new LinkedHashMap<>();

  private Interruption(Runnable stop, StopClock clock) {
    this.stop = stop;
    this.clock = clock;
    EXIT_CODES.forEach(
        (signal, code) -> before.put(signal, Signals.register(signal, () -> signalled(code))));
  }

  /**
   * Guards the current thread from now on.
   *
   * @param clock starts with the signal; the process ends when it is over, whatever hangs
   */
  public static Interruption ofThisThread(StopClock clock) {
    return by(Thread.currentThread()::interrupt, clock);
  }

  /** Calls {@code stop} instead of interrupting; it must not block. */
  public static Interruption by(Runnable stop, StopClock clock) {
    return new Interruption(stop, clock);
  }

  /**
   * For commands that hold nothing but memory and temporary folders: a signal deletes the folders
   * and ends the process, whatever the command is doing.
   */
  public static void endAtOnce() {
    EXIT_CODES.forEach((signal, code) -> Signals.register(signal, () -> end(code)));
  }

  /** Exit code of the signal that came; 0 if none did. */
  public static int exitCode() {
    return EXIT_CODE.get();
  }

  private void signalled(int code) {
    if (!EXIT_CODE.compareAndSet(0, code)) {
      end(code);
    }
    clock.start();
    stop.run();
    Thread watch = new Thread(() -> endIfHanging(code), "interruption");
    watch.setDaemon(true);
    watch.start();
  }

  private void endIfHanging(int code) {
    try {
      if (!finished.await(clock.left().toMillis(), TimeUnit.MILLISECONDS)) {
        System.err.printf(
            "Not everything stopped within %d s; the process ends here.%n",
            clock.limit().toSeconds());
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
