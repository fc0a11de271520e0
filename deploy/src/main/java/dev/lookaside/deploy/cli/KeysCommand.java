package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lookaside.classifier.ClassifierSettings;
import dev.lookaside.classifier.registry.KeyFolder;
import dev.lookaside.classifier.registry.RegistrySettings;
import dev.lookaside.classifier.registry.SigningKey;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside keys}: who may decide about adapters. */
@Command(
    name = "keys",
    footer = {"", "Example:", "  lookaside keys new site-1"},
    description = "Make, list and trust the keys that sign decisions about adapters.")
final class KeysCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given: new, list or trust");
  }

  private static KeyFolder folder(ConfigOptions config) {
    return new KeyFolder(
        RegistrySettings.of(config.load().getConfig(ClassifierSettings.ROOT)).keys());
  }

  @Command(
      name = "new",
      footer = {"", "Example:", "  lookaside keys new site-1"},
      description = {
        "Make a key pair and trust it here.",
        "",
        "NAME.key is secret: it stays in the folder, readable by you only. NAME.pub is for others to trust."
      })
  void create(
      @Mixin ConfigOptions config,
      @Parameters(paramLabel = "NAME", description = "What to call it.") String name) {
    KeyFolder folder = folder(config);
    SigningKey key = folder.create(name);
    PrintWriter out = spec.commandLine().getOut();
    out.println(key.id() + "  " + folder.path().resolve(name + ".pub"));
    out.flush();
  }

  @Command(
      name = "list",
      footer = {"", "Example:", "  lookaside keys list --json"},
      description = "List the keys that sign here, and those whose signatures count here.")
  void list(
      @Mixin ConfigOptions config,
      @Option(names = "--json", description = "Print one JSON array.") boolean json) {
    KeyFolder folder = folder(config);
    PrintWriter out = spec.commandLine().getOut();
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    for (String name : folder.signingNames()) {
      String id = folder.signing(name).id();
      all.addObject().put("id", id).put("name", name).put("use", "signs");
    }
    for (KeyFolder.PublicEntry entry : folder.trusted()) {
      all.addObject().put("id", entry.id()).put("name", entry.name()).put("use", "trusted");
    }
    if (json) {
      out.println(all.toPrettyString());
    } else {
      all.forEach(
          k ->
              out.printf(
                  "%s  %-8s %s%n",
                  k.get("id").textValue(), k.get("use").textValue(), k.get("name").textValue()));
    }
    out.flush();
  }

  @Command(
      name = "trust",
      footer = {"", "Example:", "  lookaside keys trust --name trainer trainer.pub"},
      description =
          "Let the signatures of a public key count here. Workers read keys at their start.")
  void trust(
      @Mixin ConfigOptions config,
      @Option(
              names = "--name",
              required = true,
              paramLabel = "NAME",
              description = "What to call it here.")
          String name,
      @Parameters(paramLabel = "FILE", description = "Public key (PEM).") Path file) {
    KeyFolder.PublicEntry entry = folder(config).trust(name, file);
    PrintWriter out = spec.commandLine().getOut();
    out.println(entry.id() + "  " + entry.name());
    out.flush();
  }
}
