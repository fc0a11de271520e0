/**
 * What a fit learns from: windows with targets, cut from folders of clips, from composed scenes or
 * from whole recordings, or images in their place, varied by augmentation. Whatever is random comes
 * from a generator that the caller hands in, so an example is a pure function of its source, its
 * index and that generator.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.example;
