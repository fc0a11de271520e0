package dev.lookaside.deploy.service;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.Receive;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaParameterizedType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A {@code ReceiveBuilder} does not say which messages of a sealed command it forgets. */
@AnalyzeClasses(packages = "dev.lookaside", importOptions = DoNotIncludeTests.class)
class ActorMessagesTest {
  @ArchTest
  static final ArchRule actorsHaveAHandlerForEachMessage =
      classes().that().areAssignableTo(AbstractBehavior.class).should(handleEachMessage());

  private static ArchCondition<JavaClass> handleEachMessage() {
    return new ArchCondition<>("name each message they take in a method that builds a receive") {
      @Override
      public void check(JavaClass actor, ConditionEvents events) {
        List<String> missing = unhandled(actor);
        events.add(
            new SimpleConditionEvent(
                actor,
                missing.isEmpty(),
                actor.getName() + " takes but does not handle " + missing));
      }
    };
  }

  private static List<String> unhandled(JavaClass actor) {
    Set<String> named = new HashSet<>();
    for (JavaCodeUnit unit : actor.getCodeUnits()) {
      if (unit.getRawReturnType().isEquivalentTo(Receive.class)) {
        unit.getReferencedClassObjects().forEach(object -> named.add(object.getValue().getName()));
        // Messages that say all by being there are enums, taken by their one value.
        unit.getFieldAccesses().forEach(access -> named.add(access.getTargetOwner().getName()));
      }
    }
    List<String> missing = new ArrayList<>();
    JavaClass command = commandOf(actor);
    // A subscriber of several actors' events takes what it names and nothing else comes.
    if (!command.isEquivalentTo(Object.class)) {
      collect(command, named, missing);
    }
    return missing;
  }

  /**
   * Adds the messages below {@code type} that neither they nor a type above them stand for. A
   * command that two modules share is not sealed; its messages are the imported classes below it.
   */
  private static void collect(JavaClass type, Set<String> named, List<String> missing) {
    if (named.contains(type.getName())) {
      return;
    }
    if (type.getSubclasses().isEmpty()) {
      missing.add(type.getName());
    }
    for (JavaClass below : type.getSubclasses()) {
      collect(below, named, missing);
    }
  }

  private static JavaClass commandOf(JavaClass actor) {
    if (actor.getSuperclass().orElseThrow() instanceof JavaParameterizedType typed) {
      return typed.getActualTypeArguments().get(0).toErasure();
    }
    throw new AssertionError(actor + " does not say what it takes");
  }

  /** The rule itself: an actor that forgets a message is found. */
  @Test
  void aForgottenMessageIsNamed() {
    JavaClass forgetful =
        new ClassFileImporter().importPackagesOf(ForgetfulActor.class).get(ForgetfulActor.class);
    assertThat(unhandled(forgetful)).containsExactly(ForgetfulActor.Forgotten.class.getName());
  }
}
