package dev.lookaside.classifier.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyWatchTest {
  private static final Instant START = Cutovers.NOON;

  @TempDir Path folder;
  private TrustedKeys inFolder = TrustedKeys.of(List.of(), false);
  private int reads;
  private boolean broken;

  private TrustedKeys read() {
    reads++;
    if (broken) {
      throw new RegistryException("trusted/x.pub: is no key");
    }
    return inFolder;
  }

  private static Instant after(long millis) {
    return START.plusMillis(millis);
  }

  @Test
  void theFolderIsReadAfterEachIntervalAndSoonerWhenAKeyIsWanted() {
    KeyWatch watch = new KeyWatch(this::read, Duration.ofSeconds(5), inFolder, START);
    inFolder = TrustedKeys.of(List.of(entry()), false);
    assertThat(watch.look(false, after(4_999))).isEmpty();
    assertThat(watch.look(true, after(199))).isEmpty();
    assertThat(reads).isZero();
    assertThat(watch.look(true, after(200))).contains(inFolder);
    assertThat(watch.look(true, after(399))).as("not too often").isEmpty();
    assertThat(reads).isEqualTo(1);
    assertThat(watch.look(false, after(5_199))).isEmpty();
    assertThat(watch.look(false, after(5_200))).as("no other keys").isEmpty();
    assertThat(reads).isEqualTo(2);
    assertThat(watch.look(false, after(1_000))).as("the clock was put back").isEmpty();
    assertThat(reads).isEqualTo(3);
  }

  @Test
  void aFolderThatCannotBeReadChangesNothing() {
    KeyWatch watch = new KeyWatch(this::read, Duration.ofSeconds(5), inFolder, START);
    inFolder = TrustedKeys.of(List.of(entry()), false);
    broken = true;
    assertThat(watch.look(false, after(5_000))).isEmpty();
    broken = false;
    assertThat(watch.look(false, after(10_000))).contains(inFolder);
  }

  private KeyFolder.PublicEntry entry() {
    KeyFolder keys = new KeyFolder(folder);
    keys.create("a");
    return keys.trusted().get(0);
  }
}
