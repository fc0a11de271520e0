package dev.lookaside.classifier.registry;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;

/** A key pair that signs ledger records. */
public final class SigningKey {
  private final String name;
  private final PrivateKey privateKey;
  private final PublicKey publicKey;

  SigningKey(String name, PrivateKey privateKey, PublicKey publicKey) {
    this.name = name;
    this.privateKey = privateKey;
    this.publicKey = publicKey;
  }

  /** What its owner calls it. */
  public String name() {
    return name;
  }

  /** What records call it: 16 hexadecimal digits. */
  public String id() {
    return Keys.idOf(publicKey);
  }

  PublicKey publicKey() {
    return publicKey;
  }

  /** Ed25519 over {@code bytes}, 64 bytes. */
  byte[] sign(byte[] bytes) {
    try {
      Signature signature = Signature.getInstance(Keys.ALGORITHM);
      signature.initSign(privateKey);
      signature.update(bytes);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new RegistryException("key " + name + ": cannot sign", e);
    }
  }
}
