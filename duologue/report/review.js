/* Review: one conversation after the other, decided with keys, without what rules and judges say. */

const PLACE = "duologue review";
const dialog = find("reviewing");

let queue = []; // the conversations to review, in order
let choices = []; // what was decided about the first of them; `broken` is null for a skip
let reviewer = "";
let kinds = null; // the kinds chosen for a broken conversation; null before it is called broken
let marked = null; // the index of the marked message
let isKept = true; // whether the browser keeps the decisions
let isDownloaded = true;

/* What the browser keeps */

function kept(name) {
  try {
    return localStorage.getItem(`${PLACE} ${name}`);
  } catch {
    return null; // storage is blocked, as it may be for pages from a disk
  }
}

function keep(name, text) {
  try {
    localStorage.setItem(`${PLACE} ${name}`, text);
    isKept = true;
  } catch {
    isKept = false;
  }
  find("review-warning").hidden = isKept;
}

const place = () =>
  [dialog.dataset.dataset, dialog.dataset.version, dialog.dataset.revision, reviewer].join(" ");

/** Gives the choices that the browser kept, as far as they are about this page's conversations. */
function keptChoices() {
  let found;
  try {
    found = JSON.parse(kept(place()) ?? "[]");
  } catch {
    found = []; // something else wrote there
  }
  const last = found.findIndex((choice, index) => choice.text_sha256 !== queue[index]?.text_sha256);
  return last < 0 ? found : found.slice(0, last);
}

/* Opening and closing */

async function startReview() {
  if (dialog.open) return;
  find("reviewer").value = reviewer || (kept("reviewer") ?? "");
  dialog.showModal();
  if (!queue.length) {
    const scripts = [...document.querySelectorAll("script.review")];
    queue = (await Promise.all(scripts.map(unpack))).flat();
  }
  if (reviewer) return showNext();
  find("reviewer").select();
}

function introduced(event) {
  event.preventDefault();
  if (!queue.length) return; // still being unpacked
  reviewer = find("reviewer").value.trim();
  if (!reviewer) return;
  keep("reviewer", reviewer);
  choices = keptChoices();
  find("review-intro").hidden = true;
  find("review-work").hidden = false;
  showNext();
}

/* Showing */

function showNext() {
  kinds = null;
  marked = null;
  const next = queue[choices.length];
  const parts = next ? [...conversationParts(next)] : [element("p", {}, "You have reviewed all that were drawn. Download your decisions.")];
  find("review-conversation").replaceChildren(...parts);
  find("review-conversation").scrollTop = 0;
  find("review-conversation").focus();
  showState();
}

function* conversationParts(conversation) {
  for (const [name, value] of Object.entries(conversation.context)) {
    yield element("p", { class: "facts context" }, element("bdi", {}, name), ": ", element("bdi", {}, value));
  }
  yield element("ol", { class: "messages" }, ...conversation.messages.map(saidInReview));
}

function saidInReview(message, index) {
  const made = element(
    "li",
    { class: `message ${message.role.toLowerCase()}` },
    element("p", { class: "facts" }, `${index} ${message.role}`),
    element("p", { class: "text", dir: "auto" }, message.text),
  );
  if (message.text.length < message.characters) {
    made.append(element("p", { class: "facts" }, `Cut here; the message has ${message.characters.toLocaleString("en")} characters.`));
  }
  return made;
}

function showState() {
  const skipped = choices.filter((choice) => choice.broken === null).length;
  const counts = [`${choices.length - skipped} decided`];
  if (skipped) counts.push(`${skipped} skipped`);
  find("review-progress").textContent = `${counts.join(", ")} of ${queue.length} drawn`;
  find("review-deciding").hidden = kinds !== null;
  find("review-kinds").hidden = kinds === null;
  for (const button of find("review-kinds").querySelectorAll("[aria-pressed]")) {
    button.setAttribute("aria-pressed", String(kinds?.includes(button.dataset.kindOfFault) ?? false));
  }
}

/* Deciding */

function act(broken) {
  const conversation = queue[choices.length];
  if (!conversation) return;
  choices.push({
    conversation_id: conversation.id,
    text_sha256: conversation.text_sha256,
    broken,
    kinds: broken ? kinds : [],
    message_index: broken ? marked : null,
    decided_at: new Date().toISOString(),
  });
  changed();
}

function undo() {
  if (!choices.length) return;
  choices.pop();
  changed();
}

function changed() {
  isDownloaded = false;
  keep(place(), JSON.stringify(choices));
  showNext();
}

function callBroken() {
  if (choices.length >= queue.length) return;
  kinds = [];
  showState();
}

function choose(kind) {
  kinds = kinds.includes(kind) ? kinds.filter((other) => other !== kind) : [...kinds, kind];
  showState();
}

function takeBack() {
  kinds = null;
  showState();
}

function mark(by) {
  const messages = [...find("review-conversation").querySelectorAll(".message")];
  if (!messages.length) return;
  const place = (marked ?? (by > 0 ? -1 : messages.length)) + by;
  marked = messages[place] ? place : null;
  messages.forEach((message, index) => {
    message.classList.toggle("marked", index === marked);
    if (index === marked) message.setAttribute("aria-current", "true");
    else message.removeAttribute("aria-current");
  });
  messages[marked]?.scrollIntoView({ block: "nearest" });
}

/* Downloading */

function decisionsFile() {
  const decided = choices
    .map((choice, index) => ({ ...choice, stratum: queue[index].stratum }))
    .filter((choice) => choice.broken !== null);
  const strata = Object.entries(JSON.parse(dialog.dataset.strata)).map(([stratum, conversations]) => ({
    stratum,
    conversations,
    reviewed: decided.filter((decision) => decision.stratum === stratum).length,
  }));
  const size = new Map(strata.map((each) => [each.stratum, each]));
  return {
    format: "duologue-review",
    format_version: 1,
    dataset: dialog.dataset.dataset,
    version: dialog.dataset.version,
    revision: Number(dialog.dataset.revision),
    reviewer,
    downloaded_at: new Date().toISOString(),
    strata,
    decisions: decided.map((decision) => {
      const { conversations, reviewed } = size.get(decision.stratum);
      return {
        ...decision,
        inclusion_probability: reviewed / conversations,
        weight: conversations / reviewed,
      };
    }),
    skipped: choices
      .filter((choice) => choice.broken === null)
      .map(({ conversation_id, text_sha256 }) => ({ conversation_id, text_sha256 })),
  };
}

function download() {
  const text = `${JSON.stringify(decisionsFile(), null, 2)}\n`;
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const name = reviewer.replace(/[^\p{L}\p{N}._-]+/gu, "-");
  element("a", { href: url, download: `decisions-${dialog.dataset.version}-${name}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  isDownloaded = true;
}

/* Keys */

const deciding = {
  1: () => act(false),
  2: callBroken,
  n: () => act(null),
  u: undo,
  d: download,
  "?": () => { find("review-help").hidden = !find("review-help").hidden; },
  Escape: () => dialog.close(),
};

const choosing = {
  Enter: () => act(true),
  Backspace: takeBack,
  Escape: takeBack,
  u: takeBack,
};

function pressedInReview(key) {
  if (key === "ArrowDown") return mark(1);
  if (key === "ArrowUp") return mark(-1);
  if (kinds === null) return deciding[key]?.();
  const kind = find("review-kinds").querySelector(`[aria-pressed][data-key="${CSS.escape(key)}"]`);
  return kind ? choose(kind.dataset.kindOfFault) : choosing[key]?.();
}

const isForPage = (event) => !event.ctrlKey && !event.metaKey && !event.altKey;

if (dialog) {
  addEventListener("keydown", (event) => {
    if (isShortcut(event) && event.key.toLowerCase() === "r") {
      event.preventDefault(); // else the letter is typed into the box for the name
      startReview();
    }
  });
  dialog.addEventListener("keydown", (event) => {
    if (!dialog.open) return; // the focus is still here for a moment after it was closed
    event.stopPropagation(); // the list's keys are not for here
    const isButton = event.target.matches("button") && (event.key === "Enter" || event.key === " ");
    if (find("review-work").hidden || !isForPage(event) || isButton) return;
    if (/^(Arrow(Up|Down)|Backspace|Enter|Escape|.)$/.test(event.key) && event.key !== " ") {
      event.preventDefault();
      if (!event.repeat || event.key.startsWith("Arrow")) pressedInReview(event.key);
    }
  });
  find("review-start").addEventListener("click", startReview);
  find("review-close").addEventListener("click", () => dialog.close());
  find("review-intro").addEventListener("submit", introduced);
  for (const button of dialog.querySelectorAll("[data-key]")) {
    button.addEventListener("click", () => {
      pressedInReview(button.dataset.key);
      if (button.closest("[hidden]")) find("review-conversation").focus();
    });
  }
  addEventListener("beforeunload", (event) => {
    if (!isKept && !isDownloaded) event.preventDefault();
  });
}
