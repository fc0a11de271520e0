/** Whether a candidate may take the incumbent's place, decided on sounds that no fit has seen. */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.gate;
