package dev.lookaside.deploy.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.StreamId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** What the page's script does, in a real browser. Nothing here reaches a broker. */
@Timeout(240)
class PageInBrowserTest {
  private static final Config CONFIG =
      Configuration.over(
          Map.of(
              "lookaside.ingest.kafka-clients.bootstrap.servers",
              "127.0.0.1:1",
              "lookaside.ingest.broker-timeout-millis",
              1000));
  private static final int ENTER = 13;
  private static final int TAB = 9;
  private static final int ESCAPE = 27;

  // The browser still writes to it when it is killed.
  @TempDir(cleanup = CleanupMode.NEVER)
  static Path profile;

  private static Browser browser;
  private PageRig rig = new PageRig(CONFIG);

  @BeforeAll
  static void openBrowser() throws Exception {
    Optional<Path> program = Browser.program();
    assumeTrue(program.isPresent(), "no Chromium on this machine (Debian: apt install chromium)");
    browser = new Browser(program.get(), profile);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  @AfterAll
  static void closeBrowser() throws Exception {
    if (browser != null) {
      browser.close();
    }
  }

  private static String id(String id) {
    return "document.getElementById('" + id + "')";
  }

  /** Opens the page, which counts from now on what it posts. */
  private void open(String name) throws Exception {
    browser.open(rig.address);
    browser.await("document.querySelectorAll('.stream, #recent li').length > 1");
    browser.value(id("author") + ".value = '" + name + "'");
    browser.value(
        "(window.posts = 0, window.asked = fetch, window.fetch = (...a) => {"
            + " posts += a[1]?.method === 'POST'; return asked(...a); })");
  }

  private void detected(Detection.Kind kind, String id) {
    rig.page.accept(PageRig.delivered(PageRig.detection(kind, id, 200, 900)));
  }

  @Test
  void aKeyThatIsHeldOpensASoundAndGivesNoVerdict() throws Exception {
    detected(Detection.Kind.ENDED, "e1");
    open("Ada");
    browser.value("document.querySelector('#recent .entry').focus()");
    browser.press("Enter", ENTER, 20);
    assertThat(browser.value(id("sheet") + ".hidden")).isEqualTo("false");
    assertThat(browser.value("posts")).isEqualTo("0");
    for (int i = 0; i < 9; i++) {
      browser.press("Tab", TAB, 0);
      assertThat(browser.value("document.activeElement.closest('#sheet') !== null"))
          .as("Tab " + i)
          .isEqualTo("true");
    }
    browser.press("Escape", ESCAPE, 0);
    assertThat(browser.value("document.activeElement.dataset.id")).isEqualTo("e1");
  }

  @Test
  void aLastingSoundCanBeJudgedOnceItHasEnded() throws Exception {
    detected(Detection.Kind.STARTED, "e1");
    open("Ada");
    browser.value("document.querySelector('#recent .entry').click()");
    assertThat(browser.value(id("verdicts") + ".hidden")).isEqualTo("true");
    detected(Detection.Kind.ENDED, "e1");
    browser.await("!" + id("verdicts") + ".hidden");
  }

  @Test
  void anOpenPageGoesOnAfterARestartOfTheService() throws Exception {
    detected(Detection.Kind.ENDED, "e1");
    open("Ada");
    int port = rig.address.getPort();
    rig.close();
    rig = new PageRig(CONFIG, port);
    detected(Detection.Kind.ENDED, "e1");
    browser.value("document.querySelector('#recent .entry').click()");
    browser.value("document.querySelector('[data-kind=confirm]').click()");
    // With the token of the first start it would be refused before any broker is asked.
    browser.await(id("sheet-trouble") + ".textContent.includes('127.0.0.1:1')");
    assertThat(browser.value("posts")).isEqualTo("2");
  }

  @Test
  void aPageWithoutAPlaceSaysWhy() throws Exception {
    List<PageRig.Looking> others = new ArrayList<>();
    try {
      for (int i = 0; i < Viewers.MOST; i++) {
        PageRig.Looking looking = rig.new Looking();
        others.add(looking);
        looking.next();
      }
      browser.open(rig.address);
      browser.await(id("health") + ".textContent.includes('16 pages are open already')");
    } finally {
      for (PageRig.Looking looking : others) {
        looking.close();
      }
    }
  }

  /** Levels as the service sends them: loud at the bottom. */
  private static void drawMels() throws Exception {
    browser.value(
        "(window.mels = [], window.before = fetch, window.fetch = (path, ...more) => {"
            + " if (!path.startsWith('/mel')) return before(path, ...more);"
            + " const query = new URLSearchParams(path.slice(5)); mels.push(query.get('stream'));"
            + " const millis = Date.parse(query.get('until')) - Date.parse(query.get('from'));"
            + " const frames = 1 + Math.floor((millis - 25) / 10);"
            + " const levels = new Uint8Array(128 * frames).map((_, i) => i % 128 < 64 ? 255 : 0);"
            + " return Promise.resolve(new Response(levels, { headers:"
            + " { 'X-Lookaside-Mels': '128', 'X-Lookaside-Hop-Millis': '10' } })); })");
  }

  private static String pixel(String canvas, double x, double y) {
    return "(c => [...c.getContext('2d').getImageData(c.width * %s, c.height * %s, 1, 1).data].join())(%s)"
        .formatted(x, y, canvas);
  }

  @Test
  void aStreamAndASoundAreDrawnAsLogMels() throws Exception {
    for (int window = 0; window < 20; window++) {
      rig.page.accept(PageRig.window("dock", window, PageRig.A));
    }
    detected(Detection.Kind.ENDED, "e1");
    open("Ada");
    drawMels();
    String look = "document.querySelector('.stream [aria-label=\"Spectrogram of dock\"]')";
    browser.value(look + ".click()");
    String canvas = "document.querySelector('.stream canvas.mel')";
    browser.await(pixel(canvas, .98, .75) + " === '252,253,191,255'");
    assertThat(browser.value(pixel(canvas, .98, .25))).isEqualTo("0,0,4,255");
    assertThat(browser.value("mels.every(s => s === 'dock')")).isEqualTo("true");
    browser.value(look + ".click()");
    assertThat(browser.value(canvas)).isEqualTo("null");

    browser.value("document.querySelector('#recent .entry').click()");
    browser.await(
        id("picture") + ".width > 1 && " + pixel(id("picture"), .5, .9) + " !== '0,0,0,0'");
    assertThat(browser.value(pixel(id("picture"), .5, .9))).isEqualTo("252,253,191,255");
    assertThat(browser.value(id("sheet") + ".getBoundingClientRect().bottom <= innerHeight"))
        .isEqualTo("true");
    assertThat(browser.value(pixel(id("picture"), .05, .9)))
        .as("outside is dimmed")
        .contains("139,");
  }

  @Test
  void aMissedSoundIsAddedByKeyboardInSomeonesName() throws Exception {
    rig.page.accept(PageRig.window("dock", 0, PageRig.A));
    rig.page.accept(PageRig.window("gate", 0, PageRig.A));
    open("");
    browser.value("document.querySelector('.stream .add').focus()");
    browser.press("Enter", ENTER, 0);
    assertThat(browser.value("document.activeElement.id")).isEqualTo("class");
    assertThat(browser.value(id("length") + ".value")).isEqualTo("2.00");
    browser.value(id("class") + ".value = 'bell'");
    browser.press("Enter", ENTER, 0);
    browser.await(id("sheet-trouble") + ".textContent.includes('Give your name first')");
    assertThat(browser.value("document.activeElement.id + posts")).isEqualTo("name0");
  }

  @Test
  void streamsSayHowTheyAreWhateverTheirNames() throws Exception {
    rig.page.accept(PageRig.window("do\u202eck", 0, PageRig.A));
    rig.page.accept(PageRig.window("gate", 0, PageRig.A));
    rig.page.accept(new StreamDetector.Finished(new StreamId("gate")));
    rig.page.accept(new StreamDetector.ClockOff(new StreamId("gate"), Duration.ofMinutes(9 * 60)));
    open("Ada");
    String rows = "[...document.querySelectorAll('.stream')].map(r => r.innerText).join()";
    browser.await(rows + ".includes('late by')");
    assertThat(browser.value(rows))
        .contains("doU+202Eck", "ended", "its clock is 9 h ahead")
        .doesNotContain("\u202e");
    browser.await(id("health") + ".textContent.includes('1 of 2 streams late')");
    assertThat(browser.value(id("dot") + ".className")).isEqualTo("dot bad");
  }
}
