// Tokens of SPARQL: for colours, for what may be completed here, and for the format of a query.

import { FUNCTIONS } from "./editor-functions.js";

const WORDS = new Set(
  ("BASE PREFIX SELECT DISTINCT REDUCED AS CONSTRUCT WHERE DESCRIBE ASK FROM NAMED GROUP BY HAVING " +
    "ORDER ASC DESC LIMIT OFFSET VALUES UNDEF OPTIONAL GRAPH SERVICE SILENT BIND MINUS UNION FILTER " +
    "NOT IN EXISTS SEPARATOR TRUE FALSE A").split(" "),
);
export const KEYWORDS = [...WORDS].filter((word) => !["A", "BY", "TRUE", "FALSE"].includes(word));

const TOKEN = new RegExp(
  [
    "(?<comment>#[^\\n]*)",
    "(?<iri><[^<>\"{}|^`\\\\\\u0000-\\u0020]*>)",
    "(?<string>\"\"\"[^]*?(?:\"\"\"|$)|'''[^]*?(?:'''|$)|\"(?:[^\"\\\\\\n]|\\\\.)*\"?|'(?:[^'\\\\\\n]|\\\\.)*'?)",
    "(?<variable>[?$][\\p{L}\\p{N}_]+)",
    "(?<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)",
    "(?<name>[\\p{L}][\\p{L}\\p{N}_.-]*:(?:[\\p{L}\\p{N}_:%-]|\\.(?=[\\p{L}\\p{N}_:%-]))*|:[\\p{L}\\p{N}_-]+|_:[\\p{L}\\p{N}_-]+)",
    "(?<number>\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?)",
    "(?<word>[\\p{L}_][\\p{L}\\p{N}_]*)",
    "(?<mark>\\^\\^|\\|\\||&&|!=|<=|>=|[^\\s])",
  ].join("|"),
  "gu",
);

/** Return the tokens of a query: kind, text, and where they start and end. */
export function tokenize(text) {
  const found = [];
  for (const match of text.matchAll(TOKEN)) {
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    found.push({ kind, text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return found;
}

/** Return the class that colours a token, as on the pages; empty for none. */
export function colour(token) {
  if (token.kind === "word") {
    return WORDS.has(token.text.toUpperCase()) || /^[A-Z_]{2,}\d*$/.test(token.text) ? "keyword" : "";
  }
  return { comment: "comment", iri: "iri", string: "string", variable: "variable", name: "name", number: "number", language: "string" }[token.kind] ?? "";
}

/** Return the prefixes that are declared: prefix to namespace. */
export function prefixes(tokens) {
  const found = {};
  tokens.forEach((token, at) => {
    if (token.kind === "word" && token.text.toUpperCase() === "PREFIX" && tokens[at + 2]?.kind === "iri") {
      found[tokens[at + 1].text.replace(/:$/, "")] = tokens[at + 2].text.slice(1, -1);
    }
  });
  return found;
}

const EXPRESSION = new Set("SELECT FILTER BIND HAVING ORDER GROUP VALUES LIMIT OFFSET ASK DESCRIBE".split(" "));
const PATH = new Set(["/", "|", "^", "*", "+", "?", "!"]);

/**
 * Return what may stand at the end of these tokens: `subject`, `predicate`, `object`, `class` (the
 * object of a type), `graph` or `expression`; and the triples read so far as [subject, predicate,
 * object], the last of them with what is known of it.
 */
export function situation(tokens) {
  const triples = [];
  const stack = [];
  let state = { at: "expression", subject: null, predicate: null };
  const next = { subject: "predicate", predicate: "object" };
  for (const [index, token] of tokens.entries()) {
    const upper = token.text.toUpperCase();
    if (token.kind === "comment") continue;
    if (token.kind === "mark") {
      if (token.text === "{") {
        stack.push(state);
        state = { at: "subject", subject: null, predicate: null };
      } else if (token.text === "}") {
        stack.pop();
        state = { at: "subject", subject: null, predicate: null };
      } else if (token.text === "(" && state.at !== "predicate") {
        stack.push(state);
        state = { at: "expression", subject: state.subject, predicate: null };
      } else if (token.text === ")" && state.at === "expression") {
        const outer = stack.pop() ?? state;
        state = outer.filter ? { at: "subject", subject: null, predicate: null } : outer;
      } else if (token.text === "[") {
        stack.push(state);
        state = { at: "predicate", subject: `_:${index}`, predicate: null };
      } else if (token.text === "]") {
        state = stack.pop() ?? state;
        if (state.at === "object") state = { ...state, at: "done" };
        if (state.at === "subject") state = { ...state, at: "predicate" };
      } else if (token.text === "." && state.at !== "expression") {
        state = { at: "subject", subject: null, predicate: null };
      } else if (token.text === ";" && state.at !== "expression") {
        state = { ...state, at: "predicate", predicate: null };
      } else if (token.text === "," && state.at !== "expression") {
        state = { ...state, at: "object" };
      } else if (PATH.has(token.text) && state.at === "object" && state.predicate && tokens[index - 1]?.kind !== "mark") {
        state = { ...state, at: "predicate", predicate: null };
      }
      continue;
    }
    if (token.kind === "word" && upper !== "A") {
      if (upper === "GRAPH" || upper === "SERVICE") state = { at: "graph", subject: null, predicate: null };
      else if (EXPRESSION.has(upper)) {
        state = { at: "expression", subject: state.subject, predicate: null, filter: stack.length > 0 && upper !== "SELECT" };
      } else if (["OPTIONAL", "UNION", "MINUS", "WHERE"].includes(upper)) state = { at: "subject", subject: null, predicate: null };
      continue;
    }
    if (state.at === "subject") state = { ...state, at: "predicate", subject: token.text };
    else if (state.at === "predicate") state = { ...state, at: next.predicate, predicate: token.text };
    else if (state.at === "object") {
      triples.push([state.subject, state.predicate, token.text]);
      state = { ...state, at: "done" };
    } else if (state.at === "graph") state = { ...state, at: "done" };
  }
  const typed = state.at === "object" && /^(a|rdf:type)$/.test(state.predicate ?? "");
  return { at: typed ? "class" : state.at, subject: state.subject, triples };
}

/** Return a query laid out anew: one pattern a line, braces indented, keywords in upper case. */
export function layOut(text) {
  const lines = [];
  let line = "";
  let depth = 0;
  let round = 0;
  let inTriple = false;
  let inline = false;
  const flush = () => {
    if (line.trim()) lines.push("  ".repeat(Math.max(0, depth)) + (inTriple ? "  " : "") + line.trim());
    line = "";
  };
  const tokens = tokenize(text);
  tokens.forEach((token, at) => {
    const before = tokens[at - 1];
    const after = tokens[at + 1];
    const isWord = token.kind === "word" && token.text.length > 1;
    const isCapital = isWord && (WORDS.has(token.text.toUpperCase()) || (token.text.toUpperCase() in FUNCTIONS && after?.text === "("));
    const upper = isCapital ? token.text.toUpperCase() : token.text;
    const newline = before && /\n/.test(text.slice(before.end, token.start));
    if (token.kind === "comment") {
      if (newline) flush();
      if (!newline && !line && lines.length) {
        lines.push(`${lines.pop()}  ${token.text}`);
        return;
      }
      line += (line ? "  " : "") + token.text;
      const held = inTriple;
      flush();
      inTriple = held;
      return;
    }
    if (token.text === "{" && token.kind === "mark" && /^\s*VALUES\s+[?$]\S+$/.test(line)) inline = true;
    if (inline && token.kind === "mark" && token.text === "}") {
      line += " }";
      inline = false;
      flush();
      return;
    }
    if (token.text === "{" && token.kind === "mark" && !inline) {
      line += (line && !/\s$/.test(line) ? " " : "") + "{";
      flush();
      inTriple = false;
      depth += 1;
      return;
    }
    if (token.text === "}" && token.kind === "mark") {
      flush();
      inTriple = false;
      depth -= 1;
      line = "}";
      if (!after || !["UNION", "AS", "LIMIT"].includes(after.text.toUpperCase())) flush();
      return;
    }
    if (token.text === "(" || token.text === "[") round += 1;
    if (token.text === ")" || token.text === "]") round -= 1;
    const starts = /^(PREFIX|BASE|SELECT|CONSTRUCT|ASK|DESCRIBE|WHERE|FROM|ORDER|GROUP|HAVING|LIMIT|OFFSET|VALUES|OPTIONAL|MINUS|FILTER|BIND|GRAPH|SERVICE)$/;
    if (round === 0 && token.kind === "word" && starts.test(upper) && !(upper === "WHERE" && !line) && before?.text.toUpperCase() !== "NOT") {
      const clause = line.trim();
      if (clause && !(upper === "GRAPH" && clause === "UNION") && !(upper === "SELECT" && clause.endsWith("("))) flush();
      inTriple = false;
    }
    const tight =
      !line ||
      [",", ";", "."].includes(token.text) === false &&
        (/[([^!]$/.test(line) && before?.kind === "mark" && ["(", "[", "^", "!", "^^"].includes(before.text)) ||
      ["^^", ")", "]", ","].includes(token.text) ||
      token.kind === "language" ||
      (token.text === "(" && before?.kind === "word" && !/^(FILTER|BIND|SELECT|BY|IN|HAVING|AS|VALUES|ORDER|DISTINCT|UNION|&&)$/i.test(before.text)) ||
      ([ "/", "|", "*", "+", "?" ].includes(token.text) && token.start === before?.end) ||
      (["/", "|", "^"].includes(before?.text) && before.end === token.start);
    line += (tight ? "" : " ") + upper;
    if (round === 0 && token.kind === "mark" && (token.text === "." || token.text === ";")) {
      flush();
      inTriple = token.text === ";";
    }
    if (round === 0 && token.kind === "iri" && /^PREFIX|^BASE/.test(line)) {
      flush();
      if (after && after.text.toUpperCase() !== "PREFIX" && after.text.toUpperCase() !== "BASE") lines.push("");
    }
  });
  flush();
  const laidOut = `${lines.join("\n")}\n`;
  const words = (query) => tokenize(query).map((token) => (token.kind === "word" ? token.text.toUpperCase() : token.text)).join(" ");
  return words(laidOut) === words(text) ? laidOut : text;
}
