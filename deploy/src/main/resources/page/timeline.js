const COLOURS = [/*COLOURS*/];
// One stream's timeline on a canvas: bars of detections in lanes, the highest posterior beneath, what was not scored, and swaps.
const LANE = 22, LANES = 4, TOP = 18, CURVE = 26;

const colourOf = (() => {
  const known = new Map();
  return label => {
    if (!known.has(label)) known.set(label, COLOURS[known.size % COLOURS.length]);
    return known.get(label);
  };
})();

// Names come from senders and other people: a control character, or one that turns the direction of a line, is shown by its number.
const plain = text => String(text).replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
  c => `U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`);

const dark = matchMedia("(prefers-color-scheme: dark)");

// On a dark ground the same hues, lighter.
function shade(colour, alpha = 1) {
  let [r, g, b] = [1, 3, 5].map(i => parseInt(colour.slice(i, i + 2), 16));
  if (dark.matches) [r, g, b] = [r, g, b].map(v => Math.round(v + (255 - v) * 0.32));
  return `rgb(${r} ${g} ${b} / ${alpha})`;
}

function style(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

class Timeline {
  constructor(stream) {
    this.stream = stream;
    this.events = new Map();
    this.windows = [];
    this.holes = [];
    this.swaps = [];
    this.head = 0;
    this.headAt = 0;
    this.drag = null;
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `Timeline of ${plain(stream)}; what it shows is listed under Detected last`);
  }

  // Capture time at the right edge: the newest scored audio, moved on smoothly until more comes.
  now() { return this.head + Math.min(performance.now() - this.headAt, 1500); }

  advance(until) {
    if (until > this.head) {
      // Small steps are taken up by the smooth motion; a jump is a jump.
      const ahead = this.head ? this.now() - until : 0;
      this.head = until;
      this.headAt = performance.now() - (ahead > 0 && ahead < 600 ? ahead : 0);
    }
  }

  add(message) {
    if (message.kind === "window") {
      this.windows.push(message);
      // Five minutes are offered; what is older is let go a few at a time.
      if (this.windows.length > 400 && this.windows[200].until < message.until - 310_000) this.windows.splice(0, 200);
      this.advance(message.until);
    } else if (message.kind === "event") {
      this.place(message);
    } else if (message.kind === "hole") {
      if (!this.holes.some(h => h.from === message.from && h.why === message.why)) this.holes.push(message);
    } else if (message.kind === "swap") {
      if (!this.swaps.some(s => s.at === message.at && s.adapter === message.adapter)) this.swaps.push(message);
    }
  }

  // Windows from then on come again.
  forget(until) { this.windows = this.windows.filter(w => w.until < until); }

  // What was open when the events broke off comes again if it still is.
  close() {
    for (const e of this.open()) this.events.delete(e.id);
  }

  // A lane that is free for as long as the event lasts; an event keeps its lane.
  place(event) {
    const before = this.events.get(event.id);
    event.lane = before ? before.lane : 0;
    if (!before) event.lane = this.freeLane(event, 1500) ?? this.freeLane(event, 100) ?? LANES - 1;
    event.correction = event.correction ?? before?.correction;
    this.events.set(event.id, event);
    if (this.events.size > 600) this.events.delete(this.events.keys().next().value);
  }

  // The first lane without a neighbour closer than so many milliseconds: a name needs room, too.
  freeLane(event, clearance) {
    const near = [...this.events.values()].filter(e =>
      (e.offset ?? Infinity) + clearance > event.onset && e.onset < (event.offset ?? Infinity) + clearance);
    return Array.from({ length: LANES }, (_, lane) => lane).find(lane => !near.some(e => e.lane === lane));
  }

  open() { return [...this.events.values()].filter(e => e.state === "open").sort((a, b) => b.onset - a.onset); }

  draw(right, span) {
    const ratio = devicePixelRatio || 1, width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    if (this.canvas.width !== Math.round(width * ratio)) this.canvas.width = Math.round(width * ratio);
    if (this.canvas.height !== Math.round(height * ratio)) this.canvas.height = Math.round(height * ratio);
    const g = this.canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    Object.assign(this, { right, span, width });
    if (!right) return;
    this.axis(g, height);
    this.curve(g, height);
    this.status(g, height);
    for (const event of this.events.values()) this.bar(g, event);
    for (const swap of this.swaps) if (!swap.first) this.flag(g, swap, height);
    if (this.drag) {
      g.fillStyle = shade("#0072b2", 0.18);
      g.fillRect(Math.min(this.drag.from, this.drag.until), TOP, Math.abs(this.drag.until - this.drag.from), height - TOP);
    }
  }

  x(time) { return (1 - (this.right - time) / this.span) * this.width; }
  time(x) { return this.right - (1 - x / this.width) * this.span; }

  axis(g, height) {
    const step = [1, 2, 5, 10, 30, 60].find(s => s * 1000 / this.span * this.width > 84) * 1000;
    g.font = "11px ui-sans-serif, system-ui, 'Liberation Sans', sans-serif";
    for (let t = Math.ceil((this.right - this.span) / step) * step; t <= this.right; t += step) {
      const x = this.x(t);
      g.fillStyle = style("--line");
      g.fillRect(x, 0, 1, height);
      g.fillStyle = style("--soft");
      g.fillText(new Date(t).toLocaleTimeString([], { hour12: false }), x + 4, 11);
    }
  }

  // The newest column's highest posterior, in the colour of its class.
  curve(g, height) {
    const base = height - 9;
    for (let i = 1; i < this.windows.length; i++) {
      const [a, b] = [this.windows[i - 1], this.windows[i]];
      const x0 = this.x(a.until), x1 = this.x(b.until);
      if (x1 < 0 || b.value === undefined || b.until - a.until > 2000) continue;
      g.fillStyle = shade(colourOf(b.label), 0.14 + 0.3 * b.value);
      g.fillRect(x0, base - b.value * CURVE, x1 - x0 + 0.5, b.value * CURVE);
    }
  }

  // Along the bottom: scored, skipped as silence, or lost.
  status(g, height) {
    const y = height - 6;
    for (let i = 0; i < this.windows.length; i++) {
      const w = this.windows[i], x1 = this.x(w.until);
      const from = i ? Math.max(this.windows[i - 1].until, w.until - 2000) : w.until - 160;
      if (x1 < 0) continue;
      g.fillStyle = w.outcome === "scored" ? shade("#009e73", 0.75) : w.outcome === "skipped" ? style("--frame") : style("--bad");
      g.fillRect(this.x(from), y, x1 - this.x(from) + 0.5, 3);
    }
    for (const hole of this.holes) {
      g.fillStyle = style("--bad");
      g.fillRect(this.x(hole.from), y - 2, Math.max(this.x(hole.until) - this.x(hole.from), 2), 7);
    }
  }

  bar(g, event) {
    const added = event.state === "added", open = event.state === "open";
    const x0 = this.x(event.onset), x1 = Math.max(this.x(event.offset ?? this.right), x0 + 4);
    if (x1 < 0 || x0 > this.width || event.state === "retracted") return;
    const y = TOP + event.lane * LANE, verdict = event.correction?.verdict;
    const label = verdict === "relabel" ? event.correction.label : event.label;
    const faded = verdict === "reject", disputed = event.correction?.standing === "conflict";
    g.beginPath();
    g.roundRect(x0, y + 2, x1 - x0, LANE - 4, 5);
    if (added) {
      g.setLineDash([4, 3]);
      g.strokeStyle = disputed ? style("--bad") : shade(colourOf(label));
      g.lineWidth = 1.6;
      g.stroke();
      g.setLineDash([]);
      g.fillStyle = shade(colourOf(label), 0.18);
      g.fill();
    } else {
      g.fillStyle = shade(colourOf(label), faded ? 0.25 : open ? 0.8 : 1);
      g.fill();
    }
    const mark = disputed ? "? " : { confirm: "✓ ", reject: "✕ ", relabel: "⇄ ", add: "+ " }[verdict] ?? "";
    const text = plain(mark + label + (verdict === "relabel" ? ` (not ${event.label})` : ""));
    g.font = "600 12px ui-sans-serif, system-ui, 'Liberation Sans', sans-serif";
    const wide = g.measureText(text).width, inside = wide + 14 < x1 - x0;
    const room = this.roomAfter(event, x1);
    if (!inside && wide + 8 > room) {
      // As much of the word as the bar holds; in a short one the colour alone says it, and the list beside.
      if (x1 - x0 < 26 || faded) return;
      g.save();
      g.beginPath();
      g.rect(x0, y, x1 - x0 - 4, LANE);
      g.clip();
      g.fillStyle = added ? style("--ink") : dark.matches ? "#10151a" : "#fff";
      g.fillText(text, x0 + 6, y + LANE / 2 + 4);
      g.restore();
      return;
    }
    g.fillStyle = inside && !added && !faded ? (dark.matches ? "#10151a" : "#fff") : style("--ink");
    const at = inside ? Math.max(x0 + 7, Math.min(7, x1 - wide - 7)) : x1 + 5;
    g.fillText(text, at, y + LANE / 2 + 4);
    if (faded) g.fillRect(at, y + LANE / 2, wide, 1);
  }

  roomAfter(event, x) {
    let next = this.width;
    for (const e of this.events.values()) {
      if (e !== event && e.lane === event.lane && e.onset >= event.onset) next = Math.min(next, this.x(e.onset));
    }
    return next - x;
  }

  flag(g, swap, height) {
    const x = this.x(swap.at);
    if (x < 0 || x > this.width) return;
    g.fillStyle = shade("#0072b2", 0.9);
    g.fillRect(x, 14, 2, height - 14);
    const text = "adapter " + swap.adapter.slice(0, 8) + " from here";
    g.font = "11px ui-monospace, 'Liberation Mono', monospace";
    const wide = g.measureText(text).width + 10, left = x + wide > this.width ? x - wide : x;
    g.fillRect(left, height - 28, wide, 16);
    g.fillStyle = style("--paper");
    g.fillText(text, left + 5, height - 16);
  }

  at(x, y) {
    const lane = Math.floor((y - TOP) / LANE);
    return [...this.events.values()].reverse().find(e => e.lane === lane && e.state !== "retracted"
      && x >= this.x(e.onset) - 3 && x <= Math.max(this.x(e.offset ?? this.right), this.x(e.onset) + 4) + 3);
  }
}
