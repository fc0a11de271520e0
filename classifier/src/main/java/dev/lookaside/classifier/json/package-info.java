/** Reading JSON of other people strictly, in one place. */
@org.jspecify.annotations.NullMarked
package dev.lookaside.classifier.json;
