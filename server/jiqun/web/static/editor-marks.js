// What the endpoint says of a query while it is typed: marks in the text, and a list beneath it.
import { Decoration, EditorView, hoverTooltip, showTooltip, StateEffect, StateField, ViewPlugin } from "./codemirror.js";
import { FUNCTIONS, signature } from "./editor-functions.js";
import { colour, tokenize } from "./editor-tokens.js";

const DELAY = 350;
const LONGEST_COLOURED = 200_000;
const PREFIX = /Add (PREFIX \S+ <[^<>\s]+>) at the beginning/;

/** Colour the tokens as the pages do. */
export const colours = ViewPlugin.fromClass(
  class {
    constructor(view) {
      this.decorations = coloured(view.state);
    }
    update(update) {
      if (update.docChanged) this.decorations = coloured(update.state);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

function coloured(state) {
  if (state.doc.length > LONGEST_COLOURED) return Decoration.none;
  const found = [];
  for (const token of tokenize(state.doc.toString())) {
    const name = colour(token);
    if (name) found.push(Decoration.mark({ class: `t-${name}` }).range(token.start, token.end));
  }
  return Decoration.set(found);
}

const setFindings = StateEffect.define();
const findings = StateField.define({
  create: () => [],
  update(found, transaction) {
    let now = found;
    if (transaction.docChanged) {
      now = now.map((each) => ({ ...each, from: transaction.changes.mapPos(each.from, 1), to: transaction.changes.mapPos(each.to, -1) }));
      now = now.filter((each) => each.to > each.from);
    }
    for (const effect of transaction.effects) if (effect.is(setFindings)) now = effect.value;
    return now;
  },
  provide: (field) =>
    EditorView.decorations.from(field, (found) =>
      Decoration.set(
        found
          .filter((each) => each.to > each.from)
          .map((each) => Decoration.mark({ class: each.wrong ? "wrong" : "odd" }).range(each.from, each.to)),
        true,
      ),
    ),
});

/** Check the text a moment after each change; `list` and `status` tell what was found. */
export function checking({ address, list, status, words, share }) {
  let timer = 0;
  let running = null;

  async function check(view) {
    const doc = view.state.doc;
    running?.abort();
    running = new AbortController();
    try {
      const response = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/sparql-query" },
        body: doc.toString(),
        signal: running.signal,
      });
      if (!response.ok || !doc.eq(view.state.doc)) return;
      const answer = await response.json();
      const found = read(doc, answer);
      if (!doc.eq(view.state.doc)) return;
      view.dispatch({ effects: setFindings.of(found) });
      tell(view, found);
      share(answer.short);
    } catch (error) {
      if (error.name !== "AbortError") status.textContent = "";
    }
  }

  function tell(view, found) {
    const wrong = found.filter((each) => each.wrong).length;
    status.textContent = wrong ? words.wrong : found.length ? words.odd : words.right;
    list.replaceChildren(...found.map((each) => entry(view, each)));
  }

  function entry(view, finding) {
    const item = document.createElement("li");
    item.className = finding.wrong ? "wrong" : "odd";
    const go = document.createElement("button");
    go.type = "button";
    go.className = "plain";
    go.textContent = `${words.line} ${finding.line}: ${finding.text}`;
    if (finding.wrong) go.lang = "en";
    go.addEventListener("click", () => {
      const [now] = view.state.field(findings).filter((each) => each.text === finding.text);
      view.dispatch({ selection: { anchor: (now ?? finding).from }, scrollIntoView: true });
      view.focus();
    });
    item.append(go);
    if (finding.mend) {
      const mend = document.createElement("button");
      mend.type = "button";
      mend.className = "copy";
      mend.textContent = `${words.mend}: ${finding.mend.insert.trim()}`;
      mend.addEventListener("click", () => {
        view.dispatch({ changes: finding.mend, userEvent: "input" });
        view.focus();
      });
      item.append(" ", mend);
    }
    return item;
  }

  const later = ViewPlugin.fromClass(
    class {
      constructor(view) {
        timer = setTimeout(check, 0, view);
      }
      update(update) {
        if (!update.docChanged) return;
        clearTimeout(timer);
        timer = setTimeout(check, DELAY, update.view);
      }
      destroy() {
        clearTimeout(timer);
      }
    },
  );
  return [findings, later, hovers];
}

function read(doc, { problem, remarks }) {
  const found = remarks.map((each) => {
    const from = position(doc, each.line, each.column);
    const to = position(doc, each.line, each.column + each.length);
    const mend = each.replacement ? { from, to, insert: each.replacement } : null;
    return { from, to, line: each.line, text: each.text, mend, wrong: false };
  });
  if (problem) {
    const line = problem.line ?? 1;
    const from = position(doc, line, problem.column ?? 1);
    const rest = doc.sliceString(from, doc.lineAt(from).to);
    const token = /^[^\s{}()[\];,]+|^\S/.exec(rest);
    const text = problem.detail.replace(/^At line \d+, column \d+: /, "");
    const prefix = PREFIX.exec(problem.detail);
    const mend = prefix ? { from: 0, insert: `${prefix[1]}\n` } : null;
    const start = token || from === 0 ? from : from - 1;
    found.push({ from: start, to: Math.min(doc.length, from + (token ? token[0].length : 1)), line, text, mend, wrong: true });
  }
  return found;
}

/** Return the offset of a line and a column that counts characters, not units of UTF-16. */
function position(doc, number, column) {
  if (number > doc.lines) return doc.length;
  const line = doc.line(Math.max(1, number));
  return Math.min(line.to, line.from + [...line.text].slice(0, column - 1).join("").length);
}

const hovers = hoverTooltip((view, at) => {
  const finding = view.state.field(findings).find((each) => each.from <= at && at <= each.to);
  if (!finding) return null;
  return {
    pos: finding.from,
    end: finding.to,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "hint";
      dom.textContent = finding.text;
      return { dom };
    },
  };
});

/** Show the arguments of the function whose parentheses the cursor is in. */
export function signatureHelp(lang) {
  const field = StateField.define({
    create: (state) => helpAt(state, lang),
    update: (help, transaction) => (transaction.docChanged || transaction.selection ? helpAt(transaction.state, lang) : help),
    provide: (own) => showTooltip.from(own),
  });
  return field;
}

function helpAt(state, lang) {
  const head = state.selection.main.head;
  const open = [];
  let before = null;
  for (const token of tokenize(state.sliceDoc(0, head))) {
    if (token.text === "(" && token.kind === "mark") open.push({ name: before?.text.toUpperCase() ?? "", at: before?.start ?? 0, count: 0 });
    else if (token.text === ")" && token.kind === "mark") open.pop();
    else if ((token.text === "," || token.text === ";") && open.length) open.at(-1).count += 1;
    before = token;
  }
  const call = open.findLast((each) => each.name in FUNCTIONS);
  if (!call || call !== open.at(-1)) return null;
  const { parameters, says } = signature(call.name, lang);
  return {
    pos: call.at,
    above: true,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "hint";
      dom.append(`${call.name}(`);
      parameters.forEach((parameter, at) => {
        const part = document.createElement(at === Math.min(call.count, parameters.length - 1) ? "strong" : "span");
        part.textContent = parameter;
        dom.append(at ? ", " : "", part);
      });
      dom.append(") ", says);
      return { dom };
    },
  };
}
