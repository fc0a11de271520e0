package dev.lookaside.deploy.console;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns whatever a command throws into one line on standard error and an exit code. */
public final class Errors {
  private Errors() {}

  /**
   * Ends all errors of a command line and its subcommands here, and accepts enum values in either
   * case.
   *
   * @param line complete: subcommands added later are not covered
   * @return {@code line}
   */
  public static CommandLine handledIn(CommandLine line) {
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler(Errors::wrongCall);
    line.setExecutionExceptionHandler(Errors::failed);
    return line;
  }

  /** A wrong call: one line and where to read on, exit code 2. */
  private static int wrongCall(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    PrintWriter err = command.getErr();
    err.println(name + ": " + wording(e, command));
    err.println("Try '" + name + " --help'.");
    printTrace(e, command);
    return ExitCode.USAGE;
  }

  private static String wording(ParameterException e, CommandLine command) {
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      String word = unmatched.getUnmatched().get(0).replaceFirst("=.*", "");
      if (unmatched.isUnknownOption()) {
        return "\"%s\": no such option%s"
            .formatted(
                word, Nearest.question(word, command.getCommandSpec().optionsMap().keySet()));
      }
      return command.getParent() != null && command.getSubcommands().isEmpty()
          ? "\"%s\": not expected here".formatted(word)
          : "\"%s\": no such command%s"
              .formatted(word, Nearest.question(word, command.getSubcommands().keySet()));
    }
    return firstLine(String.valueOf(e.getMessage()));
  }

  /** A failure: one line, exit code 1; 2 where the command found the call itself to be wrong. */
  private static int failed(Exception e, CommandLine command, ParseResult result) {
    String name = command.getCommandSpec().qualifiedName();
    command.getErr().println(name + ": " + describe(e));
    printTrace(e, command);
    return ExitCode.SOFTWARE;
  }

  /**
   * What a user can do something with. Exceptions of Lookaside carry a message made for reading;
   * those of the JDK are given the words they leave out.
   */
  public static String describe(Throwable e) {
    String message = e.getMessage();
    if (e instanceof NoSuchFileException) {
      return message + ": no such file";
    }
    if (e instanceof AccessDeniedException) {
      return message + ": permission denied";
    }
    if (e instanceof UncheckedIOException && e.getCause() != null) {
      return describe(e.getCause());
    }
    boolean ours = e.getClass().getName().startsWith("dev.lookaside.");
    if (message != null
        && (ours || e instanceof IOException || e instanceof IllegalArgumentException)) {
      return firstLine(message);
    }
    return "unexpected " + e + " (--stacktrace shows where)";
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse(message);
  }

  private static void printTrace(Exception e, CommandLine command) {
    ParseResult result = rootOf(command).getParseResult();
    if (result != null && result.hasMatchedOption("--stacktrace")
        || command.getParseResult() != null
            && command.getParseResult().hasMatchedOption("--stacktrace")) {
      e.printStackTrace(command.getErr());
    }
  }

  private static CommandLine rootOf(CommandLine command) {
    CommandLine root = command;
    while (root.getParent() != null) {
      root = root.getParent();
    }
    return root;
  }
}
