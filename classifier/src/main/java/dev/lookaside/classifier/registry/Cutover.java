package dev.lookaside.classifier.registry;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One record of the ledger: from {@code effectiveFrom} on, windows of the scope's streams are
 * scored with an adapter. {@link CutoverCodec} draws the wire form.
 *
 * @param scope for whom
 * @param number rises within the scope, from 1
 * @param adapter sha256 of the adapter file, hexadecimal; null: the scope is released, less
 *     specific scopes decide again
 * @param effectiveFrom capture time; null: announced only, so that workers prepare the adapter
 * @param reason why: promote, rollback, pin, release or the writer's own word
 * @param author who
 * @param written when, by the writer's clock
 * @param previous digest in force in the scope before; null if none
 * @param backbone digest the adapter was evaluated with; null if not recorded
 * @param features fingerprint of the features it was evaluated with; null if not recorded
 * @param golden logits that every worker must find again; null if not recorded
 * @param gate the report of whoever judged it; null if nobody did
 */
public record Cutover(
    Scope scope,
    long number,
    @Nullable String adapter,
    @Nullable Instant effectiveFrom,
    String reason,
    String author,
    Instant written,
    @Nullable String previous,
    @Nullable String backbone,
    @Nullable String features,
    @Nullable GoldenLogits golden,
    @Nullable JsonNode gate) {
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  public Cutover {
    Objects.requireNonNull(scope, "scope");
    Objects.requireNonNull(written, "written");
    if (number < 1) {
      throw RegistryException.of("number", number, "must be 1 or more");
    }
    if (adapter == null && effectiveFrom == null) {
      throw RegistryException.of("adapter", "", "must be given for an announcement");
    }
    checkDigest("adapter", adapter);
    checkDigest("previous", previous);
    checkDigest("backbone", backbone);
    if (reason.isBlank() || author.isBlank()) {
      throw RegistryException.of(reason.isBlank() ? "reason" : "author", "", "must not be blank");
    }
    gate = gate == null ? null : CanonicalJson.fixed(gate);
  }

  private static void checkDigest(String field, @Nullable String digest) {
    if (digest != null && !SHA256.matcher(digest).matches()) {
      throw RegistryException.of(field, digest, "must be 64 hexadecimal digits");
    }
  }

  /** The same decision under another number, time and date. */
  Cutover as(long itsNumber, @Nullable Instant from, Instant at) {
    return new Cutover(
        scope, itsNumber, adapter, from, reason, author, at, previous, backbone, features, golden,
        gate);
  }

  /** Names the record: {@code scope@number}, the key on the topic. */
  public String id() {
    return scope + "@" + number;
  }

  /** Whether it changes what is in force, now or later. */
  public boolean takesEffect() {
    return effectiveFrom != null;
  }
}
