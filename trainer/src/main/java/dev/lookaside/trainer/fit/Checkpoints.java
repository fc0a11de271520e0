package dev.lookaside.trainer.fit;

import java.util.Map;
import java.util.Optional;

/** Where a fit keeps what it needs to go on after it was killed. */
interface Checkpoints {
  /**
   * Replaces the checkpoint whole or not at all.
   *
   * @param identity what kind of fit it is, by setting
   */
  void save(FitState state, Map<String, String> identity);

  /**
   * The last checkpoint, if there is one.
   *
   * @throws dev.lookaside.trainer.TrainerException if it is of another fit, naming the setting
   */
  Optional<FitState> load(Map<String, String> identity);

  /** None: a fit that is killed starts again. */
  static Checkpoints none() {
    return new Checkpoints() {
      @Override
      public void save(FitState state, Map<String, String> identity) {
        return;
      }

      @Override
      public Optional<FitState> load(Map<String, String> identity) {
        return Optional.empty();
      }
    };
  }
}
