package dev.lookaside.classifier.weights;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** What people give for a safetensors file that is none, by its first bytes, and what to do. */
final class OtherFile {
  static final int LOOKED_AT_BYTES = 64;

  private static final int HEADER_FROM = 8;

  /** Bytes that a kind of file begins with, as ISO 8859-1. */
  private record Kind(String beginning, String message) {}

  private static final String CONVERT =
      "; load it with PyTorch and write it with safetensors.torch.save_file";

  private static final List<Kind> KINDS =
      List.of(
          new Kind(
              "version https://git-lfs",
              "is a Git LFS pointer, not the weights: fetch them with git lfs pull"),
          new Kind(
              "PK\u0003\u0004", "is a PyTorch file (.bin, .pt) or another zip archive" + CONVERT),
          new Kind("\u0080\u0002", "is a pickle, as old PyTorch files (.pt, .pth)" + CONVERT),
          new Kind("\u0080\u0003", "is a pickle" + CONVERT),
          new Kind("\u0080\u0004", "is a pickle" + CONVERT),
          new Kind("\u0080\u0005", "is a pickle" + CONVERT),
          new Kind("\u0089HDF", "is an HDF5 file, as Keras writes; convert it to safetensors"),
          new Kind("\u0093NUMPY", "is a NumPy array; convert it to safetensors"),
          new Kind("GGUF", "is a GGUF file; use the model's safetensors file"),
          new Kind("\u001f\u008b", "is compressed by gzip; unpack it"),
          new Kind("<!DOCTYPE", "is a web page: the download went wrong"),
          new Kind("<!doctype", "is a web page: the download went wrong"),
          new Kind("<html", "is a web page: the download went wrong"));

  private OtherFile() {}

  /**
   * Empty if it may be a safetensors file.
   *
   * @param start the first {@value #LOOKED_AT_BYTES} bytes, fewer if there are no more
   */
  static Optional<String> describe(byte[] start) {
    // The header's length may look like anything; the header itself begins with a brace.
    if (start.length > HEADER_FROM && start[HEADER_FROM] == '{') {
      return Optional.empty();
    }
    if (start.length == 0) {
      return Optional.of("is empty: the download went wrong");
    }
    String text = new String(start, StandardCharsets.ISO_8859_1);
    if (text.stripLeading().startsWith("{")) {
      return Optional.of(
          "is JSON, no safetensors file; the index of a sharded model is named *.index.json");
    }
    return KINDS.stream()
        .filter(k -> text.startsWith(k.beginning()))
        .map(Kind::message)
        .findFirst();
  }
}
