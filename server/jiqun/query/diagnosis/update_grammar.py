"""Updates (SPARQL 1.1, productions 29 to 52)."""

from __future__ import annotations

from typing import Final

from jiqun.query.diagnosis.query_grammar import QueryGrammar
from jiqun.query.diagnosis.vocabulary import PROLOGUE, QUERY_FORMS, UPDATE_FORMS, close

_OTHERS: Final = {
    "UPDATE": "SPARQL has no UPDATE: write DELETE { … } INSERT { … } WHERE { … }",
    "MODIFY": "MODIFY was renamed: DELETE { … } INSERT { … } WHERE { … }",
    "REPLACE": "to change data, write DELETE { … } INSERT { … } WHERE { … }",
    "TRUNCATE": "to empty a graph, write CLEAR GRAPH <…>",
    "REMOVE": "to remove triples, write DELETE DATA { … } or DELETE WHERE { … }",
    "SET": "to change data, write DELETE { … } INSERT { … } WHERE { … }",
    "RENAME": "to rename a graph, write MOVE <…> TO <…>",
    "BEGIN": "SPARQL has no transactions: the operations of one request are applied together",
    "START": "SPARQL has no transactions: the operations of one request are applied together",
    "COMMIT": "SPARQL has no transactions: the operations of one request are applied together",
    "UPSERT": "to change data, write DELETE { … } INSERT { … } WHERE { … }",
}


class UpdateGrammar(QueryGrammar):
    """Reads a whole update."""

    def update(self) -> None:
        """Read the text as operations; raises `Mistake` at the first mistake."""
        self.prologue()
        while self.now.kind != "end":
            self.operation += 1
            self._operation()
            self._blocks.clear()
            if self.now.kind == "end":
                return
            if not self.is_mark(";"):
                self._fail_between()
            self.advance()
            self.prologue()
            if self.is_mark(";"):
                self.fail("duplicate “;”. One separates two operations")

    def _fail_between(self) -> None:
        self.check_readable()
        if self.is_word(*UPDATE_FORMS, *PROLOGUE):
            self.fail(f"“;” is missing before {self.now.word}. It separates two operations")
        if self.is_mark("."):
            self.fail("an operation has no final “.”. Operations are separated by “;”")
        if self.is_mark("}", ")", "]"):
            self.fail(f"unmatched “{self.now.text}”. Remove it")
        if self.is_word("GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET"):
            self.fail(
                f"{self.now.word} is not allowed in an update. Put it in a subquery: WHERE {{ "
                "SELECT … }"
            )
        if self.is_word("FILTER", "OPTIONAL", "UNION", "MINUS", "BIND"):
            self.fail(f"{self.now.word} belongs within the braces of WHERE {{ … }}")
        if self.is_word("WHERE"):
            self.fail("WHERE is not allowed here: INSERT DATA and DELETE DATA have none")
        self.fail(f"unexpected {self.shown()} after the end of the operation")

    def _operation(self) -> None:
        token = self.now
        if not self.is_word(*UPDATE_FORMS):
            self._fail_operation()
        self.advance()
        word = token.word
        if word == "WITH":
            self._graph("WITH")
            if not self.is_word("DELETE", "INSERT"):
                self.fail("WITH <…> must be followed by DELETE { … } or INSERT { … }")
            self._modify(self.advance().word)
        elif word in {"INSERT", "DELETE"}:
            self._modify(word)
        elif word == "LOAD":
            self._load()
        elif word in {"CLEAR", "DROP"}:
            self._graphs(word)
        elif word == "CREATE":
            self.take_word("SILENT")
            self._graph_keyword("CREATE")
            self._graph("CREATE GRAPH")
        else:
            self._transfer(word)

    def _fail_operation(self) -> None:
        self.check_readable()
        token, word = self.now, self.bare()
        if self.is_word(*QUERY_FORMS):
            self.fail(f"{token.word} begins a query, not an update. Queries are sent as “query”")
        if word in _OTHERS:
            self.fail(_OTHERS[word])
        if self.is_mark(";"):
            self.fail("“;” has no operation before it. Remove it")
        if self.is_mark("{") or self.starts_term():
            self.fail("INSERT DATA or DELETE DATA is missing before the triples")
        meant = close(token.text, (*UPDATE_FORMS, *PROLOGUE)) if token.kind == "word" else None
        if meant is not None and meant != token.word:
            self.fail(f"{self.shown()} is not a keyword. Did you mean {meant}?")
        self.fail(
            f"{self.shown()} does not begin an update: INSERT, DELETE, WITH, LOAD, CLEAR, DROP, "
            "CREATE, "
            "ADD, MOVE or COPY is expected"
        )

    def _modify(self, word: str) -> None:
        if self.is_word("DATA"):
            self.advance()
            self._data(word)
            return
        if word == "DELETE" and self.take_word("WHERE"):
            self.labelless = "DELETE WHERE"
            self._quads("DELETE WHERE", pattern=True)
            self.labelless = ""
            return
        self._check_sql(word)
        if word == "DELETE":
            self.labelless = "DELETE"
            self._quads("DELETE")
            self.labelless = ""
            if self.take_word("INSERT"):
                self._check_sql("INSERT")
                self._quads("INSERT")
        else:
            self._quads("INSERT")
            if self.is_word("DELETE"):
                self.fail("DELETE { … } goes before INSERT { … }")
        while self.take_word("USING"):
            self.take_word("NAMED")
            self._graph("USING")
        self._blocks.clear()
        if not self.is_word("WHERE"):
            self.check_readable()
            if self.is_mark("{"):
                self.fail("WHERE is missing before “{”")
            if self.is_word("FROM"):
                self.fail("an update names its graphs with USING <…>, not FROM")
            meant = close(self.now.text, ("WHERE",)) if self.now.kind == "word" else None
            if meant is not None:
                self.fail(f"{self.shown()} is not a keyword. Did you mean {meant}?")
            self.fail(
                f"{word} {{ … }} must be followed by WHERE {{ … }}. For constant triples, write "
                f"{word} DATA {{ … }}"
            )
        self.advance()
        self.require_group("WHERE")

    def _check_sql(self, word: str) -> None:
        if self.is_mark("{"):
            return
        self.check_readable()
        if self.is_word("INTO") or self.bare() == "FROM":
            self.fail(
                f"{word} {self.bare()} does not exist: write {word} DATA {{ GRAPH <…> {{ … }} }}"
            )
        if self.is_word("GRAPH"):
            self.fail(f"GRAPH goes within the braces: {word} DATA {{ GRAPH <…> {{ … }} }}")
        if self.now.kind == "word":
            meant = close(self.now.text, ("DATA", "WHERE"))
            if meant is not None and meant != self.now.word:
                self.fail(f"{self.shown()} is not a keyword. Did you mean {meant}?")
        self.fail(
            f"triples must be in braces: {word} DATA {{ … }}, or {word} {{ … }} WHERE {{ … }}"
        )

    def _data(self, word: str) -> None:
        name = f"{word} DATA"
        self.ground = name
        self.labelless = name if word == "DELETE" else ""
        self._quads(name)
        self.ground = self.labelless = ""

    def _quads(self, name: str, *, pattern: bool = False) -> None:
        """Parse quads in braces."""
        if not self.is_mark("{"):
            self.check_readable()
            if self.is_word("INTO", "FROM"):
                self.fail(f"name the graph within the braces: {name} {{ GRAPH <…> {{ … }} }}")
            self.fail(f"the triples after {name} must be in braces: {name} {{ … }}")
        self.plain = name
        self.open("{")
        self.template_statements(name, pattern=pattern, graphs=True)
        while self.is_word("GRAPH"):
            self.advance()
            if self.now.kind == "variable" and self.ground:
                self.fail(f"{self.ground} cannot have variables such as {self.shown()}")
            self._named("the name of a graph")
            if not self.is_mark("{"):
                self.check_readable()
                self.fail("the triples of a graph must be in braces: GRAPH <…> { … }")
            self.open("{")
            self.template_statements("GRAPH", pattern=pattern, graphs=True)
            if self.is_word("GRAPH"):
                self.fail("GRAPH cannot be nested. Close the first one before")
            self.close("}")
            self.take_mark(".")
            self.template_statements(name, pattern=pattern, graphs=True)
        self.close("}")
        self.plain = ""

    def _load(self) -> None:
        self.take_word("SILENT")
        self.iri("the document to LOAD")
        if self.take_word("INTO"):
            self._graph_keyword("LOAD <…> INTO")
            self._graph("INTO GRAPH")
        elif self.is_word("TO", "GRAPH"):
            self.fail("name the graph with INTO: LOAD <…> INTO GRAPH <…>")

    def _graphs(self, word: str) -> None:
        self.take_word("SILENT")
        if self.take_word("DEFAULT", "NAMED", "ALL"):
            return
        self._graph_keyword(word)
        self._graph(f"{word} GRAPH")

    def _graph_keyword(self, after: str) -> None:
        if self.take_word("GRAPH"):
            return
        self.check_readable()
        if self.now.kind in {"iri", "name"}:
            self.fail(f"GRAPH is missing: {after} GRAPH {self.now.text[:80]}")
        if after in {"CLEAR", "DROP"}:
            self.fail(f"{after} must be followed by GRAPH <…>, DEFAULT, NAMED or ALL")
        self.fail(f"{after} must be followed by GRAPH <…>")

    def _graph(self, after: str) -> None:
        if self.now.kind == "variable":
            self.fail(f"{after} takes an IRI, not a variable")
        if self.is_word("GRAPH"):
            self.fail(f"{after} must be followed by the IRI of the graph, without GRAPH")
        self.iri("the name of a graph")

    def _transfer(self, word: str) -> None:
        self.take_word("SILENT")
        self._graph_or_default(word)
        if not self.take_word("TO"):
            self.check_readable()
            if self.is_word("INTO"):
                self.fail(f"{word} takes TO, not INTO: {word} <…> TO <…>")
            self.fail(f"TO is missing before {self.shown()}: {word} <…> TO <…>")
        self._graph_or_default(f"{word} … TO")

    def _graph_or_default(self, after: str) -> None:
        if self.take_word("DEFAULT"):
            return
        self.take_word("GRAPH")
        self._graph(after)
