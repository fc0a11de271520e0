package dev.lookaside.classifier.weights;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.featurizer.FrontEnd;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The checked metadata of an adapter file. {@code thresholds} has every label, in their order. */
record AdapterMetadata(
    List<String> labels,
    Activation activation,
    HeadKind head,
    int windowFrames,
    int stride,
    FrontEnd frontEnd,
    float mean,
    float std,
    Map<Site, Kernel> kernels,
    Map<String, Threshold> thresholds,
    Optional<String> backbone,
    SortedMap<String, String> raw) {
  static final String FORMAT = "lookaside-adapter/1";
  static final int MAX_WINDOW_FRAMES = 8192;

  /** Reads it from a file's metadata, or complains about {@code source}. */
  static AdapterMetadata parse(String source, Map<String, String> metadata) {
    return new Reader(source, metadata).read();
  }

  private static final class Reader {
    private final String source;
    private final Map<String, String> metadata;

    Reader(String source, Map<String, String> metadata) {
      this.source = source;
      this.metadata = metadata;
    }

    AdapterMetadata read() {
      String format = required("format");
      if (!format.equals(FORMAT)) {
        throw bad("format", "must be " + FORMAT);
      }
      List<String> labels = labels();
      return new AdapterMetadata(
          labels,
          activation(),
          head(),
          windowFrames(),
          stride(),
          frontEnd(),
          number("mean", false),
          number("std", true),
          kernels(),
          thresholds(labels),
          backbone(),
          Collections.unmodifiableSortedMap(new TreeMap<>(metadata)));
    }

    private String required(String key) {
      String value = metadata.get(key);
      if (value == null) {
        throw new WeightsException(
            "%s: metadata %s: is missing (an adapter file needs it)".formatted(source, key));
      }
      return value;
    }

    private WeightsException bad(String key, String complaint) {
      String value = metadata.getOrDefault(key, "");
      String shown = value.length() <= 200 ? value : value.substring(0, 200) + "...";
      return WeightsException.metadata(source, key, shown, complaint);
    }

    private JsonNode json(String key) {
      try {
        return StrictJson.parse(required(key));
      } catch (NotJsonException e) {
        throw bad(key, e.getMessage());
      }
    }

    private List<String> labels() {
      JsonNode node = json("labels");
      List<String> labels = new ArrayList<>();
      if (!node.isArray() || node.isEmpty()) {
        throw bad("labels", "must be a JSON array of at least one string");
      }
      for (JsonNode label : node) {
        if (!label.isTextual()) {
          throw bad("labels", "must hold strings, found " + label);
        }
        labels.add(label.textValue());
      }
      ClassName.fault(labels)
          .ifPresent(
              fault -> {
                throw bad("labels", fault);
              });
      return List.copyOf(labels);
    }

    private Activation activation() {
      String word = required("activation");
      for (Activation a : Activation.values()) {
        if (a.word().equals(word)) {
          return a;
        }
      }
      throw bad("activation", "must be softmax or sigmoid");
    }

    private HeadKind head() {
      String word = metadata.getOrDefault("head", HeadKind.CLIP.word());
      for (HeadKind h : HeadKind.values()) {
        if (h.word().equals(word)) {
          return h;
        }
      }
      throw bad("head", "must be clip or columns");
    }

    private int windowFrames() {
      return whole("window_frames", required("window_frames"), ViTSpec.PATCH, MAX_WINDOW_FRAMES);
    }

    private int stride() {
      String text = metadata.get("stride");
      if (text == null) {
        return ViTSpec.PATCH;
      }
      int from = head() == HeadKind.COLUMNS ? ViTSpec.PATCH : 1;
      return whole("stride", text, from, ViTSpec.PATCH);
    }

    private int whole(String key, String text, int from, int to) {
      int number;
      try {
        number = Integer.parseInt(text);
      } catch (NumberFormatException e) {
        throw bad(key, "must be a whole number");
      }
      if (number < from || number > to) {
        throw bad(key, from == to ? "must be " + from : "must be " + from + " to " + to);
      }
      return number;
    }

    private FrontEnd frontEnd() {
      try {
        return FrontEnd.of(required("frontend"));
      } catch (IllegalArgumentException e) {
        throw bad("frontend", "is no front end of this version: " + e.getMessage());
      }
    }

    private float number(String key, boolean positive) {
      float value;
      try {
        value = Float.parseFloat(required(key));
      } catch (NumberFormatException e) {
        throw bad(key, "must be a number");
      }
      if (!Float.isFinite(value) || (positive && value <= 0)) {
        throw bad(key, positive ? "must be finite and above 0" : "must be finite");
      }
      return value;
    }

    private Map<Site, Kernel> kernels() {
      Map<Site, Kernel> kernels = new LinkedHashMap<>();
      for (Site site : Site.values()) {
        String key = site.word() + "_kernel";
        String word = metadata.get(key);
        if (word != null) {
          try {
            kernels.put(site, Kernel.of(word));
          } catch (IllegalArgumentException e) {
            throw bad(key, "must be 1x1, 1x3, 3x1 or 3x3");
          }
        }
      }
      return Map.copyOf(kernels);
    }

    private Map<String, Threshold> thresholds(List<String> labels) {
      Map<String, Threshold> thresholds = new LinkedHashMap<>();
      labels.forEach(l -> thresholds.put(l, Threshold.DEFAULT));
      if (metadata.containsKey("thresholds")) {
        JsonNode node = json("thresholds");
        if (!node.isObject()) {
          throw bad("thresholds", "must be a JSON object of label to {on, off}");
        }
        for (Map.Entry<String, JsonNode> e : node.properties()) {
          if (!thresholds.containsKey(e.getKey())) {
            throw bad("thresholds", "label \"" + e.getKey() + "\" is not among the labels");
          }
          thresholds.put(e.getKey(), threshold(e.getKey(), e.getValue()));
        }
      }
      return Collections.unmodifiableMap(thresholds);
    }

    private Threshold threshold(String label, JsonNode node) {
      JsonNode on = node.path("on");
      JsonNode off = node.path("off");
      if (!on.isNumber() || !off.isNumber()) {
        throw bad("thresholds", "label \"" + label + "\" needs numbers on and off, found " + node);
      }
      try {
        JsonNode length = node.path("minLengthMillis");
        if (!length.isMissingNode() && !(length.isIntegralNumber() && length.canConvertToInt())) {
          throw bad(
              "thresholds",
              "label \""
                  + label
                  + "\": minLengthMillis "
                  + length
                  + ": must be a whole number up to 3600000");
        }
        return new Threshold(on.doubleValue(), off.doubleValue(), length.asInt(0));
      } catch (IllegalArgumentException e) {
        throw bad("thresholds", "label \"" + label + "\": " + e.getMessage());
      }
    }

    private Optional<String> backbone() {
      String digest = metadata.get("backbone");
      if (digest != null && !digest.matches("[0-9a-f]{64}")) {
        throw bad("backbone", "must be 64 lower-case hex digits (sha256)");
      }
      return Optional.ofNullable(digest);
    }
  }
}
