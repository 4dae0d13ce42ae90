// What may be completed: terms of the vocabulary, things by name, variables, functions, keywords.
import { FUNCTIONS, signature } from "./editor-functions.js";
import { KEYWORDS, prefixes, situation, tokenize } from "./editor-tokens.js";

const WORD = /[\p{L}\p{N}_:?$-]*$/u;
const HAN = /[\u3400-\u9fff]/u;
const MOST_TERMS = 60;

/** Load the vocabulary; its terms get their names and labels ready to be searched. */
export async function loadVocabulary(address) {
  const found = await (await fetch(address)).json();
  const terms = Object.entries(found.terms).map(([name, term]) => ({
    name,
    ...term,
    local: name.slice(name.indexOf(":") + 1).toLowerCase(),
    words: [term.en, term["zh-Hans"], term["zh-Hant"]].filter(Boolean).join("\n").toLowerCase(),
  }));
  return { ...found, terms };
}

/** Return a completion source over a vocabulary; `words` are the texts of the page. */
export function completionSource(vocabulary, searchAddress, lang, words) {
  const sections = Object.fromEntries(
    ["terms", "things", "variables", "functions", "keywords"].map((key, rank) => [key, { name: words[key], rank }]),
  );

  return async (context) => {
    const text = context.state.doc.toString();
    const before = text.slice(0, context.pos);
    const written = WORD.exec(before)[0];
    const tokens = tokenize(before);
    const last = tokens.at(-1);
    if (last && last.end === before.length && ["comment", "string", "iri", "language"].includes(last.kind)) return null;
    if (!written && !context.explicit && !/(^|\s)(a|rdf:type|;)\s$/.test(before)) return null;
    if (/^\d+$/.test(written)) return null;
    const from = context.pos - written.length;
    const whole = tokenize(text);
    const variables = variableOptions(whole, written, sections.variables);
    if (/^[?$]/.test(written)) return answer(from, variables);
    const place = situation(tokens.filter((token) => token.end <= from));
    const query = written.toLowerCase();
    const options = [];
    if (["predicate", "class", "graph"].includes(place.at) === false || context.explicit) options.push(...variables);
    if (place.at !== "graph") {
      options.push(...termOptions(vocabulary, place, allTriples(whole, place), query, lang, sections.terms, context.explicit));
    }
    if (place.at === "expression" && /^[a-z_]+\d*$/i.test(written)) {
      options.push(...functionOptions(query, lang, sections.functions));
    }
    if (/^[a-z]+$/i.test(written)) options.push(...keywordOptions(query, place, sections.keywords));
    if (["object", "subject", "expression", "graph"].includes(place.at) && isName(written)) {
      options.push(...(await thingOptions(searchAddress, written, context, sections.things)));
    }
    return context.aborted ? null : answer(from, options);
  };

  function answer(from, options) {
    return options.length ? { from, options, filter: false } : null;
  }
}

const isName = (written) => HAN.test(written) || written.replace(/^id:/, "").length > 1;

function variableOptions(tokens, written, section) {
  const names = new Set(tokens.filter((token) => token.kind === "variable").map((token) => token.text));
  names.delete(written);
  return [...names]
    .filter((name) => name.toLowerCase().startsWith(written.toLowerCase()))
    .map((label) => ({ label, type: "variable", section }));
}

/** Return the triples of the whole text, so that a type below the cursor counts too. */
function allTriples(tokens, place) {
  return [...situation(tokens).triples, ...place.triples];
}

/** Return how often each property is used by the classes that the subject may be of. */
function usesOf(vocabulary, subject, triples) {
  const own = triples.filter((triple) => triple[0] === subject);
  const types = own.filter(([, predicate]) => /^(a|rdf:type)$/.test(predicate)).map((triple) => triple[2]);
  const properties = own.map((triple) => triple[1]).filter((name) => name !== "a");
  const classes = types.length
    ? types.filter((name) => vocabulary.use[name])
    : Object.keys(vocabulary.use).filter((name) => properties.length && properties.every((each) => each in vocabulary.use[name]));
  const found = {};
  for (const name of classes) {
    for (const [property, count] of Object.entries(vocabulary.use[name])) found[property] = (found[property] ?? 0) + count;
  }
  return found;
}

function termOptions(vocabulary, place, triples, query, lang, section, explicit) {
  const kinds = { class: ["class"], predicate: ["property"], expression: [], subject: [], object: [] }[place.at] ?? [];
  const wanted = kinds.length ? kinds : query.includes(":") || HAN.test(query) || explicit ? ["class", "property"] : [];
  const uses = place.at === "predicate" ? usesOf(vocabulary, place.subject, triples) : {};
  const found = [];
  for (const term of vocabulary.terms) {
    if (!wanted.includes(term.kind) || (term.name === "rdf:type" && !query)) continue;
    const rank = matchRank(term, query);
    if (rank === null) continue;
    const used = uses[term.name] ?? 0;
    const ours = term.name.startsWith("kg:");
    found.push({ term, rank, used, order: [rank, used ? -used : 1, ours ? 0 : 1, -term.count] });
  }
  found.sort((one, other) => compare(one.order, other.order) || (one.term.name < other.term.name ? -1 : 1));
  const options = found.slice(0, MOST_TERMS).map(({ term, used }, at) => {
    const own = term[lang] ?? term.en ?? "";
    const other = lang === "en" ? term["zh-Hans"] : term.en;
    const count = used || term.count;
    return {
      label: term.name,
      detail: [own, other !== own ? other : ""].filter(Boolean).join(" · ") + (count ? ` ×${count.toLocaleString("en")}` : ""),
      type: term.kind,
      boost: 99 - at,
      section,
      apply: inserting(term.name, vocabulary.prefixes),
    };
  });
  if (place.at === "predicate" && (!query || query === "a")) options.unshift({ label: "a", detail: "rdf:type", type: "keyword", boost: 99, section });
  return options;
}

function compare(one, other) {
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return one[at] - other[at];
  return 0;
}

/** Return how well a term matches: 0 at its beginning, then within; null when it does not. */
function matchRank(term, query) {
  if (!query) return 0;
  const name = term.name.toLowerCase();
  const local = query.slice(query.indexOf(":") + 1);
  if (query.includes(":") && !name.startsWith(query.slice(0, query.indexOf(":") + 1))) return null;
  if (name.startsWith(query) || term.local.startsWith(local)) return 0;
  if (term.words.split("\n").some((words) => words.startsWith(local))) return 1;
  return term.local.includes(local) || term.words.includes(local) ? 2 : null;
}

function functionOptions(query, lang, section) {
  return Object.keys(FUNCTIONS)
    .filter((name) => name.toLowerCase().startsWith(query))
    .map((name) => {
      const { parameters, says } = signature(name, lang);
      return { label: name, detail: `(${parameters.join(", ")}) ${says}`, type: "function", section, apply: `${name}(` };
    });
}

function keywordOptions(query, place, section) {
  if (["class", "object"].includes(place.at)) return [];
  return KEYWORDS.filter((word) => word.toLowerCase().startsWith(query) && word.length > query.length).map((label) => ({
    label,
    type: "keyword",
    section,
    apply: ["ORDER", "GROUP"].includes(label) ? `${label} BY ` : `${label} `,
  }));
}

async function thingOptions(address, written, context, section) {
  const words = written.replace(/^id:/, "").replaceAll("-", " ");
  await new Promise((resolve) => setTimeout(resolve, 120));
  if (context.aborted) return [];
  const controller = new AbortController();
  context.addEventListener("abort", () => controller.abort());
  try {
    const separator = address.includes("?") ? "&" : "?";
    const response = await fetch(`${address}${separator}q=${encodeURIComponent(words)}&format=json`, { signal: controller.signal });
    if (!response.ok) return [];
    const { results } = await response.json();
    return results.slice(0, 12).map((thing, at) => ({
      label: `id:${thing.id}`,
      displayLabel: thing.name,
      detail: `id:${thing.id} · ${thing.types.map((each) => each.name)[0] ?? ""}`,
      type: "constant",
      boost: 50 - at,
      section,
      apply: inserting(`id:${thing.id}`, { id: thing.iri.slice(0, -thing.id.length) }),
    }));
  } catch {
    return [];
  }
}

/** Return what puts a name into the text, and declares its prefix where it is missing. */
function inserting(name, known) {
  return (view, _completion, from, to) => {
    view.dispatch(insertion(view.state, name, known, from, to));
  };
}

/** Return the change that puts a name in place of a range, with its PREFIX if that is missing. */
export function insertion(state, name, known, from, to) {
  const prefix = name.slice(0, name.indexOf(":"));
  const declared = prefixes(tokenize(state.doc.toString()));
  const line = prefix in declared || !known[prefix] ? "" : `PREFIX ${prefix}: <${known[prefix]}>\n`;
  return {
    changes: [...(line ? [{ from: 0, insert: line }] : []), { from, to, insert: name }],
    selection: { anchor: from + name.length + line.length },
    userEvent: "input.complete",
    scrollIntoView: true,
  };
}
