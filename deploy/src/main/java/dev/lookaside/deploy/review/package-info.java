/** What people should look at next. */
@org.jspecify.annotations.NullMarked
package dev.lookaside.deploy.review;
