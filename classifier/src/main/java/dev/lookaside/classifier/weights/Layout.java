package dev.lookaside.classifier.weights;

import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The naming schemes of backbone files, and the LayerNorm epsilon each one's models use. */
enum Layout {
  TIMM("timm", 1e-6f),
  OFFICIAL_AST("official AST / SSAST state dict", 1e-6f),
  HF_OLD("Hugging Face (encoder.layer.N)", 1e-12f),
  HF_NEW("Hugging Face 5 (layers.N)", 1e-12f),
  MAE_AST("MAE-AST state dict (patches of 16 x 16)", 1e-5f);

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

  /** Whether query, key and value are three tensors. */
  boolean hasSplitQkv() {
    return this == HF_OLD || this == HF_NEW || this == MAE_AST;
  }

  /** A layout and the prefix of its names. */
  record Found(Layout layout, String prefix) {}

  /** What training programs put before every name: data parallel, compiled, wrapped modules. */
  private static final String WRAPPERS = "(?:(?:module|model|_orig_mod)\\.)*";

  private static final Pattern TIMM_CLS = Pattern.compile("(" + WRAPPERS + ")cls_token");
  private static final Pattern AST_CLS =
      Pattern.compile("(" + WRAPPERS + "v\\.(?:_orig_mod\\.)?)cls_token");
  private static final Pattern HF_CLS =
      Pattern.compile(
          "("
              + WRAPPERS
              + "(?:(?:audio_spectrogram_transformer|vit|deit)\\.)?"
              + WRAPPERS
              + ")embeddings\\.cls_token");

  private static final Pattern MAE_AST_STEM =
      Pattern.compile("(" + WRAPPERS + ")post_extract_proj\\.weight");

  /** Of a model without special tokens. */
  private static final Pattern TIMM_POSITIONS = Pattern.compile("(" + WRAPPERS + ")pos_embed");

  private static final Pattern SHARD = Pattern.compile(".*-\\d+-of-(\\d+)\\.safetensors");

  /** Recognises a file by the name of its cls token, or of what a model without one has. */
  static Found of(String source, Set<String> names) {
    for (String name : names) {
      Matcher timm = TIMM_CLS.matcher(name);
      if (timm.matches()) {
        return new Found(TIMM, timm.group(1));
      }
      Matcher ast = AST_CLS.matcher(name);
      if (ast.matches()) {
        return new Found(OFFICIAL_AST, ast.group(1));
      }
      Matcher hf = HF_CLS.matcher(name);
      if (hf.matches()) {
        String prefix = hf.group(1);
        boolean fresh = names.stream().anyMatch(n -> n.startsWith(prefix + "layers."));
        return new Found(fresh ? HF_NEW : HF_OLD, prefix);
      }
    }
    Matcher shard = SHARD.matcher(source);
    if (shard.matches()) {
      throw new WeightsException(
          "%s: is one of %d files of a model: give its index, model.safetensors.index.json"
              .formatted(source, Integer.parseInt(shard.group(1))));
    }
    for (String name : names) {
      Matcher maeAst = MAE_AST_STEM.matcher(name);
      if (maeAst.matches() && names.contains(maeAst.group(1) + "encoder.layers.0.fc1.weight")) {
        return new Found(MAE_AST, maeAst.group(1));
      }
      Matcher timm = TIMM_POSITIONS.matcher(name);
      if (timm.matches() && names.contains(timm.group(1) + "blocks.0.norm1.weight")) {
        return new Found(TIMM, timm.group(1));
      }
    }
    throw new WeightsException(
        ("%s: no known backbone layout: expected a tensor \"cls_token\" (timm), \"module.v.cls_token\""
                + " (AST, SSAST), \"...embeddings.cls_token\" (Hugging Face) or \"post_extract_proj.weight\" (MAE-AST) among its %d tensors")
            .formatted(source, names.size()));
  }

  /** What one of the model's own names is called in such a file, without prefix. */
  String fileName(String own) {
    if (!hasSplitQkv()) {
      return own;
    }
    if (this == MAE_AST) {
      return maeAstName(own);
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

  private static String maeAstName(String own) {
    return own.replaceFirst("^norm\\.", "encoder.layer_norm.")
        .replaceFirst("^patch_embed\\.proj\\.", "post_extract_proj.")
        .replaceFirst("^blocks\\.", "encoder.layers.")
        .replace(".norm1.", ".self_attn_layer_norm.")
        .replace(".norm2.", ".final_layer_norm.")
        .replace(".attn.proj.", ".self_attn.out_proj.")
        .replace(".attn.qkv.", ".self_attn.?_proj.")
        .replace(".mlp.fc", ".fc");
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
        this == HF_OLD ? new String[] {"query", "key", "value"} : new String[] {"q", "k", "v"};
    String[] names = new String[3];
    for (int i = 0; i < 3; i++) {
      names[i] = pattern.replace("?", parts[i]);
    }
    return names;
  }

  /** The name before the number of a block, without prefix. */
  String blockPrefix() {
    return switch (this) {
      case TIMM, OFFICIAL_AST -> "blocks.";
      case HF_OLD -> "encoder.layer.";
      case HF_NEW -> "layers.";
      case MAE_AST -> "encoder.layers.";
    };
  }
}
