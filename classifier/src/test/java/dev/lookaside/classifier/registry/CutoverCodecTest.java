package dev.lookaside.classifier.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CutoverCodecTest {
  @TempDir Path folder;

  private SigningKey key;
  private TrustedKeys trusted;

  @BeforeEach
  void makeKey() {
    KeyFolder keys = new KeyFolder(folder.resolve("keys"));
    key = keys.create("trainer");
    trusted = TrustedKeys.of(keys.trusted(), false);
  }

  private Optional<Reason> reason(byte[] json) {
    return trusted.refusal(CutoverCodec.fromJson(json, 0)).map(AdapterRejection::reason);
  }

  @Test
  void whatIsWrittenIsRead() {
    Cutover c = Cutovers.full();
    SignedCutover read =
        CutoverCodec.decode(Cutovers.read(CutoverCodec.encode("cutovers", c, key), 0));
    assertThat(read.cutover()).isEqualTo(c);
    assertThat(read.keyId()).contains(key.id());
    assertThat(trusted.refusal(read)).isEmpty();
  }

  @Test
  void theSameRecordHasTheSameBytes() {
    assertThat(new String(CutoverCodec.toJson(Cutovers.of("*", 1, "a", 3), null), UTF_8))
        .isEqualTo(
            "{\"adapter\":\""
                + Cutovers.digest("a")
                + "\",\"author\":\"a test\",\"effectiveFrom\":\"2026-03-01T12:00:03Z\","
                + "\"format\":\"lookaside-cutover/1\",\"number\":1,\"reason\":\"promote\","
                + "\"scope\":\"*\",\"written\":\"2026-03-01T12:00:00Z\"}");
    assertThat(CutoverCodec.toJson(Cutovers.full(), key))
        .isEqualTo(CutoverCodec.toJson(Cutovers.full(), key));
  }

  @Test
  void aSignatureBelongsToEveryFieldAlsoToUnknownOnes() {
    String json = new String(CutoverCodec.toJson(Cutovers.full(), key), UTF_8);
    for (String changed :
        List.of(
            json.replace("\"number\":7", "\"number\":8"),
            json.replace("12:00:00.000000123Z", "12:00:00.000000124Z"),
            json.replace("\"mAP\":0.1", "\"mAP\":0.2"),
            json.replace("stream:acme", "stream:acne"),
            json.replace("\"author\":\"ada\"", "\"author\":\"bob\""),
            json.replace("{\"adapter\"", "{\"a\":1,\"adapter\""))) {
      assertThat(changed).isNotEqualTo(json);
      assertThat(reason(changed.getBytes(UTF_8))).contains(Reason.BAD_SIGNATURE);
    }
    assertThat(reason(json.getBytes(UTF_8))).isEmpty();
  }

  @Test
  void whoIsNotTrustedIsRefusedUnlessAllowed() {
    SigningKey stranger = new KeyFolder(folder.resolve("others")).create("stranger");
    byte[] unsigned = CutoverCodec.toJson(Cutovers.full(), null);
    byte[] strange = CutoverCodec.toJson(Cutovers.full(), stranger);
    assertThat(reason(unsigned)).contains(Reason.UNSIGNED);
    assertThat(reason(strange)).contains(Reason.UNKNOWN_KEY);

    trusted = TrustedKeys.of(new KeyFolder(folder.resolve("keys")).trusted(), true);
    assertThat(reason(unsigned)).isEmpty();
    assertThat(reason(strange)).isEmpty();
    String forged =
        new String(CutoverCodec.toJson(Cutovers.full(), key), UTF_8)
            .replace("\"number\":7", "\"number\":8");
    assertThat(reason(forged.getBytes(UTF_8))).contains(Reason.BAD_SIGNATURE);
  }

  @Test
  void aSignatureOfTheWrongLengthIsFalse() {
    String json = new String(CutoverCodec.toJson(Cutovers.full(), key), UTF_8);
    String shorter = json.replaceAll("\"ed25519\":\"[^\"]*\"", "\"ed25519\":\"AAAA\"");
    assertThat(reason(shorter.getBytes(UTF_8))).contains(Reason.BAD_SIGNATURE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "format":"lookaside-cutover/1" | "format":"x/2"       | format "x/2": must be lookaside-cutover/1
          "number":7                     | "number":0           | number "0": must be 1 or more
          "number":7                     | "number":"7"         | number ""7"": must be an integer
          "author":"ada"                 | "author":" "         | author "": must not be blank
          "author":"ada"                 | "autor":"ada"        | author: missing
          "seed":42                      | "seed":4.2           | golden.seed "4.2": must be an integer
          "scope":"stream:               | "scope":"site:       | must be *, tenant:NAME or stream:ID
          "written":"2026-03-01T         | "written":"2026-13-01T | must be an RFC 3339 time
          """)
  void aRecordThatIsWrongSaysWhere(String right, String wrong, String message) {
    String json = new String(CutoverCodec.toJson(Cutovers.full(), null), UTF_8);
    assertThat(json).contains(right);
    assertThatThrownBy(() -> CutoverCodec.fromJson(json.replace(right, wrong).getBytes(UTF_8), 0))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aRecordUnderAnotherKeyIsWrong() {
    byte[] value = CutoverCodec.toJson(Cutovers.full(), key);
    assertThatThrownBy(
            () ->
                CutoverCodec.decode(
                    new ConsumerRecord<>("cutovers", 0, 0, "*@1".getBytes(UTF_8), value)))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("key \"*@1\"");
    assertThatThrownBy(
            () -> CutoverCodec.decode(new ConsumerRecord<>("cutovers", 0, 0, value, null)))
        .isInstanceOf(RegistryException.class);
    // The last one's first bytes make a parser of bytes guess UTF-32.
    for (String text : List.of("nonsense", new String(value, UTF_8) + "{}", "\0\0\0{}")) {
      assertThatThrownBy(() -> CutoverCodec.fromJson(text.getBytes(UTF_8), 0))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("is malformed JSON");
    }
  }

  @Test
  void goldenLogitsOfAnotherModelDiffer() {
    float[] window = GoldenLogits.window(3, 1000);
    assertThat(window).isEqualTo(GoldenLogits.window(3, 1000)).hasSize(1000);
    assertThat(window).isNotEqualTo(GoldenLogits.window(4, 1000));
    GoldenLogits golden = GoldenLogits.of(3, new float[] {1, -2, 3});
    assertThat(golden.differs(new float[] {1, -2.25f, 3.125f})).isEqualTo(0.25);
    assertThat(golden.differs(new float[] {1, -2})).isInfinite();
    assertThat(golden.differs(new float[] {1, Float.NaN, 3})).isInfinite();
  }
}
