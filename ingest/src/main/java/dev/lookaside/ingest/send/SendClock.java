package dev.lookaside.ingest.send;

import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** Time as a sender sees it; tests give it another. */
public interface SendClock {
  /** The computer's own. */
  SendClock SYSTEM =
      new SendClock() {
        @Override
        public Instant now() {
          return Instant.now();
        }

        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public void sleep(long nanos) throws InterruptedException {
          TimeUnit.NANOSECONDS.sleep(nanos);
        }
      };

  /** Time of day. */
  Instant now();

  /** Nanoseconds since some moment; never goes back. */
  long nanos();

  /** Waits. */
  void sleep(long nanos) throws InterruptedException;
}
