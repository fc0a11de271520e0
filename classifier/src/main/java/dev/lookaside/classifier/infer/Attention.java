package dev.lookaside.classifier.infer;

/**
 * Logits with the attention of the last block.
 *
 * @param logits per window
 * @param heads attention heads
 * @param tokens special tokens, then patches, frequency-major
 * @param attention per window, row-major {@code [heads][tokens][tokens]}: a row is what one token
 *     attends to and sums to 1
 */
public record Attention(float[][] logits, int heads, int tokens, float[][] attention) {}
