package dev.lookaside.deploy.service;

import dev.lookaside.deploy.bundled.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Uuid;
import org.awaitility.Awaitility;

/** Three Kafka nodes, each in a JVM of its own, that can be killed and started again. */
final class KafkaCluster implements AutoCloseable {
  private static final int NODES = 3;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final List<EmbeddedKafka.Node> nodes = new ArrayList<>();
  private final Map<Integer, Process> processes = new TreeMap<>();
  private final String clusterId = Uuid.randomUuid().toString();
  private final Path folder;

  KafkaCluster(Path folder) throws IOException {
    this.folder = folder;
    List<Integer> ports = EmbeddedKafka.freePorts(2 * NODES);
    for (int id = 1; id <= NODES; id++) {
      Path log = Files.createDirectories(folder.resolve("kafka-" + id));
      nodes.add(new EmbeddedKafka.Node(id, ports.get(2 * id - 2), ports.get(2 * id - 1), log));
    }
    for (int id = 1; id <= NODES; id++) {
      start(id);
    }
    awaitNodes(NODES);
  }

  String bootstrapServers() {
    return nodes.stream().map(n -> "127.0.0.1:" + n.port()).collect(Collectors.joining(","));
  }

  void start(int id) throws IOException {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(List.of("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    line.addAll(List.of("-cp", System.getProperty("java.class.path")));
    line.addAll(List.of(KafkaCluster.class.getName(), Integer.toString(id), clusterId));
    for (EmbeddedKafka.Node n : nodes) {
      line.add(n.id() + "," + n.port() + "," + n.controllerPort() + "," + n.folder());
    }
    processes.put(
        id,
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("kafka-" + id + ".log").toFile())
            .start());
  }

  /** As {@code kill -9}. */
  void kill(int id) throws InterruptedException {
    Process process = processes.get(id);
    process.destroyForcibly();
    process.waitFor(10, TimeUnit.SECONDS);
  }

  void awaitNodes(int count) {
    Awaitility.await(count + " nodes of the cluster")
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(200))
        .ignoreExceptions()
        .until(
            () -> {
              try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers()))) {
                return admin.describeCluster().nodes().get(5, TimeUnit.SECONDS).size() == count;
              }
            });
  }

  @Override
  public void close() {
    processes.values().forEach(Process::destroyForcibly);
  }

  /** One node; ends when it is killed. */
  public static void main(String[] args) throws InterruptedException {
    List<EmbeddedKafka.Node> all = new ArrayList<>();
    for (int i = 2; i < args.length; i++) {
      String[] part = args[i].split(",", 4);
      all.add(
          new EmbeddedKafka.Node(
              Integer.parseInt(part[0]),
              Integer.parseInt(part[1]),
              Integer.parseInt(part[2]),
              Path.of(part[3])));
    }
    int id = Integer.parseInt(args[0]);
    EmbeddedKafka.startNode(all.get(id - 1), all, args[1]);
    Thread.currentThread().join();
  }
}
