/**
 * The laboratory: commands that fit, evaluate, compare, calibrate, explain and plot models on
 * files. None of them needs a broker, and no operation is needed by them.
 */
@NullMarked
package dev.lookaside.deploy.lab;

import org.jspecify.annotations.NullMarked;
