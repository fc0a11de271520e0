/**
 * Backbones from a Hugging Face hub. Files lie in the cache that Hugging Face's own tools use, so
 * that nothing is downloaded twice; each is checked against the hub's digest before it has its
 * name. Nothing is asked of the network for a backbone that is cached, or with HF_HUB_OFFLINE.
 */
@NullMarked
package dev.lookaside.deploy.hub;

import org.jspecify.annotations.NullMarked;
