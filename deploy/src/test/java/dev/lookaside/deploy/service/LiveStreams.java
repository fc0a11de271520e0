package dev.lookaside.deploy.service;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.SampleEncoder;
import dev.lookaside.ingest.send.Scene;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Streams that send a scene over and over at the speed of sound, from now until closed. */
final class LiveStreams implements AutoCloseable {
  private static final int RATE_HZ = 16_000;
  private static final int CHUNK_MILLIS = 250;
  private static final int CHUNK_SAMPLES = RATE_HZ / 1000 * CHUNK_MILLIS;
  private static final AudioFormat FORMAT = new AudioFormat(AudioFormat.Encoding.L16, RATE_HZ, 1);

  private final EndToEndRig rig;
  private final Map<String, Scene> scenes;
  private final Instant epoch = Instant.now();
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private int sequence;

  /**
   * @param scenes by stream, of whole chunks at 16 kHz
   */
  LiveStreams(EndToEndRig rig, Map<String, Scene> scenes) {
    this.rig = rig;
    this.scenes = new HashMap<>(scenes);
    clock.scheduleAtFixedRate(this::send, CHUNK_MILLIS, CHUNK_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void send() {
    long first = (long) sequence * CHUNK_SAMPLES;
    scenes.forEach((stream, scene) -> rig.send(chunk(stream, scene.audio().samples(), first)));
    sequence++;
  }

  private AudioChunk chunk(String stream, float[] samples, long first) {
    float[] part = new float[CHUNK_SAMPLES];
    System.arraycopy(samples, (int) (first % samples.length), part, 0, CHUNK_SAMPLES);
    return new AudioChunk(
        new StreamId(stream),
        AudioChunk.NOT_GIVEN,
        AudioChunk.NOT_GIVEN,
        sequence,
        first,
        AudioChunk.timeOf(epoch, first, RATE_HZ),
        FORMAT,
        SampleEncoder.encode(FORMAT.encoding(), part, CHUNK_SAMPLES),
        false);
  }

  @Override
  public void close() throws InterruptedException {
    clock.shutdown();
    clock.awaitTermination(10, TimeUnit.SECONDS);
  }
}
