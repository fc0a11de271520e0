package dev.lookaside.deploy.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns Ctrl-C (and SIGTERM) into an interrupt of the thread that runs a command, and keeps the JVM
 * alive until that command has closed what it opened.
 *
 * <p>Open it first in the try-with-resources, so that it closes last. The wait is bounded: a
 * command that hangs does not keep the user from leaving.
 */
public final class Interruption implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Interruption.class);
  private static final long MAX_WAIT_SECONDS = 20;

  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook;

  private Interruption(Thread command) {
    hook =
        new Thread(
            () -> {
              command.interrupt();
              try {
                if (!finished.await(MAX_WAIT_SECONDS, TimeUnit.SECONDS)) {
                  System.err.println("Not everything stopped within " + MAX_WAIT_SECONDS + " s.");
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "interruption");
  }

  /** Guards the current thread from now on. */
  public static Interruption ofThisThread() {
    Interruption interruption = new Interruption(Thread.currentThread());
    Runtime.getRuntime().addShutdownHook(interruption.hook);
    return interruption;
  }

  @Override
  public void close() {
    finished.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      LOG.debug("The JVM is on its way out: the hook, just released, ends by itself");
    }
  }
}
