package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.KeyFolder;
import dev.lookaside.classifier.registry.RegistrySettings;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.SigningKey;
import dev.lookaside.deploy.console.Output;
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
    description = "Make, list, trust and distrust the keys that sign decisions about adapters.")
final class KeysCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "no command given: new, list, trust or distrust");
  }

  private static KeyFolder folder(ConfigOptions config) {
    return new KeyFolder(RegistrySettings.of(config.config()).keys());
  }

  private static long ledgerEnd(ConfigOptions config) {
    return RegistryView.ledgerEnd(config.ingest());
  }

  @Command(
      name = "new",
      footer = {"", "Example:", "  lookaside keys new site-1"},
      description = {
        "Make a key pair and trust it here.",
        "",
        "NAME.key is secret: it stays in the folder, readable by you only. NAME.pub is for others"
            + " to trust."
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
  void list(@Mixin ConfigOptions config, @Mixin Output output) {
    KeyFolder folder = folder(config);
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    for (String name : folder.signingNames()) {
      String id = folder.signing(name).id();
      all.addObject().put("id", id).put("name", name).put("use", "signs");
    }
    for (KeyFolder.PublicEntry entry : folder.trusted()) {
      all.add(json(entry));
    }
    output.print(
        () -> all,
        () ->
            all.forEach(
                k ->
                    output
                        .out()
                        .printf(
                            "%s  %-8s %s%s%s%n",
                            k.get("id").textValue(),
                            k.get("use").textValue(),
                            k.get("name").textValue(),
                            k.has("countsFrom") ? "  from record " + k.get("countsFrom") : "",
                            k.has("countsUntil")
                                ? "  before record " + k.get("countsUntil")
                                : "")));
  }

  private static ObjectNode json(KeyFolder.PublicEntry entry) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("id", entry.id()).put("name", entry.name()).put("use", "trusted");
    if (entry.countsFrom() > 0) {
      node.put("countsFrom", entry.countsFrom());
    }
    if (entry.countsUntil() != KeyFolder.PublicEntry.NO_END) {
      node.put("countsUntil", entry.countsUntil());
    }
    return node;
  }

  private static void print(KeyFolder.PublicEntry entry, Output output) {
    output.print(json(entry), entry.id() + "  " + entry.name());
  }

  @Command(
      name = "trust",
      footer = {"", "Example:", "  lookaside keys trust --name trainer trainer.pub"},
      description = {
        "Let the signatures of a public key count here.",
        "",
        "Running workers take note within seconds. Which decisions count follows from the ledger"
            + " and the trusted keys alone, so give every worker the same files. A decision that"
            + " was rejected for want of this key counts from now on, at its place in the ledger;"
            + " with --from-now it stays rejected."
      })
  void trust(
      @Mixin ConfigOptions config,
      @Option(
              names = "--name",
              required = true,
              paramLabel = "NAME",
              description = "What to call it here.")
          String name,
      @Option(
              names = "--from-now",
              description = "Only for decisions that are not in the ledger yet (asks Kafka).")
          boolean fromNow,
      @Mixin Output output,
      @Parameters(paramLabel = "FILE", description = "Public key (PEM).") Path file) {
    print(folder(config).trust(name, file, fromNow ? ledgerEnd(config) : 0), output);
  }

  @Command(
      name = "distrust",
      footer = {
        "",
        "Examples:",
        "  lookaside keys distrust trainer",
        "  lookaside keys distrust trainer --all"
      },
      description = {
        "Let no further signatures of a trusted key count here.",
        "",
        "What it has decided up to now stays in force (asks Kafka how far that is). With --all"
            + " nothing it ever signed counts: what was in force before comes back, also in running"
            + " workers."
      })
  void distrust(
      @Mixin ConfigOptions config,
      @Option(names = "--all", description = "Its decisions up to now do not count, either.")
          boolean all,
      @Mixin Output output,
      @Parameters(paramLabel = "NAME", description = "What it is called here.") String name) {
    KeyFolder folder = folder(config);
    print(all ? folder.forget(name) : folder.retire(name, ledgerEnd(config)), output);
  }
}
