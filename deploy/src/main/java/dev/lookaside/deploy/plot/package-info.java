/**
 * Draws what was detected in a file: log-mel, posterior curves, detected events on one time axis.
 * The same input gives the same pixels on every machine: glyphs come from a bundled font as
 * outlines, so neither a display nor installed fonts are needed.
 */
@NullMarked
package dev.lookaside.deploy.plot;

import org.jspecify.annotations.NullMarked;
