@org.jspecify.annotations.NullMarked
package dev.lookaside.classifier;
