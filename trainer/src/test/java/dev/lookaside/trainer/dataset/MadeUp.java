package dev.lookaside.trainer.dataset;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Small distributions in the official layouts. */
final class MadeUp {
  private MadeUp() {}

  /** Sample {@code i} is {@code i / 32768}: what was cut can be read off it. */
  static float[] ramp(int samples) {
    float[] ramp = new float[samples];
    for (int i = 0; i < samples; i++) {
      ramp[i] = (i % 32_768) / 32_768f;
    }
    return ramp;
  }

  static void wav(Path file, int rateHz, int samples) throws IOException {
    Files.createDirectories(file.getParent());
    WavWriter.writeInt16(file, new Pcm(rateHz, ramp(samples)));
  }

  static void text(Path file, String... lines) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, String.join("\n", lines) + "\n");
  }

  static final String EPIC_HEADER =
      "annotation_id,participant_id,video_id,start_timestamp,stop_timestamp,start_sample,stop_sample,description,class,class_id";

  static String epicLine(String id, String video, String from, String until, int classId) {
    return "%s,P01,%s,%s,%s,0,0,\"a sound, of sorts\",%s,%d"
        .formatted(id, video, from, until, EpicSounds.CLASSES.get(classId), classId);
  }
}
