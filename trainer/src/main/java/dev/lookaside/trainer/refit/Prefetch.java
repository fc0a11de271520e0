package dev.lookaside.trainer.refit;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.trainer.collect.RoundPlan;
import dev.lookaside.trainer.collect.RoundSounds;
import dev.lookaside.trainer.head.EmbeddingCache;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Embeds, while nothing is fitted, what the next refit of the head will want: the scenes of older
 * sounds, the background, and each label as it comes. A refit embeds itself what is missing; this
 * only saves time. {@link #step} is for one thread, the rest for any.
 */
public final class Prefetch {
  private static final Logger LOG = LoggerFactory.getLogger(Prefetch.class);

  /** What the next round would work with. */
  public record Next(Adapter incumbent, RoundPlan plan, RoundSounds sounds) {}

  private final RefitTools tools;
  private final EmbeddingCache cache;
  private final Supplier<Next> next;
  private final Queue<HeadRefit.Wanted> queue = new ArrayDeque<>();
  private volatile String wanted = "";
  private volatile String begun = "";
  private volatile boolean done = true;
  private @Nullable Adapter adapter;

  /**
   * @param next asked on the thread of {@link #step}
   */
  public Prefetch(RefitTools tools, EmbeddingCache cache, Supplier<Next> next) {
    this.tools = tools;
    this.cache = cache;
    this.next = next;
  }

  /**
   * The state of what a round would work with: another one is embedded for.
   *
   * @param version of the store and the incumbent
   */
  public void follow(String version) {
    wanted = version;
  }

  /** Whether there is something left to embed. */
  public boolean due() {
    return !done || !begun.equals(wanted);
  }

  /** Embeds one clip. */
  public void step() {
    try {
      if (!begun.equals(wanted)) {
        begun = wanted;
        queue.clear();
        Next now = next.get();
        adapter = now.incumbent();
        queue.addAll(
            new HeadRefit(
                    tools, cache, now.plan(), now.sounds(), now.incumbent(), Set.of(), () -> false)
                .wanted());
      }
      HeadRefit.Wanted first = queue.poll();
      Adapter with = adapter;
      if (first != null && with != null) {
        cache.of(with, first.hopFrames(), List.of(first.audio()), () -> {});
      }
    } catch (RuntimeException e) {
      // The round meets the same trouble, if it is still there, and reports it.
      LOG.warn("Cannot embed in advance what the next round needs: {}", e.getMessage());
      queue.clear();
    }
    done = queue.isEmpty();
  }
}
