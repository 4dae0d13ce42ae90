// Tabs and the history of queries, kept by the browser alone; examples; addresses to share.

const TABS = "jiqun.tabs";
const HISTORY = "jiqun.history";
const MOST_TABS = 12;
const MOST_HISTORY = 40;

function stored(key, fallback) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
}

function store(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing shows one tab.
  }
}

/** Show the tabs above the editor: a list of tabs for keyboard and screen reader. */
export class Tabs {
  constructor({ bar, words, text, show, panel }) {
    this.bar = bar;
    this.words = words;
    this.show = show;
    this.panel = panel;
    const kept = stored(TABS, null);
    this.tabs = Array.isArray(kept?.tabs) && kept.tabs.every((tab) => typeof tab.text === "string") ? kept.tabs : [];
    this.active = Math.min(kept?.active ?? 0, Math.max(0, this.tabs.length - 1));
    if (!this.tabs.length) this.tabs = [{ name: this.name(), text }];
    const found = this.tabs.findIndex((tab) => tab.text.trim() === text.trim());
    if (found >= 0) this.active = found;
    else if (new URLSearchParams(location.search).has("query")) this.tabs[this.active].text = text;
    this.draw();
  }

  get text() {
    return this.tabs[this.active].text;
  }

  name() {
    const taken = new Set(this.tabs.map((tab) => tab.name));
    let number = 1;
    while (taken.has(`${this.words.query} ${number}`)) number += 1;
    return `${this.words.query} ${number}`;
  }

  keep(text) {
    this.tabs[this.active].text = text;
    this.save();
  }

  save() {
    store(TABS, { tabs: this.tabs, active: this.active });
  }

  open(text, name) {
    if (this.tabs.length >= MOST_TABS) this.tabs.shift();
    this.tabs.push({ name: name ?? this.name(), text });
    this.choose(this.tabs.length - 1);
  }

  choose(number, focus = false) {
    this.active = number;
    this.save();
    this.draw();
    this.show(this.text);
    if (focus) this.bar.querySelector("[aria-selected=true]")?.focus();
  }

  close(number) {
    this.tabs.splice(number, 1);
    if (!this.tabs.length) this.tabs = [{ name: this.name(), text: "" }];
    this.choose(Math.min(number, this.tabs.length - 1), true);
  }

  draw() {
    const list = document.createElement("div");
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", this.words.tabs);
    this.tabs.forEach((tab, number) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("role", "tab");
      button.setAttribute("aria-selected", String(number === this.active));
      button.setAttribute("aria-controls", this.panel);
      button.tabIndex = number === this.active ? 0 : -1;
      button.textContent = tab.name;
      button.title = this.words.tab_keys;
      button.addEventListener("click", () => this.choose(number, true));
      button.addEventListener("keydown", (event) => this.key(event, number));
      list.append(button);
    });
    const buttons = [
      ["+", this.words.new_tab, () => this.open("")],
      ["×", this.words.close_tab, () => this.close(this.active)],
    ].map(([sign, name, act]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = sign;
      button.title = name;
      button.setAttribute("aria-label", name);
      button.addEventListener("click", act);
      return button;
    });
    this.bar.replaceChildren(list, ...buttons);
    this.bar.hidden = false;
  }

  key(event, number) {
    const count = this.tabs.length;
    const moves = { ArrowRight: (number + 1) % count, ArrowLeft: (number + count - 1) % count, Home: 0, End: count - 1 };
    if (event.key in moves) {
      event.preventDefault();
      this.choose(moves[event.key], true);
    } else if (event.key === "Delete") {
      event.preventDefault();
      this.close(number);
    }
  }
}

/** Remember a query that is run; the newest is the first. */
export function remember(text) {
  const kept = stored(HISTORY, []).filter((each) => each.text !== text);
  store(HISTORY, [{ text, at: new Date().toISOString() }, ...kept].slice(0, MOST_HISTORY));
}

/** Fill the panel of queries that were run, when it is opened. */
export function showHistory(panel, words, open) {
  panel.hidden = false;
  panel.addEventListener("toggle", () => {
    if (!panel.open) return;
    const list = panel.querySelector("ul");
    const kept = stored(HISTORY, []);
    list.replaceChildren(
      ...kept.map(({ text, at }) => {
        const gist = text.replace(/^(\s*(PREFIX|BASE)\b.*\n?)+/gim, "").replace(/\s+/g, " ").trim();
        return choice(gist.slice(0, 120) || "…", new Date(at).toLocaleString(document.documentElement.lang), () => open(text));
      }),
    );
    if (!kept.length) list.append(note(words.no_history));
  });
}

/** Fill the panel of saved queries, when it is opened; its field filters them. */
export function showExamples(panel, words, address, lang, open) {
  panel.hidden = false;
  const field = panel.querySelector("input");
  const list = panel.querySelector("ul");
  let queries = null;
  const pick = (texts) => texts[lang] ?? (lang.startsWith("zh") ? texts["zh-Hans"] : null) ?? texts.en ?? "";

  function draw() {
    const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = queries.filter((query) => wanted.every((word) => query.words.includes(word)));
    list.replaceChildren(
      ...found.slice(0, 60).map((query) => choice(pick(query.summary), query.name, () => load(query.name))),
    );
    if (!found.length) list.append(note(words.no_examples));
  }

  async function load(name) {
    const response = await fetch(address.replace(/\.json$/, `/${name}.rq`));
    if (response.ok) open(await response.text(), name);
  }

  field.addEventListener("input", () => queries && draw());
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  panel.addEventListener("toggle", async () => {
    if (!panel.open || queries) return;
    const response = await fetch(address);
    if (!response.ok) return;
    const loaded = (await response.json()).queries;
    queries = loaded.map((query) => ({
      ...query,
      words: [query.name, ...query.tags, ...Object.values(query.summary), ...Object.values(query.description)].join(" ").toLowerCase(),
    }));
    draw();
    field.focus();
  });
}

function choice(text, small, act) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  const detail = document.createElement("small");
  detail.textContent = small;
  button.append(text, " ", detail);
  button.addEventListener("click", act);
  item.append(button);
  return item;
}

function note(text) {
  const item = document.createElement("li");
  item.className = "quiet";
  item.textContent = text;
  return item;
}
