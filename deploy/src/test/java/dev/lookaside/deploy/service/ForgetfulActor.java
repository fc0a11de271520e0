package dev.lookaside.deploy.service;

import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Receive;

/** What {@link ActorMessagesTest} must find wrong. */
final class ForgetfulActor extends AbstractBehavior<ForgetfulActor.Command> {
  sealed interface Command {}

  record Handled() implements Command {}

  record Forgotten() implements Command {}

  ForgetfulActor(ActorContext<Command> context) {
    super(context);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder().onMessage(Handled.class, message -> this).build();
  }
}
