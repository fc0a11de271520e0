/**
 * What is shipped inside the jars: the demo model, the demo's recordings, and a Kafka broker that
 * runs in this process. Each is unpacked or started on request and removed when closed.
 */
@NullMarked
package dev.lookaside.deploy.bundled;

import org.jspecify.annotations.NullMarked;
