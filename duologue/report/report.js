/* The browser of conversations. Whatever was said is only ever made a text node, and never HTML. */

const PAGE_SIZE = 50; // entries: about five screens of the list
const PAUSE_MS = 200; // between two keys; a search starts once nobody types any more
const SCENARIO = ["persona", "language", "goal"]; // columns of the seed with a filter
const BLOCKS_KEPT = 4; // unpacked, about a megabyte each; to step through a block unpacks it once

const packed = [...document.querySelectorAll("script.conversations")];

const unpacked = new Map();

/** Gives the conversations of a block, in the order of its entries. */
async function conversationsOf(block) {
  if (!unpacked.has(block)) {
    unpacked.set(block, unpack(packed[block]));
    if (unpacked.size > BLOCKS_KEPT) unpacked.delete(unpacked.keys().next().value);
  }
  return unpacked.get(block);
}

let entries = []; // of all conversations: what blocks.py lays out, with their block and index in it
let byId = new Map();
let results = []; // the entries that are searched for, in order
let firstShown = 0;
let current = null; // the entry that is open
let searches = 0;
let kind = ""; // of the conversations that are listed; all of them if empty
let wanted = null; // what is searched for, as a pattern; nothing if null
let snippets = new Map(); // where it was found first, by entry

async function load() {
  const scripts = [...document.querySelectorAll("script.entries")];
  const blocks = await Promise.all(scripts.map(unpack));
  entries = blocks.flatMap((block, number) =>
    block.map((entry, index) => ({ ...entry, block: number, index })),
  );
  byId = new Map(entries.map((entry) => [entry.id, entry]));
  offer(find("rule"), entries.flatMap((entry) => entry.rules));
  offer(find("end-reason"), entries.map((entry) => entry.end_reason).filter(Boolean));
  for (const name of SCENARIO) {
    const values = entries.map((entry) => entry.scenario[name]).filter(Boolean);
    offer(find(name), values);
    find(name).parentElement.hidden = values.length === 0;
  }
  await search();
  await follow();
  if (!location.hash && matchMedia("(min-width: 48rem)").matches && results.length) {
    await open(results[0], false);
  }
}

function offer(select, values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const [value, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    select.append(element("option", { value }, `${value} (${count.toLocaleString("en")})`));
  }
}

/* Searching */

async function search() {
  const mine = ++searches;
  wanted = pattern(find("search").value.trim());
  snippets = new Map();
  markAgain();
  const candidates = ordered(entries.filter(isWanted));
  if (!wanted) return show(candidates, `${counted(candidates.length)}`);
  const found = [];
  find("status").textContent = "Searching …";
  for (const [block, ofBlock] of Map.groupBy(candidates, (entry) => entry.block)) {
    const conversations = await conversationsOf(block);
    if (mine !== searches) return; // another search has started
    for (const entry of ofBlock) {
      const text = texts(entry, conversations[entry.index]).find((one) => one.search(wanted) >= 0);
      if (text === undefined) continue;
      snippets.set(entry, text);
      found.push(entry);
    }
    // Show the first results while the other blocks are searched.
    if (results !== found && found.length >= PAGE_SIZE) show(found, "Searching …");
  }
  show(found, `${counted(found.length)} found`);
}

/** Sorts by what the person chose; as they come, entries are worst first. */
function ordered(candidates) {
  const by = find("order").value;
  return by ? candidates.toSorted((a, b) => b[by] - a[by]) : candidates;
}

function isWanted(entry) {
  const [rule, reason] = ["rule", "end-reason"].map((id) => find(id).value);
  const isOfKind = !kind || entry.kind === kind || (kind === "valid" && entry.kind === "warning");
  const isOfScenario = SCENARIO.every(
    (name) => !find(name).value || entry.scenario[name] === find(name).value,
  );
  return isOfKind && isOfScenario && (!rule || entry.rules.includes(rule)) &&
    (!reason || entry.end_reason === reason);
}

/** Makes a pattern of a text, whatever the case of its letters; null if it is empty. */
function pattern(text) {
  return text ? new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu") : null;
}

/** Gives all texts of a conversation that a search looks through. */
function texts(entry, conversation) {
  const said = conversation.messages.map((message) => message.text);
  const all = [entry.id, conversation.reason, ...Object.values(conversation.context), ...said];
  return all.map((text) => String(text ?? ""));
}

/** Splits a text where it says what is searched for, and marks that. */
function highlighted(text) {
  if (!wanted) return [text];
  const parts = [];
  let from = 0;
  for (const { 0: match, index } of text.matchAll(wanted)) {
    parts.push(text.slice(from, index), element("mark", {}, match));
    from = index + match.length;
  }
  return [...parts, text.slice(from)];
}

/** Marks what is searched for now in the conversation that is open. */
function markAgain() {
  for (const text of find("open").querySelectorAll(".text")) {
    text.replaceChildren(...highlighted(text.textContent));
  }
}

const AROUND = 40; // characters of a snippet on either side of what was found

function snippet(text) {
  const at = text.search(wanted);
  const [from, to] = [Math.max(0, at - AROUND), at + text.match(wanted)[0].length + AROUND];
  const cut = `${from ? "…" : ""}${text.slice(from, to)}${to < text.length ? "…" : ""}`;
  return element("span", { class: "snippet", dir: "auto" }, ...highlighted(cut));
}

const counted = (count) =>
  `${count.toLocaleString("en")} conversation${count === 1 ? "" : "s"}`;

/* The list */

function show(found, status) {
  if (results !== found) firstShown = 0;
  results = found;
  find("status").textContent = status;
  list();
}

function list() {
  const shown = results.slice(firstShown, firstShown + PAGE_SIZE);
  find("results").replaceChildren(...shown.map(listed));
  find("pages").hidden = results.length <= PAGE_SIZE;
  find("earlier").disabled = firstShown === 0;
  find("later").disabled = firstShown + PAGE_SIZE >= results.length;
}

function listed(entry) {
  const link = element(
    "a",
    { href: address(entry) },
    badge(entry.kind),
    element("span", { class: "seed", dir: "auto" }, entry.seed),
    element("span", { class: "facts" }, element("bdi", {}, entry.id), facts(entry)),
    ...(entry.why ? [element("span", { class: `why ${entry.kind}`, dir: "auto" }, entry.why)] : []),
    ...(snippets.has(entry) ? [snippet(snippets.get(entry))] : []),
    ...chips(entry),
  );
  if (entry === current) link.setAttribute("aria-current", "true");
  return element("li", {}, link);
}

/** Shows the persona, language and goal of the seed, if it has any. */
function chips(entry) {
  const said = SCENARIO.filter((name) => entry.scenario[name]);
  if (!said.length) return [];
  const made = said.map((name) =>
    element("span", { class: "chip", title: name, dir: "auto" }, entry.scenario[name]),
  );
  return [element("span", { class: "chips" }, ...made)];
}

function facts(entry) {
  const turns = `${entry.turns} turn${entry.turns === 1 ? "" : "s"}`;
  return ["", turns, entry.end_reason, ...entry.rules].filter((fact) => fact !== null).join(" · ");
}

const address = (entry) => `#${encodeURIComponent(entry.id)}`;
const badge = (kind) =>
  element("span", { class: `badge ${kind}` }, kind === "warning" ? "valid, with a warning" : kind);

function turnPage(by) {
  firstShown += by;
  list();
  find("status").scrollIntoView({ block: "nearest" });
}

/* One conversation */

/** Opens the conversation that the address names; closes it where it names none. */
async function follow() {
  let id = location.hash.slice(1);
  try {
    id = decodeURIComponent(id);
  } catch {
    // It is no address of this page's making: there is no such conversation.
  }
  if (byId.has(id)) return open(byId.get(id));
  find("browser").classList.remove("reading");
  const part = find(id);
  if (part instanceof HTMLDetailsElement) {
    part.open = true;
    part.scrollIntoView();
  }
  if (id && !find(id)) {
    find("open").replaceChildren(
      element("p", {}, "There is no conversation ", element("bdi", {}, id), " in this report."),
    );
    find("conversations").scrollIntoView();
  }
}

/** Opens a conversation; moves there unless the page opened it by itself. */
async function open(entry, moves = true) {
  current = entry;
  const conversation = (await conversationsOf(entry.block))[entry.index];
  if (current !== entry) return; // another was opened meanwhile
  const position = results.indexOf(entry);
  if (position >= 0) firstShown = position - (position % PAGE_SIZE);
  list();
  const heading = element("h3", { tabindex: "-1" }, element("bdi", {}, entry.id));
  find("open").replaceChildren(...parts(entry, conversation, heading));
  if (!moves) return;
  find("browser").classList.add("reading");
  heading.focus({ preventScroll: true });
  find("open").scrollIntoView();
  find("results").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

function* parts(entry, conversation, heading) {
  yield element("div", { class: "steps" }, backLink(), step("Previous", -1), step("Next", 1),
    copyButton("Copy text", () => asText(conversation)),
    copyButton("Copy JSON", () => JSON.stringify({ id: entry.id, ...conversation }, null, 2)));
  yield heading;
  yield element("p", { class: "facts" }, badge(entry.kind), facts(entry));
  yield element(
    "p",
    { class: "facts" },
    "seed ", element("bdi", {}, conversation.seed_id),
    `, sample ${conversation.sample}, started ${conversation.started_at}, `,
    `${conversation.attempts} attempt${conversation.attempts === 1 ? "" : "s"}`,
  );
  for (const [name, value] of Object.entries(conversation.context)) {
    if (!value || (conversation.opening && name.toLowerCase() === "opening")) continue;
    yield element("p", { class: "facts context" }, element("bdi", {}, name), ": ", element("bdi", {}, value));
  }
  if (conversation.reason !== undefined) yield failure(conversation);
  const ofAll = conversation.findings.filter((finding) => finding.message_index === null);
  if (ofAll.length) yield element("ul", { class: "findings" }, ...ofAll.map(found));
  yield element("ol", { class: "messages" }, ...conversation.messages.map(
    (message, index) => said(message, index, conversation, index < conversation.opening),
  ));
  const passed = conversation.verdicts.filter((verdict) => verdict.passed && verdict.message === null);
  if (passed.length) yield element("ul", { class: "findings verdicts" }, ...passed.map(passedBy));
}

/** A criterion that a judge passes; a failed one is among the findings. */
function passedBy(verdict) {
  const score = verdict.score === null ? "" : ` (${verdict.score.toFixed(2)})`;
  return element(
    "li",
    {},
    element("strong", {}, verdict.criterion), ` passed${score}, says `,
    element("bdi", {}, verdict.judge), ": ",
    element("bdi", {}, verdict.reason),
  );
}

function backLink() {
  return element("a", { class: "back", href: "#conversations" }, "Back to the list");
}

function step(label, by) {
  const button = element("button", { type: "button" }, label);
  button.disabled = neighbour(by) === undefined;
  button.addEventListener("click", () => go(by));
  return button;
}

function failure(conversation) {
  return element(
    "p",
    { class: "failure" },
    element("strong", {}, conversation.error_class), ": ",
    element("bdi", {}, conversation.reason),
    ". This is how far it came.",
  );
}

function said(message, index, conversation, isGiven) {
  const here = conversation.findings.filter((finding) => finding.message_index === index);
  const passed = conversation.verdicts.filter((one) => one.passed && one.message === index);
  const severities = here.map((finding) => finding.severity);
  const classes = ["message", message.role.toLowerCase(), ...(here.length ? ["broken"] : [])];
  const made = element(
    "li",
    { class: [...classes, ...severities].join(" ") },
    element("p", { class: "facts" }, ...call(message, index), isGiven ? " · given by the seed" : ""),
    element("p", { class: "text", dir: "auto" }, ...highlighted(message.text)),
  );
  if (message.characters > Number(find("browser").dataset.mostCharacters)) {
    const rest = `Cut here; the message has ${message.characters.toLocaleString("en")} characters.`;
    made.append(element("p", { class: "facts" }, rest));
  }
  const remarks = [...here.map(found), ...passed.map(passedBy)];
  if (remarks.length) made.append(element("ul", { class: "findings" }, ...remarks));
  return made;
}

function call(message, index) {
  const known = [`${index} ${message.role}`];
  if (message.latency_ms !== null) known.push(`${message.latency_ms.toLocaleString("en")} ms`);
  if (message.tokens !== null) known.push(message.tokens);
  if (message.attempts > 1) known.push(`${message.attempts} attempts`);
  const said = known.join(" · ");
  const id = message.execution_id;
  return id === null ? [said] : [`${said} · execution `, copyButton(id, () => id, "link")];
}

function found(finding) {
  return element(
    "li",
    {},
    element("span", { class: `badge ${finding.severity}` }, finding.severity), " ",
    element("strong", {}, finding.rule), " ",
    element("bdi", {}, finding.detail),
  );
}

/* Copying */

const asText = (conversation) =>
  conversation.messages.map((message) => `${message.role}: ${message.text}`).join("\n\n");

function copyButton(label, content, look = "") {
  const button = element("button", { type: "button", class: `copy ${look}`, title: "Copy" }, label);
  button.addEventListener("click", async () => {
    const done = await copied(content());
    button.textContent = done ? "Copied" : "Not allowed here";
    setTimeout(() => (button.textContent = label), 1500);
  });
  return button;
}

/** Copies a text, which browsers allow after a click or a key only. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/* Moving */

/** Gives the conversation before or after the open one; the first where it is not listed. */
function neighbour(by) {
  const position = results.indexOf(current);
  return position < 0 ? results[0] : results[position + by];
}

function go(by) {
  const entry = neighbour(by);
  if (entry === undefined) return;
  history.replaceState(null, "", address(entry)); // else the way back led through each of them
  open(entry);
}

function pressed(event) {
  const isTyping = event.target.matches("input, select, textarea");
  const isForBrowser = event.ctrlKey || event.metaKey || event.altKey;
  if (isTyping || isForBrowser || !find("keys").checked) return;
  if (event.key === "j") go(1);
  else if (event.key === "k") go(-1);
  else if (event.key === "c") find("open").querySelector(".copy")?.click();
  else if (event.key === "/") {
    event.preventDefault();
    find("search").focus();
  }
}

/** Lists only the conversations of a kind. */
function chooseKind(chosen) {
  kind = chosen;
  for (const button of document.querySelectorAll("[data-kind]")) {
    button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
  }
  search();
}

/** Lists only the conversations that break a rule. */
function narrow(rule) {
  find("search").value = "";
  for (const id of ["end-reason", ...SCENARIO]) find(id).value = "";
  find("rule").value = rule;
  location.hash = "#conversations"; // closes the one that is open
  find("conversations").scrollIntoView();
  chooseKind("");
}

let pause;
find("search").addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(search, PAUSE_MS);
});
for (const id of ["rule", "end-reason", "order", ...SCENARIO]) find(id).addEventListener("change", search);
find("filters").addEventListener("submit", (event) => event.preventDefault());
find("earlier").addEventListener("click", () => turnPage(-PAGE_SIZE));
find("later").addEventListener("click", () => turnPage(PAGE_SIZE));
for (const button of document.querySelectorAll("[data-kind]")) {
  button.addEventListener("click", () => chooseKind(button.dataset.kind));
}
for (const button of document.querySelectorAll("[data-rule]")) {
  button.addEventListener("click", () => narrow(button.dataset.rule));
}
find("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = getComputedStyle(root).colorScheme === "dark" ||
    (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = isDark ? "light" : "dark";
});
addEventListener("hashchange", follow);
addEventListener("keydown", pressed);
load().catch((error) => {
  find("status").textContent = `This browser cannot show the conversations: ${error.message}`;
  throw error;
});
