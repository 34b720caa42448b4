/* The browser of conversations, or of pairs of them: a list to search, and what is open in it.

The page's own script says what it is about, and passes that to `start`:
- noun: of one entry; isOfKind(entry, kind): whether it is of the kind that a chip stands for;
- selects: by id of the filter, the values that an entry has there, while a kind is listed;
- line(entry): what the list shows; texts(entry, content): what a search looks through;
- parts(entry, content): what is shown of it when it is open; asText(content): what is copied.
Whatever was said is only ever made a text node, and never HTML. */

const PAGE_SIZE = 50; // entries: about five screens of the list
const PAUSE_MS = 200; // between two keys; a search starts once nobody types any more
const BLOCKS_KEPT = 4; // unpacked, about a megabyte each; to step through a block unpacks it once

const packed = [...document.querySelectorAll("script.contents")];
const unpacked = new Map();

/** Gives the contents of a block, in the order of its entries. */
async function contentsOf(block) {
  if (!unpacked.has(block)) {
    unpacked.set(block, packed[block].textContent ? unpack(packed[block]) : []);
    if (unpacked.size > BLOCKS_KEPT) unpacked.delete(unpacked.keys().next().value);
  }
  return unpacked.get(block);
}

let view; // what the page is about
let entries = []; // all of them: what Python lays out, with their block and index in it
let byId = new Map();
let results = []; // the entries that are searched for, in order
let firstShown = 0;
let current = null; // the entry that is open
let searches = 0;
let kind = ""; // of the entries that are listed; all of them if empty
let wanted = null; // what is searched for, as a pattern; nothing if null
let snippets = new Map(); // where it was found first, by entry

/** Fills the list, and opens what the address names, or else the first entry. */
async function start(about) {
  view = about;
  listen();
  const scripts = [...document.querySelectorAll("script.entries")];
  const blocks = await Promise.all(scripts.map(unpack));
  entries = blocks.flatMap((block, number) =>
    block.map((entry, index) => ({ ...entry, block: number, index })),
  );
  byId = new Map(entries.map((entry) => [entry.id, entry]));
  for (const [id, values] of Object.entries(view.selects)) {
    offer(find(id), entries.flatMap((entry) => values(entry, "")));
  }
  await search();
  await follow();
  if (!location.hash && matchMedia("(min-width: 48rem)").matches && results.length) {
    await open(results[0], false);
  }
}

/** Fills a filter with the values there are and their counts; hides it if there is none. */
function offer(select, values) {
  const counts = Map.groupBy(values, (value) => value);
  for (const value of [...counts.keys()].sort()) {
    const count = counts.get(value).length.toLocaleString("en");
    select.append(element("option", { value }, `${value} (${count})`));
  }
  select.parentElement.hidden = counts.size === 0;
}

/* Searching */

async function search() {
  const mine = ++searches;
  wanted = pattern(find("search").value.trim());
  snippets = new Map();
  markAgain();
  const candidates = ordered(entries.filter(isWanted));
  if (!wanted) return show(candidates, counted(candidates.length));
  const found = [];
  find("status").textContent = "Searching …";
  for (const [block, ofBlock] of Map.groupBy(candidates, (entry) => entry.block)) {
    const contents = await contentsOf(block);
    if (mine !== searches) return; // another search has started
    for (const entry of ofBlock) {
      const text = view.texts(entry, contents[entry.index]).find((one) => one.search(wanted) >= 0);
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
  const most = (entry) => entry[by] ?? -Number.MAX_VALUE;
  return by ? candidates.toSorted((a, b) => most(b) - most(a)) : candidates;
}

function isWanted(entry) {
  const isSelected = ([id, values]) => {
    const chosen = find(id).value;
    return !chosen || values(entry, kind).includes(chosen);
  };
  return (!kind || view.isOfKind(entry, kind)) && Object.entries(view.selects).every(isSelected);
}

/** Makes a pattern of a text, whatever the case of its letters; null if it is empty. */
function pattern(text) {
  return text ? new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu") : null;
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
  `${count.toLocaleString("en")} ${view.noun}${count === 1 ? "" : "s"}`;

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
  const found = snippets.has(entry) ? [snippet(snippets.get(entry))] : [];
  const link = element("a", { href: address(entry) }, ...view.line(entry), ...found);
  if (entry === current) link.setAttribute("aria-current", "true");
  return element("li", {}, link);
}

const address = (entry) => `#${encodeURIComponent(entry.id)}`;
const badge = (look, label = look) => element("span", { class: `badge ${look}` }, label);

function turnPage(by) {
  firstShown += by;
  list();
  find("status").scrollIntoView({ block: "nearest" });
}

/* What is open */

/** Opens the entry that the address names; closes it where it names none. */
async function follow() {
  let id = location.hash.slice(1);
  try {
    id = decodeURIComponent(id);
  } catch {
    // It is no address of this page's making: there is no such entry.
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
      element("p", {}, `There is no ${view.noun} `, element("bdi", {}, id), " in this report."),
    );
    home().scrollIntoView();
  }
}

/** Opens an entry; moves there unless the page opened it by itself. */
async function open(entry, moves = true) {
  current = entry;
  const content = (await contentsOf(entry.block))[entry.index];
  if (current !== entry) return; // another was opened meanwhile
  const position = results.indexOf(entry);
  if (position >= 0) firstShown = position - (position % PAGE_SIZE);
  list();
  const heading = element("h3", { tabindex: "-1" }, element("bdi", {}, entry.id));
  find("open").replaceChildren(steps(entry, content), heading, ...view.parts(entry, content));
  if (!moves) return;
  find("browser").classList.add("reading");
  heading.focus({ preventScroll: true });
  find("open").scrollIntoView();
  find("results").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

function steps(entry, content) {
  const back = element("a", { class: "back", href: `#${home().id}` }, "Back to the list");
  const copies = content === undefined ? [] : [
    copyButton("Copy text", () => view.asText(content)),
    copyButton("Copy JSON", () => JSON.stringify({ id: entry.id, ...content }, null, 2)),
  ];
  return element("div", { class: "steps" }, back, step("Previous", -1), step("Next", 1), ...copies);
}

/** Gives the section that the list is in. */
const home = () => find("browser").closest("section");

function step(label, by) {
  const button = element("button", { type: "button" }, label);
  button.disabled = neighbour(by) === undefined;
  button.addEventListener("click", () => go(by));
  return button;
}

/** Shows a message; `facts` say whose it is and what is known of it. */
function messageParts(message, ...facts) {
  const made = [
    element("p", { class: "facts" }, ...facts),
    element("p", { class: "text", dir: "auto" }, ...highlighted(message.text)),
  ];
  if (message.characters > Number(find("browser").dataset.mostCharacters)) {
    const rest = `Cut here; the message has ${message.characters.toLocaleString("en")} characters.`;
    made.push(element("p", { class: "facts" }, rest));
  }
  return made;
}

/** Says who wrote a message, how long it took, and what it used. */
function callFacts(message, label) {
  const known = [label];
  if (message.latency_ms !== null) known.push(`${message.latency_ms.toLocaleString("en")} ms`);
  if (message.tokens !== null) known.push(message.tokens);
  if (message.attempts > 1) known.push(`${message.attempts} attempts`);
  const said = known.join(" · ");
  const id = message.execution_id;
  return id === null ? [said] : [`${said} · execution `, copyButton(id, () => id, "link")];
}

/* Copying */

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

/** Gives the entry before or after the open one; the first where it is not listed. */
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

/** Checks whether a key is for the page: nobody types, and no dialog is open. */
function isShortcut(event) {
  const isTyping = event.target.matches("input, select, textarea");
  const isForBrowser = event.ctrlKey || event.metaKey || event.altKey;
  const isElsewhere = document.querySelector("dialog[open]") !== null;
  return !isTyping && !isForBrowser && !isElsewhere && find("keys").checked;
}

function pressed(event) {
  if (!isShortcut(event)) return;
  if (event.key === "j") go(1);
  else if (event.key === "k") go(-1);
  else if (event.key === "c") find("open").querySelector(".copy")?.click();
  else if (event.key === "?") find("help").showModal();
  else if (event.key === "/") {
    event.preventDefault();
    find("search").focus();
  }
}

/** Lists only the entries of a kind. */
function chooseKind(chosen) {
  kind = chosen;
  for (const button of document.querySelectorAll("[data-kind]")) {
    button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
  }
  return search();
}

function changeTheme() {
  const root = document.documentElement;
  const isDark = getComputedStyle(root).colorScheme === "dark" ||
    (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = isDark ? "light" : "dark";
}

function listen() {
  let pause;
  find("search").addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(search, PAUSE_MS);
  });
  for (const id of ["order", ...Object.keys(view.selects)]) {
    find(id).addEventListener("change", search);
  }
  find("filters").addEventListener("submit", (event) => event.preventDefault());
  find("earlier").addEventListener("click", () => turnPage(-PAGE_SIZE));
  find("later").addEventListener("click", () => turnPage(PAGE_SIZE));
  for (const button of document.querySelectorAll("[data-kind]")) {
    button.addEventListener("click", () => chooseKind(button.dataset.kind));
  }
  find("theme").addEventListener("click", changeTheme);
  find("help-open").addEventListener("click", () => find("help").showModal());
  addEventListener("hashchange", follow);
  addEventListener("keydown", pressed);
}

/** Says on the page what keeps it from working; the console has the rest. */
function failed(error) {
  find("status").textContent = `This browser cannot show the ${view.noun}s: ${error.message}`;
  throw error;
}
