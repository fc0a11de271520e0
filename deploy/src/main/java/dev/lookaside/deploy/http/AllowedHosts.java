package dev.lookaside.deploy.http;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Under which names this machine is asked. A name that its owner points at this machine is not this
 * machine's: a page of his, open in a browser here, would read everything. An address in a URL is
 * nobody's to point.
 */
public final class AllowedHosts {
  private static final Pattern ADDRESS =
      Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.%]+]");

  private final Set<String> names = new LinkedHashSet<>();
  private final Set<String> given = new LinkedHashSet<>();

  private AllowedHosts() {}

  /**
   * Addresses, {@code localhost}, this machine's name, and more.
   *
   * @param listening address or name that is listened on
   * @param names of a proxy before this server, or of this machine as others call it
   */
  public static AllowedHosts of(String listening, List<String> names) {
    AllowedHosts hosts = new AllowedHosts();
    names.forEach(name -> hosts.given.add(name.toLowerCase(Locale.ROOT)));
    hosts.names.add(listening.toLowerCase(Locale.ROOT));
    hosts.names.add("localhost");
    hosts.names.addAll(hosts.given);
    try {
      String own = InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT);
      hosts.names.add(own);
      hosts.names.add(own.replaceFirst("\\..*", ""));
    } catch (UnknownHostException e) {
      // A machine without a name is asked by its addresses.
    }
    return hosts;
  }

  /**
   * @param host as the header of that name: with a port or without
   */
  boolean covers(String host) {
    String name = host.toLowerCase(Locale.ROOT).replaceFirst(":\\d+$", "");
    return names.contains(name) || ADDRESS.matcher(name).matches();
  }

  /**
   * Whether a page of this server asks, by itself or through a proxy that speaks TLS.
   *
   * @param origin as the header of that name
   * @param host as the header of that name, one that is covered
   */
  public boolean isOwnOrigin(String origin, String host) {
    URI uri;
    try {
      uri = URI.create(origin);
    } catch (IllegalArgumentException e) {
      return false;
    }
    String name = uri.getHost();
    String scheme = uri.getScheme();
    if (name == null || scheme == null || !scheme.matches("(?i)https?")) {
      return false;
    }
    return host.equalsIgnoreCase(uri.getAuthority())
        || given.contains(name.toLowerCase(Locale.ROOT));
  }

  @Override
  public String toString() {
    return String.join(", ", names) + " or an address";
  }
}
