/**
 * The demo: streams composed of real sounds with known truth, sent in real time through a real
 * Kafka and the real pipeline, shown live and judged at the end.
 *
 * <p>Promise: nothing here looks into the pipeline to judge it. Events are counted from what a
 * plain consumer reads from {@code audio.detections}, windows against what the sent samples must
 * give, latencies against the clock.
 */
@NullMarked
package dev.lookaside.deploy.demo;

import org.jspecify.annotations.NullMarked;
