package dev.lookaside.classifier.detect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.classifier.weights.Adapter;
import java.util.Collections;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A decoder of whole clips with the numbers that were chosen for an adapter on validation data, as
 * they are in the adapter's metadata:
 *
 * <pre>
 * decoders = {"sebb":   {"stepSeconds": 0.48, "absoluteMerge": 0.2, "relativeMerge": 2, "thresholds": {"bell": 0.31}},
 *             "median": {"cells": 3, "thresholds": {"bell": 0.4}}}
 * </pre>
 *
 * @param thresholds by label; a label that is absent has the adapter's on threshold
 */
public record TunedDecoder(Kind kind, BoxDecoder decoder, SortedMap<String, Double> thresholds) {
  /** Key of the metadata. */
  public static final String METADATA = "decoders";

  /** Decoders of whole clips; names in files are these in lower case. */
  public enum Kind {
    SEBB,
    MEDIAN;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public TunedDecoder {
    thresholds = Collections.unmodifiableSortedMap(new TreeMap<>(thresholds));
  }

  /**
   * The decoder of a kind that was tuned for an adapter, or else the kind's usual numbers.
   *
   * @throws DetectException naming what the metadata holds instead
   */
  public static TunedDecoder of(Adapter adapter, Kind kind) {
    JsonNode node = metadata(adapter).path(kind.word());
    SortedMap<String, Double> thresholds = new TreeMap<>();
    node.path("thresholds")
        .fields()
        .forEachRemaining(
            e -> {
              if (!e.getValue().isNumber() || !adapter.labels().contains(e.getKey())) {
                throw wrong(adapter, "threshold of \"%s\"".formatted(e.getKey()), e.getValue());
              }
              thresholds.put(e.getKey(), e.getValue().doubleValue());
            });
    return new TunedDecoder(kind, decoder(kind, adapter, node), thresholds);
  }

  private static BoxDecoder decoder(Kind kind, Adapter adapter, JsonNode node) {
    if (kind == Kind.MEDIAN) {
      return new MedianDecoder((int) number(adapter, node, "cells", MedianDecoder.USUAL_CELLS));
    }
    ChangePointDecoder.Settings usual = ChangePointDecoder.Settings.DEFAULT;
    return new ChangePointDecoder(
        new ChangePointDecoder.Settings(
            number(adapter, node, "stepSeconds", usual.stepSeconds()),
            number(adapter, node, "absoluteMerge", usual.absoluteMerge()),
            number(adapter, node, "relativeMerge", usual.relativeMerge())));
  }

  private static double number(Adapter adapter, JsonNode node, String field, double otherwise) {
    JsonNode value = node.path(field);
    if (value.isMissingNode()) {
      return otherwise;
    }
    if (!value.isNumber()) {
      throw wrong(adapter, field, value);
    }
    return value.doubleValue();
  }

  private static DetectException wrong(Adapter adapter, String what, Object found) {
    return new DetectException(
        "adapter %s, metadata \"%s\": %s \"%s\": must be a number, for one of the labels %s"
            .formatted(adapter.digest(), METADATA, what, found, adapter.labels()));
  }

  private static JsonNode metadata(Adapter adapter) {
    try {
      return StrictJson.parse(adapter.metadata().getOrDefault(METADATA, "{}"));
    } catch (NotJsonException e) {
      throw new DetectException(
          "adapter %s, metadata \"%s\": %s".formatted(adapter.digest(), METADATA, e.getMessage()));
    }
  }

  /** The metadata of an adapter with this decoder in it. */
  public String into(Adapter adapter) {
    ObjectNode all = JsonNodeFactory.instance.objectNode();
    metadata(adapter).fields().forEachRemaining(e -> all.set(e.getKey(), e.getValue()));
    ObjectNode own = all.putObject(kind.word());
    if (decoder instanceof MedianDecoder median) {
      own.put("cells", median.cells());
    } else if (decoder instanceof ChangePointDecoder sebb) {
      own.put("stepSeconds", sebb.settings().stepSeconds())
          .put("absoluteMerge", sebb.settings().absoluteMerge())
          .put("relativeMerge", sebb.settings().relativeMerge());
    }
    ObjectNode levels = own.putObject("thresholds");
    thresholds.forEach((label, t) -> levels.put(label, Math.round(t * 1e4) / 1e4));
    return all.toString();
  }

  /**
   * What was found in a clip, decoded by this.
   *
   * @param otherwise thresholds of labels without one, in the order of the clip's labels
   */
  public ClipDetections decode(ClipDetections clip, double[] otherwise) {
    double[] levels = otherwise.clone();
    for (int c = 0; c < levels.length; c++) {
      levels[c] = thresholds.getOrDefault(clip.labels().get(c), levels[c]);
    }
    return decoder.decode(clip, levels);
  }
}
