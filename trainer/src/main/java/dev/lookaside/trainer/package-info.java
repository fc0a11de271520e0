@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer;
