/* What a dataset's page shows of a conversation, in the list and when it is open. */

const SCENARIO = ["persona", "language", "goal"]; // columns of the seed with a filter

const conversationView = {
  noun: "conversation",
  isOfKind: (entry, kind) => entry.kind === kind || (kind === "valid" && entry.kind === "warning"),
  selects: {
    rule: (entry) => entry.rules,
    "end-reason": (entry) => [entry.end_reason].filter(Boolean),
    ...Object.fromEntries(
      SCENARIO.map((name) => [name, (entry) => [entry.scenario[name]].filter(Boolean)]),
    ),
  },
  line: conversationLine,
  texts: conversationTexts,
  parts: conversationShown,
  asText: (conversation) =>
    conversation.messages.map((message) => `${message.role}: ${message.text}`).join("\n\n"),
};

/** Gives all texts of a conversation that a search looks through. */
function conversationTexts(entry, conversation) {
  const said = conversation.messages.map((message) => message.text);
  const all = [entry.id, conversation.reason, ...Object.values(conversation.context), ...said];
  return all.map((text) => String(text ?? ""));
}

const kindBadge = (kind) => badge(kind, kind === "warning" ? "valid, with a warning" : kind);

function conversationLine(entry) {
  const why = element("span", { class: `why ${entry.kind}`, dir: "auto" }, entry.why);
  return [
    kindBadge(entry.kind),
    element("span", { class: "seed", dir: "auto" }, entry.seed),
    element("span", { class: "facts" }, element("bdi", {}, entry.id), facts(entry)),
    ...(entry.why ? [why] : []),
    ...chips(entry),
  ];
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

function* conversationShown(entry, conversation) {
  yield element("p", { class: "facts" }, kindBadge(entry.kind), facts(entry));
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
    ...messageParts(
      message,
      ...callFacts(message, `${index} ${message.role}`),
      isGiven ? " · given by the seed" : "",
    ),
  );
  const remarks = [...here.map(found), ...passed.map(passedBy)];
  if (remarks.length) made.append(element("ul", { class: "findings" }, ...remarks));
  return made;
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

/** Lists only the conversations that break a rule. */
function narrow(rule) {
  find("search").value = "";
  for (const id of ["end-reason", ...SCENARIO]) find(id).value = "";
  find("rule").value = rule;
  location.hash = "#conversations"; // closes the one that is open
  find("conversations").scrollIntoView();
  chooseKind("");
}

for (const button of document.querySelectorAll("[data-rule]")) {
  button.addEventListener("click", () => narrow(button.dataset.rule));
}
start(conversationView).catch(failed);
