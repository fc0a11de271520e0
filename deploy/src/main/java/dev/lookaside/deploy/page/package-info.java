/**
 * The live page: what is detected at this moment, stream by stream, and the place where people
 * correct it. One self-contained document, server-sent events, and requests for a label to write, a
 * stretch of audio to play or to draw, and what to label next. Nothing depends on anyone looking;
 * what is kept is bounded.
 */
@NullMarked
package dev.lookaside.deploy.page;

import org.jspecify.annotations.NullMarked;
