package dev.lookaside.deploy.page;

import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpRequest;
import dev.lookaside.deploy.http.AllowedHosts;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;

/**
 * Who may ask what. Under which names the page is asked at all its server checks. Another origin
 * must neither write here nor find out what is here: only the page itself may load more than the
 * page, and what it asks for beyond its events carries the token that only it was given.
 */
final class Gatekeeper {
  static final String TOKEN_HEADER = "X-Lookaside-Token";
  private static final int TOKEN_BYTES = 24;

  private final AllowedHosts hosts;
  private final String token;

  Gatekeeper(AllowedHosts hosts) {
    this.hosts = hosts;
    byte[] random = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(random);
    token = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
  }

  String token() {
    return token;
  }

  /**
   * Of all but the page itself. Browsers tell where a request comes from by one of these headers;
   * what is none sends neither.
   *
   * @throws RequestRejected 403
   */
  void checkOrigin(HttpRequest request) {
    String site = header(request, "Sec-Fetch-Site").orElse("none");
    if (!site.equals("same-origin") && !site.equals("none")) {
      throw new RequestRejected(403, "Sec-Fetch-Site \"%s\": must be same-origin".formatted(site));
    }
    String host = header(request, "Host").orElse("");
    Optional<String> foreign =
        header(request, "Origin").filter(origin -> !hosts.isOwnOrigin(origin, host));
    if (foreign.isPresent()) {
      throw new RequestRejected(
          403,
          ("Origin \"%s\": must be this page's; if a proxy changes the Host, name its own in"
                  + " lookaside.deploy.host-names")
              .formatted(foreign.get()));
    }
  }

  /**
   * Of a request that only the page's own script may send.
   *
   * @throws RequestRejected 403
   */
  void checkToken(HttpRequest request) {
    checkOrigin(request);
    boolean same =
        header(request, TOKEN_HEADER)
            .map(given -> given.getBytes(StandardCharsets.UTF_8))
            .filter(given -> MessageDigest.isEqual(given, token.getBytes(StandardCharsets.UTF_8)))
            .isPresent();
    if (!same) {
      throw new RequestRejected(
          403,
          TOKEN_HEADER
              + ": is not the one of this start of the service; an open page gets the new one when"
              + " it reconnects, within seconds");
    }
  }

  private static Optional<String> header(HttpRequest request, String name) {
    return request.getHeader(name).map(HttpHeader::value);
  }
}
