package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class Sha256Test {
  /** FIPS 180-4's example of one block, and a text beyond ASCII as sha256sum says. */
  @Test
  void itIsTheDigestThatOtherProgramsCompute() {
    assertThat(Sha256.hex("abc"))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assertThat(Sha256.hex("Säge"))
        .isEqualTo("13a711b271274c9899d5f84178e133ca3801c44132a49d581dceb560baa96e44")
        .isEqualTo(Sha256.hex("Säge".getBytes(StandardCharsets.UTF_8)));
    MessageDigest piecewise = Sha256.begin();
    piecewise.update((byte) 'a');
    piecewise.update("bc".getBytes(StandardCharsets.UTF_8));
    assertThat(HexFormat.of().formatHex(piecewise.digest())).isEqualTo(Sha256.hex("abc"));
  }
}
