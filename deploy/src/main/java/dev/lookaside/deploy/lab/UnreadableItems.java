package dev.lookaside.deploy.lab;

import dev.lookaside.deploy.console.CliException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/** What could not be read of a data set: named up to a number, and counted. */
final class UnreadableItems implements Consumer<String> {
  private static final int MAX_NAMED = 20;

  private final PrintWriter err;
  private final Optional<String> endsAt;
  private int count;

  /**
   * @param endsAt what a first complaint ends the command with, empty if it goes on
   */
  UnreadableItems(PrintWriter err, Optional<String> endsAt) {
    this.err = err;
    this.endsAt = endsAt;
  }

  /**
   * Names what is wrong with one of them.
   *
   * @throws CliException if that ends the command
   */
  @Override
  public void accept(String complaint) {
    if (endsAt.isPresent()) {
      throw new CliException(endsAt.get() + complaint);
    }
    if (++count <= MAX_NAMED) {
      err.println("skipped: " + complaint);
    }
  }

  int count() {
    return count;
  }

  /** Prints how many of all that were, if any. */
  void report(int all, String unit) {
    if (count > 0) {
      err.printf(Locale.ROOT, "%,d of %,d %s skipped%n", count, all, unit);
    }
  }
}
