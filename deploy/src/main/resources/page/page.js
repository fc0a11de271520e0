// What is told by /events becomes rows; what people say becomes labels.
const $ = id => document.getElementById(id);
const SPANS = [["30 s", 30], ["1 min", 60], ["5 min", 300]];
const rows = new Map(), corrections = new Map(), labels = new Set();
let span = 30_000, held = false, subject = null, order = 0;

function row(stream) {
  if (rows.has(stream)) return rows.get(stream);
  $("empty").hidden = true;
  const timeline = new Timeline(stream), element = document.createElement("div");
  element.className = "stream";
  const name = document.createElement("div");
  name.className = "name";
  const parts = ["h2", "p", "p", "p"].map(tag => document.createElement(tag));
  ["", "now quiet", "kept", "adapter"].forEach((c, i) => { parts[i].className = c; });
  parts[0].textContent = stream;
  parts[0].title = stream;
  name.append(...parts);
  element.append(name, timeline.canvas);
  const made = { timeline, element, now: parts[1], kept: parts[2], adapter: parts[3], windows: 0, holes: 0, right: 0 };
  rows.set(stream, made);
  for (const [, r] of [...rows].sort((a, b) => a[0].localeCompare(b[0]))) $("timelines").append(r.element);
  listenTo(made);
  return made;
}

function take(message) {
  if (message.kind === "trainer") return showTrainer(message.status);
  if (message.kind === "correction") return takeCorrection(message);
  const r = row(message.stream);
  r.timeline.add(message);
  if (message.kind === "window") {
    r.windows++;
    r.finished = false;
  }
  if (message.kind === "hole") r.holes++;
  if (message.kind === "event") {
    message.order = ++order;
    know(message.label);
    judge(message);
  }
  if (message.kind === "swap") {
    message.labels.forEach(know);
    r.adapter.textContent = "adapter ";
    const code = document.createElement("code");
    code.textContent = message.adapter.slice(0, 8);
    code.title = message.adapter;
    r.adapter.append(code);
  }
  if (message.kind === "finished") r.finished = true;
}

function know(label) {
  if (labels.has(label)) return;
  labels.add(label);
  colourOf(label);
  $("classes").append(new Option(label));
}

// What its author has taken back or said anew does not count.
const gone = c => c.standing === "retracted" || c.standing === "superseded" || c.verdict === "retract";
const me = () => $("author").value.trim() || "page";
const mine = c => c.author === me() && !gone(c);

// What can be taken back of what was said about an event.
function own(event) {
  return [...corrections.values()].findLast(c => mine(c) && (event.state === "added" ? c === event.correction : c.detection === event.id));
}

// The newest that counts of what was said about a detection.
function judge(event) {
  event.correction = [...corrections.values()].findLast(c => c.detection === event.id && !gone(c));
}

function takeCorrection(message) {
  corrections.set(message.id, message);
  know(message.label);
  const r = row(message.stream), event = message.detection && r.timeline.events.get(message.detection);
  if (event) judge(event);
  if (message.verdict === "add") {
    r.timeline.add({ ...message, kind: "event", id: "label " + message.id, state: gone(message) ? "retracted" : "added", correction: message });
  }
  listCorrections();
  listSuggested();
}

const clock = ms => new Date(ms).toLocaleTimeString([], { hour12: false });

function said(c) {
  const { label } = c;
  return { confirm: `${label} is right`, reject: `${label} is not there`, relabel: `it is ${label}`, add: `${label} was missed`, retract: `${label} is retracted` }[c.verdict];
}

// Who says otherwise, as far as that is shown here.
function others(c) {
  const known = (c.because ?? []).map(id => corrections.get(id)).filter(Boolean);
  return known.length ? ` (${known.map(o => `${o.author}: ${said(o)}`).join(", ")})` : "";
}

function stageText(c) {
  const adapter = (c.adapter ?? "").slice(0, 8);
  const learned = { "in-force": `in adapter ${adapter} since ${clock(c.since)}`, "taken-back": `was in adapter ${adapter}, which was taken back` }[c.stage];
  if (learned) {
    const since = { retracted: "; taken back, the next refit is without it", superseded: "; said anew since", conflict: `; disputed since${others(c)}` }[c.standing];
    return learned + (since ?? "");
  }
  return {
    sent: "sent", stored: "in the store of examples, in no adapter in force",
    disputed: `disputed: kept out of training${others(c)}`, retracted: "taken back", superseded: "said anew since",
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
    what.textContent = `${c.author === me() ? "" : c.author + ": "}${said(c)}, ${c.stream} ${clock(c.onset)}`;
    item.append(what);
    if (mine(c)) item.append(takeBack(c));
    stage.className = "stage " + (c.standing === "conflict" ? "disputed" : c.stage);
    stage.textContent = stageText(c);
    item.append(stage);
    if (c.before && c.after) {
      const heard = document.createElement("span");
      heard.className = "heard";
      heard.textContent = `before: ${c.before} → ${c.stage === "taken-back" ? "then" : "now"}: ${c.after}`;
      item.append(heard);
    }
    item.title = c.receipt ?? "";
    return item;
  }));
}

function takeBack(c) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "back", textContent: "Take back", title: "As if you had never said it" });
  button.addEventListener("click", () => send({ kind: "retract", id: c.id }, button));
  return button;
}

let listed = "";
function listRecent() {
  const all = [...rows].flatMap(([, r]) => [...r.timeline.events.values()])
    .filter(e => e.state === "ended" || e.state === "open").sort((a, b) => b.order - a.order).slice(0, 12);
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
    const answer = await fetch("/label-next", { headers: { "X-Lookaside-Token": "TOKEN" } });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.error);
    suggested = found.sounds.map(s => ({ ...s, id: s.detection, state: "ended", onset: Date.parse(s.onset), offset: Date.parse(s.offset) }));
    listSuggested();
    $("next-line").textContent = suggested.length
      ? `Of ${found.detections} detections without a label.${found.wanted?.length ? ` The last round asked for more labels of ${found.wanted.join(", ")}.` : ""}`
      : "No detection on this page is without a label.";
  } catch (e) {
    $("next-line").textContent = e.message;
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
  what.textContent = text;
  where.className = "where";
  where.textContent = `${e.stream} ${clock(e.onset)}`;
  button.dataset.id = e.id;
  button.append(swatch, what, where);
  button.addEventListener("click", () => {
    const box = button.getBoundingClientRect();
    ask(e, box.left - 330, box.top);
  });
  return button;
}

function showFigures(f) {
  const number = n => (n ?? 0).toLocaleString("en");
  const millis = n => n === undefined ? "–" : n < 10_000 ? `${n} ms` : `${(n / 1000).toLocaleString("en", { maximumFractionDigits: 0 })} s`;
  $("streams").textContent = number(f.streams) + (f.unseenStreams ? "+" : "");
  $("scored").textContent = number(f.scored);
  $("shed").textContent = number(f.shed);
  $("p50").textContent = millis(f.p50);
  $("p99").textContent = millis(f.p99);
  $("device").textContent = $("device").title = f.device;
  health(f.healthy, f.health);
}

function health(good, text) {
  $("dot").className = "dot " + (good ? "good" : "bad");
  $("health").textContent = text;
}

// The trainer's way, as people say it.
const PHASES = { collecting: "collects corrections", fitting: "fits", judging: "judges", shadowing: "tries in shadow", publishing: "publishes" };

function showTrainer(s) {
  $("trainer").hidden = false;
  $("way").hidden = Boolean(s.elsewhere);
  if (s.elsewhere) {
    $("phase").textContent = "in another process";
    $("trainer-line").textContent = `Its last round ended at ${clock(Date.parse(s.last.time))}. What it does now is not told here.`;
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
  $("trainer-line").textContent = parts.join(" · ");
  $("progress").hidden = !s.round?.steps;
  if (s.round?.steps) $("progress-bar").style.width = `${100 * s.round.step / s.round.steps}%`;
  $("trouble").hidden = !s.trouble;
  $("trouble").textContent = s.trouble ?? "";
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
    const element = Object.assign(document.createElement(tag), { textContent: text, className: name });
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
  const item = text => list.append(Object.assign(document.createElement("li"), { textContent: text }));
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
    th.textContent = name;
    tr.append(th);
    tr.insertCell().textContent = `${Number(c.before).toFixed(digits)} → ${Number(c.after).toFixed(digits)}`;
    if (Math.abs(by) >= 0.5 * 10 ** -digits) tr.className = by > 0 ? "better" : "worse";
  };
  change("mean average precision", gate.map, 3);
  change("false alarms an hour", gate.falseAlarmsPerHour, 1, true);
  for (const [label, c] of Object.entries(gate.classes ?? {})) change(label, c.averagePrecision, 2);
  $("gate").append(table);
}

// Judging.

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
    if (b - a < 50) { forget(); return; }
    ask({ state: "new", stream: r.timeline.stream, onset: a, offset: b, label: "" }, e.pageX, e.pageY);
  });
  canvas.addEventListener("pointercancel", forget);
}

function forget() {
  for (const r of rows.values()) { r.timeline.drag = null; r.frozen = 0; }
}

function ask(event, x, y) {
  if (event.state !== "new") forget();
  subject = event;
  const fresh = event.state === "new", judged = event.state === "ended";
  $("sheet-title").textContent = fresh ? "A sound that was missed" : event.state === "added" ? `${event.label}, added` : `${event.label}?`;
  const length = event.offset ? `${((event.offset - event.onset) / 1000).toFixed(2)} s` : "still sounding: label it when it has ended";
  const peak = event.peak === undefined ? "" : `, peak ${event.peak.toFixed(2)}, adapter ${event.adapter.slice(0, 8)}`;
  $("sheet-facts").textContent = `${event.stream}, ${clock(event.onset)}, ${length}${peak}`;
  $("verdicts").hidden = !judged;
  $("sheet-form").hidden = !judged && !fresh;
  $("class-question").textContent = fresh ? "What sounds there" : "No, it is";
  $("class-send").textContent = fresh ? "Add" : "Relabel";
  $("class").value = "";
  $("sheet-trouble").hidden = true;
  const player = $("player");
  player.hidden = !event.offset;
  if (event.offset) {
    // A quarter of a second around it: an onset cut off is hard to judge.
    const query = new URLSearchParams({ stream: event.stream, from: iso(event.onset - 250), until: iso(Math.min(event.offset + 250, event.onset + 55_000)) });
    player.src = "/audio?" + query;
  }
  const sheet = $("sheet");
  sheet.hidden = false;
  sheet.style.left = `${Math.max(8, Math.min(x, innerWidth - 330))}px`;
  sheet.style.top = `${Math.max(scrollY + 8, Math.min(y + 10, scrollY + innerHeight - sheet.offsetHeight - 12))}px`;
  $("sheet-back").hidden = !own(event);
  (fresh ? $("class") : judged ? $("verdicts").firstElementChild : $("sheet-close")).focus();
}

const iso = ms => new Date(ms).toISOString();

function close() {
  $("sheet").hidden = true;
  $("player").removeAttribute("src");
  subject = null;
  forget();
}

async function send(label, button) {
  $("sheet-trouble").hidden = true;
  if (button) button.disabled = true;
  try {
    const answer = await fetch("/labels", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Lookaside-Token": "TOKEN" },
      body: JSON.stringify({ ...label, author: $("author").value.trim() || "page" }),
    });
    if (!answer.ok) throw new Error((await answer.json()).error);
    close();
  } catch (e) {
    if (button) Object.assign(button, { disabled: false, textContent: "Try again", title: e.message });
    $("sheet-trouble").textContent = e.message;
    $("sheet-trouble").hidden = false;
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
  const said = subject && own(subject);
  if (said) send({ kind: "retract", id: said.id });
});
$("sheet-close").addEventListener("click", close);
$("next-search").addEventListener("click", search);
$("player").addEventListener("error", async () => {
  const src = $("player").getAttribute("src");
  if (!src) return;
  const answer = await fetch(src).catch(() => null);
  const text = answer && !answer.ok ? (await answer.json()).error : "The audio cannot be played.";
  $("sheet-trouble").textContent = text;
  $("sheet-trouble").hidden = false;
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
}
$("hold").addEventListener("click", () => hold(!held));
addEventListener("keydown", e => {
  if (e.key === "Escape") close();
  if (e.key === " " && e.target === document.body) { e.preventDefault(); hold(!held); }
});
try {
  $("author").value = localStorage.getItem("author") ?? "";
  $("author").addEventListener("change", () => localStorage.setItem("author", $("author").value));
} catch { /* Storage is switched off: the name is asked for again next time. */ }
$("author").addEventListener("input", listCorrections);

function draw() {
  for (const r of rows.values()) {
    if (!held && !r.frozen) r.right = r.timeline.now();
    r.timeline.draw(r.frozen || r.right, span);
    const open = r.timeline.open()[0];
    r.now.textContent = open ? open.label : r.finished ? "ended" : "–";
    r.now.className = open ? "now" : "now quiet";
    r.now.style.color = open ? shade(colourOf(open.label)) : "";
    r.kept.textContent = r.holes ? `${r.holes} gap${r.holes > 1 ? "s" : ""}` : r.windows ? "no gap" : "";
    r.kept.classList.toggle("holes", r.holes > 0);
  }
  requestAnimationFrame(draw);
}

function follow() {
  const source = new EventSource("/events");
  source.onmessage = e => {
    const told = JSON.parse(e.data);
    if (told.hello) {
      rows.clear();
      corrections.clear();
      for (const old of $("timelines").querySelectorAll(".stream")) old.remove();
    }
    told.messages.forEach(take);
    if (told.figures) showFigures(told.figures);
    listRecent();
  };
  source.onerror = () => {
    health(false, "connection lost, trying again");
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  };
}
follow();
requestAnimationFrame(draw);
