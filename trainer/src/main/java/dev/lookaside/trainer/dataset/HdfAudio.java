package dev.lookaside.trainer.dataset;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import io.jhdf.HdfFile;
import io.jhdf.api.Dataset;
import io.jhdf.exceptions.HdfException;
import java.nio.file.Path;

/**
 * An HDF5 file with one dataset of mono samples per recording, 16-bit or float, as EPIC-SOUNDS'
 * scripts write it. Stays open as long as the process; one thread reads at a time.
 */
final class HdfAudio {
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
    } catch (HdfException e) {
      throw new TrainerException("%s: is no HDF5 file: %s".formatted(file, e.getMessage()), e);
    }
  }

  boolean has(String name) {
    return hdf.getChild(name) instanceof Dataset;
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
      } catch (HdfException e) {
        throw new TrainerException(
            "%s: dataset \"%s\": cannot be read: %s".formatted(file, name, e.getMessage()), e);
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

    private Dataset dataset() {
      if (!(hdf.getChild(name) instanceof Dataset found) || found.getDimensions().length != 1) {
        throw new TrainerException(
            "%s: dataset \"%s\": must be one row of samples".formatted(file, name));
      }
      return found;
    }
  }
}
