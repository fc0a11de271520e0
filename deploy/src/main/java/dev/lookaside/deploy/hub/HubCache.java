package dev.lookaside.deploy.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * The hub's cache on disk, as its documentation lays it out.
 *
 * <pre>
 *   models--OWNER--NAME/refs/REVISION          the commit that a branch or tag meant last
 *   models--OWNER--NAME/blobs/ETAG             a file under its digest; ETAG.incomplete: begun
 *   models--OWNER--NAME/snapshots/COMMIT/FILE  link to its blob
 *   .locks/models--OWNER--NAME/ETAG.lock       held while a blob is downloaded
 * </pre>
 *
 * @see <a href="https://huggingface.co/docs/hub/local-cache">Hub local cache</a>
 */
record HubCache(Path root) {
  private Path folder(HubRepo repo) {
    return root.resolve("models--" + repo.name().replace("/", "--"));
  }

  /** The commit that a revision is known to be. */
  Optional<String> commit(HubRepo repo) {
    if (repo.pinned()) {
      return Optional.of(repo.revision());
    }
    Path ref = folder(repo).resolve("refs").resolve(repo.revision());
    try {
      String commit = Files.isRegularFile(ref) ? Files.readString(ref).strip() : "";
      return HubRepo.isCommit(commit) ? Optional.of(commit) : Optional.empty();
    } catch (IOException e) {
      throw new HubException("\"%s\": cannot be read".formatted(ref), e);
    }
  }

  /** A file of a commit, if it is here. */
  Optional<Path> file(HubRepo repo, String commit, String name) {
    Path file = snapshot(repo, commit).resolve(name);
    return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
  }

  Path snapshot(HubRepo repo, String commit) {
    return folder(repo).resolve("snapshots").resolve(commit);
  }

  Path blob(HubRepo repo, String etag) {
    return folder(repo).resolve("blobs").resolve(etag);
  }

  Path incomplete(HubRepo repo, String etag) {
    return folder(repo).resolve("blobs").resolve(etag + ".incomplete");
  }

  void putRef(HubRepo repo, String commit) throws IOException {
    if (!repo.pinned()) {
      Path ref = folder(repo).resolve("refs").resolve(repo.revision());
      Files.createDirectories(ref.getParent());
      Files.writeString(ref, commit);
    }
  }

  /** Gives a blob its name in a snapshot. */
  void link(HubRepo repo, String commit, String name, String etag) throws IOException {
    Path snapshot = snapshot(repo, commit);
    Path link = snapshot.resolve(name);
    Path blob = blob(repo, etag);
    Files.createDirectories(snapshot);
    Files.deleteIfExists(link);
    try {
      Files.createSymbolicLink(link, snapshot.relativize(blob));
    } catch (UnsupportedOperationException | IOException e) {
      // Windows without the right to make links: a copy, as the hub's own tools make there.
      Files.copy(blob, link, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Runs a download that no other process of Lookaside makes at the same time. */
  void locked(HubRepo repo, String etag, Locked work) throws IOException {
    Path lock = root.resolve(".locks").resolve(folder(repo).getFileName()).resolve(etag + ".lock");
    Files.createDirectories(lock.getParent());
    try (FileChannel channel =
            FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.lock()) {
      work.run();
    }
  }

  /** See {@link #locked}. */
  interface Locked {
    void run() throws IOException;
  }
}
