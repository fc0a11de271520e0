package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.registry.Ledger;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.TrustedKeys;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.ResourceCloser;
import dev.lookaside.trainer.gate.Learned;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelTopic;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.publish.RefitTopic;
import dev.lookaside.trainer.receipt.Receipt;
import dev.lookaside.trainer.receipt.Receipts;
import dev.lookaside.trainer.store.StandingIndex;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads labels, ledger and the outcomes of rounds once a second and tells what has become of the
 * newest labels, whoever wrote them. A thread and connections of its own; where a broker or a topic
 * is missing it tells nothing and tries again.
 */
final class ReceiptWatch implements AutoCloseable {
  /** Is told on this one's thread. */
  interface Listener {
    /**
     * What has become of a label; once a second, changed or not.
     *
     * @param used whether a round was fitted to it or judged on it
     */
    void receipt(Receipt receipt, boolean used);

    /** A round has ended, wherever its trainer runs; {@code RefitTopic} draws the outcome. */
    void round(JsonNode outcome);
  }

  private record Clients(
      LabelTopic labels,
      StandingIndex index,
      RefitTopic rounds,
      RegistryView view,
      ResourceCloser all) {}

  private static final Logger LOG = LoggerFactory.getLogger(ReceiptWatch.class);
  private static final long PERIOD_MILLIS = 1_000;
  private static final long CLOSE_MILLIS = 2_000;

  /** Labels of earlier rounds that are remembered, many more than are shown. */
  private static final int USED_MAX = 20_000;

  private final IngestSettings ingest;
  private final Supplier<TrustedKeys> trusted;
  private final int newest;
  private final Listener listener;
  private final LinkedHashSet<String> used = new LinkedHashSet<>();
  private final ScheduledExecutorService thread;
  private @Nullable Clients clients;
  private Receipts receipts = new Receipts(Ledger.EMPTY);
  private String trouble = "";

  /**
   * Starts to look.
   *
   * @param newest how many labels are told of
   */
  ReceiptWatch(
      IngestSettings ingest, Supplier<TrustedKeys> trusted, int newest, Listener listener) {
    this.ingest = ingest;
    this.trusted = trusted;
    this.newest = newest;
    this.listener = listener;
    thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread made = new Thread(task, "page-receipts");
              made.setDaemon(true);
              return made;
            });
    thread.scheduleWithFixedDelay(this::look, 0, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void look() {
    try {
      Clients now = clients;
      if (now == null) {
        now = open();
        clients = now;
      }
      now.labels().refresh();
      readRounds(now.rounds());
      if (!now.index().recent().isEmpty()) {
        now.view().refresh();
        tell(now.index(), now.view().ledger());
      }
      trouble = "";
    } catch (RuntimeException e) {
      // A thrown exception would end the watch for good.
      String text = String.valueOf(e.getMessage());
      if (!text.equals(trouble) && !Thread.currentThread().isInterrupted()) {
        LOG.info("Receipts of labels cannot be read: {}", text);
        trouble = text;
      }
      closeClients();
    }
  }

  private Clients open() {
    try (ResourceCloser opened = new ResourceCloser()) {
      StandingIndex index = opened.add(new StandingIndex(newest));
      LabelTopic labels = opened.add(LabelTopic.follow(ingest, index::add));
      RefitTopic rounds = opened.add(RefitTopic.open(ingest, null));
      RegistryView view = opened.add(RegistryView.open(ingest, trusted));
      return new Clients(labels, index, rounds, view, opened.keep());
    }
  }

  private void readRounds(RefitTopic rounds) {
    JsonNode last = null;
    for (JsonNode outcome : rounds.newOutcomes()) {
      // Of what came into force the ledger says more.
      if (!outcome.path("outcome").asText().equals(RoundOutcome.Kind.PUBLISHED.word())) {
        keepUsed(outcome.path("gate"));
      }
      last = outcome;
    }
    if (last != null) {
      listener.round(last);
    }
  }

  private void keepUsed(JsonNode gate) {
    gate.path("corrections").forEach(c -> used.add(Learned.key(c.path("example").asText())));
    JsonNode learned = gate.path("learned");
    learned.path("fitted").forEach(key -> used.add(key.asText()));
    learned.path("heldOut").forEach(key -> used.add(key.asText()));
    Iterator<String> oldest = used.iterator();
    for (int over = used.size() - USED_MAX; over > 0; over--) {
      oldest.next();
      oldest.remove();
    }
  }

  private void tell(StandingIndex index, Ledger ledger) {
    receipts = receipts.of(ledger);
    Instant now = Instant.now();
    for (Label label : index.recent()) {
      listener.receipt(
          receipts.of(label, index.of(label), now), used.contains(Learned.key(label.id())));
    }
  }

  private void closeClients() {
    Clients now = clients;
    clients = null;
    if (now != null) {
      now.all().close();
    }
  }

  @Override
  public void close() {
    thread.execute(this::closeClients);
    thread.shutdown();
    try {
      if (!thread.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      thread.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
