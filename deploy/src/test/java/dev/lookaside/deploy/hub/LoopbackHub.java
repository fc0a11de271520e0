package dev.lookaside.deploy.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.lookaside.ingest.Sha256;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * A hub in this process, as the real one answers: {@code /OWNER/NAME/resolve/REVISION/FILE}, small
 * files by itself with git's digest, large ones by a redirect to another server that knows ranges.
 */
final class LoopbackHub implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final int LARGE_BYTES = 1000;

  private final HttpServer hub = server();
  private final HttpServer store = server();
  private final Map<String, byte[]> files = new TreeMap<>();
  private final Map<String, String> renamed = new ConcurrentHashMap<>();

  /** {@code METHOD path authorization range}, in order; the store's begin with {@code store}. */
  final List<String> asked = new CopyOnWriteArrayList<>();

  /** Answers of the store that end early, after so many bytes. */
  final AtomicInteger cuts = new AtomicInteger();

  /** Requests of the hub that are answered 503 first. */
  final AtomicInteger busy = new AtomicInteger();

  volatile int cutAfterBytes = 1;

  /** Grows with what the client has received: a broken connection loses what it has not. */
  volatile @Nullable Path received;

  volatile boolean knowsRanges = true;
  volatile boolean corrupts;
  volatile String token = "";
  volatile int fault;
  volatile String faultCode = "";
  volatile long announcedBytes = -1;

  LoopbackHub() {
    hub.createContext("/", this::hub);
    store.createContext("/", this::store);
    hub.start();
    store.start();
  }

  private static HttpServer server() {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setExecutor(
          Executors.newCachedThreadPool(
              r -> {
                Thread thread = new Thread(r, "loopback-hub");
                thread.setDaemon(true);
                return thread;
              }));
      return server;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  URI endpoint() {
    return URI.create("http://localhost:" + hub.getAddress().getPort());
  }

  /** Puts a file of a repository. */
  void put(String repo, String name, byte[] bytes) {
    files.put(repo + "/" + name, bytes);
  }

  void rename(String before, String after) {
    renamed.put(before, after);
  }

  private void hub(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getRawPath();
    note("", exchange);
    String authorization = exchange.getRequestHeaders().getFirst("Authorization");
    if (busy.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
      answer(exchange, 503, "");
      return;
    }
    if (fault != 0) {
      answer(exchange, fault, faultCode);
      return;
    }
    if (!token.isEmpty() && !("Bearer " + token).equals(authorization)) {
      answer(exchange, 401, "RepoNotFound");
      return;
    }
    String[] words = path.substring(1).split("/", 5);
    String repo = words[0] + "/" + words[1];
    String moved = renamed.get(repo);
    if (moved != null) {
      exchange.getResponseHeaders().add("Location", path.replaceFirst("/" + repo, "/" + moved));
      answer(exchange, 307, "");
      return;
    }
    if (files.keySet().stream().noneMatch(f -> f.startsWith(repo + "/"))) {
      answer(exchange, 404, "RepoNotFound");
      return;
    }
    if (!List.of("main", "v1%2Fold", COMMIT).contains(words[3])) {
      answer(exchange, 404, "RevisionNotFound");
      return;
    }
    byte[] bytes = files.get(repo + "/" + words[4]);
    if (bytes == null) {
      answer(exchange, 404, "EntryNotFound");
      return;
    }
    exchange.getResponseHeaders().add("X-Repo-Commit", COMMIT);
    if (bytes.length < LARGE_BYTES) {
      exchange.getResponseHeaders().add("ETag", '"' + git(bytes) + '"');
      send(exchange, 200, bytes, 0, bytes.length);
      return;
    }
    exchange.getResponseHeaders().add("X-Linked-Etag", '"' + Sha256.hex(bytes) + '"');
    long size = announcedBytes < 0 ? bytes.length : announcedBytes;
    exchange.getResponseHeaders().add("X-Linked-Size", Long.toString(size));
    exchange
        .getResponseHeaders()
        .add(
            "Location",
            "http://127.0.0.1:" + store.getAddress().getPort() + "/" + repo + "/" + words[4]);
    answer(exchange, 302, "");
  }

  private void store(HttpExchange exchange) throws IOException {
    note("store ", exchange);
    byte[] bytes = files.get(exchange.getRequestURI().getPath().substring(1)).clone();
    if (corrupts) {
      bytes[bytes.length / 2] ^= 1;
    }
    String range = exchange.getRequestHeaders().getFirst("Range");
    int from = range == null || !knowsRanges ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
    if (from >= bytes.length) {
      answer(exchange, 416, "");
      return;
    }
    int until = bytes.length;
    if (cuts.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
      until = Math.min(bytes.length, from + cutAfterBytes);
    }
    int status = from > 0 ? 206 : 200;
    send(exchange, status, bytes, from, until);
  }

  private void note(String who, HttpExchange exchange) {
    asked.add(
        (who
                + exchange.getRequestMethod()
                + " "
                + exchange.getRequestURI().getRawPath()
                + " "
                + exchange.getRequestHeaders().getFirst("Authorization")
                + " "
                + exchange.getRequestHeaders().getFirst("Range"))
            .replace(" null", ""));
  }

  private static void answer(HttpExchange exchange, int status, String code) throws IOException {
    if (!code.isEmpty()) {
      exchange.getResponseHeaders().add("X-Error-Code", code);
    }
    exchange.sendResponseHeaders(status, -1);
    exchange.close();
  }

  /** Announces the whole, and ends at {@code until}. */
  private void send(HttpExchange exchange, int status, byte[] bytes, int from, int until)
      throws IOException {
    boolean head = exchange.getRequestMethod().equals("HEAD");
    if (head) {
      exchange.getResponseHeaders().add("Content-Length", Integer.toString(bytes.length));
    }
    exchange.sendResponseHeaders(status, head ? -1 : bytes.length - from);
    if (!head) {
      OutputStream out = exchange.getResponseBody();
      out.write(bytes, from, until - from);
      out.flush();
      if (until < bytes.length) {
        Path file = received;
        if (file != null) {
          Awaitility.await().until(() -> Files.exists(file) && Files.size(file) == until);
        }
        throw new IOException("the server breaks the connection here, as asked");
      }
    }
    exchange.close();
  }

  static String git(byte[] bytes) {
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      sha1.update(("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(sha1.digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Requests whose text has all of these words. */
  long asked(String... words) {
    return asked.stream().filter(a -> Arrays.stream(words).allMatch(a::contains)).count();
  }

  @Override
  public void close() {
    hub.stop(0);
    store.stop(0);
  }
}
