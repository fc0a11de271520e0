package dev.lookaside.deploy.cli;

import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.Errors;
import dev.lookaside.deploy.console.Interruption;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code lookaside}: the root command. Commands are registered in {@link CommandGroups}. */
@Command(
    name = "lookaside",
    versionProvider = Main.Version.class,
    description = {
      "Detects sounds on audio streams, with onset and offset, and learns from corrections.",
      ""
    },
    synopsisSubcommandLabel = "COMMAND",
    usageHelpAutoWidth = true)
public final class Main implements Runnable {
  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "Show where an error came from.")
  private boolean stacktrace;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version.")
  private boolean version;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** Without a command there is nothing to do: reports that and names the way to the commands. */
  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "no command given; lookaside --help lists them");
  }

  /**
   * The whole command line, ready to execute. Tests call this and set their own writers.
   *
   * @return a new command line; its results go to {@code getOut()}, all else to {@code getErr()}
   */
  public static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Main());
    CommandGroups.addTo(line);
    line.setHelpFactory(WrappedHelp::new);
    return Errors.handledIn(line);
  }

  /**
   * Runs one command and ends the process with its exit code.
   *
   * @param args as typed
   */
  public static void main(String[] args) {
    NativeLibraries.prepare();
    Interruption.endAtOnce();
    CommandLine line = commandLine();
    String fault = Arguments.fault(args);
    // The platform's encoding is not always UTF-8, and class labels may be in any language.
    line.setOut(utf8(FileDescriptor.out));
    line.setErr(utf8(FileDescriptor.err));
    if (fault != null) {
      line.getErr().println("lookaside: " + fault);
      line.getErr().flush();
      System.exit(CommandLine.ExitCode.USAGE);
    }
    int code = line.execute(args);
    line.getOut().flush();
    line.getErr().flush();
    System.exit(Interruption.exitCode() != 0 ? Interruption.exitCode() : code);
  }

  private static PrintWriter utf8(FileDescriptor to) {
    return new PrintWriter(new FileOutputStream(to), true, StandardCharsets.UTF_8);
  }

  /** The version Maven wrote into {@code lookaside-version.properties}. */
  static final class Version implements IVersionProvider {
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
}
