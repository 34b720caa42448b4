/* The browser of pairs. Whatever was said is only ever made a text node, and never HTML. */

const MOST_LISTED = 500; // buttons that a browser lays out at once
const SIDES = ["baseline", "candidate"];

const packed = [...document.querySelectorAll("script.pairs")];
const spoken = (name) => name.replaceAll("_", " ");

let entries = [];
let wanted = [];
let current = -1; // in `wanted`
let perBlock = 1;

async function load() {
  entries = (await unpack(document.querySelector("script.entries"))).map((entry, index) => ({
    ...entry,
    index,
  }));
  if (packed.length) perBlock = (await unpack(packed[0])).length;
  offer("outcome", entries.flatMap((entry) => [...entry.worse, ...entry.better]));
  offer("rule", entries.flatMap((entry) => entry.rules));
  offer("verdict", entries.flatMap((entry) => entry.failed));
  offer("state", entries.flatMap((entry) => entry.statuses.filter(Boolean)));
  find("filters").addEventListener("change", list);
  find("filters").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", step);
  list();
}

function offer(id, values) {
  for (const value of [...new Set(values)].sort()) {
    find(id).append(element("option", { value }, spoken(value)));
  }
}

function isWanted(entry) {
  const change = find("change").value;
  const outcome = find("outcome").value;
  const state = find("state").value;
  const rule = find("rule").value;
  const verdict = find("verdict").value;
  const changed = change === "better" ? entry.better : change === "worse" ? entry.worse : [...entry.worse, ...entry.better];
  if (change === "same" && !isSame(entry)) return false;
  if (verdict && !entry.failed.includes(verdict)) return false;
  if ((change === "better" || change === "worse") && !changed.length) return false;
  if (outcome && !changed.includes(outcome)) return false;
  if (state && !entry.statuses.includes(state)) return false;
  return !rule || entry.rules.includes(rule);
}

/** Whether both sides said the same words; where one failed, there is nothing to compare. */
function isSame(entry) {
  return entry.turn === null && entry.statuses.every((status) => status && status !== "failed");
}

function list() {
  const order = find("order").value;
  wanted = entries.filter(isWanted);
  if (order) wanted.sort((one, other) => (other[order] ?? -1e9) - (one[order] ?? -1e9));
  const count = `${wanted.length} ${wanted.length === 1 ? "pair" : "pairs"}`;
  find("status").textContent = wanted.length > MOST_LISTED ? `${count}, ${MOST_LISTED} listed` : count;
  find("list").replaceChildren(...wanted.slice(0, MOST_LISTED).map(button));
  current = -1;
  find("pair").replaceChildren();
  if (wanted.length) open(0);
}

function button(entry, index) {
  const made = element("button", { type: "button" }, entry.id, element("span", { class: "facts" }, summary(entry)));
  made.addEventListener("click", () => open(index));
  return element("li", {}, made);
}

function summary(entry) {
  const parts = [
    ...entry.worse.map((name) => `${spoken(name)} worse`),
    ...entry.better.map((name) => `${spoken(name)} better`),
  ];
  if (entry.statuses[0] !== entry.statuses[1]) parts.push(entry.statuses.map((status) => spoken(status ?? "missing")).join(" → "));
  if (isSame(entry)) parts.push("same words");
  if (entry.turn !== null) parts.push(`differs from turn ${entry.turn}`);
  parts.push(...entry.failed.map((name) => `${spoken(name)} failed`));
  return parts.join(", ");
}

function step(event) {
  if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  const by = { j: 1, k: -1 }[event.key];
  const next = current + (by ?? 0);
  if (by && next >= 0 && next < Math.min(wanted.length, MOST_LISTED)) open(next);
}

async function open(index) {
  const entry = wanted[index];
  current = index;
  for (const [place, each] of [...find("list").querySelectorAll("button")].entries()) {
    each.setAttribute("aria-current", place === index);
    if (place === index) each.scrollIntoView({ block: "nearest" });
  }
  const block = packed[Math.floor(entry.index / perBlock)];
  const sides = block ? (await unpack(block))[entry.index % perBlock] : null;
  if (wanted[current] !== entry) return; // another pair was opened meanwhile
  find("pair").replaceChildren(element("h3", {}, entry.id), ...(sides ? pair(entry, sides) : ["The text of this pair is not on this page."]));
}

function pair(entry, sides) {
  const facts = SIDES.map((side, place) =>
    element("p", { class: "facts" }, `${side}: ${spoken(entry.statuses[place] ?? "missing")}${sides[place]?.note ? `, ${sides[place].note}` : ""}`),
  );
  const turns = sides.map((side) => byTurn(side?.messages ?? []));
  const count = Math.max(...turns.map((each) => each.length));
  const rows = [];
  for (let turn = 0; turn < count; turn++) {
    const first = turn === entry.turn;
    rows.push(
      element(
        "div",
        { class: first ? "turn first-difference" : "turn" },
        element("h4", {}, turn === 0 ? "The seed message" : `Turn ${turn}${first ? ", the first that differs" : ""}`),
        element("div", { class: "turn-sides" }, ...turns.map((each, place) => column(SIDES[place], each[turn] ?? []))),
      ),
    );
  }
  return [...facts, outcomes(sides), ...rows];
}

/** Lists the outcomes of both conversations: verdicts, scores, latency, tokens, cost. */
function outcomes(sides) {
  const names = [...new Set(sides.flatMap((side) => Object.keys(side?.values ?? {})))];
  const cell = (side, name) => {
    const value = side?.values[name];
    return element("td", { class: "number" }, value === undefined ? "" : value.toLocaleString("en", { maximumSignificantDigits: 4 }));
  };
  const heading = (name) => element("th", { scope: "col", class: "number" }, name);
  const head = element("tr", {}, element("th", { scope: "col" }, "outcome"), ...SIDES.map(heading));
  const lines = names.map((name) =>
    element("tr", {}, element("th", { scope: "row" }, spoken(name)), ...sides.map((side) => cell(side, name))),
  );
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines));
  return element("details", {}, element("summary", {}, "Outcomes of this pair"), table);
}

/** Divides messages into turns: the seed message, and then each reply with the user's answer. */
function byTurn(messages) {
  const turns = [[]];
  for (const message of messages) {
    if (message[0] === "ASSISTANT") turns.push([]);
    turns.at(-1).push(message);
  }
  return turns;
}

function column(side, messages) {
  const said = messages.map(([role, text, latency]) =>
    element(
      "p",
      { class: role === "USER" ? "said user" : "said" },
      element("span", { class: "facts" }, `${side}, ${role === "USER" ? "user" : "chatbot"}${latency === null ? "" : `, ${latency.toLocaleString("en")} ms`}`),
      element("bdi", {}, text),
    ),
  );
  return element("div", {}, ...(said.length ? said : [element("p", { class: "facts" }, `${side}: nothing said`)]));
}

load();
