package dev.lookaside.deploy.cli;

import dev.lookaside.ingest.send.LabelledEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The tables of a data set of recordings with times, as {@code --dataset csv} reads them. */
public final class TimedTable {
  private final StringBuilder rows = new StringBuilder("path,label,split,onset,offset\n");

  /** What sounds in a recording that lies beside the table. */
  public TimedTable recording(String name, String split, List<LabelledEvent> events) {
    for (LabelledEvent e : events) {
      rows.append(
          "%s,%s,%s,%s,%s%n"
              .formatted(name, e.label(), split, e.onsetSeconds(), e.offsetSeconds()));
    }
    return this;
  }

  /** Returns the table. */
  public Path write(Path folder, List<String> labels) throws IOException {
    Files.write(folder.resolve("labels.txt"), labels);
    return Files.writeString(folder.resolve("clips.csv"), rows);
  }
}
