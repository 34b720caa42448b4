/* What a comparison's page shows of a pair, in the list and when it is open. */

const SIDES = ["baseline", "candidate"];
const spoken = (name) => name.replaceAll("_", " ");

const pairView = {
  noun: "pair",
  isOfKind: (entry, kind) => entry.kinds.includes(kind),
  selects: {
    outcome: changedOutcomes,
    rule: (entry) => entry.rules,
    state: (entry) => [...new Set(entry.statuses.filter(Boolean))],
    verdict: (entry) => entry.failed,
  },
  line: pairLine,
  texts: (entry, pair) => [entry.id, ...messagesOf(pair).map((message) => message.text)],
  parts: (entry, pair) => (pair ? pairShown(entry, pair) : [notHere()]),
  asText: (pair) => SIDES.map((side) => `${side.toUpperCase()}\n\n${transcript(pair[side])}`).join("\n\n"),
};

const messagesOf = (pair) => (pair ? SIDES.flatMap((side) => pair[side].messages) : []);

const transcript = (side) =>
  side.messages.map((message) => `${message.role}: ${message.text}`).join("\n\n");

/** Gives the outcomes that changed, in the direction that is listed. */
function changedOutcomes(entry, kind) {
  if (kind === "worse" || kind === "better") return entry[kind];
  return [...entry.worse, ...entry.better];
}

function notHere() {
  return element("p", {}, "This page has no room for the text of this pair. It is in the folders of both sides.");
}

const kindBadges = (entry) =>
  entry.kinds.flatMap((kind) => [badge(kind, kind === "same" ? "same words" : kind), " "]);

function pairLine(entry) {
  const [worst] = entry.kinds;
  const why = changesOf(entry);
  return [
    ...kindBadges(entry),
    element("span", { class: "seed", dir: "auto" }, entry.seed),
    element("span", { class: "facts" }, element("bdi", {}, entry.id), pairFacts(entry)),
    ...(why ? [element("span", { class: `why ${worst}`, dir: "auto" }, why)] : []),
  ];
}

const pairFacts = (entry) => (entry.turn === null ? "" : ` · differs from turn ${entry.turn}`);

/** Says what became worse or better, and how the conversations ended where that differs. */
function changesOf(entry) {
  const said = [];
  if (entry.statuses[0] !== entry.statuses[1]) {
    said.push(entry.statuses.map((status) => spoken(status ?? "missing")).join(" → "));
  }
  said.push(...entry.worse.map((name) => `${spoken(name)} worse`));
  said.push(...entry.better.map((name) => `${spoken(name)} better`));
  said.push(...entry.failed.map((name) => `${spoken(name)} failed`));
  return said.join(", ");
}

/* One pair */

function* pairShown(entry, pair) {
  yield element("p", { class: "facts" }, ...kindBadges(entry), changesOf(entry));
  for (const [place, side] of SIDES.entries()) {
    const note = pair[side].note ? `, ${pair[side].note}` : "";
    yield element("p", { class: "facts" }, `${side}: ${spoken(entry.statuses[place] ?? "missing")}${note}`);
  }
  yield outcomes(pair);
  const sides = SIDES.filter((side) => pair[side].messages.length); // one that failed has none
  const turns = sides.map((side) => byTurn(pair[side].messages));
  const count = Math.max(0, ...turns.map((ofSide) => ofSide.length));
  for (let turn = 0; turn < count; turn++) {
    const columns = turns.map((ofSide, place) => [sides[place], ofSide[turn] ?? []]);
    yield turnShown(turn, columns, turn === entry.turn);
  }
}

/** Shows a turn: once where both sides said the same, and else side by side. */
function turnShown(turn, columns, isFirst) {
  const title = turn ? `Turn ${turn}${isFirst ? ", the first that differs" : ""}` : "The seed message";
  const [one, other] = columns.map(([, messages]) => words(messages));
  const shown = one === other ? [["both sides", columns[0][1]]] : columns;
  return element(
    "div",
    { class: isFirst ? "turn first-difference" : "turn" },
    element("h4", {}, title),
    element("div", { class: `turn-sides sides-${shown.length}` }, ...shown.map(column)),
  );
}

const words = (messages) => JSON.stringify(messages.map(({ role, text }) => [role, text]));

function column([side, messages]) {
  const said = messages.map((message) => {
    const facts = callFacts(message, `${side} · ${message.role}`);
    return element("div", { class: `message ${message.role.toLowerCase()}` }, ...messageParts(message, ...facts));
  });
  return element("div", {}, ...(said.length ? said : [element("p", { class: "facts" }, `${side}: nothing said`)]));
}

/** Divides messages into turns: the seed message, and then each reply with the user's answer. */
function byTurn(messages) {
  const turns = [[]];
  for (const message of messages) {
    if (message.role === "ASSISTANT") turns.push([]);
    turns.at(-1).push(message);
  }
  return turns;
}

/** Lists the outcomes of both conversations: verdicts, scores, latency, tokens, cost. */
function outcomes(pair) {
  const names = [...new Set(SIDES.flatMap((side) => Object.keys(pair[side].values)))];
  const cell = (side, name) => {
    const value = pair[side].values[name];
    const shown = value === undefined ? "" : value.toLocaleString("en", { maximumSignificantDigits: 4 });
    return element("td", { class: "number" }, shown);
  };
  const heading = (name) => element("th", { scope: "col", class: "number" }, name);
  const head = element("tr", {}, element("th", { scope: "col" }, "outcome"), ...SIDES.map(heading));
  const lines = names.map((name) =>
    element("tr", {}, element("th", { scope: "row" }, spoken(name)), ...SIDES.map((side) => cell(side, name))),
  );
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines));
  return element("details", {}, element("summary", {}, "Outcomes of this pair"), table);
}

start(pairView).catch(failed);
