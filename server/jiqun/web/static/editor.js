// The query editor over the text area of the page, which it keeps up to date and which the form sends.
import { basicSetup, EditorState, EditorView, keymap, Prec } from "./codemirror.js";
import { completionSource, loadVocabulary } from "./editor-completion.js";
import { checking, colours, signatureHelp } from "./editor-marks.js";
import { remember, showExamples, showHistory, Tabs } from "./editor-tabs.js";
import { layOut } from "./editor-tokens.js";

const area = document.querySelector("textarea[data-editor]");
const workbench = area.closest(".workbench");
const words = JSON.parse(workbench.dataset.words);
const { vocabulary: vocabularyAddress, check, search, queries, style } = workbench.dataset;
const root = queries.replace(/\/queries\.json$/, "");
const lang = document.documentElement.lang;
const find = (name) => workbench.querySelector(`[data-part="${name}"]`);

const vocabulary = await loadVocabulary(vocabularyAddress).catch(() => ({ terms: [], use: {}, prefixes: {} }));
const host = document.createElement("div");
host.className = "editor";
host.id = "editor";
host.setAttribute("role", "tabpanel");
host.setAttribute("aria-label", words.query);
area.before(host);
// In a shadow root CodeMirror needs no style element, which the policy of the pages would refuse.
const shadow = host.attachShadow({ mode: "open" });
const sheet = document.createElement("link");
sheet.rel = "stylesheet";
sheet.href = style;
shadow.append(sheet);

const language = [
  {
    autocomplete: completionSource(vocabulary, search, lang, words),
    commentTokens: { line: "#" },
    closeBrackets: { brackets: ["(", "[", "{", '"', "'"] },
  },
];
const run = () => {
  area.form.requestSubmit();
  return true;
};
// Typed over by the browser, several lines would leave a style attribute, which the policy refuses.
const typeOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to } = view.state.selection.main;
    const line = view.state.doc.lineAt(from);
    if (event.inputType !== "insertText" || to <= line.to || !event.data || /^[([{"']$/.test(event.data)) return false;
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
    return true;
  },
});
const view = new EditorView({ parent: shadow, root: shadow });
const tabs = new Tabs({ bar: find("tabs"), words, text: area.value, show: (text) => load(text), panel: host.id });

function share(path) {
  const link = find("short");
  link.hidden = !path;
  link.href = `${root}${path}`;
}

function load(text) {
  view.setState(
    EditorState.create({
      doc: text,
      extensions: [
        Prec.highest(keymap.of([{ key: "Mod-Enter", run }, { key: "Shift-Alt-f", run: () => lay() }])),
        basicSetup,
        typeOver,
        EditorView.lineWrapping,
        colours,
        checking({ address: check, list: find("findings"), status: find("status"), words, share }),
        signatureHelp(lang),
        EditorState.languageData.of(() => language),
        EditorView.contentAttributes.of({ "aria-label": area.labels[0].textContent, "aria-description": words.keys, spellcheck: "false" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) keep(update.state.doc.toString());
        }),
      ],
    }),
  );
  keep(text);
}

function keep(text) {
  area.value = text;
  tabs.keep(text);
}

function lay() {
  const text = view.state.doc.toString();
  const laidOut = layOut(text);
  if (laidOut !== text) view.dispatch({ changes: { from: 0, to: text.length, insert: laidOut }, userEvent: "input.format" });
  view.focus();
  return true;
}

load(area.value);
area.hidden = true;
area.required = false;
area.labels[0].addEventListener("click", () => view.focus());
area.form.addEventListener("submit", () => remember(area.value));
const layout = find("layout");
layout.hidden = false;
layout.addEventListener("click", lay);
const open = (text, name) => {
  tabs.open(text, name);
  view.focus();
};
showExamples(find("examples"), words, queries, lang, open);
showHistory(find("history"), words, open);
workbench.dataset.ready = "true";
