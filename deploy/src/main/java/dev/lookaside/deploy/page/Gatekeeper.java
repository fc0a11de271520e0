package dev.lookaside.deploy.page;

import com.sun.net.httpserver.Headers;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who may ask what. A page of another site, even under a name that it points at this machine, must
 * neither read nor write here: the Host must be this machine's own or an address, the Origin of a
 * post this page's, and a post must carry the token that only this page was given.
 */
final class Gatekeeper {
  static final String TOKEN_HEADER = "X-Lookaside-Token";
  private static final int TOKEN_BYTES = 24;
  private static final Pattern IP_V4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

  private final String host;
  private final String token;

  /**
   * @param host listened on
   */
  Gatekeeper(String host) {
    this.host = host.toLowerCase(Locale.ROOT);
    byte[] random = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(random);
    token = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
  }

  String token() {
    return token;
  }

  /**
   * Of every request.
   *
   * @throws RequestRejected 403
   */
  void checkHost(Headers headers) {
    String given = headers.getFirst("Host");
    String name = given == null ? "" : withoutPort(given.toLowerCase(Locale.ROOT));
    boolean own = name.equals(host) || name.equals("localhost");
    if (!own && !IP_V4.matcher(name).matches() && !name.startsWith("[")) {
      throw new RequestRejected(
          403, "Host \"%s\": must be %s or an address".formatted(given, host));
    }
  }

  /**
   * Of a request that changes something.
   *
   * @throws RequestRejected 403
   */
  void checkPost(Headers headers) {
    String origin = headers.getFirst("Origin");
    if (origin != null && !origin.equalsIgnoreCase("http://" + headers.getFirst("Host"))) {
      throw new RequestRejected(403, "Origin \"%s\": must be this page's".formatted(origin));
    }
    checkToken(headers);
  }

  /**
   * Of a request that only the page's own script may send.
   *
   * @throws RequestRejected 403
   */
  void checkToken(Headers headers) {
    if (!same(headers.getFirst(TOKEN_HEADER))) {
      throw new RequestRejected(403, TOKEN_HEADER + ": must be this start's; load the page again");
    }
  }

  private boolean same(@Nullable String given) {
    return given != null
        && MessageDigest.isEqual(
            given.getBytes(StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8));
  }

  private static String withoutPort(String hostAndPort) {
    return hostAndPort.replaceFirst(":\\d+$", "");
  }
}
