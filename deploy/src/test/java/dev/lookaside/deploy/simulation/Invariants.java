package dev.lookaside.deploy.simulation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.SimulatedSink;
import dev.lookaside.classifier.detect.StreamAccounts;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.StreamProgress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;

/** What must be so whenever something has become durable, and in the end. */
final class Invariants {
  private static final AudioChunkCodec CODEC = new AudioChunkCodec("/simulated", 16777216, null);

  /** A record of the chunks. */
  private record Chunk(int partition, long offset, StreamId stream, boolean readable) {}

  private final LiveWorld world;
  private final boolean once;
  private final Map<Integer, List<Chunk>> chunks = new TreeMap<>();
  private final Map<Integer, Integer> checked = new TreeMap<>();
  private final Map<String, StreamProgress> progress = new TreeMap<>();
  private final Map<String, List<String>> detections = new TreeMap<>();
  private final Map<String, String> byId = new HashMap<>();
  private final Set<String> letters = new TreeSet<>();

  /** What was told to be shed, by stream and the capture time of its sample 0. */
  private final Map<String, TreeMap<Long, Detection.Extent>> shedRuns = new TreeMap<>();

  Invariants(LiveWorld world, boolean once) {
    this.world = world;
    this.once = once;
  }

  void appended(ConsumerRecord<byte[], byte[]> record) {
    AudioChunkCodec.Decoded decoded = CODEC.decode(record);
    boolean readable = decoded instanceof AudioChunkCodec.Chunk;
    StreamId stream =
        readable
            ? ((AudioChunkCodec.Chunk) decoded).chunk().stream()
            : ((AudioChunkCodec.Rejected) decoded).stream();
    chunks
        .computeIfAbsent(record.partition(), p -> new ArrayList<>())
        .add(new Chunk(record.partition(), record.offset(), stream, readable));
  }

  void durable(List<ProducerRecord<byte[], byte[]>> records, Map<Integer, Long> offsets) {
    for (ProducerRecord<byte[], byte[]> record : records) {
      switch (record.topic()) {
        case SimulatedBroker.DETECTIONS -> detection(record);
        case SimulatedBroker.DEAD_LETTERS -> letter(record);
        default -> progress(record);
      }
    }
    offsets.forEach(this::position);
  }

  private void detection(ProducerRecord<byte[], byte[]> record) {
    String stream = new String(record.key(), UTF_8);
    String id = header(record.headers(), "ce_id");
    String text = id + " " + new String(record.value(), UTF_8);
    String before = byId.put(id, text);
    if (before == null) {
      detections.computeIfAbsent(stream, s -> new ArrayList<>()).add(text);
      if (id.endsWith(".shed")) {
        shed(stream, SimulatedSink.detection(record.value()));
      }
    } else if (once) {
      world.fail("written twice: " + text);
    } else if (!before.equals(text) && !world.skipping(stream)) {
      world.fail("written twice and not the same: " + before + " and " + text);
    }
  }

  /** No audio is told twice to be shed. */
  private void shed(String stream, Detection run) {
    TreeMap<Long, Detection.Extent> runs =
        shedRuns.computeIfAbsent(stream + " " + run.epoch(), s -> new TreeMap<>());
    Detection.Extent its = run.extent();
    Map.Entry<Long, Detection.Extent> before = runs.lowerEntry(its.offsetSample());
    if (once && before != null && before.getValue().offsetSample() > its.onsetSample()) {
      world.fail("shed twice of %s: %s and %s".formatted(stream, before.getValue(), its));
    }
    runs.put(its.onsetSample(), its);
  }

  private double shedSeconds(String stream) {
    return shedRuns.entrySet().stream()
        .filter(runs -> runs.getKey().startsWith(stream + " "))
        .flatMap(runs -> runs.getValue().values().stream())
        .mapToDouble(e -> (double) (e.offsetSample() - e.onsetSample()) / e.rateHz())
        .sum();
  }

  /** What is told to be shed is what the accounts hold, and nothing is shed without need. */
  void shedRunsAreThoseOfTheAccounts() {
    progress.forEach(
        (stream, its) -> {
          double shed = SimulatedSink.seconds(its).shed();
          if (once && its.ended() && Math.abs(shedSeconds(stream) - shed) > 1e-6) {
            world.fail(
                "%s: shed runs of %s s were written, the accounts have %s s"
                    .formatted(stream, shedSeconds(stream), shed));
          }
          if (shed > 0 && world.skipping(stream)) {
            world.reached(LiveWorld.Turn.SHED);
          }
        });
    for (Scenario.Stream stream : world.streams()) {
      StreamProgress its = progress.get(stream.name());
      if (its != null && world.alwaysInTime(stream) && SimulatedSink.seconds(its).shed() > 0) {
        world.fail("shed though never late: " + stream.name());
      }
    }
  }

  private void letter(ProducerRecord<byte[], byte[]> record) {
    String at =
        header(record.headers(), "lookaside-partition")
            + "/"
            + header(record.headers(), "lookaside-offset");
    if (!letters.add(at) && once) {
      world.fail("two dead letters of record " + at);
    }
  }

  private void progress(ProducerRecord<byte[], byte[]> record) {
    String stream = SimulatedBroker.streamOf(record);
    if (stream.isEmpty()) {
      return;
    }
    if (record.value() == null) {
      progress.remove(stream);
      return;
    }
    StreamProgress now = StreamProgress.of(record.value());
    StreamProgress before = progress.put(stream, now);
    if (once
        && before != null
        && (now.resumeOffset() < before.resumeOffset()
            || now.throughOffset() < before.throughOffset())) {
      world.fail("progress of %s goes back from %s to %s".formatted(stream, before, now));
    }
    Map<Integer, Long> pending = SimulatedSink.pending(now);
    if (pending.values().stream().anyMatch(samples -> samples < 0)) {
      world.fail("accounts of %s: more is done than was received, %s".formatted(stream, pending));
    }
    if (now.ended() && !pending.isEmpty()) {
      world.fail("%s has ended, and %s samples are pending".formatted(stream, pending));
    }
  }

  /** No record before a committed offset is needed any more. */
  private void position(int partition, long offset) {
    List<Chunk> log = chunks.getOrDefault(partition, List.of());
    int at = checked.getOrDefault(partition, 0);
    while (at < log.size() && log.get(at).offset() < offset) {
      Chunk c = log.get(at);
      if (c.offset() >= world.broker().begin(partition) && !done(c)) {
        world.fail(
            "offset %d of partition %d is committed, but record %d of %s is needed: %s"
                .formatted(
                    offset, partition, c.offset(), c.stream(), progress.get(name(c.stream()))));
      }
      at++;
    }
    checked.put(partition, at);
  }

  private boolean done(Chunk c) {
    StreamProgress its = progress.get(name(c.stream()));
    return its != null && its.resumeOffset() > c.offset()
        || letters.contains(c.partition() + "/" + c.offset());
  }

  private static String name(StreamId stream) {
    return stream == null ? "" : stream.value();
  }

  private static String header(Headers headers, String name) {
    return new String(headers.lastHeader(name).value(), UTF_8);
  }

  /** Streams that are not done yet; empty in the end. */
  Set<String> settled() {
    Set<String> open = new TreeSet<>();
    Map<String, Chunk> last = new TreeMap<>();
    Set<String> known = new HashSet<>();
    chunks.forEach(
        (p, log) -> {
          for (Chunk c : log) {
            if (c.offset() < world.broker().begin(p)) {
              continue;
            }
            if (c.readable()) {
              known.add(name(c.stream()));
            }
            if (!c.readable() && !known.contains(name(c.stream()))) {
              if (!done(c)) {
                open.add("letter " + p + "/" + c.offset());
              }
            } else {
              last.put(name(c.stream()), c);
            }
          }
        });
    last.forEach(
        (stream, c) -> {
          StreamProgress its = progress.get(stream);
          boolean tail = stream.startsWith("tail");
          if (its == null || its.throughOffset() < c.offset() || !tail && !its.ended()) {
            open.add(stream + ", last record " + c.offset() + ", " + its);
          }
        });
    return open;
  }

  /** Nothing is missing, nothing is other than without trouble. */
  void sameAs(Invariants reference) {
    Set<String> streams = new TreeSet<>(reference.detections.keySet());
    streams.addAll(detections.keySet());
    for (String stream : streams) {
      if (!comparable(stream) || shedding(stream)) {
        continue;
      }
      List<String> expected = reference.detections.getOrDefault(stream, List.of());
      List<String> found = detections.getOrDefault(stream, List.of());
      if (!expected.equals(found)) {
        world.fail(difference(stream, expected, found));
      }
    }
    progress.forEach(
        (stream, its) -> {
          StreamProgress other = reference.progress.get(stream);
          if (comparable(stream) && other != null && shedding(stream)) {
            sameButForShed(stream, SimulatedSink.seconds(its), SimulatedSink.seconds(other));
          } else if (comparable(stream) && other != null) {
            String expected = SimulatedSink.accounts(other);
            if (!SimulatedSink.accounts(its).equals(expected)) {
              world.fail(
                  "accounts of %s are %s, without trouble %s"
                      .formatted(stream, SimulatedSink.accounts(its), expected));
            }
          }
        });
    Set<String> differing = new TreeSet<>(letters);
    differing.addAll(reference.letters);
    differing.removeIf(l -> letters.contains(l) && reference.letters.contains(l));
    chunks.values().stream()
        .flatMap(List::stream)
        .filter(c -> c.stream() != null && !comparable(name(c.stream())))
        .forEach(c -> differing.remove(c.partition() + "/" + c.offset()));
    if (world.deletedFrom().isEmpty() && !differing.isEmpty()) {
      world.fail("dead letters of " + letters + ", without trouble of " + reference.letters);
    }
  }

  /** Windows that are shed here are scored without trouble; all else is the same. */
  private void sameButForShed(
      String stream, StreamAccounts.Seconds found, StreamAccounts.Seconds expected) {
    double[] differences = {
      found.received() - expected.received(),
      found.scored() + found.shed() - expected.scored() - expected.shed(),
      found.skipped() - expected.skipped(),
      found.rejected() - expected.rejected(),
      found.uncovered() - expected.uncovered(),
      found.gap() - expected.gap(),
      found.pending() - expected.pending()
    };
    for (double difference : differences) {
      if (Math.abs(difference) > 1e-6) {
        world.fail("accounts of %s are %s, without trouble %s".formatted(stream, found, expected));
      }
    }
  }

  /** Whether some of it was shed because it was too old, or may have been and was scored again. */
  private boolean shedding(String stream) {
    StreamProgress its = progress.get(stream);
    return world.skipping(stream)
        && (!once || its == null || SimulatedSink.seconds(its).shed() > 0);
  }

  private boolean comparable(String stream) {
    return !stream.startsWith("tail")
        && !world.undecodable(stream)
        && chunks.values().stream()
            .flatMap(List::stream)
            .filter(c -> name(c.stream()).equals(stream))
            .noneMatch(c -> world.deletedFrom().contains(c.partition()));
  }

  private static String difference(String stream, List<String> expected, List<String> found) {
    int i = 0;
    while (i < expected.size() && i < found.size() && expected.get(i).equals(found.get(i))) {
      i++;
    }
    return "detections of %s: %d, without trouble %d; number %d is%n    %s%n  without trouble%n    %s"
        .formatted(
            stream,
            found.size(),
            expected.size(),
            i,
            i < found.size() ? found.get(i) : "none",
            i < expected.size() ? expected.get(i) : "none");
  }
}
