package dev.lookaside.classifier.weights;

import dev.lookaside.classifier.weights.WeightsException.Fault;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Checks every tensor of an adapter file against its metadata and against each other. */
final class AdapterLoader {
  private static final Pattern CONV =
      Pattern.compile("blocks\\.(\\d{1,4})\\.(attn|mlp)\\.loaa\\.(?:down|up)\\.weight");

  /** No vision transformer is deeper; keeps a made-up block number from costing memory. */
  private static final int MAX_BLOCKS = 1024;

  private final Safetensors file;
  private final String source;
  private final TreeMap<String, FloatTensor> tensors = new TreeMap<>();

  AdapterLoader(Safetensors file) {
    this.file = file;
    this.source = file.source();
  }

  Adapter load(String digest) {
    AdapterMetadata metadata = AdapterMetadata.parse(source, file.metadata());
    int width = width();
    int classes = metadata.labels().size();
    take("head.norm.weight", width);
    take("head.norm.bias", width);
    takeHead("head.fc.weight", classes, width);
    takeHead("head.fc.bias", classes);
    Map<Site, List<Optional<Bottleneck>>> sites = new EnumMap<>(Site.class);
    int blocks = blocks();
    for (Site site : Site.values()) {
      sites.put(site, bottlenecks(site, blocks, width, metadata));
    }
    Set<String> unknown = new HashSet<>(file.names());
    unknown.removeAll(tensors.keySet());
    if (!unknown.isEmpty()) {
      throw WeightsException.tensor(
          source, unknown.iterator().next(), "is not part of an adapter file");
    }
    AdapterShape shape =
        new AdapterShape(
            width,
            metadata.windowFrames(),
            metadata.frontEnd().mels(),
            metadata.stride(),
            classes,
            metadata.head(),
            sites.getOrDefault(Site.ATTN, List.of()),
            sites.getOrDefault(Site.MLP, List.of()));
    return new Adapter(digest, metadata, shape, tensors);
  }

  private int width() {
    int[] s = file.shape("head.norm.weight");
    if (s == null || s.length != 1 || s[0] < 1) {
      throw WeightsException.tensor(
          Fault.SHAPE,
          source,
          "head.norm.weight",
          "expected shape [width], found " + (s == null ? "no such tensor" : Arrays.toString(s)));
    }
    return s[0];
  }

  private void takeHead(String name, int... expected) {
    int[] found = file.shape(name);
    if (found != null && found.length == expected.length && found[0] != expected[0]) {
      throw WeightsException.tensor(
          Fault.LABELS,
          source,
          name,
          "has %d rows, but metadata labels names %d labels".formatted(found[0], expected[0]));
    }
    take(name, expected);
  }

  private void take(String name, int... expected) {
    FloatTensor tensor = file.floats(name, expected);
    FloatBuffer data = tensor.buffer();
    for (int i = 0; i < data.capacity(); i++) {
      if (!Float.isFinite(data.get(i))) {
        throw WeightsException.tensor(
            Fault.VALUE, source, name, "value %d is %s: must be finite".formatted(i, data.get(i)));
      }
    }
    tensors.put(name, tensor);
  }

  private int blocks() {
    int blocks = 0;
    for (String name : file.names()) {
      Matcher m = CONV.matcher(name);
      if (m.matches()) {
        int block = Integer.parseInt(m.group(1));
        if (block >= MAX_BLOCKS || !m.group(1).equals(Integer.toString(block))) {
          throw WeightsException.tensor(
              source, name, "block \"" + m.group(1) + "\": must be 0 to " + (MAX_BLOCKS - 1));
        }
        blocks = Math.max(blocks, block + 1);
      }
    }
    return blocks;
  }

  private List<Optional<Bottleneck>> bottlenecks(
      Site site, int blocks, int width, AdapterMetadata metadata) {
    List<Optional<Bottleneck>> all = new ArrayList<>();
    Kernel kernel = metadata.kernels().get(site);
    boolean any = false;
    for (int b = 0; b < blocks; b++) {
      String down = Adapter.convName(b, site, "down");
      String up = Adapter.convName(b, site, "up");
      if (!file.has(down) && !file.has(up)) {
        all.add(Optional.empty());
        continue;
      }
      any = true;
      if (kernel == null) {
        throw WeightsException.tensor(
            source, down, "metadata " + site.word() + "_kernel is missing");
      }
      int[] s = file.shape(down);
      int rank = s != null && s.length == 4 ? s[0] : 1;
      if (rank < 1 || rank > 4096) {
        throw WeightsException.tensor(
            Fault.SHAPE, source, down, "rank \"" + rank + "\": must be 1 to 4096");
      }
      take(down, rank, width, kernel.freq(), kernel.time());
      take(up, width, rank, kernel.freq(), kernel.time());
      all.add(Optional.of(new Bottleneck(kernel, rank)));
    }
    if (kernel != null && !any) {
      throw WeightsException.metadata(
          source,
          site.word() + "_kernel",
          kernel.word(),
          "but there is no tensor " + Adapter.convName(0, site, "down"));
    }
    return all;
  }
}
