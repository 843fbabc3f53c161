// The page and the widget: one module. Whatever a model, a prompt or a person wrote reaches the document through textContent alone.

const AHEAD = 12, LOW = 8, LISTED = 10, UNSENT = 50;
const KEYS = {
  compare: [
    { kind: "a", keys: ["a", "ArrowLeft"], label: "A is better", hint: "a ←", main: true },
    { kind: "tie", keys: ["t"], label: "As good", hint: "t", main: true },
    { kind: "b", keys: ["b", "ArrowRight"], label: "B is better", hint: "b →", main: true },
    { kind: "both_bad", keys: ["x"], label: "Both bad", hint: "x" },
  ],
  verdict: [
    { kind: "right", keys: ["y"], label: "Right", hint: "y", main: true, answer: 0 },
    { kind: "wrong", keys: ["x"], label: "Not right", hint: "x", main: true, answer: 0 },
  ],
  rank: [],
};
const STRENGTHS = ["A much better", "A better", "A a little", "As good", "B a little", "B better", "B much better"];
const ALWAYS = [
  { kind: "cannot_judge", keys: ["c"], label: "Cannot judge", hint: "c" },
  { kind: "skip", keys: ["s"], label: "Skip", hint: "s" },
];
const SAID = { a: "A", b: "B", tie: "As good", both_bad: "Both bad", cannot_judge: "Cannot judge", skip: "Skipped", right: "Right", wrong: "Not right",
  correction: "In your words", ranking: "Ranked" };

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && !key.startsWith("aria")) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}
const fill = (node, ...children) => node.replaceChildren(...children.filter((c) => c !== null && c !== undefined));
const key = (hint) => el("span", { class: "keys", "aria-hidden": "true" }, ...hint.split(" ").map((k) => el("kbd", {}, k)));
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

/** What changed between two texts, word by word: [[-1 | 0 | 1, text], ...]. Texts of over 800 words are not compared. */
export function difference(before, after) {
  const a = before.match(/\s+|[^\s]+/g) || [], b = after.match(/\s+|[^\s]+/g) || [];
  if (a.length > 1600 || b.length > 1600) return [[0, after]];
  const length = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
  const out = [];
  const put = (sign, text) => (out.length && out[out.length - 1][0] === sign ? (out[out.length - 1][1] += text) : out.push([sign, text]));
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) put(0, a[i++]), j++;
    else if (j === b.length || (i < a.length && length[i + 1][j] >= length[i][j + 1])) put(-1, a[i++]);
    else put(1, b[j++]);
  }
  return out;
}

const COLORS = { ink: "--ink", soft: "--soft", accent: "--accent", good: "--good", bad: "--bad" };
/** Draws frames of a replay: pictures, or shapes in the replay's own box, x to the right and y up. */
function drawFrame(canvas, replay, pictures, index) {
  const scale = window.devicePixelRatio || 1, [left, bottom, right, top] = replay.box, frame = replay.frames[index], picture = pictures[index];
  const ratio = picture && picture.naturalWidth ? picture.naturalWidth / picture.naturalHeight : (right - left) / (top - bottom);
  const width = Math.max(80, Math.min(canvas.parentElement.clientWidth - 36, Math.max(160, 0.34 * window.innerHeight) * ratio)), height = width / ratio;
  canvas.style.width = `${width}px`; // all of both is in sight
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const pen = canvas.getContext("2d"), style = getComputedStyle(canvas), unit = canvas.width / (right - left);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (picture) return picture.complete && pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const x = (v) => (v - left) * unit, y = (v) => (top - v) * unit;
  for (const shape of frame) {
    pen.strokeStyle = pen.fillStyle = style.getPropertyValue(COLORS[shape.color] || "--ink");
    pen.beginPath();
    const points = shape.line || shape.polygon;
    if (points) for (let i = 0; i < points.length; i += 2) pen.lineTo(x(points[i]), y(points[i + 1]));
    if (shape.line) { pen.lineWidth = shape.width * scale; pen.lineCap = pen.lineJoin = "round"; pen.stroke(); }
    else if (shape.polygon) pen.fill();
    else if (shape.circle) { pen.arc(x(shape.circle[0]), y(shape.circle[1]), Math.abs(shape.circle[2]) * unit, 0, 2 * Math.PI); pen.fill(); }
    else if (shape.text !== undefined) { pen.font = `${13 * scale}px system-ui, sans-serif`; pen.fillText(shape.text, x(shape.at[0]), y(shape.at[1])); }
  }
}
const SPEEDS = [0.25, 0.5, 1, 2, 4];
/** Replays that run on one clock, again and again; a shorter one waits at its end. Returns { node, canvases, keys(pressed), stop() }. */
function player(replays) {
  const length = Math.max(...replays.map((r) => (r.frames.length - 1) * r.seconds)), step = Math.min(...replays.map((r) => r.seconds));
  const canvases = replays.map((r, i) => el("canvas", { role: "img", "aria-label": `Replay ${replays.length === 2 ? "AB"[i] : i + 1}, ${(r.frames.length * r.seconds).toFixed(1)} seconds` }));
  const pictures = replays.map((r) => r.frames.map((f) => { if (typeof f !== "string") return null; const image = new Image(); image.onload = () => show(); image.src = f; return image; }));
  let time = 0, speed = 2, before = null, request = 0, running = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const scrub = el("input", { type: "range", min: 0, max: Math.max(length, step), step, value: 0, "aria-label": "Time", oninput: () => { pause(); time = Number(scrub.value); show(); } });
  const clock = el("span", { class: "counts" }), play = el("button", { type: "button", onclick: () => toggle() }), pace = el("button", { type: "button", class: "quiet", onclick: () => faster(1, true) });
  const node = el("div", { class: "player", role: "group", "aria-label": "Replay" }, play, scrub, clock, pace);
  function show() {
    replays.forEach((r, i) => { if (canvases[i].isConnected) drawFrame(canvases[i], r, pictures[i], Math.min(r.frames.length - 1, Math.floor(time / r.seconds + 1e-6))); });
    scrub.value = time;
    scrub.setAttribute("aria-valuetext", `${time.toFixed(1)} of ${length.toFixed(1)} seconds`);
    clock.textContent = `${time.toFixed(1)} of ${length.toFixed(1)} s`;
  }
  function buttons() {
    fill(play, el("span", {}, running ? "Pause" : "Play"), key("p"));
    fill(pace, el("span", {}, `Speed ${SPEEDS[speed]}`), key("[ ]"));
  }
  function tick(now) {
    if (running && before !== null) { time += ((now - before) / 1000) * SPEEDS[speed]; if (time > length + 0.6 * SPEEDS[speed]) time = 0; }
    before = now;
    const at = Math.min(time, length), kept = time;
    time = at; show(); time = kept;
    request = requestAnimationFrame(tick);
  }
  const pause = () => { running = false; time = Math.min(time, length); buttons(); };
  const toggle = () => { running = !running; buttons(); };
  const faster = (by, around) => { speed = around ? (speed + by) % SPEEDS.length : Math.max(0, Math.min(SPEEDS.length - 1, speed + by)); buttons(); };
  const move = (by) => { pause(); time = Math.max(0, Math.min(length, time + by * step)); show(); };
  buttons();
  request = requestAnimationFrame(tick);
  const acts = { p: toggle, "[": () => faster(-1), "]": () => faster(1), ",": () => move(-1), ".": () => move(1) };
  return { node, canvases, keys: (pressed) => acts[pressed] && (acts[pressed](), true), stop: () => cancelAnimationFrame(request) };
}

/**
 * Puts the whole tool into `root`. `call(name, body)` sends a message and gives its answer; it throws {status, message}, status 0 where nobody answered.
 * `memory` keeps what was not saved yet over a reload: get(), set(list).
 */
export function mount(root, call, memory, { keysOn = root } = {}) {
  let settings = {}, progress = {}, replay = null, queue = [], current = null, history = [], outbox = memory.get(), shownAt = 0, editing = null, over = null;
  let sending = false, fetching = false, undoing = false, wait = 500, trouble = "", refused = "", behind = 0, hint = "", version = 0, keysActive = true, open = false, order = [], warned = false, stopped = false, asleep = null;
  const answered = new Set(); // answered on this page: an older reply of the desk may still offer it

  const nodes = {
    counts: el("span", { class: "counts" }), accuracy: el("span", { class: "counts accuracy" }), saved: el("span", { class: "saved", role: "status" }), bar: el("progress", { "aria-label": "Answered", max: 1, value: 0 }),
    question: el("h1", {}), guidelines: el("details", { class: "guidelines" }, el("summary", {}, "Guidelines"), el("p", {})),
    prompt: el("div", { class: "text", dir: "auto" }), answers: el("div", { class: "answers" }), player: el("div", { hidden: true }), actions: el("div", { class: "actions", role: "group", "aria-label": "Your answer" }),
    editor: el("section", { class: "editor", hidden: true, "aria-label": "A better answer in your words" }), note: el("div", { class: "note", hidden: true }),
    alert: el("p", { class: "alert", role: "alert", hidden: true }), said: el("p", { class: "hidden", "aria-live": "polite" }),
    empty: el("div", { class: "empty", hidden: true }), work: el("div", { class: "work", hidden: true }), history: el("aside", { class: "history", hidden: true, "aria-label": "Last answers" }),
    training: el("section", { class: "training", hidden: true, "aria-label": "The model" }), help: el("dialog", { class: "help", "aria-label": "Keys and guidelines" }),
  };
  const button = (label, hint, act, kind = "") => el("button", { type: "button", class: kind, onclick: act, "aria-keyshortcuts": hint.startsWith("Ctrl ") ? "Control+Enter" : hint.split(" ")[0].replace("Esc", "Escape") }, el("span", {}, label), hint ? key(hint) : null);
  const textarea = el("textarea", { dir: "auto", rows: 4, "aria-label": "The better answer", oninput: () => drawDifference() });
  const changes = el("div", { class: "text difference", dir: "auto", "aria-label": "What you changed" });
  const noteBox = el("input", { type: "text", dir: "auto", maxLength: 2000, placeholder: "A note to your next answer", "aria-label": "Note" });
  nodes.note.append(noteBox);
  const promptCard = el("section", { class: "prompt", "aria-label": "Prompt" }, el("h2", {}, "Prompt"), nodes.prompt);
  nodes.work.append(promptCard, nodes.answers, nodes.player, nodes.editor, nodes.note, nodes.actions);
  root.classList.add("tutelage-rate");
  fill(root,
    el("header", {}, el("div", { class: "brand" }, "tutelage"), nodes.counts, nodes.accuracy, nodes.saved, el("span", { class: "space" }), button("Last answers", "h", () => toggleHistory(), "quiet"),
      button("Keys", "?", () => toggleHelp(), "quiet")), nodes.bar,
    el("main", {}, nodes.question, nodes.guidelines, nodes.alert, nodes.empty, nodes.work, nodes.training), nodes.history, nodes.help, nodes.said);

  // ---- what is to be seen
  const long = (text) => text.length > 1800 || text.split("\n").length > 24;
  function drawAnswers() {
    const task = current.task, letters = task === "compare" ? ["A", "B"] : current.answers.map((_, i) => (task === "verdict" ? "Answer" : String(i + 1)));
    nodes.answers.className = "answers " + task;
    fill(nodes.answers, ...current.answers.map((answer, i) => {
      const rank = task === "rank" ? ranks()[i] : null;
      const place = task === "rank" && !rank ? button("Place", String(i + 1), () => placeNext(i), "quiet") : null;
      const head = el("header", {}, el("h2", {}, letters[i]), rank ? el("span", { class: "rank" }, "place " + rank) : null, place);
      if (replay) return el("article", { class: "answer" + (marked(i) ? " chosen" : ""), "aria-label": "Answer " + letters[i] }, head, replay.canvases[i]);
      const text = el("div", { class: "text", dir: "auto" });
      text.textContent = answer;
      const folded = long(answer) && !open;
      if (folded) text.classList.add("folded");
      return el("article", { class: "answer" + (marked(i) ? " chosen" : ""), "aria-label": "Answer " + letters[i] },
        head, text,
        long(answer) ? button(folded ? `Show all ${answer.length.toLocaleString()} characters` : "Show less", "f", () => fold(), "quiet wide") : null);
    }));
  }
  const marked = (i) => over && (over.kind === "ab"[i] || (over.kind === "correction" && over.answer === i));
  function drawActions() {
    const task = current.task, list = [];
    if (task === "compare" && settings.strength) STRENGTHS.forEach((label, i) => list.push(button(label, String(i + 1), () => strong(i - 3), "main")));
    else for (const k of KEYS[task]) if (k.main) list.push(button(k.label, k.hint, () => answer(k.kind, k), "main" + (over && over.kind === k.kind ? " before" : "")));
    if (task === "rank") list.push(button("Same place as the last", "=", () => tie(), order.length ? (order.tie ? "pressed" : "") : "dim"), button("Take back", "Backspace", () => unplace()), button("Done", "Enter", () => submitRanking(), "main"));
    const more = [...KEYS[task].filter((k) => !k.main), ...ALWAYS].map((k) => button(k.label, k.hint, () => answer(k.kind, k), over && over.kind === k.kind ? "before" : ""));
    if (over && over.edit) more.push(button("Leave as it was", "Esc", () => leave(), "quiet"));
    fill(nodes.actions, el("div", { class: "first" + (settings.strength && task === "compare" ? " seven" : "") }, ...list),
      el("div", { class: "second" }, ...more, replay ? null : button("Write a better one", "e", () => edit()), button("Note", "n", () => note()), button("Undo", "u", () => undo())));
  }
  function draw() {
    nodes.question.textContent = current && current.task === "verdict" && settings.question === "Which answer is better?" ? "Is this answer right?"
      : current && current.task === "rank" && settings.question === "Which answer is better?" ? "Which order, best first?" : settings.question || "";
    nodes.guidelines.hidden = !settings.guidelines;
    nodes.guidelines.lastElementChild.textContent = settings.guidelines || "";
    nodes.work.hidden = !current;
    nodes.empty.hidden = Boolean(current) || !settings.question;
    if (current) {
      nodes.prompt.textContent = current.prompt;
      nodes.prompt.classList.toggle("folded", long(current.prompt) && !open);
      drawAnswers();
      drawActions();
    } else drawEmpty();
    drawProgress();
  }
  function drawEmpty() {
    const learning = progress.training && progress.training.stage, done = progress.answered >= progress.asked_for && progress.asked_for > 0;
    fill(nodes.empty, el("p", { class: "big" }, progress.closed ? "This session is over. Thank you." : learning ? "The model is learning from your answers." : done ? "All done. Thank you." : fetching || outbox.length ? "One moment." : "Nothing to judge at the moment."),
      el("p", {}, progress.closed ? "You can close this page." : learning ? "New questions come as soon as it is ready." : "This page looks for new questions by itself."),
      history.length ? el("p", {}, button("Undo the last answer", "u", () => undo(), "")) : null);
  }
  function drawProgress() {
    const p = progress, answered = p.answered ?? 0;
    nodes.counts.textContent = p.asked_for === undefined ? "" : `${Math.min(answered, p.asked_for).toLocaleString()} of ${p.asked_for.toLocaleString()}` + (p.per_minute >= 1 ? ` · ${Math.round(p.per_minute)} a minute` : "");
    const [right, of] = (p.training && p.training.accuracy) || [0, 0];
    nodes.accuracy.textContent = of ? `reward model right on ${right} of the last ${of}` : "";
    nodes.bar.max = Math.max(1, p.asked_for || 1);
    nodes.bar.value = Math.min(answered, nodes.bar.max);
    const state = trouble ? "trouble" : outbox.length ? "saving" : "";
    nodes.saved.className = "saved " + state;
    const said = trouble ? `${outbox.length} not saved yet` : outbox.length > 3 ? `saving ${outbox.length}` : outbox.length ? "saving" : history.length ? "saved" : "";
    if (nodes.saved.textContent !== said) nodes.saved.textContent = said;
    const alert = trouble || refused || hint;
    nodes.alert.hidden = !alert;
    if (nodes.alert.textContent !== alert) nodes.alert.textContent = alert;
    drawTraining(p.training);
    if (!nodes.history.hidden) drawHistory();
  }
  function drawTraining(t) {
    nodes.training.hidden = !t;
    if (!t || JSON.stringify(t) === nodes.training.dataset.now) return;
    nodes.training.dataset.now = JSON.stringify(t);
    const line = t.error ? t.error : t.stage ? `Learning: ${t.stage}, ${t.done} of ${t.total}` : t.lessons ? `Lesson ${t.lessons} learnt in ${Math.round(t.seconds)} s from ${t.learnt_from} answers.` : `It learns after ${t.every} answers.`;
    const rows = (t.examples || []).map(([prompt, before, now]) => {
      const cells = [prompt, before, now].map((s) => { const c = el("td", { dir: "auto" }); c.textContent = s; return c; });
      if (before !== now) cells[2].className = "changed";
      return el("tr", {}, ...cells);
    });
    fill(nodes.training, el("h2", {}, "The model"), el("p", { role: "status" }, line), ...(t.alarms || []).map((said) => el("p", { class: "alarm" }, `Look at what it says now: ${said}.`)), t.stage ? el("progress", { max: t.total || 1, value: t.done || 0, "aria-label": "Learning" }) : null,
      t.accuracy && t.accuracy[1] ? el("p", {}, `Before it learnt from them, its reward models foretold ${t.accuracy[0]} of your newest ${t.accuracy[1]} choices.`) : null,
      rows.length ? el("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Before and after" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Question"), el("th", { scope: "col" }, "Before you taught it"), el("th", { scope: "col" }, "Now"))), el("tbody", {}, ...rows))) : null,
      (t.unsure || []).length ? el("div", {}, el("h3", {}, "Where its reward models are unsure"), el("ul", { class: "unsure" }, ...t.unsure.map(([prompt, score]) => {
        const label = el("span", { dir: "auto" });
        label.textContent = prompt;
        return el("li", {}, label, el("meter", { max: 1, value: Math.min(1, score), "aria-label": "How much they disagree" }));
      }))) : null);
  }
  function describe(h) {
    if (h.strength !== null && h.strength !== undefined) return STRENGTHS[h.strength + 3];
    if (h.kind === "ranking") return "Order " + h.ranking.join(" ");
    return SAID[h.kind] || h.kind;
  }
  function drawHistory() {
    fill(nodes.history, el("h2", {}, "Last answers"), history.length ? null : el("p", {}, "None yet."), el("ol", {}, ...history.slice(0, LISTED).map((h) => {
      const what = el("span", { class: "what", dir: "auto" });
      what.textContent = h.view.prompt;
      return el("li", {}, el("button", { type: "button", onclick: () => reopen(h) }, el("strong", {}, describe(h)), what));
    })), button("Close", "h", () => toggleHistory(), "quiet"));
  }

  // ---- what can be done
  function show(view, before = null) {
    if (replay) replay.stop();
    replay = view && view.answers.every((a) => typeof a !== "string") ? player(view.answers) : null;
    nodes.player.hidden = !replay;
    fill(nodes.player, replay && replay.node);
    current = view; over = before; open = false; order = []; warned = false; hint = ""; shownAt = performance.now();
    closeEditor();
    draw();
    if (root.getBoundingClientRect().top < 0) root.scrollIntoView();
  }
  function next() {
    show(queue.shift() || null);
    if (queue.length < LOW) fetchMore();
  }
  function answer(kind, extra = {}) {
    if (!current) return;
    const message = { id: newId(), item: current.item, turn: current.turn, kind, seconds: (performance.now() - shownAt) / 1000 };
    for (const name of ["strength", "answer", "ranking", "correction"]) if (extra[name] !== undefined) message[name] = extra[name];
    if (noteBox.value.trim()) message.note = noteBox.value;
    noteBox.value = "";
    nodes.note.hidden = true;
    history = [{ strength: null, answer: null, ranking: null, ...message, view: current }, ...history.filter((h) => h.view.item !== current.item || h.view.turn !== current.turn)];
    answered.add(message.item + message.turn);
    push(message);
    nodes.said.textContent = `${describe(history[0])}. ${queue.length ? "Next question." : ""}`;
    next();
  }
  const strong = (strength) => answer(strength < 0 ? "a" : strength > 0 ? "b" : "tie", { strength });
  async function undo() {
    if (undoing) return;
    undoing = true;
    try {
      if (!history.length) { await settled(); await refresh(); }
      const last = history.shift();
      if (!last) { nodes.said.textContent = "There is nothing to undo."; return; }
      answered.delete(last.view.item + last.view.turn);
      push({ id: newId(), retracts: last.id });
      if (current && !(over && over.edit)) queue.unshift(current);
      queue = queue.filter((v) => v.item !== last.view.item || v.turn !== last.view.turn);
      show(last.view, last);
      nodes.said.textContent = `Taken back: ${describe(last)}.`;
    } finally { undoing = false; }
  }
  function reopen(h) {
    if (current && !(over && over.edit)) queue.unshift(current);
    toggleHistory();
    show(h.view, { ...h, edit: true });
  }
  const leave = () => over && over.edit && next();
  function fold() { open = !open; draw(); }
  function note() { nodes.note.hidden = false; noteBox.focus(); }
  function edit() {
    if (!current || replay) return;
    const first = over && over.answer !== null && over.answer !== undefined ? over.answer : over && over.kind === "b" ? 1 : 0;
    start(first, over && over.correction);
    textarea.focus();
  }
  function start(from, words) {
    editing = from;
    textarea.value = words || current.answers[from];
    nodes.editor.hidden = false;
    nodes.actions.hidden = true;
    const others = current.answers.length > 1 ? current.answers.map((_, i) => el("button", { type: "button", class: i === from ? "pressed" : "quiet", "aria-pressed": String(i === from), onclick: () => { start(i); textarea.focus(); } }, "Start from " + (current.task === "compare" ? "AB"[i] : i + 1))) : [];
    fill(nodes.editor, el("div", { class: "row" }, el("h2", {}, "A better answer, in your words"), ...others), textarea, el("h3", {}, "What you change"), changes,
      el("div", { class: "row" }, button("Save", "Ctrl Enter", () => submitWords(), "main"), button("Cancel", "Esc", () => { closeEditor(); }, "quiet")));
    drawDifference();
  }
  function drawDifference() {
    const parts = difference(current.answers[editing], textarea.value).map(([sign, text]) => {
      const node = el(sign < 0 ? "del" : sign > 0 ? "ins" : "span");
      node.textContent = text;
      return node;
    });
    fill(changes, ...parts);
  }
  function closeEditor() {
    editing = null;
    textarea.blur(); // at once: the next key is an answer
    nodes.editor.hidden = true;
    nodes.actions.hidden = false;
  }
  function submitWords() {
    if (!textarea.value.trim() || textarea.value === current.answers[editing]) { changes.textContent = "Nothing is changed yet."; return; }
    answer("correction", { answer: editing, correction: textarea.value });
  }
  // a ranking is typed: the answers' numbers, best first; "=" before one puts it beside the one before
  function ranks() {
    const out = current.answers.map(() => 0);
    let rank = 0;
    for (const { index, tied } of order) out[index] = tied ? rank : ++rank;
    return out;
  }
  function placeNext(i) {
    if (current.task !== "rank" || order.some((o) => o.index === i)) return;
    order.push({ index: i, tied: Boolean(order.tie) && order.length > 0 });
    order.tie = false;
    draw();
  }
  function tie() { if (order.length) { order.tie = !order.tie; draw(); } }
  function unplace() { if (order.tie) order.tie = false; else order.pop(); draw(); }
  function submitRanking() {
    if (!order.length && !warned) {
      warned = true;
      tell("Nothing is placed. Enter again says that the order as shown is right.");
      return;
    }
    if (order.length && order.length < current.answers.length) { tell("Not all have a place yet."); return; }
    tell("");
    answer("ranking", { ranking: order.length ? ranks() : current.answers.map((_, i) => i + 1) });
  }
  function tell(text) { hint = text; drawProgress(); }
  function toggleHistory() {
    nodes.history.hidden = !nodes.history.hidden;
    if (!nodes.history.hidden) { drawHistory(); nodes.history.querySelector("button").focus(); }
  }
  function toggleHelp() {
    if (nodes.help.open) return nodes.help.close();
    const rows = [...KEYS.compare, ...KEYS.verdict, ...ALWAYS].map((k) => [k.hint, k.label]).concat([["1 – 7", "how much better, from A to B, where that is asked; the places of a ranking"],
      ["=", "same place as the last one"], ["Backspace Enter", "take a place back; ranking is done"], ["e", "write a better answer"], ["n", "add a note"], ["u", "undo, as often as you like"], ["f", "show all of a long answer"], ["p [ ] , .", "of a replay: pause, slower and faster, a picture back and forth"], ["h", "last answers, to change them"], ["?", "this"]]);
    const toggle = el("input", { type: "checkbox", checked: keysActive, onchange: (e) => { keysActive = e.target.checked; } });
    fill(nodes.help, el("h2", {}, "Keys"), el("dl", {}, ...rows.flatMap(([hint, what]) => [el("dt", {}, ...hint.split(" ").map((k) => (k === "–" ? "–" : el("kbd", {}, k)))), el("dd", {}, what)])),
      el("p", {}, "Keys rest while you type in a box."), el("label", {}, toggle, " Answer by single keys"), el("p", {}, "Your judgements are kept under the pseudonym ", el("code", {}, settings.rater || "–"), ". Ask for them to be erased by that name."),
      el("p", {}, button("Close", "Esc", () => nodes.help.close(), "main")));
    nodes.help.showModal();
  }

  // ---- to and from the desk
  function push(message) {
    version++;
    outbox.push(message);
    memory.set(outbox);
    flush();
  }
  async function flush() {
    if (sending) return;
    sending = true;
    try {
      while (outbox.length && !stopped) {
        drawProgress();
        try {
          await call("answer", { answer: outbox[0] });
          trouble = "";
          if (behind > 0) behind--; // said before the refusal could be read
          else refused = "";
          wait = 500;
        } catch (error) {
          if (error.status >= 400 && error.status < 500 && ![401, 408, 421, 429].includes(error.status)) {
            refused = `One answer was not taken: ${error.message}`;
            behind = outbox.length - 1;
            answered.delete(outbox[0].item + outbox[0].turn);
          } else {
            trouble = error.status === 0 ? "The program does not answer. Your answers are kept here and sent as soon as it is back." : `Not saved yet: ${error.message}`;
            drawProgress();
            await new Promise((r) => { asleep = r; setTimeout(r, wait); });
            wait = Math.min(wait * 2, 5000);
            continue;
          }
        }
        outbox.shift();
        memory.set(outbox);
        progress.answered = (progress.answered ?? 0) + 1;
        if (!current) fetchMore();
      }
    } finally { sending = false; }
    drawProgress();
    if (!stopped) refresh();
  }
  async function settled() {
    for (let k = 0; k < 150 && outbox.length; k++) await new Promise((r) => setTimeout(r, 20));
  }
  async function refresh() {
    const asked = version;
    if (outbox.length) return;
    try {
      const found = await call("state", {});
      if (version !== asked) return; // it is older than what was said since
      progress = found.progress;
      history = found.history;
      if (!current && !nodes.empty.hidden) drawEmpty();
      drawProgress();
    } catch (error) { /* flush and fetchMore say it */ }
  }
  async function fetchMore() {
    if (fetching || stopped || outbox.length > UNSENT) return; // a slow disk: first what was said
    fetching = true;
    let found = null;
    try {
      // what is on its way to the desk is held too: the desk may hear of this call first
      const holding = [...(current ? [current] : []), ...queue, ...outbox.filter((m) => m.item)].slice(-100).map((v) => [v.item, v.turn]);
      found = await call("next", { count: Math.max(0, AHEAD - queue.length), holding });
      if (!outbox.length) trouble = "";
    } catch (error) {
      if (!outbox.length) trouble = error.status === 0 ? "The program does not answer. This page tries again by itself." : error.message;
    }
    fetching = false;
    if (found) {
      if (!outbox.length) progress = found.progress;
      const have = new Set([...(current ? [current] : []), ...queue].map((v) => v.item + v.turn));
      queue.push(...found.items.filter((v) => !have.has(v.item + v.turn) && !answered.has(v.item + v.turn)));
    }
    if (!current && queue.length) next();
    else if (!current) draw();
    else drawProgress();
  }
  function onKey(event) {
    const typing = event.target.closest && event.target.closest("textarea, input:not([type=checkbox]):not([type=range]), select, [contenteditable=true]");
    if (typing) {
      if (event.key === "Escape" || (event.key === "Enter" && typing === noteBox)) { event.preventDefault(); if (typing === textarea) closeEditor(); else if (!noteBox.value) nodes.note.hidden = true; typing.blur(); }
      if (typing === textarea && event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); submitWords(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (nodes.help.open) { if (event.key === "?") toggleHelp(); return; }
    const inButton = event.target.closest && event.target.closest("button, summary, input");
    if (inButton && (event.key === "Enter" || event.key === " ")) return;
    if (event.target.type === "range" && event.key.startsWith("Arrow")) return;
    const done = () => event.preventDefault();
    if (event.key === "Escape") { if (!nodes.history.hidden) return done(toggleHistory()); if (editing !== null) return done(closeEditor()); return leave(); }
    if (!keysActive && event.key !== "?") return;
    const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (pressed === "?") return done(toggleHelp());
    if (pressed === "h") return done(toggleHistory());
    if (pressed === "u") return done(undo());
    if (!current || editing !== null) return;
    if (replay && replay.keys(pressed)) return done();
    if (pressed === "e") return done(edit());
    if (pressed === "n") return done(note());
    if (pressed === "f") return done(fold());
    const digit = /^[1-9]$/.test(pressed) ? Number(pressed) : 0;
    if (current.task === "rank") {
      if (digit && digit <= current.answers.length) return done(placeNext(digit - 1));
      if (pressed === "=") return done(tie());
      if (pressed === "Backspace") return done(unplace());
      if (pressed === "Enter") return done(submitRanking());
    }
    if (current.task === "compare" && settings.strength) {
      if (digit && digit <= 7) return done(strong(digit - 4));
      const usual = { a: -2, ArrowLeft: -2, t: 0, b: 2, ArrowRight: 2 }[pressed];
      if (usual !== undefined) return done(strong(usual));
    }
    const found = [...KEYS[current.task], ...ALWAYS].find((k) => k.keys.includes(pressed));
    if (found) return done(answer(found.kind, found));
  }
  keysOn.addEventListener("keydown", onKey);

  const timer = setInterval(() => {
    if (!current || queue.length < LOW) fetchMore();
    else if (progress.training && !outbox.length) refresh();
  }, 1000);
  async function begin() {
    try {
      const found = await call("hello", {});
      settings = found;
      progress = found.progress;
      if (!outbox.length) history = found.history;
      await flush();
      await fetchMore();
    } catch (error) {
      trouble = error.status === 0 ? "The program does not answer. This page tries again by itself." : error.message;
      drawProgress();
      if (error.status !== 401) setTimeout(begin, 1500);
    }
  }
  begin();
  return () => { stopped = true; if (replay) replay.stop(); clearInterval(timer); keysOn.removeEventListener("keydown", onKey); if (asleep) asleep(); };
}

// ---- as a page
function storage(kind) {
  try { kind.setItem("tutelage", "1"); return kind; } catch { const kept = {}; return { getItem: (k) => kept[k] ?? null, setItem: (k, v) => { kept[k] = v; } }; }
}
function startPage(root) {
  const local = storage(window.localStorage), tab = storage(window.sessionStorage);
  const keep = (where, name, make) => { let v = where.getItem(name); if (!v) where.setItem(name, (v = make())); return v; };
  if (location.hash.length > 1) {
    tab.setItem("tutelage-token", location.hash.slice(1));
    window.history.replaceState(null, "", location.pathname);
  }
  const token = tab.getItem("tutelage-token") || "", who = keep(local, "tutelage-who", newId), session = keep(tab, "tutelage-session", newId);
  const call = async (name, body, keepalive = false) => {
    let reply;
    try {
      reply = await fetch("/api/" + name, { method: "POST", keepalive, headers: { "Content-Type": "application/json", Authorization: "Bearer " + token }, body: JSON.stringify({ who, session, ...body }) });
    } catch { throw { status: 0, message: "nobody answers" }; }
    const found = await reply.json().catch(() => ({}));
    if (!reply.ok) throw { status: reply.status, message: found.error || `the program said ${reply.status}` };
    return found;
  };
  const name = "tutelage-outbox-" + session, read = (key) => JSON.parse(local.getItem(key) || "[]"), write = (list) => local.setItem(name, JSON.stringify(list));
  const others = Object.keys(local).filter((key) => key.startsWith("tutelage-outbox-") && key !== name); // of tabs that were closed before all was sent; twice is harmless
  if (others.length) write([...others.flatMap(read), ...read(name)]);
  others.forEach((key) => local.removeItem(key));
  window.addEventListener("pagehide", () => { call("leave", {}, true).catch(() => {}); }); // others may have what was fetched ahead
  mount(root, call, { get: () => read(name), set: write }, { keysOn: document });
}
const page = typeof document !== "undefined" && document.getElementById("tutelage-rate");
if (page) startPage(page);

// ---- as a notebook's widget (anywidget)
export default {
  render({ model, el: root }) {
    const waiting = new Map();
    const take = (message) => { const p = waiting.get(message.call); if (p) { waiting.delete(message.call); message.error ? p.reject({ status: message.status, message: message.error }) : p.resolve(message.reply); } };
    model.on("msg:custom", take);
    const session = newId();
    const call = (name, body) => new Promise((resolve, reject) => {
      const id = newId();
      waiting.set(id, { resolve, reject });
      setTimeout(() => { if (waiting.delete(id)) reject({ status: 0, message: "nobody answers" }); }, 20000);
      model.send({ call: id, name, body: { session, ...body } });
    });
    root.tabIndex = 0;
    const kept = [];
    const stop = mount(root, call, { get: () => kept, set: () => {} });
    return () => { stop(); model.off("msg:custom", take); };
  },
};
