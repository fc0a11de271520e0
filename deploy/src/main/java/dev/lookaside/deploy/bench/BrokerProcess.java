package dev.lookaside.deploy.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.ingest.FaultReason;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * An {@link EmbeddedKafka} in a process of its own, so that its memory and its collections are not
 * taken for those of what is measured. The process ends when its parent does: it reads its standard
 * input to the end.
 */
final class BrokerProcess implements AutoCloseable {
  private static final int STOP_SECONDS = 15;

  private final Process process;
  private final String bootstrapServers;

  private BrokerProcess(Process process, String bootstrapServers) {
    this.process = process;
    this.bootstrapServers = bootstrapServers;
  }

  /**
   * Starts it with this process's Java and libraries; returns when it accepts requests.
   *
   * @throws DeployException if it does not come up
   */
  static BrokerProcess start() {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    ProcessBuilder command =
        new ProcessBuilder(
            java.toString(),
            "-Xmx512m",
            "-cp",
            System.getProperty("java.class.path"),
            BrokerProcess.class.getName());
    command.redirectError(ProcessBuilder.Redirect.INHERIT);
    try {
      Process process = command.start();
      BufferedReader out =
          new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
      String servers = out.readLine();
      if (servers == null) {
        process.destroyForcibly();
        throw new DeployException("benchmark: the broker's process ended at once");
      }
      return new BrokerProcess(process, servers);
    } catch (IOException e) {
      throw new DeployException("benchmark: " + java + " does not start: " + FaultReason.of(e), e);
    }
  }

  String bootstrapServers() {
    return bootstrapServers;
  }

  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** The other process: prints its address, and stays as long as its parent. */
  public static void main(String[] args) throws IOException {
    try (EmbeddedKafka kafka = EmbeddedKafka.start()) {
      System.out.println(kafka.bootstrapServers());
      while (System.in.read() >= 0) {
        // Nothing is sent to it.
      }
    }
    System.exit(0);
  }
}
