/**
 * Measures this machine: front end, forward pass, adapters, the whole pipeline, memory. What is
 * compared is run in turns in one process, and the figures are minima and medians: a busy machine
 * shifts both sides alike. Numbers to read, not tests.
 */
@NullMarked
package dev.lookaside.deploy.bench;

import org.jspecify.annotations.NullMarked;
