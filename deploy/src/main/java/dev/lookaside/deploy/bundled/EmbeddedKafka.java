package dev.lookaside.deploy.bundled;

import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.ingest.FaultReason;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real Kafka: one KRaft node (broker and controller) in this JVM, for the demo, the benchmarks
 * and the end-to-end tests.
 *
 * <p>It listens on the loopback address only, keeps its log in a temporary folder and deletes that
 * folder when closed. Topics are never created by chance. This is the only class that names Kafka's
 * internal server types: they are no public API and may move with any release.
 *
 * <p>Thread-safe; {@link #close} may be called more than once.
 */
public final class EmbeddedKafka implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedKafka.class);
  private static final String HOST = "127.0.0.1";
  private static final int NODE_ID = 1;
  private static final int PORT_ATTEMPTS = 5;

  private final @Nullable TemporaryFolder folder;
  private final Path folderPath;
  private final int port;
  private final KafkaRaftServer server;
  private final AtomicBoolean closed = new AtomicBoolean();

  private EmbeddedKafka(
      @Nullable TemporaryFolder folder, Path folderPath, int port, KafkaRaftServer server) {
    this.folder = folder;
    this.folderPath = folderPath;
    this.port = port;
    this.server = server;
  }

  /**
   * Starts a broker on a free port; returns when it accepts requests (about 2 s on an idle
   * machine).
   *
   * @throws DeployException if it does not come up
   */
  public static EmbeddedKafka start() {
    RuntimeException last = null;
    for (int attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
      try {
        return start(freePort());
      } catch (DeployException e) {
        if (!portTaken(e)) {
          throw e;
        }
        // Somebody else took the port between the choice and the bind: choose again.
        last = e;
        LOG.info("Embedded Kafka did not start, trying another port: {}", e.getMessage());
      }
    }
    throw new DeployException("embedded Kafka: did not start on " + PORT_ATTEMPTS + " ports", last);
  }

  /**
   * Starts a broker on the given port of the loopback address.
   *
   * @param port 1..65535
   * @throws DeployException if the port is taken or the broker does not come up
   */
  public static EmbeddedKafka start(int port) {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("port \"" + port + "\": must be 1..65535");
    }
    TemporaryFolder folder = new TemporaryFolder("lookaside-kafka-");
    KafkaRaftServer server = null;
    try {
      // A port that was free a moment ago may be offered again: this broker's own is not free.
      int controllerPort = freePorts(2).stream().filter(p -> p != port).findFirst().orElseThrow();
      Map<String, Object> config = config(folder.path(), port, controllerPort);
      format(folder.path(), NODE_ID, Uuid.randomUuid().toString());
      server = new KafkaRaftServer(new KafkaConfig(config, false), Time.SYSTEM);
      server.startup();
      return new EmbeddedKafka(folder, folder.path(), port, server);
    } catch (Throwable e) {
      // Kafka throws its own fault types and plain KafkaExceptions here; whatever it is, leave
      // nothing behind.
      abandon(server, folder);
      throw new DeployException("embedded Kafka on port " + port + ": " + FaultReason.of(e), e);
    }
  }

  /**
   * One node of a cluster on this machine, broker and controller.
   *
   * @param id 1 or more
   * @param port of the broker
   * @param controllerPort of the controller
   * @param folder of its log; kept, so that the node can be started again
   */
  public record Node(int id, int port, int controllerPort, Path folder) {}

  /**
   * Starts one node of a cluster in this JVM. Its log stays where it is when it is closed.
   *
   * @param all nodes of the cluster, this one included
   * @param clusterId the same for all, a Kafka uuid
   * @throws DeployException if it does not come up
   */
  public static EmbeddedKafka startNode(Node node, List<Node> all, String clusterId) {
    try {
      Map<String, Object> config = config(node.folder(), node.port(), node.controllerPort());
      config.put("node.id", node.id());
      config.put(
          "controller.quorum.voters",
          all.stream()
              .map(n -> n.id() + "@" + HOST + ":" + n.controllerPort())
              .collect(Collectors.joining(",")));
      String copies = Integer.toString(all.size());
      for (String topic :
          List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
        config.put(topic + ".replication.factor", copies);
      }
      config.put("default.replication.factor", copies);
      config.put("min.insync.replicas", Integer.toString(all.size() / 2 + 1));
      config.put("transaction.state.log.min.isr", Integer.toString(all.size() / 2 + 1));
      // A node that dies is replaced within seconds.
      config.put("broker.session.timeout.ms", "6000");
      config.put("group.consumer.session.timeout.ms", "6000");
      config.put("group.consumer.min.session.timeout.ms", "6000");
      config.put("group.consumer.heartbeat.interval.ms", "1000");
      config.put("group.consumer.min.heartbeat.interval.ms", "1000");
      if (!Files.exists(node.folder().resolve("meta.properties"))) {
        format(node.folder(), node.id(), clusterId);
      }
      KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(config, false), Time.SYSTEM);
      server.startup();
      return new EmbeddedKafka(null, node.folder(), node.port(), server);
    } catch (Exception e) {
      throw new DeployException("Kafka node " + node.id() + ": " + FaultReason.of(e), e);
    }
  }

  /** A port of the loopback address that nobody listens on at this moment. */
  public static int freePort() {
    return freePorts(1).get(0);
  }

  /** Different ports of the loopback address that nobody listens on at this moment. */
  public static List<Integer> freePorts(int count) {
    List<ServerSocket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        sockets.add(new ServerSocket(0, 1, InetAddress.getByName(HOST)));
      }
      return sockets.stream().map(ServerSocket::getLocalPort).toList();
    } catch (IOException e) {
      throw new UncheckedIOException("no free port on " + HOST, e);
    } finally {
      sockets.forEach(EmbeddedKafka::close);
    }
  }

  private static void close(ServerSocket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException("port " + socket.getLocalPort() + " of " + HOST, e);
    }
  }

  /** What clients put into {@code bootstrap.servers}. */
  public String bootstrapServers() {
    return HOST + ":" + port;
  }

  public int port() {
    return port;
  }

  /** The temporary folder of the log; gone after {@link #close}. */
  public Path folder() {
    return folderPath;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      abandon(server, folder);
    }
  }

  private static void abandon(@Nullable KafkaRaftServer server, @Nullable TemporaryFolder folder) {
    if (server != null) {
      try {
        server.shutdown();
        server.awaitShutdown();
      } catch (RuntimeException e) {
        LOG.warn("Embedded Kafka did not stop cleanly", e);
      }
    }
    if (folder != null) {
      folder.close();
    }
  }

  private static boolean portTaken(@Nullable Throwable e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof BindException) {
        return true;
      }
    }
    return false;
  }

  private static void format(Path folder, int nodeId, String clusterId) throws Exception {
    try (PrintStream silent =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
      new Formatter()
          .setPrintStream(silent)
          .setNodeId(nodeId)
          .setClusterId(clusterId)
          .addDirectory(folder.toString())
          .setMetadataLogDirectory(folder.toString())
          .setControllerListenerName("CONTROLLER")
          .run();
    }
  }

  private static Map<String, Object> config(Path folder, int port, int controllerPort) {
    Map<String, Object> c = new LinkedHashMap<>();
    c.put("process.roles", "broker,controller");
    c.put("node.id", NODE_ID);
    c.put("controller.quorum.voters", NODE_ID + "@" + HOST + ":" + controllerPort);
    c.put("controller.listener.names", "CONTROLLER");
    c.put(
        "listeners",
        "PLAINTEXT://" + HOST + ":" + port + ",CONTROLLER://" + HOST + ":" + controllerPort);
    c.put("advertised.listeners", "PLAINTEXT://" + HOST + ":" + port);
    c.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    c.put("inter.broker.listener.name", "PLAINTEXT");
    c.put("log.dirs", folder.toString());
    c.put("auto.create.topics.enable", "false");
    // One node: every internal topic has one replica and one partition.
    c.put("offsets.topic.replication.factor", "1");
    c.put("offsets.topic.num.partitions", "1");
    c.put("transaction.state.log.replication.factor", "1");
    c.put("transaction.state.log.min.isr", "1");
    c.put("transaction.state.log.num.partitions", "1");
    c.put("share.coordinator.state.topic.replication.factor", "1");
    c.put("share.coordinator.state.topic.min.isr", "1");
    c.put("share.coordinator.state.topic.num.partitions", "1");
    // Nobody else will join: waiting for more members only delays the first record.
    c.put("group.initial.rebalance.delay.ms", "0");
    // Small and quick: few threads, small buffers, frequent heartbeats while the broker registers.
    c.put("num.network.threads", "2");
    c.put("num.io.threads", "2");
    c.put("background.threads", "2");
    c.put("log.cleaner.dedupe.buffer.size", "4194304");
    c.put("log.index.size.max.bytes", "1048576");
    c.put("broker.heartbeat.interval.ms", "500");
    // A machine that is busy with other things must not make the only node give itself up.
    c.put("broker.session.timeout.ms", "60000");
    return c;
  }
}
