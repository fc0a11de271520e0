package dev.lookaside.deploy.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.audio.SampleEncoder;
import dev.lookaside.ingest.send.BackgroundNoise;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A source of sound on the loopback interface that does, connection by connection, what live
 * sources do to their listeners: WAV by HTTP, or L16 by RTSP (RFC 2326, interleaved in its TCP
 * connection). Sends at the speed of sound. After its last connection it can no longer be reached.
 */
final class LoopbackCamera implements AutoCloseable {
  /** At a lower rate ffmpeg takes longer to read what it wants to know a WAV by. */
  static final int RATE_HZ = 48_000;

  private static final int BLOCK_MILLIS = 100;
  private static final int BLOCK_SAMPLES = RATE_HZ / 1000 * BLOCK_MILLIS;
  private static final int WAV_HEADER_BYTES = 44;
  private static final int RTP_PAYLOAD_TYPE = 97;

  enum Protocol {
    HTTP,
    RTSP
  }

  enum Then {
    /** Keeps the connection and sends nothing more. */
    STALL,
    /** Ends the connection without having named a length. */
    DROP,
    /** Has named its length, as a recording does, and ends there when allowed to. HTTP only. */
    COMPLETE
  }

  /** What one connection does. */
  record Connection(double seconds, Then then) {}

  private final Protocol protocol;
  private final List<Connection> connections;
  private final ServerSocket server;
  private final List<Socket> open = Collections.synchronizedList(new ArrayList<>());
  private final List<Instant> firstSamples = Collections.synchronizedList(new ArrayList<>());
  private final List<Long> silentSince = Collections.synchronizedList(new ArrayList<>());
  private final CountDownLatch mayComplete = new CountDownLatch(1);
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

  LoopbackCamera(Protocol protocol, Connection... connections) throws IOException {
    this.protocol = protocol;
    this.connections = List.of(connections);
    this.server = new ServerSocket(0, 8, InetAddress.getByName("127.0.0.1"));
    Thread accepting = new Thread(this::accept, "loopback-camera");
    accepting.setDaemon(true);
    accepting.start();
  }

  String url() {
    String scheme = protocol == Protocol.HTTP ? "http" : "rtsp";
    return scheme + "://127.0.0.1:" + server.getLocalPort() + "/live";
  }

  /** Sends the last block of a connection that completes. */
  void complete() {
    mayComplete.countDown();
  }

  /** When the first sample of each connection so far went out. */
  List<Instant> firstSamples() {
    return List.copyOf(firstSamples);
  }

  /** {@link System#nanoTime} after the last sample of each connection so far. */
  List<Long> silentSince() {
    return List.copyOf(silentSince);
  }

  private void accept() {
    try (server) {
      for (Connection connection : connections) {
        Socket socket = server.accept();
        open.add(socket);
        serve(socket, connection);
        if (connection.then() != Then.STALL) {
          socket.close();
        }
      }
    } catch (IOException e) {
      // Closed by the test, or hung up on: what the listener made of it is what is looked at.
      return;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void serve(Socket socket, Connection connection)
      throws IOException, InterruptedException {
    int blocks = (int) Math.round(connection.seconds() * 1000 / BLOCK_MILLIS);
    OutputStream out = socket.getOutputStream();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
    if (protocol == Protocol.HTTP) {
      request(in);
      out.write(httpHeader(blocks, connection.then() == Then.COMPLETE));
    } else {
      rtspUntilPlay(in, out);
    }
    float[] sound = BackgroundNoise.pink(1, RATE_HZ, blocks * BLOCK_MILLIS / 1000.0).samples();
    firstSamples.add(Instant.now());
    int heldBack = connection.then() == Then.COMPLETE ? 1 : 0;
    CountDownLatch sent = new CountDownLatch(blocks - heldBack);
    var sending =
        clock.scheduleAtFixedRate(
            () -> {
              int block = blocks - heldBack - (int) sent.getCount();
              if (block < blocks - heldBack) {
                write(out, sound, block);
                sent.countDown();
              }
            },
            0,
            BLOCK_MILLIS,
            TimeUnit.MILLISECONDS);
    sent.await();
    sending.cancel(false);
    silentSince.add(System.nanoTime());
    if (heldBack > 0) {
      mayComplete.await();
      write(out, sound, blocks - 1);
    }
  }

  private void write(OutputStream out, float[] sound, int block) {
    float[] samples = new float[BLOCK_SAMPLES];
    System.arraycopy(sound, block * BLOCK_SAMPLES, samples, 0, BLOCK_SAMPLES);
    try {
      if (protocol == Protocol.HTTP) {
        out.write(SampleEncoder.encode(Encoding.S16LE, samples, BLOCK_SAMPLES));
      } else {
        out.write(rtp(block, SampleEncoder.encode(Encoding.L16, samples, BLOCK_SAMPLES)));
      }
      out.flush();
    } catch (IOException e) {
      // The listener has gone; the connection goes on to its end, as a real one would.
      return;
    }
  }

  private static List<String> request(BufferedReader in) throws IOException {
    List<String> lines = new ArrayList<>();
    String line;
    while ((line = in.readLine()) != null && !line.isEmpty()) {
      lines.add(line);
    }
    if (lines.isEmpty()) {
      throw new IOException("hung up");
    }
    return lines;
  }

  private static byte[] httpHeader(int blocks, boolean named) {
    int bytes = blocks * BLOCK_SAMPLES * 2;
    String http =
        "HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nConnection: close\r\n"
            + (named ? "Content-Length: " + (WAV_HEADER_BYTES + bytes) + "\r\n\r\n" : "\r\n");
    ByteBuffer header = ByteBuffer.allocate(http.length() + WAV_HEADER_BYTES);
    header.order(ByteOrder.LITTLE_ENDIAN).put(http.getBytes(US_ASCII));
    header.put("RIFF".getBytes(US_ASCII)).putInt(named ? WAV_HEADER_BYTES - 8 + bytes : -1);
    header.put("WAVEfmt ".getBytes(US_ASCII)).putInt(16).putShort((short) 1).putShort((short) 1);
    header.putInt(RATE_HZ).putInt(2 * RATE_HZ).putShort((short) 2).putShort((short) 16);
    header.put("data".getBytes(US_ASCII)).putInt(named ? bytes : -1);
    return header.array();
  }

  /** Answers what a player asks before it listens. */
  private void rtspUntilPlay(BufferedReader in, OutputStream out) throws IOException {
    String method;
    do {
      List<String> lines = request(in);
      method = lines.get(0).substring(0, lines.get(0).indexOf(' '));
      String sequence =
          lines.stream().filter(l -> l.regionMatches(true, 0, "CSeq:", 0, 5)).findFirst().get();
      out.write(
          ("RTSP/1.0 200 OK\r\n" + sequence + "\r\n" + rtspAnswer(method)).getBytes(US_ASCII));
      out.flush();
    } while (!method.equals("PLAY"));
  }

  private String rtspAnswer(String method) {
    return switch (method) {
      case "OPTIONS" -> "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n";
      case "DESCRIBE" -> {
        String sdp =
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                + "m=audio 0 RTP/AVP %d\r\na=rtpmap:%d L16/%d/1\r\na=control:audio\r\n"
                    .formatted(RTP_PAYLOAD_TYPE, RTP_PAYLOAD_TYPE, RATE_HZ);
        yield "Content-Base: %s/\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s"
            .formatted(url(), sdp.length(), sdp);
      }
      case "SETUP" -> "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n\r\n";
      default -> "Session: 1\r\n\r\n";
    };
  }

  /** RFC 3550, 5.1, behind the four bytes of RFC 2326, 10.12. */
  private static byte[] rtp(int block, byte[] payload) {
    ByteBuffer packet = ByteBuffer.allocate(16 + payload.length);
    packet.put((byte) '$').put((byte) 0).putShort((short) (12 + payload.length));
    packet.put((byte) 0x80).put((byte) RTP_PAYLOAD_TYPE).putShort((short) block);
    packet.putInt(block * BLOCK_SAMPLES).putInt(1).put(payload);
    return packet.array();
  }

  @Override
  public void close() throws IOException {
    clock.shutdownNow();
    server.close();
    for (Socket socket : List.copyOf(open)) {
      socket.close();
    }
  }
}
