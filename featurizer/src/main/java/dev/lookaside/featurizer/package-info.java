@org.jspecify.annotations.NullMarked
package dev.lookaside.featurizer;
