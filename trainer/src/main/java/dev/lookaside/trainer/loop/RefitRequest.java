package dev.lookaside.trainer.loop;

import dev.lookaside.trainer.TrainerException;

/**
 * A refit that somebody asks for.
 *
 * @param id unique
 * @param headOnly whether the head alone is to be fitted
 * @param author who asks
 */
public record RefitRequest(String id, boolean headOnly, String author) {
  public RefitRequest {
    if (id.isBlank() || author.isBlank()) {
      throw new TrainerException(
          "%s \"\": must not be blank".formatted(id.isBlank() ? "id" : "author"));
    }
  }
}
