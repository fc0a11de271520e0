package dev.lookaside.ingest.audio;

import com.jcraft.jogg.Packet;
import com.jcraft.jogg.Page;
import com.jcraft.jogg.StreamState;
import com.jcraft.jogg.SyncState;
import com.jcraft.jorbis.Block;
import com.jcraft.jorbis.Comment;
import com.jcraft.jorbis.DspState;
import com.jcraft.jorbis.Info;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestException;
import java.io.IOException;
import java.io.InputStream;

/**
 * The first Vorbis stream of an OGG file, decoded by JOrbis to floats. JOrbis itself rather than
 * its javax.sound provider, which gives short files no sample at all.
 *
 * @see "Xiph.Org, Vorbis I specification, A.2: the granule position of the last page cuts the end"
 */
final class VorbisInput implements AudioInput {
  private static final int READ_BYTES = 4096;
  private static final int HEADER_PACKETS = 3;

  private final InputStream in;
  private final SyncState sync = new SyncState();
  private final StreamState stream = new StreamState();
  private final Info info = new Info();
  private final DspState dsp = new DspState();
  private final Page page = new Page();
  private final Packet packet = new Packet();
  private Block block = new Block(dsp);
  private boolean started;
  private boolean lastPage;
  private int serial;
  private long endFrame = Long.MAX_VALUE;
  private long framesRead;

  private VorbisInput(InputStream in) {
    this.in = in;
  }

  /**
   * Reads the three header packets.
   *
   * @throws IngestException naming the field at fault
   */
  static VorbisInput open(InputStream in) throws IOException {
    VorbisInput input = new VorbisInput(in);
    try {
      input.readHeaders();
    } catch (IngestException e) {
      throw e;
    } catch (RuntimeException e) {
      throw Faults.badAudio("Vorbis header", e, "cannot be read");
    }
    AudioFormat.checkRate(input.info.rate);
    AudioFormat.checkChannels(input.info.channels);
    return input;
  }

  private void readHeaders() throws IOException {
    sync.init();
    info.init();
    Comment comment = new Comment();
    comment.init();
    for (int i = 0; i < HEADER_PACKETS; i++) {
      if (!nextPacket()) {
        throw Faults.badAudio("Vorbis header packets", i, "truncated: must be 3");
      }
      if (info.synthesis_headerin(comment, packet) < 0) {
        throw Faults.badAudio("Vorbis header packet", i, "cannot be read");
      }
    }
    dsp.synthesis_init(info);
    block = new Block(dsp);
  }

  /** False at the end of the stream. */
  private boolean nextPacket() throws IOException {
    while (true) {
      int found = started ? stream.packetout(packet) : 0;
      if (found > 0) {
        return true;
      }
      if (found < 0) {
        throw Faults.badAudio("OGG page after sample", framesRead, "a page is missing");
      }
      if (lastPage) {
        return false;
      }
      nextPage();
    }
  }

  private void nextPage() throws IOException {
    int found;
    while ((found = sync.pageout(page)) == 0) {
      int at = sync.buffer(READ_BYTES);
      int got = in.read(sync.data, at, READ_BYTES);
      if (got < 0) {
        throw Faults.badAudio("OGG page after sample", framesRead, "truncated: the file ends here");
      }
      sync.wrote(got);
    }
    if (found < 0) {
      throw Faults.badAudio("OGG page after sample", framesRead, "is damaged");
    }
    if (!started) {
      serial = page.serialno();
      stream.init(serial);
      started = true;
    }
    if (page.serialno() != serial) {
      return;
    }
    if (stream.pagein(page) < 0) {
      throw Faults.badAudio("OGG page after sample", framesRead, "cannot be read");
    }
    if (page.eos() != 0) {
      lastPage = true;
      endFrame = page.granulepos() >= 0 ? page.granulepos() : Long.MAX_VALUE;
    }
  }

  @Override
  public int rateHz() {
    return info.rate;
  }

  @Override
  public int channels() {
    return info.channels;
  }

  @Override
  public long lengthFrames() {
    return -1;
  }

  @Override
  public int read(float[] interleaved, int maxFrames) throws IOException {
    try {
      return decode(interleaved, maxFrames);
    } catch (IngestException e) {
      throw e;
    } catch (RuntimeException e) {
      // JOrbis indexes by what the bytes say.
      throw Faults.badAudio("Vorbis packet after sample", framesRead, "is damaged: " + e);
    }
  }

  private int decode(float[] interleaved, int maxFrames) throws IOException {
    float[][][] pcm = new float[1][][];
    int[] from = new int[channels()];
    int frames;
    while ((frames = dsp.synthesis_pcmout(pcm, from)) == 0) {
      if (!nextPacket()) {
        return -1;
      }
      if (block.synthesis(packet) == 0) {
        dsp.synthesis_blockin(block);
      }
    }
    frames = (int) Math.min(Math.min(frames, maxFrames), endFrame - framesRead);
    if (frames <= 0) {
      return -1;
    }
    int channels = channels();
    for (int c = 0; c < channels; c++) {
      float[] samples = pcm[0][c];
      for (int i = 0; i < frames; i++) {
        interleaved[i * channels + c] = samples[from[c] + i];
      }
    }
    dsp.synthesis_read(frames);
    Faults.checkSamples(interleaved, frames * channels, channels, framesRead);
    framesRead += frames;
    return frames;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
