package dev.lookaside.deploy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;

/** Arrows run one way: a part never names a type of a part downstream of it. */
@AnalyzeClasses(packages = "dev.lookaside", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
  /** Exceptions that are caught for what their thrower's library has to say. */
  private static final Set<String> LIBRARYS =
      Set.of(
          "com.fasterxml.jackson.core.JsonProcessingException",
          "java.io.IOException",
          "java.io.UncheckedIOException",
          "java.lang.ArithmeticException",
          "java.lang.NumberFormatException",
          "java.nio.file.FileSystemException",
          "java.nio.file.InvalidPathException",
          "java.security.GeneralSecurityException",
          "java.sql.SQLException",
          "java.time.DateTimeException",
          "java.time.format.DateTimeParseException");

  @ArchTest
  static final ArchRule modulesPointUpstream =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("dev.lookaside..")
          .layer("ingest")
          .definedBy("dev.lookaside.ingest..")
          .layer("featurizer")
          .definedBy("dev.lookaside.featurizer..")
          .layer("classifier")
          .definedBy("dev.lookaside.classifier..")
          .layer("trainer")
          .definedBy("dev.lookaside.trainer..")
          .layer("deploy")
          .definedBy("dev.lookaside.deploy..")
          .whereLayer("ingest")
          .mayNotAccessAnyLayer()
          .whereLayer("featurizer")
          .mayOnlyAccessLayers("ingest")
          .whereLayer("classifier")
          .mayOnlyAccessLayers("featurizer", "ingest")
          .whereLayer("trainer")
          .mayOnlyAccessLayers("classifier", "featurizer", "ingest")
          .whereLayer("deploy")
          .mayNotBeAccessedByAnyLayer();

  @ArchTest
  static final ArchRule classifierPackagesPointOneWay =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("dev.lookaside.classifier..")
          .layer("json")
          .definedBy("dev.lookaside.classifier.json..")
          .layer("weights")
          .definedBy("dev.lookaside.classifier.weights..")
          .layer("graph")
          .definedBy("dev.lookaside.classifier.graph..")
          .layer("infer")
          .definedBy("dev.lookaside.classifier.infer..")
          .layer("registry")
          .definedBy("dev.lookaside.classifier.registry..")
          .layer("detect")
          .definedBy("dev.lookaside.classifier.detect..")
          .whereLayer("json")
          .mayNotAccessAnyLayer()
          .whereLayer("weights")
          .mayOnlyAccessLayers("json")
          .whereLayer("graph")
          .mayOnlyAccessLayers("weights")
          .whereLayer("infer")
          .mayOnlyAccessLayers("graph", "weights")
          .whereLayer("registry")
          .mayOnlyAccessLayers("infer", "weights", "json")
          .whereLayer("detect")
          .mayOnlyAccessLayers("infer", "weights", "json");

  @ArchTest
  static final ArchRule trainerPackagesPointOneWay =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("dev.lookaside.trainer..")
          .layer("example")
          .definedBy("dev.lookaside.trainer.example..")
          .layer("gradient")
          .definedBy("dev.lookaside.trainer.gradient..")
          .layer("metric")
          .definedBy("dev.lookaside.trainer.metric..")
          .layer("judge")
          .definedBy("dev.lookaside.trainer.judge..")
          .layer("fit")
          .definedBy("dev.lookaside.trainer.fit..")
          .layer("errors")
          .definedBy("dev.lookaside.trainer")
          .layer("dataset")
          .definedBy("dev.lookaside.trainer.dataset..")
          .layer("evaluate")
          .definedBy("dev.lookaside.trainer.evaluate..")
          .layer("shadow")
          .definedBy("dev.lookaside.trainer.shadow..")
          .layer("label")
          .definedBy("dev.lookaside.trainer.label..")
          .layer("store")
          .definedBy("dev.lookaside.trainer.store..")
          .layer("loop")
          .definedBy("dev.lookaside.trainer.loop..")
          .layer("publish")
          .definedBy("dev.lookaside.trainer.publish..")
          .layer("watch")
          .definedBy("dev.lookaside.trainer.watch..")
          .layer("query")
          .definedBy("dev.lookaside.trainer.query..")
          .layer("gate")
          .definedBy("dev.lookaside.trainer.gate..")
          .layer("receipt")
          .definedBy("dev.lookaside.trainer.receipt..")
          .layer("drift")
          .definedBy("dev.lookaside.trainer.drift..")
          .layer("head")
          .definedBy("dev.lookaside.trainer.head..")
          .layer("collect")
          .definedBy("dev.lookaside.trainer.collect..")
          .layer("refit")
          .definedBy("dev.lookaside.trainer.refit..")
          .whereLayer("shadow")
          .mayOnlyAccessLayers("errors")
          .whereLayer("loop")
          .mayOnlyAccessLayers("collect", "fit", "gate", "drift", "errors")
          .whereLayer("publish")
          .mayOnlyAccessLayers("loop", "receipt", "gate", "drift", "example", "errors")
          .whereLayer("watch")
          .mayOnlyAccessLayers(
              "publish", "loop", "refit", "collect", "drift", "store", "example", "errors")
          .whereLayer("query")
          .mayOnlyAccessLayers("head", "judge", "gate", "example", "errors")
          .whereLayer("receipt")
          .mayOnlyAccessLayers("gate", "label", "store", "errors")
          .whereLayer("drift")
          .mayOnlyAccessLayers("example", "errors")
          .whereLayer("gate")
          .mayOnlyAccessLayers("errors")
          .whereLayer("label")
          .mayOnlyAccessLayers("errors")
          .whereLayer("store")
          .mayOnlyAccessLayers("label", "dataset", "example", "fit", "errors")
          .whereLayer("evaluate")
          .mayOnlyAccessLayers("dataset", "example", "metric", "errors")
          .whereLayer("dataset")
          .mayOnlyAccessLayers("example", "metric", "errors")
          .whereLayer("example")
          .mayOnlyAccessLayers("errors")
          .whereLayer("gradient")
          .mayOnlyAccessLayers("errors")
          .whereLayer("metric")
          .mayNotAccessAnyLayer()
          .whereLayer("judge")
          .mayOnlyAccessLayers("gate", "errors")
          .whereLayer("head")
          .mayOnlyAccessLayers("errors")
          .whereLayer("collect")
          .mayOnlyAccessLayers("store", "example", "errors")
          .whereLayer("refit")
          .mayOnlyAccessLayers(
              "collect",
              "store",
              "example",
              "fit",
              "gradient",
              "head",
              "judge",
              "gate",
              "evaluate",
              "metric",
              "errors")
          .whereLayer("fit")
          .mayOnlyAccessLayers("example", "gradient", "errors");

  /** A module's root package is a package like the others. */
  @ArchTest
  static final ArchRule packagesAreFreeOfCycles =
      slices().assignedFrom(new Packages()).should().beFreeOfCycles();

  @ArchTest
  static final ArchRule onlyTheRootCommandKnowsTheDemo =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.lookaside.deploy.cli..", "dev.lookaside.deploy.demo..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.lookaside.deploy.demo..");

  @ArchTest
  static final ArchRule theLaboratoryKnowsNoOperation =
      noClasses()
          .that()
          .resideInAPackage("dev.lookaside.deploy.lab..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.lookaside.deploy.cli..", "dev.lookaside.deploy.page..");

  @ArchTest
  static final ArchRule packagesAreNamedForThings =
      noClasses()
          .should()
          .resideInAnyPackage("..util..", "..utils..", "..common..", "..manager..", "..impl..");

  @ArchTest
  static final ArchRule onlyTheEmbeddedBrokerKnowsKafkasServer =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("dev.lookaside.deploy.bundled.EmbeddedKafka")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "kafka..", "org.apache.kafka.server..", "org.apache.kafka.metadata..");

  /** Named, closed when a later part fails, and bounded in time are the clients made there. */
  @ArchTest
  static final ArchRule onlyTheToolboxMakesKafkaClients =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.lookaside.ingest.kafka..")
          .should()
          .dependOnClassesThat()
          .haveNameMatching(
              "org\\.apache\\.kafka\\.clients\\."
                  + "(consumer\\.KafkaConsumer|producer\\.KafkaProducer|admin\\.(Kafka)?AdminClient)")
          .orShould()
          .callMethod(Admin.class, "create", Map.class)
          .orShould()
          .callMethod(Admin.class, "create", Properties.class);

  @ArchTest
  static final ArchRule onlyTheFeaturizerKnowsTarsosDsp =
      noClasses()
          .that()
          // The benchmark measures the front end against the FFT alone.
          .resideOutsideOfPackages("dev.lookaside.featurizer..", "dev.lookaside.deploy.bench..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("be.tarsos..");

  /** Fetching and checking adapters is the registry's, on a thread of its own. */
  @ArchTest
  static final ArchRule theScoringThreadPreparesNoAdapter =
      noClasses()
          .that()
          .resideInAPackage("dev.lookaside.classifier.infer..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.lookaside.classifier.registry..", "org.apache.kafka..", "java.security..");

  @ArchTest
  static final ArchRule metricsArePure =
      classes()
          .that()
          .resideInAPackage("dev.lookaside.trainer.metric..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "dev.lookaside.trainer.metric..", "java..", "org.jspecify.annotations..");

  /**
   * What a library's exception says is no message: it names the library's types or nothing but a
   * file. Its kind is put into words instead, by {@code FaultReason} where it is one of the JDK's.
   * Left out are those whose words we only add to our own, and whose authors write for users.
   */
  @ArchTest
  static final ArchRule noLibrarysExceptionTextIsAMessage =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("dev.lookaside.ingest.FaultReason")
          .should()
          .callMethodWhere(
              DescribedPredicate.describe(
                  "getMessage of a library's exception",
                  call ->
                      call.getName().matches("get(Original|Localized)?Message")
                          && call.getTargetOwner().isAssignableTo(Throwable.class)
                          && LIBRARYS.contains(call.getTargetOwner().getName())));

  /** Every package is a slice of its own. */
  private static final class Packages implements SliceAssignment {
    @Override
    public SliceIdentifier getIdentifierOf(JavaClass type) {
      return SliceIdentifier.of(type.getPackageName());
    }

    @Override
    public String getDescription() {
      return "packages";
    }
  }
}
