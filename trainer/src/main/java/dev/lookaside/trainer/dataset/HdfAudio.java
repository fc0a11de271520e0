package dev.lookaside.trainer.dataset;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import io.jhdf.HdfFile;
import io.jhdf.api.Dataset;
import io.jhdf.api.Node;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * An HDF5 file with one dataset of mono samples per recording, 16-bit or float, as EPIC-SOUNDS'
 * scripts write it. Stays open as long as the process; one thread reads at a time.
 */
final class HdfAudio implements AutoCloseable {
  private static final float FULL_SCALE = 32_768f;

  private final Path file;
  private final int rateHz;
  private final HdfFile hdf;

  /**
   * @throws TrainerException naming the file that is no HDF5
   */
  HdfAudio(Path file, int rateHz) {
    this.file = file;
    this.rateHz = rateHz;
    try {
      this.hdf = new HdfFile(file);
    } catch (RuntimeException e) {
      // jHDF indexes by the bytes of the file, so a damaged file fails in many ways.
      throw new TrainerException(file + ": is not a valid HDF5 file", e);
    }
  }

  boolean has(String name) {
    return node(name) instanceof Dataset;
  }

  private @Nullable Node node(String name) {
    try {
      return hdf.getChild(name);
    } catch (RuntimeException e) {
      throw damaged(name, e);
    }
  }

  private TrainerException damaged(String name, RuntimeException e) {
    return new TrainerException("%s: dataset \"%s\": is damaged".formatted(file, name), e);
  }

  @Override
  public void close() {
    hdf.close();
  }

  Recording recording(String name) {
    return new OfDataset(name);
  }

  private final class OfDataset implements Recording {
    private final String name;

    OfDataset(String name) {
      this.name = name;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public Pcm read() {
      synchronized (hdf) {
        return read(0, Math.toIntExact(dataset().getSize()));
      }
    }

    @Override
    public Pcm read(Span span) {
      synchronized (hdf) {
        int[] cut = cut(span, rateHz, dataset().getSize());
        return read(cut[0], cut[1]);
      }
    }

    @Override
    public Extent extent() {
      synchronized (hdf) {
        return new Extent(rateHz, dataset().getSize());
      }
    }

    private Pcm read(int from, int until) {
      Object slice;
      try {
        slice = dataset().getData(new long[] {from}, new int[] {until - from});
      } catch (RuntimeException e) {
        throw damaged(name, e);
      }
      if (slice instanceof short[] samples) {
        float[] out = new float[samples.length];
        for (int i = 0; i < out.length; i++) {
          out[i] = samples[i] / FULL_SCALE;
        }
        return new Pcm(rateHz, out);
      }
      if (slice instanceof float[] samples) {
        return new Pcm(rateHz, samples);
      }
      throw new TrainerException(
          "%s: dataset \"%s\": type \"%s\": must be 16-bit or float samples"
              .formatted(file, name, slice.getClass().getSimpleName()));
    }

    private boolean oneRow(Dataset found) {
      try {
        return found.getDimensions().length == 1;
      } catch (RuntimeException e) {
        throw damaged(name, e);
      }
    }

    private Dataset dataset() {
      if (!(node(name) instanceof Dataset found) || !oneRow(found)) {
        throw new TrainerException(
            "%s: dataset \"%s\": must be one row of samples".formatted(file, name));
      }
      return found;
    }
  }
}
