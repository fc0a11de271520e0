package dev.lookaside.deploy.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.Locale;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * Unpacks ONNX Runtime's native libraries once per build, in the launcher's folder ({@code
 * lookaside.native}). Left alone, every process unpacks 24 MB into a temporary folder of its own
 * and leaves the folder behind. Must run before ONNX Runtime is touched.
 */
final class NativeLibraries {
  private static final String ROOT = "ai/onnxruntime/native/";

  private NativeLibraries() {}

  static void prepare() {
    String target = System.getProperty("lookaside.native");
    if (target == null || System.getProperty("onnxruntime.native.path") != null) {
      return;
    }
    Path folder = Path.of(target);
    try {
      if (!Files.exists(folder)) {
        unpack(platform(), folder);
      }
      if (Files.isDirectory(folder)) {
        System.setProperty("onnxruntime.native.path", folder.toString());
      }
    } catch (IOException e) {
      // ONNX Runtime then unpacks for itself: slower, not wrong (for example on a read-only
      // installation).
      return;
    }
  }

  /** Into a folder beside the target first, so that a second process never sees half a library. */
  private static void unpack(String platform, Path folder) throws IOException {
    URL root = NativeLibraries.class.getClassLoader().getResource(ROOT + platform + "/");
    if (root == null || !(root.openConnection() instanceof JarURLConnection jarConnection)) {
      return;
    }
    Path parent = folder.toAbsolutePath().getParent();
    Files.createDirectories(parent);
    Path partial = Files.createTempDirectory(parent, "native");
    jarConnection.setUseCaches(false);
    try (JarFile jar = jarConnection.getJarFile()) {
      String prefix = ROOT + platform + "/";
      for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); ) {
        JarEntry entry = entries.nextElement();
        String name = entry.getName();
        if (!name.startsWith(prefix)
            || name.indexOf('/', prefix.length()) >= 0
            || entry.isDirectory()) {
          continue;
        }
        try (InputStream in = jar.getInputStream(entry)) {
          Files.copy(in, partial.resolve(name.substring(prefix.length())));
        }
      }
    }
    try {
      Files.move(partial, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      // Another process was first, and its copy is as good.
      delete(partial);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  /** The folder name ONNX Runtime uses inside its jar. */
  static String platform() {
    String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    String system = os.contains("mac") ? "osx" : os.contains("win") ? "win" : "linux";
    return system + "-" + (arch.equals("amd64") || arch.equals("x86_64") ? "x64" : arch);
  }
}
