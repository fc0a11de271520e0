package dev.lookaside.classifier.weights;

import java.util.Set;

/** The naming schemes of backbone files, and the LayerNorm epsilon each one's models use. */
enum Layout {
  TIMM("timm", 1e-6f),
  OFFICIAL_AST("official AST / SSAST state dict", 1e-6f),
  HF_OLD("Hugging Face (encoder.layer.N)", 1e-12f),
  HF_NEW("Hugging Face 5 (layers.N)", 1e-12f);

  private final String description;
  private final float epsilon;

  Layout(String description, float epsilon) {
    this.description = description;
    this.epsilon = epsilon;
  }

  String description() {
    return description;
  }

  float epsilon() {
    return epsilon;
  }

  boolean isHuggingFace() {
    return this == HF_OLD || this == HF_NEW;
  }

  /** A layout and what stands before every one of its names. */
  record Found(Layout layout, String prefix) {}

  private static final String[] HF_PREFIXES = {
    "", "audio_spectrogram_transformer.", "vit.", "deit.", "model."
  };

  /** Recognises a file by the name of its cls token. */
  static Found of(String source, Set<String> names) {
    for (String prefix : new String[] {"", "module.", "model."}) {
      if (names.contains(prefix + "cls_token")) {
        return new Found(TIMM, prefix);
      }
      if (names.contains(prefix + "v.cls_token")) {
        return new Found(OFFICIAL_AST, prefix + "v.");
      }
    }
    for (String outer : new String[] {"", "module."}) {
      for (String inner : HF_PREFIXES) {
        String prefix = outer + inner;
        if (names.contains(prefix + "embeddings.cls_token")) {
          boolean fresh = names.stream().anyMatch(n -> n.startsWith(prefix + "layers."));
          return new Found(fresh ? HF_NEW : HF_OLD, prefix);
        }
      }
    }
    throw new WeightsException(
        ("%s: no known backbone layout: expected a tensor \"cls_token\" (timm), \"module.v.cls_token\""
                + " (AST, SSAST) or \"...embeddings.cls_token\" (Hugging Face) among its %d tensors")
            .formatted(source, names.size()));
  }

  /** What one of the model's own names is called in such a file, without prefix. */
  String fileName(String own) {
    if (!isHuggingFace()) {
      return own;
    }
    return switch (own) {
      case "cls_token" -> "embeddings.cls_token";
      case "dist_token" -> "embeddings.distillation_token";
      case "pos_embed" -> "embeddings.position_embeddings";
      case "patch_embed.proj.weight" -> "embeddings.patch_embeddings.projection.weight";
      case "patch_embed.proj.bias" -> "embeddings.patch_embeddings.projection.bias";
      case "norm.weight" -> "layernorm.weight";
      case "norm.bias" -> "layernorm.bias";
      default -> blockName(own);
    };
  }

  private String blockName(String own) {
    String[] parts = own.split("\\.", 3);
    String renamed = parts[2];
    renamed = renamed.replace("norm1.", "layernorm_before.").replace("norm2.", "layernorm_after.");
    if (this == HF_NEW) {
      renamed =
          renamed
              .replace("attn.proj.", "attention.o_proj.")
              .replace("attn.qkv.", "attention.?_proj.");
      return "layers." + parts[1] + "." + renamed;
    }
    renamed =
        renamed
            .replace("attn.proj.", "attention.output.dense.")
            .replace("attn.qkv.", "attention.attention.?.")
            .replace("mlp.fc1.", "intermediate.dense.")
            .replace("mlp.fc2.", "output.dense.");
    return "encoder.layer." + parts[1] + "." + renamed;
  }

  /** Names of query, key and value where the file keeps them apart; {@code own} names qkv. */
  String[] splitQkv(String own) {
    String pattern = fileName(own);
    String[] parts =
        this == HF_NEW ? new String[] {"q", "k", "v"} : new String[] {"query", "key", "value"};
    String[] names = new String[3];
    for (int i = 0; i < 3; i++) {
      names[i] = pattern.replace("?", parts[i]);
    }
    return names;
  }

  /** What stands before the number of a block, without prefix. */
  String blockPrefix() {
    return switch (this) {
      case TIMM, OFFICIAL_AST -> "blocks.";
      case HF_OLD -> "encoder.layer.";
      case HF_NEW -> "layers.";
    };
  }
}
