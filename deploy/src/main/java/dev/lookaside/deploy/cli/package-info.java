/**
 * The command line: one class per command of {@code lookaside}.
 *
 * <p>Promise: results go to standard output and nothing else does; messages about the run go to
 * standard error; a wrong option is named with its value and ends with exit code 2, a failed run
 * with 1, a finished one with 0; Ctrl-C stops in order.
 */
@NullMarked
package dev.lookaside.deploy.cli;

import org.jspecify.annotations.NullMarked;
