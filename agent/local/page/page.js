// The local platform's page: one stream of scenes in, the document out.

const MOST_LINES = 10_000; // lines that stay searchable
const MOST_ROWS = 1_000; // rows of the log in the document
const MOST_MARKS = 300; // marks on the timeline
const USAGE_SPAN = 120; // seconds that the charts show
const SOURCES = { platform: "platform", agent: "agent", stdout: "game", stderr: "stderr" };

const $ = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 46rem)");

function make(namespace, name, attributes = {}, ...children) {
  const element = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
const html = (...rest) => make("http://www.w3.org/1999/xhtml", ...rest);
const svg = (...rest) => make("http://www.w3.org/2000/svg", ...rest);

// In words.
const seconds = (value) => value < 60 ? `${value.toFixed(1)} s`
  : value < 3600 ? `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`
    : `${Math.floor(value / 3600)} h ${Math.floor((value % 3600) / 60)} min`;

// ---- the state -------------------------------------------------------------------------------

const world = { phases: {}, deployments: [], detail: null, chosen: "", ahead: 0 };
let entries = [], lines = [], samples = [], lost = 0, unseen = 0, stream = null, planned = false;
let isStale = true; // more than lines is new

// The platform's clock, in boot-time seconds.
const now = () => performance.now() / 1000 + world.ahead;
// What has ended stands still.
const until = () => world.detail?.ended_at ?? now();

function take(scene) {
  world.ahead = scene.now - performance.now() / 1000;
  if (scene.phases) { // the first scene is the whole state
    world.phases = scene.phases;
    [entries, lines, samples, lost, unseen] = [[], [], [], 0, 0];
    world.detail = null;
    $("log").replaceChildren();
    $("entries").replaceChildren();
  }
  if (scene.deployments) world.deployments = scene.deployments;
  if (scene.detail) world.detail = scene.detail;
  entries.push(...scene.entries);
  samples.push(...scene.samples);
  samples.splice(0, samples.length - 600);
  lines = lines.concat(scene.lines);
  const surplus = Math.max(0, lines.length - MOST_LINES);
  if (surplus) lines = lines.slice(surplus);
  lost += scene.lines_lost;
  unseen = Math.min(unseen + scene.lines.length, lines.length);
  showEntries(scene.entries);
  isStale ||= Boolean(scene.deployments || scene.detail || scene.entries.length);
  plan();
}

function plan() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => { planned = false; draw(); });
}

function connect(deployment) {
  stream?.close();
  world.chosen = deployment;
  stream = new EventSource(`/page/live?deployment=${encodeURIComponent(deployment)}`);
  stream.onopen = () => tell("live", false);
  stream.onerror = () => tell("connection lost, trying again…", true);
  stream.onmessage = (event) => take(JSON.parse(event.data));
}

function tell(text, isLost) {
  $("link").textContent = text;
  $("link").classList.toggle("lost", isLost);
}

// ---- drawing ---------------------------------------------------------------------------------

function draw() {
  if (!isStale) return drawLines(); // the clock moves the rest
  isStale = false;
  drawDeployments();
  const detail = world.detail;
  $("main").hidden = !detail;
  $("none").hidden = Boolean(detail);
  if (!detail) return;
  drawHead(detail);
  drawPhases(detail);
  drawPlayers(detail);
  drawLines();
  tick();
}

function tick() { // what moves with the clock alone
  if (!world.detail || document.hidden) return;
  drawFacts(world.detail);
  drawTimeline(world.detail);
  drawTimers(world.detail);
  drawBudgets(world.detail);
  drawCharts();
}

// Replace only what differs, so that focus, selection and readers are left in peace.
function update(parent, key, build) {
  if (parent.dataset.shown === key) return;
  parent.dataset.shown = key;
  parent.replaceChildren(...build());
}

function drawDeployments() {
  const shown = world.detail?.id;
  const key = JSON.stringify([world.deployments, shown]);
  const focused = document.activeElement?.dataset?.deployment;
  update($("deployments"), key, () => world.deployments.map((one) => {
    const people = one.players === null ? "" : `, ${one.players} here`;
    const text = `${one.id} · ${one.status}${one.phase ? ` · ${one.phase}` : ""}${people}`;
    const button = html("button", { type: "button", "data-deployment": one.id }, text);
    if (one.id === shown) button.setAttribute("aria-current", "true");
    button.onclick = () => connect(one.id);
    return html("li", {}, button);
  }));
  if (focused) document.querySelector(`[data-deployment="${CSS.escape(focused)}"]`)?.focus();
}

function drawHead(detail) {
  $("name").textContent = `Deployment ${detail.id}`;
  $("status").textContent = detail.status;
  $("status").className = `badge ${detail.status}`;
  const trouble = [detail.error, ...(detail.agent?.degraded ?? [])].filter(Boolean);
  $("trouble").hidden = !trouble.length;
  $("trouble").textContent = trouble.join(" · ");
  update($("ports"), JSON.stringify(detail.ports), () => detail.ports.map((port) => {
    const address = `${location.hostname}:${port.external}`;
    const copy = html("button", { type: "button", "aria-label": `Copy ${address}` }, "Copy");
    copy.onclick = () => navigator.clipboard?.writeText(address).then(
      () => say(`Copied ${address}`, true), () => say("cannot copy; select the text", false));
    return html("li", {}, `${port.name} ${port.protocol} ${address} → ${port.internal}`, copy);
  }));
  const isOver = detail.ended_at !== null;
  for (const button of document.querySelectorAll("[data-do]")) button.disabled = isOver;
}

function drawFacts(detail) {
  const age = `${isFinite(until()) ? seconds(until() - detail.begun_at) : ""}`;
  const again = detail.restarts ? `, started again ${detail.restarts}×` : "";
  const silent = detail.ended_at === null && detail.heard_at !== null && now() - detail.heard_at > 26;
  const agent = silent ? `, the agent is silent for ${seconds(now() - detail.heard_at)}` : "";
  $("facts").textContent = `${age}${again}${agent}`;
}

function drawPhases(detail) {
  const names = Object.keys(world.phases);
  const why = detail.agent?.phase === detail.phase ? detail.agent.why : "";
  $("phase-text").textContent = detail.phase
    ? `Now: ${detail.phase}${why ? `, ${why}` : ""}` : "No word of the agent yet.";
  const upright = narrow.matches;
  update($("phases"), `${detail.phase}${upright}`, () => {
    const [along, node] = upright ? [46, 104] : [128, 92];
    const size = names.length * along;
    const at = (index) => index * along + along / 2;
    const place = (a, b) => (upright ? `${b + 175},${a}` : `${a},${b + 68}`);
    const half = upright ? 15 : node / 2, side = upright ? node / 2 : 15;
    const picture = svg("svg", {
      viewBox: upright ? `0 0 310 ${size}` : `0 0 ${size} 114`, role: "img",
      "aria-label": `Phases: ${names.join(", ")}. Now ${detail.phase || "unknown"}.`,
    }, svg("defs", {}, svg("marker", {
      id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto",
    }, svg("path", { d: "M0 0L8 4L0 8z", class: "tip" }))));
    names.forEach((from, i) => world.phases[from].forEach((to) => {
      const j = names.indexOf(to), far = Math.abs(j - i), way = Math.sign(j - i);
      const bend = far === 1 && way === 1 ? 0 : -way * (side + (upright ? 17 : 14) * far);
      const edge = bend ? -way * side : 0, reach = bend ? 8 * way : half * way;
      const ends = [place(at(i) + reach, edge), place(at(j) - reach, edge)];
      const d = bend
        ? `M${ends[0]}C${place(at(i) + reach * 2, bend)} ${place(at(j) - reach * 2, bend)} ${ends[1]}`
        : `M${ends[0]}L${ends[1]}`;
      picture.append(svg("path", { d, class: "edge", "marker-end": "url(#tip)" }));
    }));
    names.forEach((name, i) => {
      const [x, y] = place(at(i), 0).split(",").map(Number);
      const box = { x: x - node / 2, y: y - 15, width: node, height: 30, rx: 15 };
      const lit = name === detail.phase;
      picture.append(svg("g", lit ? { class: "lit", "data-phase": name } : {},
        svg("rect", { ...box, class: lit ? `node ${name}` : "node" }),
        svg("text", { x, y: y + 4, "text-anchor": "middle" }, name)));
    });
    return [picture];
  });
}

function drawTimeline(detail) {
  const width = Math.max(280, $("timeline").clientWidth), lane = 34, left = narrow.matches ? 4 : 70;
  const gap = narrow.matches ? 26 : 14, bottom = 18 + 3 * (lane + gap);
  const begin = detail.begun_at, end = Math.max(until(), begin + 1);
  const x = (at) => left + ((at - begin) / (end - begin)) * (width - left - 8);
  const names = ["platform", "agent", "game"], top = (name) => 18 + names.indexOf(name) * (lane + gap);
  const picture = svg("svg", {
    viewBox: `0 0 ${width} ${bottom + 12}`, height: bottom + 12, role: "img",
    "aria-label": `Timeline of ${seconds(end - begin)}; the list below says the same in words`,
  });
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400]
    .find((size) => (size / (end - begin)) * (width - left) > 60) ?? 86400;
  for (let at = 0; at <= end - begin; at += step) {
    picture.append(
      svg("line", { x1: x(begin + at), x2: x(begin + at), y1: 18, y2: bottom - gap + 6, class: "rule" }),
      svg("text", { x: x(begin + at), y: bottom + 4, class: "axis", "text-anchor": at ? "middle" : "start" },
        step < 1 ? `${at.toFixed(1)} s` : seconds(at)));
  }
  for (const name of names) {
    const label = narrow.matches ? { x: left, y: top(name) - 4 } : { x: 0, y: top(name) + 21 };
    picture.append(
      svg("text", { ...label, class: name }, name),
      svg("line", { x1: left, x2: width - 8, y1: top(name) + lane, y2: top(name) + lane, class: "rule" }));
  }
  for (const [name, from, to, text, look] of spans(detail, end)) {
    const wide = x(to) - x(from);
    if (wide < 1) continue;
    picture.append(svg("rect", {
      x: x(from), y: top(name) + 4, width: wide, height: lane - 10, rx: 4, class: `span ${look}` },
      svg("title", {}, `${text}: ${seconds(to - from)}`)));
    if (wide > text.length * 7 + 12) {
      picture.append(svg("text", { x: x(from) + 6, y: top(name) + 21 }, text));
    }
  }
  for (const entry of entries.slice(-MOST_MARKS)) {
    picture.append(svg("circle", {
      cx: x(entry.at), cy: top(entry.lane) + lane, r: entry.step ? 4.5 : 3, class: `mark ${entry.lane}` },
      svg("title", {}, `${seconds(entry.at - begin)} ${entry.text}`)));
  }
  $("timeline").replaceChildren(picture);
}

function spans(detail, end) {
  const found = [], open = {};
  const turn = (name, at, text, look) => {
    if (open[name]) found.push([name, open[name][0], at, open[name][1], open[name][2]]);
    open[name] = text ? [at, text, look] : null;
  };
  for (const { at, lane, text, step } of entries) {
    const status = lane === "platform" && /^deployment is (\w+)/.exec(text);
    const phase = lane === "agent" && /^phase is (\w+)/.exec(text);
    if (status) turn("platform", at, status[1], "platform");
    if (status && ["TERMINATED", "ERROR"].includes(status[1])) turn("platform", at, "");
    if (phase) turn("agent", at, phase[1], phase[1]);
    if (step === "container_started" || step === "game_listening" || step === "match_over") {
      turn("game", at, step === "container_started" ? "starts" : "runs", "game");
    }
    if (step === "container_started") turn("agent", at, "starting", "starting");
    if (step === "match_started") turn("game", at, "match", "game in_match");
    if (lane === "platform" && text.startsWith("container exited")) {
      turn("game", at, "");
      turn("agent", at, "");
    }
  }
  for (const name of Object.keys(open)) turn(name, end, "");
  return found;
}

function showEntries(fresh) {
  const list = $("entries"), pinned = isPinned(list);
  list.append(...fresh.map(({ at, lane, text, step }) => html("li", {},
    html("time", {}, `${(at - (world.detail?.begun_at ?? at)).toFixed(3)} s`),
    html("span", { class: `who ${lane}` }, lane),
    html("span", { class: step ? "text step" : "text" }, text))));
  while (list.childElementCount > MOST_ROWS) list.firstElementChild.remove();
  if (pinned) list.scrollTop = list.scrollHeight;
}

function drawPlayers(detail) {
  const players = detail.agent?.players;
  const room = players?.capacity === null || players?.capacity === undefined ? "" : ` of ${players.capacity}`;
  const by = players?.source ? `, by ${players.source}` : "";
  $("players").textContent = !players ? "Nothing known yet."
    : players.count === null ? "Unknown: nobody has said who is there; unknown is not empty."
      : `${players.count}${room} here${by}`;
  const ids = players?.ids ?? [];
  update($("ids"), JSON.stringify(ids), () => ids.slice(0, 200).map((id) => html("li", {}, id)));
}

function drawTimers(detail) {
  const status = detail.agent;
  $("no-timers").hidden = Boolean(status) && detail.ended_at === null;
  if (!status || detail.ended_at !== null) {
    return update($("timers"), "", () => []);
  }
  const since = until() - detail.heard_at;
  const shown = status.timers.filter(
    (timer) => timer.running || ["nobody_joined", "everybody_left"].includes(timer.name));
  const rows = shown.map((timer) => {
    const left = Math.max(0, timer.limit_seconds - timer.elapsed_seconds - (timer.running ? since : 0));
    return { name: timer.name, left, whole: timer.limit_seconds, on: timer.running, why: timer.why };
  });
  if (status.hold) {
    const { seconds_left: left, why } = status.hold;
    rows.unshift({ name: "hold", left: Math.max(0, left - since), whole: left, on: true, why });
  }
  const list = $("timers"), key = JSON.stringify(rows.map((row) => [row.name, row.on, row.why]));
  update(list, key, () => rows.map((row) => html("li", {},
    html("div", {}, html("span", {}, row.name), html("span", { class: "left" })),
    ...(row.on ? [html("progress", { "aria-label": `${row.name}, time left` })] : []),
    html("div", { class: "why" }, row.why))));
  rows.forEach((row, index) => {
    const item = list.children[index], bar = item.querySelector("progress");
    item.querySelector(".left").textContent = row.on ? `${seconds(row.left)} left` : "not running";
    if (bar) [bar.max, bar.value] = [row.whole || 1, row.left];
  });
}

function drawBudgets(detail) {
  const bars = [];
  const { stages, kill_at: kill, signalled_at: signalled, grace, agent } = detail;
  if (stages.length) {
    const begin = stages[0].at, end = Math.max(kill ?? 0, until());
    const parts = stages.map(({ name, at }, index) => [name, (stages[index + 1]?.at ?? until()) - at, name]);
    const left = Math.max(0, end - until());
    const lives = ["drain", "ask", "kill"].includes(stages.at(-1).name);
    if (left) parts.push(["left", left, lives ? "until the game is killed" : "not needed"]);
    const words = parts.map(([, long, text]) => `${text} ${seconds(long)}`).join(", ");
    bars.push([`The agent's stop (${agent?.stop?.reason ?? "over"}): ${words}`, parts, end - begin]);
  }
  if (signalled !== null) {
    const past = Math.min(grace, until() - signalled), left = detail.ended_at === null ? grace - past : 0;
    const parts = [["grace", past, "since SIGTERM"], ["left", grace - past, left ? "left" : "not needed"]];
    const rest = left ? `SIGKILL in ${seconds(left)}` : `${seconds(past)} were used`;
    bars.push([`The platform's grace of ${seconds(grace)}: ${rest}`, parts, grace]);
  }
  $("stop").hidden = !bars.length;
  $("budgets").replaceChildren(...bars.flatMap(([title, parts, whole]) => {
    const bar = html("div", { class: "bar", role: "img", "aria-label": title });
    for (const [look, long, text] of parts) {
      const part = html("span", { class: look, title: `${text}: ${seconds(long)}` },
        (long / whole) * $("timeline").clientWidth > text.length * 7 ? text : "");
      part.style.width = `${(100 * long) / whole}%`;
      bar.append(part);
    }
    return [html("p", {}, title), bar];
  }));
}

function drawCharts() {
  const recent = samples.filter((sample) => sample.at > until() - USAGE_SPAN);
  const rate = (field, factor) => recent.slice(1).map((sample, index) => {
    const before = recent[index];
    return [sample.at, Math.max(0, (factor * (sample[field] - before[field])) / (sample.at - before.at))];
  });
  const shared = recent.length && !recent.at(-1).own_network ? " of the whole machine" : "";
  const charts = [
    ["CPU", "% of a core", [rate("cpu", 100)], 0],
    ["Memory", "MiB", [recent.map((sample) => [sample.at, sample.memory / 1048576])], 0],
    [`Network${shared}, in and out`, "KiB/s", [rate("received", 1 / 1024), rate("sent", 1 / 1024)], 1],
  ];
  $("charts").replaceChildren(...charts.map(([title, unit, curves, digits]) => {
    const most = Math.max(1e-9, ...curves.flat().map(([, value]) => value));
    const last = curves.map((points) => points.at(-1)?.[1]);
    const words = last[0] === undefined ? "–" : `${last.map((value) => value.toFixed(digits)).join(" / ")} ${unit}`;
    const end = until();
    const picture = svg("svg", {
      viewBox: "0 0 100 50", preserveAspectRatio: "none", role: "img",
      "aria-label": `${title}, last two minutes: now ${words}` });
    curves.forEach((points, index) => picture.append(svg("polyline", {
      class: index ? "curve second" : "curve",
      points: points.map(([at, value]) =>
        `${(100 - (100 * (end - at)) / USAGE_SPAN).toFixed(2)},${(48 - (44 * value) / most).toFixed(2)}`).join(" ") })));
    return html("figure", {}, html("figcaption", {}, html("span", {}, title), html("span", {}, words)), picture);
  }));
}

// ---- the log ---------------------------------------------------------------------------------

const isPinned = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 30;

function sieve() {
  const wanted = $("search").value.toLowerCase();
  const sources = new Set(Object.keys(SOURCES).filter((name) => $("sieve").elements[name].checked));
  return ({ source, text }) => sources.has(source) && (!wanted || text.toLowerCase().includes(wanted));
}

// What an agent's line says to machines stands back.
function parts(text) {
  const tail = text.indexOf(" line=");
  return tail < 0 ? [text] : [text.slice(0, tail), html("span", { class: "why" }, text.slice(tail))];
}

function row({ at, source, text }) {
  const begun = world.detail?.begun_at ?? at, wanted = $("search").value;
  const place = wanted ? text.toLowerCase().indexOf(wanted.toLowerCase()) : -1;
  const shown = place < 0 ? parts(text) : [text.slice(0, place),
    html("mark", {}, text.slice(place, place + wanted.length)), text.slice(place + wanted.length)];
  return html("div", {}, html("time", {}, `${(at - begun).toFixed(3).padStart(9)} `),
    html("span", { class: source }, `${SOURCES[source].padEnd(8)} `), html("span", { class: "text" }, ...shown));
}

function drawLines() { // the new ones at once: spread over frames, their layout costs more
  const log = $("log");
  if (unseen) {
    const fresh = lines.slice(-unseen).filter(sieve()).slice(-MOST_ROWS);
    unseen = 0;
    log.append(...fresh.map(row));
    for (let surplus = log.childElementCount - MOST_ROWS; surplus > 0; surplus--) log.firstChild.remove();
    if ($("tail").checked) log.scrollTop = log.scrollHeight;
  }
  const gone = lost ? `, ${lost} older ones were not shown` : "";
  $("counts").textContent = `${log.childElementCount} of ${lines.length} lines${gone}`;
}

function sieveAnew() {
  $("log").replaceChildren();
  unseen = lines.length;
  drawLines();
}

// ---- buttons ---------------------------------------------------------------------------------

function say(text, isDone) {
  $("outcome").textContent = text;
  $("outcome").classList.toggle("failed", !isDone);
}

async function act(button) {
  const { do: action, field, key } = button.dataset, given = field && $(field);
  const body = given ? { [key]: given.type === "number" ? Number(given.value) : given.value } : {};
  try {
    const answer = await fetch(`/page/do/${encodeURIComponent(world.detail.id)}/${action}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const { message, is_done: isDone } = await answer.json();
    say(message, isDone);
  } catch {
    say("cannot reach the platform; does it still run?", false);
  }
}

for (const button of document.querySelectorAll("[data-do]")) button.onclick = () => act(button);
$("sieve").onsubmit = (event) => event.preventDefault();
$("sieve").oninput = (event) => {
  if (event.target.id === "wrap") $("log").classList.toggle("wrap", event.target.checked);
  else if (event.target.id !== "tail") sieveAnew();
  else if (event.target.checked) $("log").scrollTop = $("log").scrollHeight;
};
$("log").onscroll = () => { // who scrolls up wants to read
  if (!isPinned($("log"))) $("tail").checked = false;
};
$("wrap").checked = $("log").classList.toggle("wrap", narrow.matches);
const anew = () => {
  isStale = true;
  plan();
};
narrow.onchange = anew;
new ResizeObserver(anew).observe($("main"));
setInterval(tick, 500);
connect("");
