package dev.lookaside.deploy.hub;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Backbones of a hub, from its cache or downloaded into it: the weights as one safetensors file or
 * as an index with its shards, and {@code config.json} beside them.
 */
public final class Hub {
  private static final String WEIGHTS = "model.safetensors";
  private static final String INDEX = WEIGHTS + ".index.json";
  private static final String CONFIG = "config.json";

  private final HubSettings settings;
  private final HubCache cache;
  private final HubClient client;

  public Hub(HubSettings settings, HubProgress progress) {
    this.settings = settings;
    this.cache = new HubCache(settings.cache());
    this.client = new HubClient(settings, cache, progress);
  }

  /** The weights of a repository, if all of them are cached. */
  public Optional<Path> cached(HubRepo repo) {
    return cache.commit(repo).flatMap(commit -> cached(repo, commit));
  }

  private Optional<Path> cached(HubRepo repo, String commit) {
    Optional<Path> whole = cache.file(repo, commit, WEIGHTS);
    return whole.isPresent()
        ? whole
        : cache
            .file(repo, commit, INDEX)
            .filter(
                index ->
                    shards(index).stream()
                        .allMatch(shard -> cache.file(repo, commit, shard).isPresent()));
  }

  /**
   * The weights of a repository as they are on the hub now; what is cached of them is not
   * downloaded again.
   *
   * @return {@code model.safetensors}, or {@code model.safetensors.index.json} with its shards
   *     beside it
   * @throws HubException naming repository, what failed and what to do
   */
  public Path fetch(HubRepo repo) {
    if (settings.offline()) {
      return cached(repo)
          .orElseThrow(
              () ->
                  new HubException(
                      "%s: is not in the cache \"%s\", and HF_HUB_OFFLINE keeps to the cache"
                          .formatted(repo, settings.cache())));
    }
    if (repo.pinned()) {
      Optional<Path> here = cached(repo);
      if (here.isPresent()) {
        return here.get();
      }
    }
    String name = WEIGHTS;
    Optional<HubClient.Remote> weights = client.find(repo, WEIGHTS);
    if (weights.isEmpty()) {
      name = INDEX;
      weights = client.find(repo, INDEX);
    }
    HubClient.Remote first =
        weights.orElseThrow(
            () ->
                new HubException(
                    "%s: has neither %s nor %s: other weights (.bin, .pth, .pt) must be converted to safetensors first"
                        .formatted(repo, WEIGHTS, INDEX)));
    // All files are of the commit of the first, whatever is pushed meanwhile.
    String commit = first.commit();
    HubRepo at = new HubRepo(repo.name(), commit);
    Path file = client.download(at, first);
    client.find(at, CONFIG).ifPresent(config -> client.download(at, config));
    if (name.equals(INDEX)) {
      for (String shard : shards(file)) {
        client.download(
            at,
            client
                .find(at, shard)
                .orElseThrow(
                    () ->
                        new HubException(
                            "%s: its %s names \"%s\", which it does not have"
                                .formatted(at, INDEX, shard))));
      }
    }
    try {
      cache.putRef(repo, commit);
    } catch (IOException e) {
      throw client.cannotWrite(settings.cache(), e);
    }
    return file;
  }

  private static TreeSet<String> shards(Path index) {
    TreeSet<String> shards = new TreeSet<>();
    try {
      JsonNode map = StrictJson.parse(Files.readAllBytes(index)).path("weight_map");
      map.forEach(file -> shards.add(file.asText()));
    } catch (NotJsonException e) {
      throw new HubException("\"%s\": %s".formatted(index, e.getMessage()), e);
    } catch (IOException e) {
      throw new HubException("\"%s\": cannot be read".formatted(index), e);
    }
    if (shards.isEmpty() || shards.stream().anyMatch(s -> !s.matches("[\\w-][\\w.-]*"))) {
      throw new HubException(
          "\"%s\": weight_map %s: must name files beside it".formatted(index, shards));
    }
    return shards;
  }
}
