package dev.lookaside.deploy.cli;

import dev.lookaside.deploy.console.CliException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version Maven wrote into {@code lookaside-version.properties}. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {
      "lookaside " + number(),
      "Java "
          + System.getProperty("java.version")
          + " ("
          + System.getProperty("java.vm.name")
          + ")",
      System.getProperty("os.name") + " " + System.getProperty("os.arch")
    };
  }

  static String number() {
    Properties properties = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("/lookaside-version.properties")) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      throw new CliException("lookaside-version.properties: cannot be read", e);
    }
    return properties.getProperty("version", "unknown");
  }
}
