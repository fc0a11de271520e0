/**
 * The configuration of a process, read once at the start: application.conf over each module's
 * reference.conf. Nothing else reads {@code Config}.
 */
@NullMarked
package dev.lookaside.deploy.settings;

import org.jspecify.annotations.NullMarked;
