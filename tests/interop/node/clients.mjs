// Clients from npm ask an endpoint. Arguments: the client; the address, the token, the questions.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [client, url, token, folder] = process.argv.slice(2);
const text = (name) => readFileSync(join(folder, name), "utf8");
const say = (step, came) => console.log(`${step}\t${came}`);
const authorization = { Authorization: `Bearer ${token}` };

async function count(stream) {
  let number = 0;
  for await (const _ of stream) number += 1;
  return number;
}

const clients = {
  async comunica() {
    const { QueryEngine } = await import("@comunica/query-sparql");
    const engine = new QueryEngine();
    const sources = [{ type: "sparql", value: `${url}/sparql` }];
    say("SELECT", (await (await engine.queryBindings(text("select.rq"), { sources })).toArray()).length);
    say("ASK", await engine.queryBoolean(text("ask.rq"), { sources }));
    say("CONSTRUCT", (await (await engine.queryQuads(text("construct.rq"), { sources })).toArray()).length);
  },
  async fetcher() {
    const { SparqlEndpointFetcher } = await import("fetch-sparql-endpoint");
    for (const method of ["POST", "GET", "QUERY"]) {
      const fetcher = new SparqlEndpointFetcher({ method });
      const address = `${url}/sparql`;
      say(`SELECT ${method}`, await count(await fetcher.fetchBindings(address, text("select.rq"))));
      say(`ASK ${method}`, await fetcher.fetchAsk(address, text("ask.rq")));
      say(`CONSTRUCT ${method}`, await count(await fetcher.fetchTriples(address, text("construct.rq"))));
      say(`DESCRIBE ${method}`, await count(await fetcher.fetchTriples(address, text("describe.rq"))));
    }
    const writer = new SparqlEndpointFetcher({ defaultHeaders: new Headers(authorization) });
    for (const [name, step] of [["insert.ru", "INSERT"], ["clear.ru", "CLEAR"]]) {
      await writer.fetchUpdate(`${url}/update`, text(name));
      say(step, await count(await writer.fetchBindings(`${url}/sparql`, text("stored.rq"))));
    }
  },
  async httpClient() {
    const { default: Client } = await import("sparql-http-client");
    const { default: model } = await import("@rdfjs/data-model");
    const { Parser } = await import("n3");
    const { Readable } = await import("node:stream");
    const one = new Client({
      endpointUrl: `${url}/sparql`, updateUrl: `${url}/update`, storeUrl: `${url}/graphs`,
      headers: new Headers(authorization),
    });
    const graph = model.namedNode("http://example.org/client");
    for (const operation of ["get", "postDirect", "postUrlencoded"]) {
      say(`SELECT ${operation}`, await count(one.query.select(text("select.rq"), { operation })));
      say(`ASK ${operation}`, await one.query.ask(text("ask.rq"), { operation }));
      say(`CONSTRUCT ${operation}`, await count(one.query.construct(text("construct.rq"), { operation })));
    }
    await one.query.update(text("insert.ru"));
    say("INSERT", await count(one.store.get(graph)));
    await one.store.put(Readable.from(new Parser().parse(text("two.nt"))), { graph });
    say("PUT", await count(one.store.get(graph)));
    await one.query.update(text("clear.ru"));
    say("CLEAR", await count(one.query.select(text("stored.rq"))));
  },
  async ldkit() {
    const { createLens } = await import("ldkit");
    const { rdfs } = await import("ldkit/namespaces");
    const schema = {
      "@type": "https://w3id.org/jiqun/ontology#Cluster",
      name: { "@id": rdfs.label, "@multilang": true, "@array": true },
    };
    const clusters = await createLens(schema, { sources: [`${url}/sparql`] }).find();
    const names = clusters.flatMap((each) => Object.values(each.name).flat());
    say("SELECT", names.length);
  },
};

await clients[client]();
process.exit(0);
