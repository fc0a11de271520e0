package dev.lookaside.deploy.page;

import dev.lookaside.deploy.plot.ClassColours;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * The page with style and script inlined, so that one answer is all of it.
 *
 * @param policy what the browser may load and run: nothing but this
 */
@SuppressWarnings("ArrayRecordComponent") // Read only, made once.
record PageDocument(byte[] bytes, String policy) {
  private static final String FOLDER = "/page/";

  /**
   * @param token of this start: also the nonce of the script
   */
  static PageDocument load(String token) {
    String html =
        resource("index.html")
            .replace("/*STYLE*/", resource("style.css"))
            .replace("NONCE", token)
            .replace(
                "/*SCRIPT*/",
                resource("timeline.js").replace("[/*COLOURS*/]", ClassColours.json())
                    + resource("page.js").replace("\"TOKEN\"", '"' + token + '"'));
    String policy =
        ("default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; connect-src 'self'; "
                + "media-src 'self' blob:; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
            .formatted(token, token);
    return new PageDocument(html.getBytes(StandardCharsets.UTF_8), policy);
  }

  private static String resource(String name) {
    try (InputStream in = PageDocument.class.getResourceAsStream(FOLDER + name)) {
      if (in == null) {
        throw new IllegalStateException(FOLDER + name + ": is not in this program");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(FOLDER + name + ": cannot be read", e);
    }
  }
}
