package dev.lookaside.deploy.lab;

import java.util.Locale;

/** What a model is fitted to or judged by; the command line's words. */
enum Task {
  /** A clip has one class. */
  RECOGNITION,
  /** Classes sound from an onset to an offset in a whole recording. */
  DETECTION;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
