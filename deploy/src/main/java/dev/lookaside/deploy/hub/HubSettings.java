package dev.lookaside.deploy.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where the hub is and where its files are cached, from the environment variables that Hugging
 * Face's own tools read.
 *
 * @param endpoint {@code HF_ENDPOINT}, without a slash at its end
 * @param cache {@code HF_HUB_CACHE}, else {@code HF_HOME/hub}, else {@code huggingface/hub} in
 *     {@code XDG_CACHE_HOME} or {@code ~/.cache}
 * @param token {@code HF_TOKEN}, else the file that {@code HF_TOKEN_PATH} names or that a login has
 *     left in {@code HF_HOME}
 * @param offline {@code HF_HUB_OFFLINE}: the cache only
 * @param timeout of a connection, of an answer, and of a download that stalls
 * @param firstWait before the first of the repeated attempts; each further one waits twice as long
 */
public record HubSettings(
    URI endpoint,
    Path cache,
    Optional<String> token,
    boolean offline,
    Duration timeout,
    Duration firstWait) {
  private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
  private static final Set<String> YES = Set.of("1", "on", "yes", "true");
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Duration FIRST_WAIT = Duration.ofSeconds(1);

  /** The settings of this process's environment. */
  public static HubSettings ofEnvironment() {
    return of(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  /**
   * The settings of an environment.
   *
   * @param home of the user
   * @throws HubException naming the variable and its value
   */
  static HubSettings of(Map<String, String> environment, Path home) {
    Path base =
        path(environment, "HF_HOME")
            .orElseGet(
                () ->
                    path(environment, "XDG_CACHE_HOME")
                        .orElse(home.resolve(".cache"))
                        .resolve("huggingface"));
    Path cache =
        path(environment, "HF_HUB_CACHE")
            .or(() -> path(environment, "HUGGINGFACE_HUB_CACHE"))
            .orElse(base.resolve("hub"));
    return new HubSettings(
        endpoint(environment),
        cache,
        token(environment, base),
        YES.contains(environment.getOrDefault("HF_HUB_OFFLINE", "").toLowerCase(Locale.ROOT)),
        TIMEOUT,
        FIRST_WAIT);
  }

  private static URI endpoint(Map<String, String> environment) {
    String text = text(environment, "HF_ENDPOINT").orElse(DEFAULT_ENDPOINT).replaceAll("/+$", "");
    try {
      URI uri = URI.create(text);
      if (uri.getHost() != null && Set.of("http", "https").contains(uri.getScheme())) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // Reported below, as for one without a host.
    }
    throw new HubException(
        "HF_ENDPOINT \"%s\": must be the address of a hub, for example %s"
            .formatted(text, DEFAULT_ENDPOINT));
  }

  private static Optional<String> token(Map<String, String> environment, Path base) {
    Optional<String> given =
        text(environment, "HF_TOKEN").or(() -> text(environment, "HUGGING_FACE_HUB_TOKEN"));
    if (given.isPresent()) {
      return given;
    }
    Path file = path(environment, "HF_TOKEN_PATH").orElse(base.resolve("token"));
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      String text = Files.readString(file).strip();
      return text.isEmpty() ? Optional.empty() : Optional.of(text);
    } catch (IOException e) {
      throw new HubException("\"%s\": the token in it cannot be read".formatted(file), e);
    }
  }

  private static Optional<String> text(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).map(String::strip).filter(s -> !s.isEmpty());
  }

  private static Optional<Path> path(Map<String, String> environment, String name) {
    return text(environment, name).map(Path::of);
  }
}
