// Comunica answers the .rq files of a folder into .json, .nt or .error beside them.
// Arguments: a dump with its media type, or the address of an endpoint with "sparql"; the folder.
import { createReadStream, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { QueryEngine } from "@comunica/query-sparql";
import { Parser, Store } from "n3";

const [from, kind, folder] = process.argv.slice(2);
const engine = new QueryEngine();

function load() {
  if (kind === "none") return Promise.resolve([]);
  if (kind === "sparql") return Promise.resolve([{ type: "sparql", value: from }]);
  const store = new Store();
  return new Promise((done, fail) => {
    new Parser({ format: kind }).parse(createReadStream(from), (error, quad) => {
      if (error) fail(error);
      else if (quad) store.addQuad(quad);
      else done([store]);
    });
  });
}

async function text(sources, query) {
  const result = await engine.query(query, sources.length ? { sources } : {});
  const graph = result.resultType === "quads";
  const type = graph ? "application/n-triples" : "application/sparql-results+json";
  const { data } = await engine.resultToString(result, type);
  let text = "";
  for await (const chunk of data) text += chunk;
  return [graph ? "nt" : "json", text];
}

const sources = await load();
for (const file of readdirSync(folder).filter((each) => each.endsWith(".rq")).sort()) {
  const path = join(folder, file.slice(0, -3));
  const patience = new Promise((_, fail) => setTimeout(fail, 60000, new Error("no end after 60 s")));
  try {
    const [ending, answer] = await Promise.race([text(sources, readFileSync(path + ".rq", "utf8")), patience]);
    writeFileSync(`${path}.${ending}`, answer);
  } catch (error) {
    writeFileSync(path + ".error", error.message);
  }
}
process.exit(0);
