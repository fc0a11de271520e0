package dev.lookaside.deploy.hub;

import dev.lookaside.classifier.weights.ViTSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Backbones under short names: what the papers start from and compare with. Sizes are those of the
 * published architectures.
 */
public enum KnownBackbone {
  DEIT_TINY(
      "deit-tiny", "timm/deit_tiny_patch16_224.fb_in1k", Size.TINY, 1, 14, 14, Purpose.IMAGES),
  DEIT_TINY_DISTILLED(
      "deit-tiny-distilled",
      "timm/deit_tiny_distilled_patch16_224.fb_in1k",
      Size.TINY,
      2,
      14,
      14,
      Purpose.IMAGES),
  DEIT_SMALL(
      "deit-small", "timm/deit_small_patch16_224.fb_in1k", Size.SMALL, 1, 14, 14, Purpose.IMAGES),
  DEIT_SMALL_DISTILLED(
      "deit-small-distilled",
      "timm/deit_small_distilled_patch16_224.fb_in1k",
      Size.SMALL,
      2,
      14,
      14,
      Purpose.IMAGES),
  DEIT_BASE(
      "deit-base", "timm/deit_base_patch16_224.fb_in1k", Size.BASE, 1, 14, 14, Purpose.IMAGES),
  DEIT_BASE_DISTILLED(
      "deit-base-distilled",
      "timm/deit_base_distilled_patch16_224.fb_in1k",
      Size.BASE,
      2,
      14,
      14,
      Purpose.IMAGES),
  DEIT_BASE_DISTILLED_384(
      "deit-base-distilled-384",
      "timm/deit_base_distilled_patch16_384.fb_in1k",
      Size.BASE,
      2,
      24,
      24,
      Purpose.PAPER),
  VIT_TINY_AUGREG(
      "vit-tiny-augreg",
      "timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k",
      Size.TINY,
      1,
      14,
      14,
      Purpose.IMAGES_21K),
  VIT_SMALL_AUGREG(
      "vit-small-augreg",
      "timm/vit_small_patch16_224.augreg_in21k_ft_in1k",
      Size.SMALL,
      1,
      14,
      14,
      Purpose.IMAGES_21K),
  VIT_BASE_AUGREG(
      "vit-base-augreg",
      "timm/vit_base_patch16_224.augreg_in21k_ft_in1k",
      Size.BASE,
      1,
      14,
      14,
      Purpose.IMAGES_21K),
  AST_AUDIOSET(
      "ast-audioset",
      "MIT/ast-finetuned-audioset-10-10-0.4593",
      Size.BASE,
      2,
      12,
      101,
      Purpose.AUDIOSET),
  AST_SPEECH_COMMANDS(
      "ast-speech-commands",
      "MIT/ast-finetuned-speech-commands-v2",
      Size.BASE,
      2,
      12,
      12,
      Purpose.SPEECH_COMMANDS),
  SSAST_BASE_PATCH_400("ssast-base-patch-400", null, Size.BASE, 2, 8, 64, Purpose.SSAST),
  MAE_AST_PATCH("mae-ast-patch", null, Size.BASE, 0, 8, 0, Purpose.MAE_AST);

  private enum Size {
    TINY(192),
    SMALL(384),
    BASE(768);

    private static final int DEPTH = 12;
    private final int width;

    Size(int width) {
      this.width = width;
    }

    private long parameters(int channels, int specials, int patches) {
      long d = width;
      long block = 12 * d * d + 13 * d;
      long stem = channels * ViTSpec.PATCH * ViTSpec.PATCH * d + d;
      return stem + (2L * specials + patches) * d + DEPTH * block + 2 * d;
    }
  }

  private enum Purpose {
    IMAGES("Apache-2.0", "ImageNet-1k pictures: a start for adapters", null),
    PAPER("Apache-2.0", "ImageNet-1k pictures: what AST and the LoAA paper start from", null),
    IMAGES_21K("Apache-2.0", "ImageNet-21k, then 1k pictures: a start for adapters", null),
    AUDIOSET(
        "BSD-3-Clause", "AudioSet sounds (10 s): comparison, or a start with little data", null),
    SPEECH_COMMANDS("BSD-3-Clause", "spoken words (1 s)", null),
    SSAST(
        "BSD-3-Clause",
        "AudioSet and LibriSpeech without labels: comparison",
        "https://github.com/YuanGongND/ssast (SSAST-Base-Patch-400.pth)"),
    MAE_AST(
        "none stated",
        "AudioSet and LibriSpeech without labels: comparison",
        "https://github.com/AlanBaade/MAE-AST-Public (chunk_patch_75_12LayerEncoder.pt)");

    private boolean ofPictures() {
      return this == IMAGES || this == PAPER || this == IMAGES_21K;
    }

    private final String licence;
    private final String use;
    private final @Nullable String elsewhere;

    Purpose(String licence, String use, @Nullable String elsewhere) {
      this.licence = licence;
      this.use = use;
      this.elsewhere = elsewhere;
    }
  }

  private final String word;
  private final @Nullable String repo;
  private final Size size;
  private final int specials;
  private final int rows;
  private final int columns;
  private final Purpose purpose;

  KnownBackbone(
      String word,
      @Nullable String repo,
      Size size,
      int specials,
      int rows,
      int columns,
      Purpose purpose) {
    this.word = word;
    this.repo = repo;
    this.size = size;
    this.specials = specials;
    this.rows = rows;
    this.columns = columns;
    this.purpose = purpose;
  }

  /** The backbone of a short name. */
  public static Optional<KnownBackbone> of(String word) {
    return Arrays.stream(values()).filter(k -> k.word.equals(word)).findFirst();
  }

  /** All short names. */
  public static List<String> words() {
    return Arrays.stream(values()).map(KnownBackbone::word).toList();
  }

  /** What the command line calls it. */
  public String word() {
    return word;
  }

  /** Where the hub has it, if it does so as safetensors. */
  public Optional<HubRepo> repo() {
    return Optional.ofNullable(repo).flatMap(HubRepo::parse);
  }

  /** Page and file of one that is no safetensors file of the hub. */
  public Optional<String> elsewhere() {
    return Optional.ofNullable(purpose.elsewhere);
  }

  public String licence() {
    return purpose.licence;
  }

  /** What it was trained on and is good for. */
  public String use() {
    return purpose.use;
  }

  /** Values of the file, without the heads that it was trained with. */
  public long parameters() {
    boolean pictures = purpose.ofPictures();
    return size.parameters(pictures ? 3 : 1, specials, rows * columns);
  }

  public int width() {
    return size.width;
  }

  /** Tokens of a window of 128 mels and {@code frames}, patches side by side. */
  public int tokens(int frames) {
    return specials + 128 / ViTSpec.PATCH * (frames / ViTSpec.PATCH);
  }
}
