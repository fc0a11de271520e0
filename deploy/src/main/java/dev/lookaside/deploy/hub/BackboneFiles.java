package dev.lookaside.deploy.hub;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The file that a {@code --backbone} means: a file, a folder with weights of a hub's names, a short
 * name, or a repository of the hub, downloaded once.
 */
public final class BackboneFiles {
  private BackboneFiles() {}

  /**
   * The file of a backbone. A short name or repository that is cached is used as it is there;
   * otherwise it is downloaded.
   *
   * @param given as written; what is no name of a backbone is returned as it is
   * @param notices gets one line before a download
   * @throws HubException if it cannot be had
   */
  public static Path of(Path given, Consumer<String> notices) {
    return of(given, HubSettings::ofEnvironment, HubProgress.SILENT, notices);
  }

  static Path of(
      Path given,
      java.util.function.Supplier<HubSettings> settings,
      HubProgress progress,
      Consumer<String> notices) {
    if (Files.exists(given)) {
      return Files.isDirectory(given) ? inFolder(given) : given;
    }
    Optional<HubRepo> named = repo(given.toString().replace('\\', '/'));
    if (named.isEmpty()) {
      return given;
    }
    HubRepo repo = named.get();
    HubSettings read = settings.get();
    Hub hub = new Hub(read, progress);
    Function<HubRepo, Path> download =
        wanted -> {
          notices.accept(
              "backbone %s: downloading %s from %s into \"%s\""
                  .formatted(given, repo, read.endpoint(), read.cache()));
          return hub.fetch(wanted);
        };
    return hub.cached(repo)
        .orElseGet(() -> read.offline() ? hub.fetch(repo) : download.apply(repo));
  }

  /**
   * The repository that a short name or {@code owner/name[@revision]} means.
   *
   * @return empty if it is neither
   * @throws HubException for a short name of weights that no hub has as safetensors
   */
  public static Optional<HubRepo> repo(String word) {
    Optional<KnownBackbone> known = KnownBackbone.of(word);
    if (known.isEmpty()) {
      return HubRepo.parse(word);
    }
    KnownBackbone backbone = known.get();
    if (backbone.elsewhere().isPresent()) {
      throw new HubException(
          "%s: no hub has it as safetensors: download it from %s, convert it as deploy/docs/backbones.md describes, and give the file"
              .formatted(word, backbone.elsewhere().get()));
    }
    return backbone.repo();
  }

  private static Path inFolder(Path folder) {
    Path whole = folder.resolve("model.safetensors");
    Path index = folder.resolve("model.safetensors.index.json");
    return !Files.exists(whole) && Files.exists(index) ? index : whole;
  }
}
