package dev.lookaside.classifier.registry;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.lookaside.classifier.weights.Safetensors;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.EncodedKeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;

/** Ed25519 keys (RFC 8032) as PEM: PKCS #8 for private ones, X.509 for public ones (RFC 8410). */
final class Keys {
  static final String ALGORITHM = "Ed25519";
  private static final String PRIVATE = "PRIVATE KEY";
  private static final String PUBLIC = "PUBLIC KEY";
  private static final int ID_DIGITS = 16;

  private Keys() {}

  /** The first 16 hexadecimal digits of sha256 over the key's X.509 encoding. */
  static String idOf(PublicKey key) {
    return Safetensors.sha256(key.getEncoded()).substring(0, ID_DIGITS);
  }

  static String pem(PrivateKey key) {
    return pem(PRIVATE, key.getEncoded());
  }

  static String pem(PublicKey key) {
    return pem(PUBLIC, key.getEncoded());
  }

  private static String pem(String kind, byte[] encoded) {
    String body = Base64.getMimeEncoder(64, "\n".getBytes(US_ASCII)).encodeToString(encoded);
    return "-----BEGIN " + kind + "-----\n" + body + "\n-----END " + kind + "-----\n";
  }

  static PrivateKey privateKey(String pem, String source) {
    try {
      EncodedKeySpec spec = new PKCS8EncodedKeySpec(body(pem, PRIVATE, source));
      return KeyFactory.getInstance(ALGORITHM).generatePrivate(spec);
    } catch (GeneralSecurityException e) {
      throw new RegistryException(source + ": is no Ed25519 private key", e);
    }
  }

  static PublicKey publicKey(String pem, String source) {
    try {
      EncodedKeySpec spec = new X509EncodedKeySpec(body(pem, PUBLIC, source));
      return KeyFactory.getInstance(ALGORITHM).generatePublic(spec);
    } catch (GeneralSecurityException e) {
      throw new RegistryException(source + ": is no Ed25519 public key", e);
    }
  }

  private static byte[] body(String pem, String kind, String source) {
    String begin = "-----BEGIN " + kind + "-----";
    int from = pem.indexOf(begin);
    int until = pem.indexOf("-----END " + kind + "-----");
    if (from < 0 || until < from) {
      throw new RegistryException(
          "%s: has no line \"%s\": must be a PEM file of one".formatted(source, begin));
    }
    byte[] text = pem.substring(from + begin.length(), until).getBytes(StandardCharsets.US_ASCII);
    try {
      return Base64.getMimeDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw new RegistryException(
          source + ": is not sound PEM: what is between its lines is not Base64", e);
    }
  }
}
