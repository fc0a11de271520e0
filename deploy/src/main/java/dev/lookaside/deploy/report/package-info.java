/**
 * A fit as one self-contained HTML document: loss, and what an evaluation found. All figures and
 * curves are of the files in the run's folder; drawing is inline SVG, and nothing is loaded.
 */
@NullMarked
package dev.lookaside.deploy.report;

import org.jspecify.annotations.NullMarked;
