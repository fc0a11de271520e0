/**
 * What every command shares: errors and exit codes, progress on the terminal, orderly interruption.
 *
 * <p>Promise: a wrong option is named with its value and ends with exit code 2, a failed run with
 * 1, a finished one with 0; Ctrl-C stops in order.
 */
@NullMarked
package dev.lookaside.deploy.console;

import org.jspecify.annotations.NullMarked;
