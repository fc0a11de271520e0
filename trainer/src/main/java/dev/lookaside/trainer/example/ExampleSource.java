package dev.lookaside.trainer.example;

import java.util.List;
import java.util.random.RandomGenerator;

/** Where examples come from. Every epoch has as many; they may differ from epoch to epoch. */
public interface ExampleSource {
  /** The classes, in the order of targets. */
  List<String> labels();

  /** Rows of targets per window. */
  int rows();

  /** Examples of an epoch, at least 1. */
  int size();

  /** Names all that decides what the examples are: equal for equal examples. */
  String identity();

  /**
   * The examples of one epoch; the same for the same number. May take long and hold memory: keep
   * one at a time.
   *
   * @param epoch from 0
   */
  Epoch epoch(int epoch);

  /** The examples of one epoch, by index from 0. Any thread may ask for an example. */
  interface Epoch {
    /** The class a class-balanced order counts an example under; -1 for none. */
    int label(int index);

    /** Makes an example; whatever varies is drawn from {@code random}. */
    Example example(int index, RandomGenerator random);
  }
}
