package dev.lookaside.deploy.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/** A recipe as words of the command line. */
final class RecipeArguments {
  private RecipeArguments() {}

  /** The words of a recipe's options, without those for options that were given already. */
  static List<String> words(Map<String, String> options, ParseResult given) {
    List<String> words = new ArrayList<>();
    for (Map.Entry<String, String> option : options.entrySet()) {
      String name = "--" + option.getKey();
      if (!given.hasMatchedOption(name)) {
        words.add(option.getValue().equals("true") ? name : name + "=" + option.getValue());
      }
    }
    return words;
  }

  /** Parses a command's words again behind those of a recipe: what was typed has the last word. */
  static void apply(Map<String, String> options, CommandLine command) {
    ParseResult given = command.getParseResult();
    List<String> words = words(options, given);
    List<String> typed = given.originalArgs();
    words.addAll(typed.subList(typed.indexOf(command.getCommandName()) + 1, typed.size()));
    command.parseArgs(words.toArray(String[]::new));
  }
}
