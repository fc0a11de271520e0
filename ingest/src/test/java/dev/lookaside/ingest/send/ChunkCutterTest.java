package dev.lookaside.ingest.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.ChannelPolicy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChunkCutterTest {
  private static final StreamId STREAM = new StreamId("s");
  private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");

  @Test
  void anyCuttingGivesTheSameChunks() {
    SeededRandom.forAll(
        ChunkCutterTest.class,
        200,
        random -> {
          int frames = random.nextInt(5000);
          int chunkFrames = 1 + random.nextInt(1500);
          float[] sound = new float[frames];
          for (int i = 0; i < frames; i++) {
            sound[i] = (random.nextInt(65_536) - 32_768) / 32_768f;
          }
          AudioFormat format = new AudioFormat(Encoding.L16, 16_000, 1);
          List<AudioChunk> chunks = new ArrayList<>();
          ChunkCutter cutter = new ChunkCutter(STREAM, format, chunkFrames, EPOCH, chunks::add);
          for (int at = 0; at < frames; ) {
            int count = Math.min(frames - at, 1 + random.nextInt(2000));
            float[] part = new float[count];
            System.arraycopy(sound, at, part, 0, count);
            cutter.add(part, count);
            at += count;
          }
          cutter.finish();
          assertThat(chunks).hasSize((frames + chunkFrames - 1) / chunkFrames);
          assertThat(cutter.sentFrames()).isEqualTo(frames);
          check(chunks, chunkFrames, sound);
        });
  }

  private static void check(List<AudioChunk> chunks, int chunkFrames, float[] sound) {
    AudioDecoder decoder = new AudioDecoder(ChannelPolicy.MIX, 1 << 20);
    int at = 0;
    for (int k = 0; k < chunks.size(); k++) {
      AudioChunk chunk = chunks.get(k);
      assertThat(chunk.sequence()).isEqualTo(k);
      assertThat(chunk.sampleOffset()).isEqualTo((long) k * chunkFrames);
      assertThat(chunk.last()).isEqualTo(k == chunks.size() - 1);
      assertThat(AudioChunk.epoch(chunk.captureTime(), chunk.sampleOffset(), 16_000))
          .isEqualTo(EPOCH);
      float[] decoded =
          ((AudioDecoder.Samples) decoder.decode(chunk.format(), chunk.payload())).pcm().samples();
      for (float x : decoded) {
        assertThat(x).isEqualTo(sound[at++]);
      }
    }
    assertThat(at).isEqualTo(sound.length);
  }

  @Test
  void channelsStayTogether() {
    List<AudioChunk> chunks = new ArrayList<>();
    AudioFormat stereo = new AudioFormat(Encoding.F32LE, 48_000, 2);
    ChunkCutter cutter = new ChunkCutter(STREAM, stereo, 2, EPOCH, chunks::add);
    cutter.add(new float[] {1, -1, 2, -2, 3, -3}, 3);
    cutter.finish();
    assertThat(chunks).extracting(c -> c.payload().length).containsExactly(16, 8);
    assertThat(chunks).extracting(AudioChunk::sampleOffset).containsExactly(0L, 2L);
    assertThatThrownBy(() -> new ChunkCutter(STREAM, stereo, 0, EPOCH, chunks::add))
        .hasMessage("chunkFrames \"0\": must be 1 or more");
  }
}
