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
import java.nio.charset.StandardCharsets;

/**
 * The Vorbis streams of an OGG file, decoded by JOrbis to floats: all links of a chain, one after
 * the other, as radio servers and {@code cat a.ogg b.ogg} make them. JOrbis itself rather than its
 * javax.sound provider, which gives short files no sample at all.
 *
 * @see "RFC 3533, 4: chained bitstreams; Xiph.Org, Vorbis I specification, A.2: the granule
 *     position of the last page cuts the end"
 */
final class VorbisInput implements AudioInput {
  private static final int READ_BYTES = 4096;
  private static final int HEADER_PACKETS = 3;
  private static final String VORBIS = "\u0001vorbis";

  private final InputStream in;
  private final ReadRules rules;
  private final SyncState sync = new SyncState();
  private final Page page = new Page();
  private final Packet packet = new Packet();
  private Link link = new Link();
  private int links;
  private int rateHz;
  private int channels;
  private long framesRead;

  /** One logical stream: JOrbis's state for it, and where it ends. */
  private static final class Link {
    private final StreamState stream = new StreamState();
    private final Info info = new Info();
    private final DspState dsp = new DspState();
    private Block block = new Block(dsp);
    private boolean started;
    private boolean lastPage;
    private boolean cut;
    private int serial;
    private long endFrame = Long.MAX_VALUE;
    private long framesRead;
  }

  private VorbisInput(InputStream in, ReadRules rules) {
    this.in = in;
    this.rules = rules;
  }

  /**
   * Reads the three header packets.
   *
   * @throws IngestException naming the field at fault
   */
  static VorbisInput open(InputStream in, ReadRules rules) throws IOException {
    VorbisInput input = new VorbisInput(in, rules);
    input.sync.init();
    if (!input.readHeaders()) {
      throw Faults.badAudio("Vorbis header packets", 0, "truncated: must be 3");
    }
    input.rateHz = input.link.info.rate;
    input.channels = input.link.info.channels;
    AudioFormat.checkRate(input.rateHz);
    AudioFormat.checkChannels(input.channels);
    return input;
  }

  /** False if the bytes end before. */
  private boolean readHeaders() throws IOException {
    links++;
    link.info.init();
    Comment comment = new Comment();
    comment.init();
    for (int i = 0; i < HEADER_PACKETS; i++) {
      if (!nextPacket()) {
        return false;
      }
      if (!readHeader(comment)) {
        throw Faults.badAudio("Vorbis header packet", i, "cannot be read");
      }
    }
    try {
      link.dsp.synthesis_init(link.info);
    } catch (RuntimeException e) {
      throw Faults.badAudio("Vorbis header", links, "cannot be read");
    }
    link.block = new Block(link.dsp);
    return true;
  }

  private boolean readHeader(Comment comment) {
    try {
      return link.info.synthesis_headerin(comment, packet) >= 0;
    } catch (RuntimeException e) {
      // JOrbis indexes by what the bytes say.
      return false;
    }
  }

  /** False at the end of the link. */
  private boolean nextPacket() throws IOException {
    while (true) {
      int found = link.started ? link.stream.packetout(packet) : 0;
      if (found > 0) {
        return true;
      }
      if (found < 0) {
        throw afterSample("a page is missing");
      }
      if (link.lastPage || link.cut) {
        return false;
      }
      if (!nextPage()) {
        link.cut = true;
        if (framesRead == 0) {
          throw afterSample("truncated: the file ends here");
        }
        rules.disagree(afterSample("truncated: the file ends here"), "read to the end");
        return false;
      }
      takePage();
    }
  }

  /** False at the end of the bytes. */
  private boolean nextPage() throws IOException {
    int found;
    while ((found = sync.pageout(page)) == 0) {
      int at = sync.buffer(READ_BYTES);
      int got = in.read(sync.data, at, READ_BYTES);
      if (got < 0) {
        return false;
      }
      sync.wrote(got);
    }
    if (found < 0) {
      throw afterSample("is damaged");
    }
    return true;
  }

  private void takePage() {
    if (!link.started) {
      link.serial = page.serialno();
      link.stream.init(link.serial);
      link.started = true;
    }
    if (page.serialno() != link.serial) {
      return;
    }
    if (link.stream.pagein(page) < 0) {
      throw afterSample("cannot be read");
    }
    if (page.eos() != 0) {
      link.lastPage = true;
      link.endFrame = page.granulepos() >= 0 ? page.granulepos() : Long.MAX_VALUE;
    }
  }

  /** Goes on with the next link of the chain; false if there is none. */
  private boolean nextLink() throws IOException {
    if (link.cut) {
      return false;
    }
    while (followingPage()) {
      if (page.bos() == 0) {
        // Of a stream that is no sound, beside the one that has ended.
        continue;
      }
      if (!beginsVorbis()) {
        rules.disagree(
            Faults.badAudio("OGG link", links + 1, "holds no Vorbis"), "this link is left out");
        continue;
      }
      link = new Link();
      takePage();
      if (!readHeaders()) {
        return false;
      }
      if (link.info.rate != rateHz || link.info.channels != channels) {
        throw Faults.badAudio(
            "OGG link " + links,
            "%d Hz, %d channels".formatted(link.info.rate, link.info.channels),
            "must be %d Hz, %d channels as the first; cut the file there"
                .formatted(rateHz, channels));
      }
      return true;
    }
    return false;
  }

  private boolean followingPage() throws IOException {
    try {
      return nextPage();
    } catch (IngestException e) {
      rules.disagree(
          Faults.badAudio("OGG", "after link " + links, "is followed by no OGG page"),
          "what follows is left out");
      return false;
    }
  }

  private boolean beginsVorbis() {
    int length = Math.min(VORBIS.length(), page.body_len);
    return new String(page.body_base, page.body, length, StandardCharsets.ISO_8859_1)
        .equals(VORBIS);
  }

  @Override
  public int rateHz() {
    return rateHz;
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public long lengthFrames() {
    return -1;
  }

  @Override
  public int read(float[] interleaved, int maxFrames) throws IOException {
    int frames = decode(interleaved, maxFrames);
    while (frames < 0 && nextLink()) {
      frames = decode(interleaved, maxFrames);
    }
    return frames;
  }

  private int decode(float[] interleaved, int maxFrames) throws IOException {
    float[][][] pcm = new float[1][][];
    int[] from = new int[channels];
    int frames;
    while ((frames = decoded(pcm, from)) == 0) {
      if (!nextPacket()) {
        return -1;
      }
      synthesize();
    }
    frames = (int) Math.min(Math.min(frames, maxFrames), link.endFrame - link.framesRead);
    if (frames <= 0) {
      return -1;
    }
    for (int c = 0; c < channels; c++) {
      float[] samples = pcm[0][c];
      for (int i = 0; i < frames; i++) {
        interleaved[i * channels + c] = samples[from[c] + i];
      }
    }
    link.dsp.synthesis_read(frames);
    Faults.checkSamples(interleaved, frames * channels, channels, framesRead);
    framesRead += frames;
    link.framesRead += frames;
    return frames;
  }

  private int decoded(float[][][] pcm, int[] from) {
    try {
      return link.dsp.synthesis_pcmout(pcm, from);
    } catch (RuntimeException e) {
      throw damagedPacket();
    }
  }

  private void synthesize() {
    try {
      if (link.block.synthesis(packet) == 0) {
        link.dsp.synthesis_blockin(link.block);
      }
    } catch (RuntimeException e) {
      // JOrbis indexes by what the bytes say.
      throw damagedPacket();
    }
  }

  private IngestException damagedPacket() {
    return Faults.badAudio("Vorbis packet after sample", framesRead, "is damaged");
  }

  private IngestException afterSample(String what) {
    return Faults.badAudio("OGG page after sample", framesRead, what);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
