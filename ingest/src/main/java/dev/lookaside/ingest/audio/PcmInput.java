package dev.lookaside.ingest.audio;

/** Sound that is in memory already. */
final class PcmInput implements AudioInput {
  private final Pcm pcm;
  private int at;

  PcmInput(Pcm pcm) {
    this.pcm = pcm;
    Faults.checkSamples(pcm.samples(), pcm.lengthSamples(), 1, 0);
  }

  @Override
  public int rateHz() {
    return pcm.rateHz();
  }

  @Override
  public int channels() {
    return 1;
  }

  @Override
  public long lengthFrames() {
    return pcm.lengthSamples();
  }

  @Override
  public int read(float[] interleaved, int maxFrames) {
    int frames = Math.min(maxFrames, pcm.lengthSamples() - at);
    if (frames <= 0) {
      return -1;
    }
    System.arraycopy(pcm.samples(), at, interleaved, 0, frames);
    at += frames;
    return frames;
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
