/**
 * The live page: what is detected at this moment, stream by stream, and the place where people
 * correct it. One self-contained document, server-sent events, and two more requests: a label to
 * write and a stretch of audio to hear. Nothing depends on anyone looking; what is kept is bounded.
 */
@NullMarked
package dev.lookaside.deploy.page;

import org.jspecify.annotations.NullMarked;
