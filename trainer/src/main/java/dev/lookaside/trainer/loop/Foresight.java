package dev.lookaside.trainer.loop;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.trainer.head.KeptEmbeddings;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.StoredExample;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears in advance what the next round of the head will hear, as far as it is known: what nobody
 * has corrected does not change with the next label, and once there are labels enough, a round
 * waits only for people to pause. Nothing depends on it but time. {@link #step} is for one thread,
 * the rest for any.
 */
final class Foresight {
  private static final Logger LOG = LoggerFactory.getLogger(Foresight.class);

  /** What the compiler has made lasts as long as the process. */
  private static final AtomicBoolean REHEARSED = new AtomicBoolean();

  private final Workshop.Parts parts;
  private final ExampleStore store;
  private final KeptEmbeddings kept;
  private final StandingScenes standing;

  /** Decides with {@link #changes} what is to be heard. */
  private volatile Adapter incumbent;

  /** Corrections that the next round's report need not go into. */
  private volatile Predicate<StoredExample> told;

  /** {@link ExampleStore#changes}; -1 before anything was read. */
  private volatile long changes = -1;

  /** Whether labels are enough for a round. */
  private volatile boolean enough;

  /** For {@link #changes}, {@link #enough} and {@link #incumbent} of this name. */
  private volatile String anticipated = "";

  private volatile @Nullable Anticipation anticipation;

  /**
   * @param store and {@code kept}: stay the caller's to close
   */
  Foresight(
      Workshop.Parts parts,
      ExampleStore store,
      KeptEmbeddings kept,
      StandingScenes standing,
      Adapter incumbent,
      Predicate<StoredExample> told) {
    this.parts = parts;
    this.store = store;
    this.kept = kept;
    this.standing = standing;
    this.incumbent = incumbent;
    this.told = told;
  }

  /**
   * From now on rounds begin from this one.
   *
   * @param now corrections that a report of it goes into already
   */
  void follow(Adapter adapter, Predicate<StoredExample> now) {
    told = now;
    incumbent = adapter;
  }

  /**
   * The store has been read up to this change.
   *
   * @param enough whether the labels in it begin a round, unless others come
   */
  void seen(long change, boolean enough) {
    this.enough = enough;
    changes = change;
  }

  /** Whether there is something left to hear. */
  boolean due() {
    Anticipation now = anticipation;
    return parts.settings().loop().headFirst()
        && changes >= 0
        && HeadRefit.fits(incumbent)
        && (now == null || !now.done() || !anticipated.equals(wanted()));
  }

  private String wanted() {
    return incumbent.digest() + " " + changes + " " + enough;
  }

  /** Hears a bounded piece. */
  void step() {
    Anticipation now = anticipation;
    String wanted = wanted();
    try {
      if (now == null || !anticipated.equals(wanted)) {
        Scope scope = parts.settings().scope();
        List<StoredExample> examples = Workshop.usable(store, scope);
        RoundSounds sounds = new RoundSounds(examples, store.frontEnd(), parts.settings().refit());
        now =
            Anticipation.of(
                parts.tools(),
                kept,
                standing,
                new Anticipation.Next(examples, sounds, Lent.of(store, scope), told, incumbent),
                enough,
                REHEARSED.compareAndSet(false, true));
      }
      now.step();
    } catch (RuntimeException e) {
      // The round says what is wrong, if it meets it, too.
      LOG.warn("Cannot hear in advance what the next round needs: {}", e.getMessage());
      now = Anticipation.nothing(parts.tools(), kept, incumbent);
    }
    anticipation = now;
    anticipated = wanted;
    if (now.done()) {
      LOG.info("Heard in advance what the next round needs, {} windows so far", kept.computed());
    }
  }
}
