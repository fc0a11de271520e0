package dev.lookaside.deploy.hub;

import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks a hub for its files. A file's digest and size come from the hub itself; the bytes may come
 * from elsewhere, by a redirect, which is never given the token. What was downloaded before a fault
 * stays and is gone on with.
 */
final class HubClient {
  private static final int MAX_REDIRECTS = 5;
  private static final int MAX_ATTEMPTS = 5;
  private static final int BLOCK_BYTES = 1 << 16;
  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int GONE = 410;
  private static final int RANGE_NOT_SATISFIABLE = 416;
  private static final int TOO_MANY_REQUESTS = 429;
  private static final int SERVER_FAULT = 500;

  /**
   * A file on the hub.
   *
   * @param commit of the revision that was asked for
   * @param etag sha256 of a large file, else git's own digest of it
   */
  record Remote(String name, String commit, String etag, long bytes) {}

  /** A fault that another attempt may not meet. */
  private static final class Passing extends IOException {
    private static final long serialVersionUID = 1L;

    Passing(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  private final HubSettings settings;
  private final HubCache cache;
  private final HubProgress progress;
  private final HttpClient http;

  HubClient(HubSettings settings, HubCache cache, HubProgress progress) {
    this.settings = settings;
    this.cache = cache;
    this.progress = progress;
    // Redirects are followed here: Java's own would take the token along.
    this.http =
        HttpClient.newBuilder()
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.timeout())
            .build();
  }

  /**
   * The hub's answer about a file.
   *
   * @return empty if the revision has no such file
   */
  Optional<Remote> find(HubRepo repo, String name) {
    return attempts(repo, () -> findOnce(repo, name));
  }

  private Optional<Remote> findOnce(HubRepo repo, String name) throws IOException {
    URI at = address(repo, name);
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      HttpResponse<Void> answer =
          send(request(at).method("HEAD", none()), HttpResponse.BodyHandlers.discarding());
      int status = answer.statusCode();
      URI next = answer.headers().firstValue("location").map(at::resolve).orElse(null);
      boolean large = answer.headers().firstValue("x-linked-etag").isPresent();
      if (isRedirect(status) && next != null && isHub(next) && !large) {
        at = next; // A repository that was renamed.
        continue;
      }
      if (status == NOT_FOUND && "EntryNotFound".equals(code(answer))) {
        return Optional.empty();
      }
      if (status >= 400) {
        throw fault(repo, at, status, code(answer));
      }
      return Optional.of(remote(repo, name, answer));
    }
    throw new HubException(
        "%s: %s: more than %d redirects".formatted(repo, address(repo, name), MAX_REDIRECTS));
  }

  private Remote remote(HubRepo repo, String name, HttpResponse<?> answer) {
    String commit = answer.headers().firstValue("x-repo-commit").orElse("");
    String etag =
        answer
            .headers()
            .firstValue("x-linked-etag")
            .or(() -> answer.headers().firstValue("etag"))
            .orElse("")
            .replaceFirst("^W/", "")
            .replace("\"", "");
    OptionalLong bytes = answer.headers().firstValueAsLong("x-linked-size");
    if (bytes.isEmpty()) {
      bytes = answer.headers().firstValueAsLong("content-length");
    }
    if (!HubRepo.isCommit(commit)
        || !etag.matches("[0-9a-f]{40}|[0-9a-f]{64}")
        || bytes.isEmpty()) {
      throw new HubException(
          "%s: %s answers as no hub does (commit \"%s\", digest \"%s\"): is HF_ENDPOINT right, or a proxy between?"
              .formatted(repo, settings.endpoint(), commit, etag));
    }
    return new Remote(name, commit, etag, bytes.getAsLong());
  }

  /**
   * Downloads a file, or what is missing of it, checks it and gives it its name.
   *
   * @param repo at the commit of {@code remote}
   * @return where it is
   */
  Path download(HubRepo repo, Remote remote) {
    Path blob = cache.blob(repo, remote.etag());
    try {
      cache.locked(
          repo,
          remote.etag(),
          () -> {
            if (!Files.isRegularFile(blob)) {
              Path part = cache.incomplete(repo, remote.etag());
              Files.createDirectories(part.getParent());
              attempts(repo, () -> receive(repo, remote, part));
              check(repo, remote, part);
              Files.move(part, blob, StandardCopyOption.ATOMIC_MOVE);
              progress.end();
            }
          });
      cache.link(repo, remote.commit(), remote.name(), remote.etag());
    } catch (IOException e) {
      throw cannotWrite(blob, e);
    }
    return cache.snapshot(repo, remote.commit()).resolve(remote.name());
  }

  private Optional<Remote> receive(HubRepo repo, Remote remote, Path part) throws IOException {
    // A link to a device has no size of its own, so only a plain file is gone on with.
    long here = Files.isRegularFile(part) ? Files.size(part) : 0;
    if (here > remote.bytes()) {
      Files.delete(part);
      here = 0;
    }
    long free = Files.getFileStore(part.getParent()).getUsableSpace();
    if (remote.bytes() - here > free) {
      throw new HubException(
          "%s: %s needs %,d bytes more, and the disk of \"%s\" has %,d left: make room, or set HF_HUB_CACHE to another disk"
              .formatted(repo, remote.name(), remote.bytes() - here, settings.cache(), free));
    }
    progress.begin(remote.name(), here, remote.bytes());
    if (here == remote.bytes() && here > 0) {
      return Optional.of(remote);
    }
    HttpResponse<InputStream> answer = open(repo, remote, here);
    boolean goesOn = here > 0 && answer.statusCode() == 206;
    try (InputStream in = answer.body();
        FileChannel out = channel(part, goesOn)) {
      copy(in, out, goesOn ? here : 0, remote);
    }
    return Optional.of(remote);
  }

  private FileChannel channel(Path part, boolean goesOn) {
    try {
      return goesOn
          ? FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
          : FileChannel.open(
              part,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING);
    } catch (IOException e) {
      throw cannotWrite(part, e);
    }
  }

  private HttpResponse<InputStream> open(HubRepo repo, Remote remote, long from)
      throws IOException {
    URI at = address(repo, remote.name());
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      HttpRequest.Builder request = request(at).GET();
      if (from > 0) {
        request.header("Range", "bytes=" + from + "-");
      }
      HttpResponse<InputStream> answer = send(request, HttpResponse.BodyHandlers.ofInputStream());
      int status = answer.statusCode();
      Optional<String> location = answer.headers().firstValue("location");
      if (status == 200 || status == 206) {
        return answer;
      }
      answer.body().close();
      if (isRedirect(status) && location.isPresent()) {
        at = at.resolve(location.get());
      } else if (status == RANGE_NOT_SATISFIABLE) {
        Files.deleteIfExists(cache.incomplete(repo, remote.etag()));
        throw new Passing("the server cannot go on from byte " + from, null);
      } else {
        throw fault(repo, at, status, code(answer));
      }
    }
    throw new HubException(
        "%s: %s: more than %d redirects".formatted(repo, remote.name(), MAX_REDIRECTS));
  }

  /** Reads to the file's end; a source that stalls for the time-out is closed. */
  private void copy(InputStream in, FileChannel out, long from, Remote remote) throws IOException {
    long at = from;
    ScheduledExecutorService watch =
        Executors.newSingleThreadScheduledExecutor(
            r -> {
              Thread thread = new Thread(r, "hub-download-watch");
              thread.setDaemon(true);
              return thread;
            });
    byte[] block = new byte[BLOCK_BYTES];
    try {
      while (at < remote.bytes()) {
        var deadline =
            watch.schedule(() -> close(in), settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
        int n;
        try {
          n = in.read(block, 0, (int) Math.min(block.length, remote.bytes() - at));
        } catch (IOException e) {
          throw new Passing(
              "the connection broke at byte %,d of %,d".formatted(at, remote.bytes()), e);
        }
        deadline.cancel(false);
        if (n < 0) {
          throw new Passing(
              "the answer ended at byte %,d of %,d".formatted(at, remote.bytes()), null);
        }
        write(out, block, n, remote);
        at += n;
        progress.at(at);
      }
    } finally {
      watch.shutdownNow();
    }
  }

  private void write(FileChannel out, byte[] block, int n, Remote remote) {
    ByteBuffer bytes = ByteBuffer.wrap(block, 0, n);
    try {
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    } catch (IOException e) {
      throw cannotWrite(settings.cache().resolve(remote.name()), e);
    }
  }

  private static void close(InputStream in) {
    try {
      in.close();
    } catch (IOException e) {
      // The reader gets its own exception.
    }
  }

  /** Whether the bytes are those that the hub promised; if not they are deleted. */
  private static void check(HubRepo repo, Remote remote, Path part) throws IOException {
    MessageDigest digest = remote.etag().length() == 64 ? Sha256.begin() : sha1(remote.bytes());
    try (InputStream in = Files.newInputStream(part)) {
      byte[] block = new byte[BLOCK_BYTES];
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        digest.update(block, 0, n);
      }
    }
    String found = HexFormat.of().formatHex(digest.digest());
    if (!found.equals(remote.etag())) {
      Files.deleteIfExists(part);
      throw new HubException(
          "%s: %s came with the digest %s, the hub says %s: the download was deleted; try again; if it happens again, something between here and the hub changes the file"
              .formatted(repo, remote.name(), found, remote.etag()));
    }
  }

  /** Git's digest of a file: of its length and its bytes. */
  private static MessageDigest sha1(long bytes) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-1");
      digest.update(("blob " + bytes + "\0").getBytes(StandardCharsets.US_ASCII));
      return digest;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-1", e);
    }
  }

  private interface Attempt<T> {
    T run() throws IOException;
  }

  /** Repeats what failed in a way that may pass, with growing pauses. */
  private <T> T attempts(HubRepo repo, Attempt<T> attempt) {
    for (int i = 1; ; i++) {
      try {
        return attempt.run();
      } catch (Passing e) {
        if (i == MAX_ATTEMPTS) {
          throw new HubException(
              "%s: %s; tried %d times. The partial download is cached: the same command goes on from there"
                  .formatted(repo, e.getMessage(), i),
              e);
        }
        progress.again(String.valueOf(e.getMessage()));
        pause(settings.firstWait().multipliedBy(1L << (i - 1)));
      } catch (UnknownHostException | ConnectException e) {
        throw unreachable(repo, e);
      } catch (IOException e) {
        throw e instanceof FileSystemException
            ? cannotWrite(settings.cache(), e)
            : unreachable(repo, e);
      }
    }
  }

  private static void pause(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException("interrupted", e);
    }
  }

  private HubException unreachable(HubRepo repo, IOException e) {
    String why =
        caused(e, UnknownHostException.class) || caused(e, UnresolvedAddressException.class)
            ? "its name is not known here"
            : caused(e, ConnectException.class)
                ? "nothing accepts a connection there"
                : "the connection fails";
    return new HubException(
        "%s: %s cannot be reached: %s. Without a network copy the cache of a machine that has one (\"%s\" here) and set HF_HUB_OFFLINE=1, or set HF_ENDPOINT to a mirror"
            .formatted(repo, settings.endpoint(), why, settings.cache()),
        e);
  }

  private static boolean caused(Throwable e, Class<? extends Throwable> kind) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (kind.isInstance(t)) {
        return true;
      }
    }
    return false;
  }

  HubException cannotWrite(Path file, IOException e) {
    String text = FaultReason.of(e);
    boolean full =
        text.contains("No space left")
            || text.contains("Disk quota exceeded")
            || text.contains("not enough space");
    return new HubException(
        full
            ? "\"%s\": the disk is full: make room, or set HF_HUB_CACHE to another disk; the partial download is cached"
                .formatted(file)
            : "\"%s\": cannot be written: may this user write there? HF_HUB_CACHE sets another folder"
                .formatted(file),
        e);
  }

  private HubException fault(HubRepo repo, URI at, int status, String code) throws Passing {
    if (status == TOO_MANY_REQUESTS || status >= SERVER_FAULT) {
      throw new Passing("%s answered %d".formatted(at.getAuthority(), status), null);
    }
    String page = settings.endpoint() + "/" + repo.name();
    String why =
        switch (status) {
          case UNAUTHORIZED, FORBIDDEN ->
              code.equals("GatedRepo")
                  ? "its owner asks for a consent: give it at %s and set HF_TOKEN to a token of that account"
                      .formatted(page)
                  : settings.token().isPresent()
                      ? "the token in use does not open it: is it valid, and is the name right?"
                      : "there is no such repository, or it is private: check the name, or set"
                          + " HF_TOKEN to a token that may read it";
          case NOT_FOUND ->
              code.equals("RevisionNotFound")
                  ? "has no revision \"%s\"".formatted(repo.revision())
                  : "there is no such repository at " + settings.endpoint();
          case GONE -> "was there and has been removed";
          default ->
              "%s answered %d%s"
                  .formatted(at.getAuthority(), status, code.isEmpty() ? "" : " " + code);
        };
    return new HubException("%s: %s".formatted(repo, why));
  }

  private static String code(HttpResponse<?> answer) {
    return answer.headers().firstValue("x-error-code").orElse("");
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  private boolean isHub(URI at) {
    return settings.endpoint().getScheme().equals(at.getScheme())
        && settings.endpoint().getAuthority().equals(at.getAuthority());
  }

  private URI address(HubRepo repo, String name) {
    // A slash of a branch's name is no part of the path.
    String revision = repo.revision().replace("/", "%2F");
    return URI.create(
        settings.endpoint() + "/" + repo.name() + "/resolve/" + revision + "/" + name);
  }

  private HttpRequest.Builder request(URI at) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(at)
            .timeout(settings.timeout())
            .header("User-Agent", "lookaside")
            // Compressed bytes would have another length than the file.
            .header("Accept-Encoding", "identity");
    if (isHub(at)) {
      settings.token().ifPresent(t -> request.header("Authorization", "Bearer " + t));
    }
    return request;
  }

  private static HttpRequest.BodyPublisher none() {
    return HttpRequest.BodyPublishers.noBody();
  }

  private <T> HttpResponse<T> send(HttpRequest.Builder request, HttpResponse.BodyHandler<T> body)
      throws IOException {
    try {
      return http.send(request.build(), body);
    } catch (HttpTimeoutException e) {
      throw new Passing("no answer within %d s".formatted(settings.timeout().toSeconds()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException("interrupted", e);
    }
  }
}
