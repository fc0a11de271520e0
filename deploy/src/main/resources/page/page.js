// Messages of /events become rows; what people enter becomes labels.
const $ = id => document.getElementById(id);
const SPANS = [["30 s", 30], ["1 min", 60], ["5 min", 300]];
const rows = new Map(), corrections = new Map(), labels = new Set();
let span = 30_000, held = false, subject = null, opener = null, listing = 12;
// Of this start of the service; a later start tells its own in its first event.
let token = "TOKEN";

function row(stream) {
  if (rows.has(stream)) return rows.get(stream);
  $("empty").hidden = true;
  const timeline = new Timeline(stream), element = document.createElement("div");
  element.className = "stream";
  const name = document.createElement("div");
  name.className = "name";
  const parts = ["h2", "p", "p", "p"].map(tag => document.createElement(tag));
  ["", "now quiet", "kept", "adapter"].forEach((c, i) => { parts[i].className = c; });
  parts[0].textContent = parts[0].title = plain(stream);
  name.append(...parts);
  const spectrogram = new Spectrogram(timeline), pictures = document.createElement("div");
  pictures.append(timeline.canvas);
  element.append(name, pictures);
  const add = Object.assign(document.createElement("button"), { type: "button", className: "add", textContent: "Add a sound" });
  add.setAttribute("aria-label", `Add a sound that was missed on ${plain(stream)}`);
  const look = Object.assign(document.createElement("button"), { type: "button", className: "add", textContent: "Spectrogram" });
  look.setAttribute("aria-pressed", false);
  look.setAttribute("aria-label", `Spectrogram of ${plain(stream)}`);
  look.addEventListener("click", () => {
    const on = !spectrogram.canvas.isConnected;
    look.setAttribute("aria-pressed", on);
    if (on) pictures.append(spectrogram.canvas); else spectrogram.canvas.remove();
  });
  name.append(add, look);
  const made = { timeline, spectrogram, element, now: parts[1], kept: parts[2], adapter: parts[3], windows: 0, right: 0, frozen: 0, stale: false, state: "live", millis: 0, clock: 0, since: 0 };
  add.addEventListener("click", () => {
    const box = add.getBoundingClientRect(), end = made.frozen || made.right;
    select(made, end - 3000, end - 1000, box.left + scrollX, box.bottom + scrollY);
  });
  rows.set(stream, made);
  for (const [, r] of [...rows].sort((a, b) => a[0].localeCompare(b[0]))) $("timelines").append(r.element);
  listenTo(made);
  return made;
}

function take(message) {
  if (message.kind === "trainer") return showTrainer(message.status);
  if (message.kind === "correction") return takeCorrection(message);
  if (message.kind === "gone") return drop(message.stream);
  const r = row(message.stream);
  r.stale = false;
  if (message.kind === "curve") return unpack(message);
  if (message.kind === "stream") {
    Object.assign(r, { state: message.state, millis: message.millis, clock: message.clockAheadMillis, since: performance.now() });
    return;
  }
  r.timeline.add(message);
  if (message.kind === "window") {
    r.windows++;
    if (r.state !== "late") r.state = "live";
  }
  if (message.kind === "event") {
    know(message.label);
    judge(message);
    // What lasted when its sheet was opened can be judged now.
    if (subject?.id === message.id && subject.state !== message.state) show(message);
  }
  if (message.kind === "swap") {
    message.labels.forEach(know);
    r.adapter.textContent = "adapter ";
    const code = document.createElement("code");
    code.textContent = message.adapter.slice(0, 8);
    code.title = message.adapter;
    r.adapter.append(code);
  }
}

function drop(stream) {
  rows.get(stream)?.element.remove();
  rows.delete(stream);
}

// What an older start of the service or of this stream of events has shown stays as long as timelines are held.
function dropStale() {
  for (const [stream, r] of rows) if (r.stale) drop(stream);
}

// The windows of a snapshot: per window the milliseconds since the one before, outcome, label or -1, thousandths.
function unpack({ stream, columns, labels: named, outcomes }) {
  // After a pause some of them are here already.
  row(stream).timeline.forget(columns[0] ?? Infinity);
  let until = 0;
  for (let i = 0; i < columns.length; i += 4) {
    const [gap, outcome, label, value] = columns.slice(i, i + 4);
    until += gap;
    const window = { kind: "window", stream, until, outcome: outcomes[outcome] };
    take(label < 0 ? window : { ...window, label: named[label], value: value / 1000 });
  }
}

function know(label) {
  if (labels.has(label)) return;
  labels.add(label);
  colourOf(label);
  $("classes").append(new Option(plain(label), label));
}

// What its author has taken back or replaced does not count.
const gone = c => c.standing === "retracted" || c.standing === "superseded" || c.verdict === "retract";
const me = () => $("author").value.trim();
const mine = c => c.author === me() && !gone(c);

// The label of an event that its author can take back.
function own(event) {
  return [...corrections.values()].findLast(c => mine(c) && (event.state === "added" ? c === event.correction : c.detection === event.id));
}

// The newest label of a detection that counts.
function judge(event) {
  event.correction = [...corrections.values()].findLast(c => c.detection === event.id && !gone(c));
}

function takeCorrection(message) {
  corrections.set(message.id, message);
  know(message.label);
  const r = rows.get(message.stream), event = message.detection && r?.timeline.events.get(message.detection);
  if (event) judge(event);
  if (message.verdict === "add") {
    r?.timeline.add({ ...message, kind: "event", id: "label " + message.id, state: gone(message) ? "retracted" : "added", correction: message });
  }
  listCorrections();
  listSuggested();
}

const clock = ms => new Date(ms).toLocaleTimeString([], { hour12: false });

function verdictText(c) {
  const label = plain(c.label);
  return { confirm: `${label} is right`, reject: `${label} is not there`, relabel: `it is ${label}`, add: `${label} was missed`, retract: `${label} is retracted` }[c.verdict];
}

// Who says otherwise, as far as that is shown here.
function others(c) {
  const known = (c.because ?? []).map(id => corrections.get(id)).filter(Boolean);
  return known.length ? ` (${known.map(o => `${plain(o.author)}: ${verdictText(o)}`).join(", ")})` : "";
}

function stageText(c) {
  const adapter = (c.adapter ?? "").slice(0, 8);
  const learned = { "in-force": `in adapter ${adapter} since ${clock(c.since)}`, "taken-back": `was in adapter ${adapter}, which was taken back` }[c.stage];
  if (learned) {
    const since = { retracted: "; taken back, the next refit is without it", superseded: "; replaced since", conflict: `; disputed since${others(c)}` }[c.standing];
    return learned + (since ?? "");
  }
  return {
    sent: "sent", stored: "in the store of examples, in no adapter in force",
    disputed: `disputed: kept out of training${others(c)}`, retracted: "taken back", superseded: "replaced since",
  }[c.stage];
}

function listCorrections() {
  // What was taken back says so itself, as long as it is listed.
  const saysMore = c => c.verdict !== "retract" || !(c.because ?? []).some(id => corrections.has(id));
  const all = [...corrections.values()].filter(saysMore).reverse().slice(0, 50);
  $("corrections-hint").hidden = all.length > 0;
  $("corrections").replaceChildren(...all.map(c => {
    const item = document.createElement("li"), stage = document.createElement("span");
    const what = document.createElement("span");
    what.className = gone(c) && c.verdict !== "retract" ? "what gone" : "what";
    what.textContent = `${c.author === me() ? "" : plain(c.author) + ": "}${verdictText(c)}, ${plain(c.stream)} ${clock(c.onset)}`;
    item.append(what);
    if (mine(c)) item.append(takeBack(c));
    stage.className = "stage " + (c.standing === "conflict" ? "disputed" : c.stage);
    stage.textContent = stageText(c);
    item.append(stage);
    if (c.before && c.after) {
      const change = document.createElement("span");
      change.className = "change";
      change.textContent = plain(`before: ${c.before} → ${c.stage === "taken-back" ? "then" : "now"}: ${c.after}`);
      item.append(change);
    }
    item.title = plain(c.receipt ?? "");
    return item;
  }));
}

function takeBack(c) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "back", textContent: "Take back", title: "As if it had never been written" });
  button.addEventListener("click", () => send({ kind: "retract", id: c.id }, button));
  return button;
}

let listed = "";
function listRecent() {
  const all = [...rows].flatMap(([, r]) => [...r.timeline.events.values()])
    .filter(e => e.state === "ended" || e.state === "open").sort((a, b) => b.onset - a.onset);
  $("older").hidden = all.length <= listing;
  all.length = Math.min(all.length, listing);
  const key = all.map(e => e.id + e.state + (e.correction?.verdict ?? "")).join();
  if (key === listed) return;
  listed = key;
  const focused = document.activeElement?.dataset?.id;
  $("recent").replaceChildren(...all.map(e => {
    const item = document.createElement("li");
    item.append(entry(e, e.label + (e.state === "open" ? " …" : ` ${((e.offset - e.onset) / 1000).toFixed(2)} s`)));
    return item;
  }));
  if (focused) [...$("recent").querySelectorAll("button")].find(b => b.dataset.id === focused)?.focus();
}

// What to label next: the server searches when asked; what is judged meanwhile leaves the list.
let suggested = [];

async function search() {
  const button = $("next-search");
  button.disabled = true;
  $("next-line").textContent = "Searching: the newest detections are scored again …";
  try {
    const found = await (await call("/label-next")).json();
    suggested = found.sounds.map(s => ({ ...s, id: s.detection, state: "ended", onset: Date.parse(s.onset), offset: Date.parse(s.offset) }));
    listSuggested();
    $("next-line").textContent = suggested.length
      ? `Of ${found.detections} detections without a label.${found.wanted?.length ? ` The last round asked for more labels of ${found.wanted.join(", ")}.` : ""}`
      : "No detection on this page is without a label.";
  } catch (e) {
    $("next-line").textContent = plain(e.message);
  }
  button.disabled = false;
}

function listSuggested() {
  const judged = new Set([...corrections.values()].filter(c => c.detection && !gone(c)).map(c => c.detection));
  const left = suggested.filter(s => !judged.has(s.id)).slice(0, 8), focused = document.activeElement?.dataset?.id;
  $("next").replaceChildren(...left.map(s => {
    const item = document.createElement("li"), why = document.createElement("span");
    why.className = "why";
    why.textContent = s.reasons[0] ?? "";
    item.title = s.reasons.join("; ");
    item.append(entry(s, `${s.label} ${s.peak.toFixed(2)}`), why);
    return item;
  }));
  if (focused) [...$("next").querySelectorAll("button")].find(b => b.dataset.id === focused)?.focus();
}

// A detection in a list, to be judged.
function entry(e, text) {
  const button = document.createElement("button"), swatch = document.createElement("span");
  const what = document.createElement("span"), where = document.createElement("span");
  button.type = "button";
  button.className = "entry";
  swatch.className = "swatch";
  swatch.style.background = shade(colourOf(e.label));
  what.textContent = plain(text);
  where.className = "where";
  where.textContent = `${plain(e.stream)} ${clock(e.onset)}`;
  button.dataset.id = e.id;
  button.append(swatch, what, where);
  button.addEventListener("click", () => {
    const box = button.getBoundingClientRect();
    ask(e, box.left - 330 + scrollX, box.top + scrollY);
  });
  return button;
}

function showFigures(f) {
  const number = n => (n ?? 0).toLocaleString("en");
  const millis = n => n === undefined ? "–" : n < 10_000 ? `${n} ms` : `${(n / 1000).toLocaleString("en", { maximumFractionDigits: 0 })} s`;
  $("streams").textContent = f.unseenStreams ? `${number(f.streams)} of ${number(f.streams + f.unseenStreams)}` : number(f.streams);
  $("scored").textContent = number(f.scored);
  $("shed").textContent = number(f.shed);
  $("p50").textContent = millis(f.p50);
  $("p99").textContent = millis(f.p99);
  $("device").textContent = $("device").title = f.device;
  health(f.healthy, f.health);
}

function health(good, text) {
  $("dot").className = "dot " + (good ? "good" : "bad");
  $("health").textContent = plain(text);
}

// The trainer's way, as people say it.
const PHASES = { collecting: "collects corrections", fitting: "fits", judging: "judges", shadowing: "tries in shadow", publishing: "publishes" };

function showTrainer(s) {
  $("trainer").hidden = false;
  $("way").hidden = Boolean(s.elsewhere);
  if (s.elsewhere) {
    $("phase").textContent = "in another process";
    $("trainer-line").textContent = `Its last round ended at ${clock(Date.parse(s.last.time))}. What it does now is not shown here.`;
    return showGate(s.last);
  }
  $("phase").textContent = s.leads === false ? "stands by" : s.phase ?? "";
  const names = Object.keys(PHASES), at = names.indexOf(s.phase);
  $("way").replaceChildren(...names.map((name, i) => {
    const item = document.createElement("li");
    item.textContent = PHASES[name];
    item.className = i < at ? "past" : i === at ? "here" : "";
    if (i === at) item.setAttribute("aria-current", "step");
    return item;
  }));
  const parts = [];
  if (s.round) parts.push(`${s.round.fit === "head" ? "the head alone" : "the whole adapter"}, after ${s.round.trigger}`);
  if (s.round?.steps) parts.push(`step ${s.round.step} of ${s.round.steps}`);
  if (s.freshLabels) parts.push(`${s.freshLabels} label${s.freshLabels > 1 ? "s" : ""} waiting`);
  if (!parts.length) parts.push("no label waits");
  if (s.since) parts.push(`since ${clock(Date.parse(s.since))}`);
  const unlike = (s.drift?.streams ?? []).filter((d) => d.alarmed).map((d) => d.stream);
  if (s.drift?.alarmed) parts.push(`drift: ${unlike.join(", ") || s.drift.alarmed} unlike the training`);
  $("trainer-line").textContent = plain(parts.join(" · "));
  $("progress").hidden = !s.round?.steps;
  if (s.round?.steps) $("progress-bar").style.width = `${100 * s.round.step / s.round.steps}%`;
  $("trouble").hidden = !s.trouble;
  $("trouble").textContent = plain(s.trouble ?? "");
  showGate(s.last);
}

let judged = "";
function showGate(last) {
  // Told again at every step of a fit: what stands there is left alone.
  const key = last ? `${last.round} ${last.outcome}` : "";
  if (key === judged) return;
  judged = key;
  $("gate").replaceChildren();
  if (!last) return;
  const say = (tag, text, name = "") => {
    const element = Object.assign(document.createElement(tag), { textContent: plain(text), className: name });
    $("gate").append(element);
    return element;
  };
  const fit = last.fit === "head" ? "The head alone" : "The whole adapter";
  const candidate = last.candidate ? ` (${last.candidate.slice(0, 8)})` : "";
  const words = { published: "is in force", refused: "was refused by the gate", undecided: "needs more labels", failed: "failed", "rolled-back": "was taken back" };
  say("h3", `${fit}${candidate} ${words[last.outcome] ?? last.outcome}`, last.gate ? (last.gate.passed ? "passed" : "failed") : "");
  const { gate } = last;
  if (!gate) { say("p", last.reason ?? "", "hint"); return; }
  const given = n => n !== null && n !== undefined;
  const list = say("ul", "");
  const item = text => list.append(Object.assign(document.createElement("li"), { textContent: plain(text) }));
  for (const text of gate.reasons ?? []) item(text);
  if (gate.passed && gate.decided) item(gate.decided);
  for (const d of gate.doubted ?? []) if (d.label) item(`doubted, not fitted on: a label ${d.label} (${d.example.slice(0, 8)}): ${d.reason}`);
  const all = gate.corrections ?? [];
  if (all.length) {
    const right = all.filter(c => c.after).length, fresh = all.filter(c => c.after && !c.before).length, lost = all.filter(c => c.before && !c.after).length;
    item(`${right} of ${all.length} corrections are right: ${fresh} that were wrong before, ${lost} no longer`);
  }
  for (const [label, c] of Object.entries(gate.classes ?? {})) {
    if (!given(c.averagePrecision?.before)) {
      item(`new class ${label}: average precision ${Number(c.averagePrecision.after).toFixed(2)}, detects ${Math.round(100 * (c.recall?.after ?? 0))} % of its sounds (${c.examples} that the fit had not seen)`);
    }
  }
  const table = document.createElement("table");
  const change = (name, c, digits, fewerIsBetter = false) => {
    if (!c || !given(c.after) || !given(c.before)) return;
    const tr = table.insertRow(), th = document.createElement("th"), by = (c.after - c.before) * (fewerIsBetter ? -1 : 1);
    th.textContent = plain(name);
    tr.append(th);
    tr.insertCell().textContent = `${Number(c.before).toFixed(digits)} → ${Number(c.after).toFixed(digits)}`;
    if (Math.abs(by) >= 0.5 * 10 ** -digits) tr.className = by > 0 ? "better" : "worse";
  };
  change("mean average precision", gate.map, 3);
  change("false alarms an hour", gate.falseAlarmsPerHour, 1, true);
  for (const [label, c] of Object.entries(gate.classes ?? {})) change(label, c.averagePrecision, 2);
  $("gate").append(table);
}

// Judging. A stretch is as long as the service takes it, in milliseconds.
const SHORTEST = 100, LONGEST = 60_000;

function listenTo(r) {
  const { canvas } = r.timeline;
  canvas.addEventListener("pointerdown", e => {
    if (e.button !== 0) return;
    const found = r.timeline.at(e.offsetX, e.offsetY);
    if (found) return ask(found, e.pageX, e.pageY);
    close();
    r.timeline.drag = { from: e.offsetX, until: e.offsetX, right: r.timeline.right };
    r.frozen = r.timeline.right;
    canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener("pointermove", e => {
    const { drag } = r.timeline;
    if (drag) drag.until = Math.max(0, Math.min(e.offsetX, canvas.clientWidth));
    canvas.style.cursor = r.timeline.at(e.offsetX, e.offsetY) ? "pointer" : "crosshair";
  });
  canvas.addEventListener("pointerup", e => {
    const { drag } = r.timeline;
    if (!drag) return;
    const [a, b] = [drag.from, drag.until].sort((p, q) => p - q).map(x => Math.round(r.timeline.time(x)));
    if (b - a < SHORTEST) { forget(); return; }
    select(r, a, b, e.pageX, e.pageY);
  });
  canvas.addEventListener("pointercancel", forget);
}

function forget() {
  for (const r of rows.values()) { r.timeline.drag = null; r.frozen = 0; }
}

// A stretch of a timeline that stands still meanwhile, to be named.
function select(r, from, until, x, y) {
  const right = r.frozen || r.right;
  forget();
  r.frozen = right;
  ask({ state: "new", stream: r.timeline.stream, right, onset: Math.round(from), offset: Math.round(until), label: "" }, x, y);
  mark();
}

// The two fields give the span that is marked on the timeline, played, and sent.
function mark() {
  const r = rows.get(subject.stream);
  if (!r) return;
  $("from").value = ((subject.right - subject.onset) / 1000).toFixed(2);
  $("length").value = ((subject.offset - subject.onset) / 1000).toFixed(2);
  r.timeline.drag = { from: r.timeline.x(subject.onset), until: r.timeline.x(subject.offset) };
}

function remark() {
  const r = rows.get(subject?.stream), ago = Number($("from").value) * 1000, long = Number($("length").value) * 1000;
  if (!r || !(long >= SHORTEST && long <= LONGEST)) return;
  Object.assign(subject, { onset: Math.round(subject.right - ago), offset: Math.round(subject.right - ago + long) });
  r.timeline.drag = { from: r.timeline.x(subject.onset), until: r.timeline.x(subject.offset) };
  silence();
  $("play").hidden = false;
  sheetMel.show(subject);
}

function ask(event, x, y) {
  if (event.state !== "new") forget();
  if ($("sheet").hidden) opener = document.activeElement;
  show(event);
  $("class").value = "";
  $("name").value = "";
  $("sheet-name").hidden = Boolean(me());
  silence();
  const sheet = $("sheet");
  sheet.hidden = false;
  sheet.style.left = `${Math.max(8, Math.min(x, innerWidth - 330))}px`;
  sheet.style.top = `${Math.max(scrollY + 8, Math.min(y + 10, scrollY + innerHeight - sheet.offsetHeight - 12))}px`;
  // Not on a verdict: a key that is still held down must not give one.
  (event.state === "new" ? $("class") : sheet).focus();
}

function show(event) {
  subject = event;
  const fresh = event.state === "new", judged = event.state === "ended";
  $("sheet-title").textContent = fresh ? "A sound that was missed" : event.state === "added" ? `${plain(event.label)}, added` : `${plain(event.label)}?`;
  const length = event.offset ? `${((event.offset - event.onset) / 1000).toFixed(2)} s` : "still sounding: label it when it has ended";
  const peak = event.peak === undefined ? "" : `, peak ${event.peak.toFixed(2)}, adapter ${event.adapter.slice(0, 8)}`;
  $("sheet-facts").textContent = fresh ? plain(event.stream) : `${plain(event.stream)}, ${clock(event.onset)}, ${length}${peak}`;
  $("stretch").hidden = !fresh;
  $("verdicts").hidden = !judged;
  $("sheet-form").hidden = !judged && !fresh;
  $("class-question").textContent = fresh ? "What sounds there" : "No, it is";
  $("class-send").textContent = fresh ? "Add" : "Relabel";
  $("sheet-trouble").hidden = true;
  $("play").hidden = !event.offset;
  $("sheet-back").hidden = !own(event);
  sheetMel.show(event);
}

const iso = ms => new Date(ms).toISOString();

function close() {
  if ($("sheet").hidden) return;
  $("sheet").hidden = true;
  silence();
  forget();
  const id = subject?.id;
  subject = null;
  // A list that was made anew meanwhile has another button for the same sound.
  const back = opener?.isConnected ? opener : [...document.querySelectorAll("aside button")].find(b => id && b.dataset.id === id);
  (back ?? $("hold")).focus({ preventScroll: true });
}

function trouble(text) {
  $("sheet-trouble").textContent = plain(text);
  $("sheet-trouble").hidden = false;
}

// A request of the page's own. After a restart of the service it waits for the new start's token, once.
async function call(path, options = {}) {
  const used = token;
  const attempt = () => fetch(path, { ...options, headers: { ...options.headers, "X-Lookaside-Token": token } });
  let answer = await attempt(), why = answer.ok ? "" : await words(answer);
  if (why.startsWith("X-Lookaside-Token")) {
    for (let i = 0; i < 40 && token === used; i++) await new Promise(done => setTimeout(done, 250));
    answer = await attempt();
    why = answer.ok ? "" : await words(answer);
  }
  if (why) throw Object.assign(new Error(why), { status: answer.status });
  return answer;
}

// Why the server answers otherwise, in its words.
async function words(answer) {
  const { error } = await answer.json().catch(() => ({}));
  return error ?? `The service answers with status ${answer.status}.`;
}

// One id per intent, so that what is sent again after a lost answer is one label.
const intents = new Map();

function intent(body) {
  if (!intents.has(body)) {
    intents.set(body, [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, "0")).join(""));
  }
  return intents.get(body);
}

async function send(label, button) {
  $("sheet-trouble").hidden = true;
  if (!me()) {
    const why = "Give your name first: each label carries its author.";
    if (subject) { trouble(why); $("sheet-name").hidden = false; $("name").focus(); }
    else { Object.assign(button, { textContent: "Name first", title: why }); $("author").focus(); }
    return;
  }
  if (button) button.disabled = true;
  const body = { ...label, author: me() }, key = JSON.stringify(body), about = subject;
  try {
    await call("/labels", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...body, request: intent(key) }) });
    intents.delete(key);
    if (subject === about) close();
  } catch (e) {
    if (button) Object.assign(button, { disabled: false, textContent: "Try again", title: plain(e.message) });
    trouble(e.message);
  }
}

// Audio comes with the token, which a player cannot send: it is fetched, then played.
function silence() {
  const player = $("player");
  player.pause();
  if (player.src) URL.revokeObjectURL(player.src);
  player.removeAttribute("src");
  player.hidden = true;
  $("play").disabled = false;
}

async function play() {
  const event = subject;
  $("play").disabled = true;
  $("sheet-trouble").hidden = true;
  try {
    // A quarter of a second around it: an onset cut off is hard to judge.
    const query = new URLSearchParams({ stream: event.stream, from: iso(event.onset - 250), until: iso(Math.min(event.offset + 250, event.onset + 55_000)) });
    const sound = await (await call("/audio?" + query)).blob();
    if (subject !== event) return;
    $("player").src = URL.createObjectURL(sound);
    $("player").hidden = false;
    $("play").hidden = true;
    await $("player").play();
  } catch (e) {
    if (subject !== event) return;
    $("play").disabled = false;
    trouble(e instanceof DOMException ? "The audio cannot be played." : e.message);
  }
}

$("verdicts").addEventListener("click", e => {
  const kind = e.target.dataset.kind;
  if (kind && subject) send({ kind, detection: subject.id });
});
$("sheet-form").addEventListener("submit", e => {
  e.preventDefault();
  const label = $("class").value.trim();
  if (!subject || !label) return;
  send(subject.state === "new"
    ? { kind: "add", stream: subject.stream, label, onset: iso(subject.onset), offset: iso(subject.offset) }
    : { kind: "relabel", detection: subject.id, label });
});
$("sheet-back").addEventListener("click", () => {
  const label = subject && own(subject);
  if (label) send({ kind: "retract", id: label.id });
});
$("sheet-close").addEventListener("click", close);
$("next-search").addEventListener("click", search);
$("play").addEventListener("click", play);
$("name").addEventListener("change", () => {
  $("author").value = $("name").value;
  $("author").dispatchEvent(new Event("change"));
  listCorrections();
});

for (const [text, seconds] of SPANS) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  button.setAttribute("aria-pressed", seconds * 1000 === span);
  button.addEventListener("click", () => {
    span = seconds * 1000;
    for (const b of $("spans").querySelectorAll("button")) b.setAttribute("aria-pressed", b === button);
  });
  $("spans").append(button);
}
function hold(on) {
  held = on;
  $("hold").setAttribute("aria-pressed", on);
  $("hold").textContent = on ? "Go on" : "Hold";
  if (!on) dropStale();
}
$("hold").addEventListener("click", () => hold(!held));
addEventListener("keydown", e => {
  // A key that is held down presses a button once.
  if (e.repeat && e.key === "Enter" && e.target.closest?.("button, form")) e.preventDefault();
  if (e.key === "Escape") close();
  if (e.key === "Tab" && !$("sheet").hidden) keep(e);
  if (e.key === " " && e.target === document.body) { e.preventDefault(); hold(!held); }
});
// Tab goes round in the sheet.
function keep(e) {
  const inside = [...$("sheet").querySelectorAll("button, input, audio")].filter(x => x.offsetParent && !x.disabled);
  const at = inside.indexOf(document.activeElement), next = inside.at(e.shiftKey ? (at < 0 ? -1 : at - 1) : (at + 1) % inside.length);
  e.preventDefault();
  next.focus();
}
$("from").addEventListener("input", remark);
$("length").addEventListener("input", remark);
$("older").addEventListener("click", () => { listing += 24; listRecent(); });
try {
  $("author").value = localStorage.getItem("author") ?? "";
  $("author").addEventListener("change", () => localStorage.setItem("author", $("author").value));
} catch { /* Storage is switched off: the name is asked for again next time. */ }
$("author").addEventListener("input", listCorrections);

const duration = s => s < 120 ? `${Math.round(s)} s` : s < 7200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;

function draw() {
  for (const r of rows.values()) {
    if ((!held || !r.right) && !r.frozen) r.right = r.timeline.now();
    r.timeline.draw(r.frozen || r.right, span);
    if (r.spectrogram.canvas.isConnected) r.spectrogram.draw();
    const open = r.timeline.open()[0];
    const seconds = (r.millis + (performance.now() - r.since)) / 1000;
    const quiet = r.state === "silent" ? `no audio for ${duration(seconds)}` : "", late = r.state === "late" ? `late by ${duration(r.millis / 1000)}` : "";
    r.now.textContent = open ? plain(open.label) : r.state === "ended" ? "ended" : quiet || "–";
    r.now.className = open ? "now" : "now quiet";
    r.now.style.color = open ? shade(colourOf(open.label)) : "";
    const { length } = r.timeline.holes, gaps = length ? `${length} gap${length > 1 ? "s" : ""}` : r.windows && !quiet ? "no gap" : "";
    const off = r.clock ? `its clock is ${duration(Math.abs(r.clock) / 1000)} ${r.clock > 0 ? "ahead" : "behind"}` : "";
    r.kept.textContent = [late, off, open && quiet, gaps].filter(Boolean).join(" · ");
    r.kept.classList.toggle("holes", length > 0 || Boolean(late || off || quiet));
    r.element.classList.toggle("stale", r.state === "silent" || r.state === "ended");
  }
  if (!$("player").hidden) sheetMel.draw();
  requestAnimationFrame(draw);
}

function follow() {
  const source = new EventSource("/events");
  let ended = "";
  source.onmessage = e => {
    const update = JSON.parse(e.data);
    if (update.hello) {
      token = update.token;
      corrections.clear();
      for (const r of rows.values()) {
        r.stale = true;
        r.timeline.close();
      }
    }
    ended = "";
    update.messages.forEach(take);
    if (update.hello && !held) dropStale();
    if (update.figures) showFigures(update.figures);
    listRecent();
  };
  // Why the server ends the stream; the browser opens it again by itself.
  source.addEventListener("end", e => { ended = JSON.parse(e.data).why; });
  source.onerror = async () => {
    health(false, ended ? `${ended}; trying again` : "connection lost, trying again");
    if (source.readyState !== EventSource.CLOSED) return;
    // An event source keeps to itself what it was answered.
    const answer = await fetch("/events").catch(() => null);
    if (answer?.ok) answer.body.cancel();
    else if (answer) health(false, `${await words(answer)}; trying again`);
    setTimeout(follow, 5000);
  };
}
follow();
requestAnimationFrame(draw);
