package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.Node;
import dev.lookaside.classifier.graph.Op;
import dev.lookaside.classifier.graph.Value;

/** How the gradient of an operation's result becomes those of its inputs. */
@FunctionalInterface
interface Rule<O extends Op> {
  /**
   * Gives each wanted input of a node its share.
   *
   * @param dy gradient of the node's first result, of that result's shape
   */
  void apply(ReverseWalk walk, O op, Node node, Value dy);
}
