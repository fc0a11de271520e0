package dev.lookaside.deploy.service;

import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.settings.Settings;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The model's files, open. */
record Model(
    @Nullable BundledModel bundled, Backbone backbone, Adapter adapter, DetectorModel detector) {
  static Model load(Settings settings) {
    Path backboneFile = settings.deploy().backboneFile();
    Path adapterFile = settings.deploy().adapter();
    if (backboneFile != null && adapterFile != null) {
      return load(null, backboneFile, adapterFile, settings);
    }
    BundledModel bundled = BundledModel.open();
    try {
      return load(bundled, bundled.backbone(), bundled.adapter(), settings);
    } catch (RuntimeException e) {
      bundled.close();
      throw e;
    }
  }

  private static Model load(
      @Nullable BundledModel bundled, Path backboneFile, Path adapterFile, Settings settings) {
    Backbone backbone = Backbone.load(backboneFile);
    Adapter adapter = Adapter.load(adapterFile);
    return new Model(
        bundled,
        backbone,
        adapter,
        DetectorModel.of(
            backbone,
            adapter,
            settings.featurizer().spec(adapter.frontEnd(), adapter.windowFrames()).hopFrames(),
            settings.detect()));
  }

  boolean isBundled() {
    return bundled != null;
  }

  String backboneName() {
    return bundled == null ? "" : "(the bundled small model)";
  }

  String adapterName() {
    return backboneName();
  }

  void close() {
    if (bundled != null) {
      bundled.close();
    }
  }
}
