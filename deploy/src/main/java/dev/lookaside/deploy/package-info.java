@org.jspecify.annotations.NullMarked
package dev.lookaside.deploy;
