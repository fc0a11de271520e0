package dev.lookaside.trainer.dataset;

import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import java.lang.ref.SoftReference;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Sound of a data set that is read when it is needed. Any thread may read. */
public interface Recording {
  /** Unique in its data set: what events and submissions call it. */
  String name();

  /**
   * All of it.
   *
   * @throws dev.lookaside.ingest.IngestException or {@link TrainerException} if there is none to be
   *     had
   */
  Pcm read();

  /**
   * Rate and number of its samples. Reads all of it by default.
   *
   * @throws dev.lookaside.ingest.IngestException or {@link TrainerException} as {@link #read()}
   */
  default Extent extent() {
    Pcm all = read();
    return new Extent(all.rateHz(), all.lengthSamples());
  }

  /**
   * How much there is of a recording.
   *
   * @param samples at {@code rateHz}
   */
  record Extent(int rateHz, long samples) {}

  /**
   * A part of it: the samples {@code [int(onset * rate), int(offset * rate))}, as far as the
   * recording goes.
   *
   * @throws TrainerException if the recording ends before the part begins
   */
  default Pcm read(Span span) {
    return part(read(), span);
  }

  /** The same part of samples that are in memory. */
  default Pcm part(Pcm whole, Span span) {
    int[] cut = cut(span, whole.rateHz(), whole.lengthSamples());
    return whole.part(cut[0], cut[1]);
  }

  /** First and end sample of a part of a recording of so many samples. */
  default int[] cut(Span span, int rateHz, long samples) {
    long from = (long) (span.onsetSeconds() * rateHz);
    long until = Math.min(samples, (long) (span.offsetSeconds() * rateHz));
    if (from >= until) {
      throw new TrainerException(
          "%s: span \"%s to %s s\": lies outside its %.3f s"
              .formatted(
                  name(), span.onsetSeconds(), span.offsetSeconds(), (double) samples / rateHz));
    }
    return new int[] {Math.toIntExact(from), Math.toIntExact(until)};
  }

  /**
   * A file, channels mixed. The file read last stays in memory while there is room; parts of many
   * long files in random order mean that each is decoded again and again.
   */
  static Recording of(Path file, String name) {
    return new FileRecording(file, name);
  }

  /** See {@link Recording#of}. */
  record FileRecording(Path file, String name) implements Recording {
    @Override
    public Pcm read() {
      return AudioFiles.read(file);
    }

    @Override
    public Pcm read(Span span) {
      return part(LastRead.of(file), span);
    }

    @Override
    public Extent extent() {
      Pcm all = LastRead.of(file);
      return new Extent(all.rateHz(), all.lengthSamples());
    }
  }

  /** Annotations name the parts of one long recording one after the other: it is decoded once. */
  static final class LastRead {
    private record Entry(Path file, Pcm pcm) {}

    private static SoftReference<@Nullable Entry> last = new SoftReference<>(null);

    private LastRead() {}

    static synchronized Pcm of(Path file) {
      Entry entry = last.get();
      if (entry == null || !entry.file().equals(file)) {
        entry = new Entry(file, AudioFiles.read(file));
        last = new SoftReference<>(entry);
      }
      return entry.pcm();
    }
  }
}
