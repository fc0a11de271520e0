/**
 * The running thing: settings, the actors that join the modules into one pipeline, metrics, and a
 * real Kafka inside this JVM.
 *
 * <p>Promise: whatever starts here stops here, in order, with nothing left behind; every setting
 * comes from one {@code Config} read once; the parts it joins know nothing of it.
 */
@NullMarked
package dev.lookaside.deploy;

import org.jspecify.annotations.NullMarked;
