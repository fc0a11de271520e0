// Log-mels of retained audio: beneath a stream's timeline, on its time axis, and of one sound in its sheet.
const LEVELS = [/*LEVELS*/];
// A frame of 25 ms each 10 ms: the last of a slice ends so much after it.
const FRAME_REST = 15;
const SLICE = 5000, ASK_AGAIN = 1000, SLICES = 80;

// Frames become columns, the lowest filter at the bottom.
function melPicture(levels, mels) {
  const frames = levels.length / mels, picture = document.createElement("canvas");
  Object.assign(picture, { width: frames, height: mels });
  const g = picture.getContext("2d"), image = g.createImageData(frames, mels);
  const pixels = new Uint32Array(image.data.buffer);
  for (let f = 0; f < frames; f++) {
    for (let m = 0; m < mels; m++) {
      const rgb = LEVELS[levels[f * mels + m]];
      // Red first in memory, whatever the order in the number.
      pixels[(mels - 1 - m) * frames + f] = 0xff000000 | (rgb & 0xff) << 16 | rgb & 0xff00 | rgb >> 16;
    }
  }
  g.putImageData(image, 0, 0);
  return picture;
}

// One request at a time for all streams: pictures wait for each other, verdicts do not wait for pictures.
let melLine = Promise.resolve();

function melOf(stream, from, until) {
  const asked = melLine.then(async () => {
    const query = new URLSearchParams({ stream, from: iso(from), until: iso(until) });
    const answer = await call("/mel?" + query);
    const mels = Number(answer.headers.get("X-Lookaside-Mels")), hop = Number(answer.headers.get("X-Lookaside-Hop-Millis"));
    const picture = melPicture(new Uint8Array(await answer.arrayBuffer()), mels);
    return { picture, from, until: from + picture.width * hop };
  });
  melLine = asked.catch(() => null);
  return asked;
}

// The log-mel beneath a timeline, in slices, of which the newest is asked for until it is whole.
class Spectrogram {
  constructor(timeline) {
    this.timeline = timeline;
    this.slices = new Map();
    this.canvas = document.createElement("canvas");
    this.canvas.className = "mel";
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `Log-mel spectrogram of ${plain(timeline.stream)}, on the time axis above; low sounds at the bottom`);
  }

  slice(number) {
    const from = number * SLICE, head = this.timeline.head;
    const slice = this.slices.get(number) ?? { mel: null, asked: -Infinity, until: 0, under: false };
    const now = performance.now(), until = Math.min(from + SLICE, head);
    if (!slice.under && until - from >= 200 && slice.until < until && now - slice.asked >= ASK_AGAIN) {
      Object.assign(slice, { asked: now, under: true });
      this.slices.set(number, slice);
      // What is not retained any more stays empty.
      melOf(this.timeline.stream, from, until + FRAME_REST)
        .then(mel => { Object.assign(slice, { mel, until }); }, e => { if (e.status === 404 && head - until > 10_000) slice.until = until; })
        .finally(() => { slice.under = false; });
      if (this.slices.size > SLICES) this.slices.delete(Math.min(...this.slices.keys()));
    }
    return slice.mel;
  }

  draw() {
    const { timeline, canvas } = this, ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const g = canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    if (!timeline.right) return;
    for (let n = Math.floor(timeline.right / SLICE); n >= Math.floor((timeline.right - timeline.span) / SLICE); n--) {
      const mel = this.slice(n);
      // Half a pixel more than it is wide: no seam between slices.
      if (mel) g.drawImage(mel.picture, timeline.x(mel.from), 0, timeline.x(mel.until) - timeline.x(mel.from) + 0.5, height);
    }
    for (const event of timeline.events.values()) this.frame(g, event, height);
    g.fillStyle = "#fff";
    for (const swap of timeline.swaps) if (!swap.first) g.fillRect(timeline.x(swap.at), 0, 2, height);
  }

  frame(g, event, height) {
    const { timeline } = this, x0 = timeline.x(event.onset), x1 = timeline.x(event.offset ?? timeline.right);
    if (event.state === "retracted" || x1 < 0 || x0 > timeline.width) return;
    g.strokeStyle = event.correction?.verdict === "reject" ? "rgb(255 255 255 / 0.35)" : "#fff";
    g.setLineDash(event.state === "added" ? [4, 3] : []);
    g.lineWidth = 1;
    g.strokeRect(x0 + 0.5, 3.5, Math.max(x1 - x0, 2) - 1, height - 7);
    g.setLineDash([]);
    g.fillStyle = colourOf(event.label);
    g.fillRect(x0, 0, Math.max(x1 - x0, 2), 3);
  }
}

// One sound with a second on both sides; a line goes along while it plays.
const sheetMel = {
  MARGIN: 1000, LONGEST: 20_000, mel: null, event: null, wait: 0,

  show(event) {
    clearTimeout(this.wait);
    Object.assign(this, { event, mel: null });
    $("picture").hidden = !event.offset || event.offset - event.onset > this.LONGEST;
    $("picture").width = 1;
    if ($("picture").hidden) return;
    // A span is drawn once its fields rest.
    this.wait = setTimeout(async () => {
      const { onset, offset } = event;
      const mel = await melOf(event.stream, onset - this.MARGIN, offset + this.MARGIN).catch(() => null);
      if (this.event !== event || event.onset !== onset || event.offset !== offset) return;
      this.mel = mel;
      $("picture").hidden = !mel;
      this.draw();
    }, 150);
  },

  draw() {
    if (!this.mel || $("picture").hidden) return;
    const canvas = $("picture"), ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const g = canvas.getContext("2d"), x = t => (t - this.mel.from) / (this.mel.until - this.mel.from) * width;
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.drawImage(this.mel.picture, 0, 0, width, height);
    g.fillStyle = "rgb(0 0 0 / 0.45)";
    g.fillRect(0, 0, x(this.event.onset), height);
    g.fillRect(x(this.event.offset), 0, width, height);
    g.fillStyle = "#fff";
    for (const t of [this.event.onset, this.event.offset]) g.fillRect(x(t) - 0.5, 0, 1, height);
    const player = $("player");
    if (!player.hidden && player.currentTime > 0) g.fillRect(x(this.event.onset - 250 + 1000 * player.currentTime) - 1, 0, 2, height);
  },
};
