@org.jspecify.annotations.NullMarked
package dev.lookaside.ingest;
