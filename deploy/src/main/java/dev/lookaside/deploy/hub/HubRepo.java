package dev.lookaside.deploy.hub;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A repository of a hub and which of its revisions.
 *
 * @param name {@code owner/name}
 * @param revision branch, tag or commit
 */
public record HubRepo(String name, String revision) {
  private static final String MAIN = "main";
  private static final Pattern WRITTEN =
      Pattern.compile("([A-Za-z0-9][\\w.-]{0,95}/[A-Za-z0-9][\\w.-]{0,95})(?:@([\\w./-]{1,200}))?");
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

  /** Reads {@code owner/name} or {@code owner/name@revision}; empty for anything else. */
  public static Optional<HubRepo> parse(String text) {
    Matcher found = WRITTEN.matcher(text);
    if (!found.matches() || text.contains("..") || text.endsWith(".safetensors")) {
      return Optional.empty();
    }
    String revision = found.group(2);
    return Optional.of(new HubRepo(found.group(1), revision == null ? MAIN : revision));
  }

  /** Whether the revision can never mean anything else. */
  boolean pinned() {
    return isCommit(revision);
  }

  static boolean isCommit(String revision) {
    return COMMIT.matcher(revision).matches();
  }

  @Override
  public String toString() {
    return revision.equals(MAIN) ? name : name + "@" + revision;
  }
}
