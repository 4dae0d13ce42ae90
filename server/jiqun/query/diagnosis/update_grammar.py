"""Updates (SPARQL 1.1, productions 29 to 52)."""

from __future__ import annotations

from typing import Final

from jiqun.query.diagnosis.query_grammar import QueryGrammar
from jiqun.query.diagnosis.vocabulary import PROLOGUE, QUERY_FORMS, UPDATE_FORMS, close

_OTHERS: Final = {
    "UPDATE": "SPARQL has no UPDATE: a change is DELETE { … } INSERT { … } WHERE { … }",
    "MODIFY": "MODIFY was renamed: DELETE { … } INSERT { … } WHERE { … }",
    "REPLACE": "a change is DELETE { … } INSERT { … } WHERE { … }",
    "TRUNCATE": "a graph is emptied by CLEAR GRAPH <…>",
    "REMOVE": "statements are removed by DELETE DATA { … } or DELETE WHERE { … }",
    "SET": "a change is DELETE { … } INSERT { … } WHERE { … }",
    "RENAME": "a graph is renamed by MOVE <…> TO <…>",
    "BEGIN": "SPARQL has no transactions: all operations that are sent together are one",
    "START": "SPARQL has no transactions: all operations that are sent together are one",
    "COMMIT": "SPARQL has no transactions: all operations that are sent together are one",
    "UPSERT": "a change is DELETE { … } INSERT { … } WHERE { … }",
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
                self.fail("“;” stands twice. One separates two operations")

    def _fail_between(self) -> None:
        self.check_readable()
        if self.is_word(*UPDATE_FORMS, *PROLOGUE):
            self.fail(f"“;” is missing before {self.now.word}. It separates two operations")
        if self.is_mark("."):
            self.fail("an operation ends without “.”. Operations are separated by “;”")
        if self.is_mark("}", ")", "]"):
            self.fail(f"the “{self.now.text}” closes nothing. Remove it")
        if self.is_word("GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET"):
            self.fail(
                f"{self.now.word} cannot stand in an update. Put it into a subquery: WHERE {{ "
                "SELECT … }"
            )
        if self.is_word("FILTER", "OPTIONAL", "UNION", "MINUS", "BIND"):
            self.fail(f"{self.now.word} belongs within the braces of WHERE {{ … }}")
        if self.is_word("WHERE"):
            self.fail("WHERE cannot stand here: INSERT DATA and DELETE DATA have none")
        self.fail(f"{self.shown()} follows the end of the operation")

    def _operation(self) -> None:
        token = self.now
        if not self.is_word(*UPDATE_FORMS):
            self._fail_operation()
        self.advance()
        word = token.word
        if word == "WITH":
            self._graph("WITH")
            if not self.is_word("DELETE", "INSERT"):
                self.fail("after WITH <…> comes DELETE { … } or INSERT { … }")
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
            self.fail("“;” stands here without an operation before it. Remove it")
        if self.is_mark("{") or self.starts_term():
            self.fail("INSERT DATA or DELETE DATA is missing before the statements")
        meant = close(token.text, (*UPDATE_FORMS, *PROLOGUE)) if token.kind == "word" else None
        if meant is not None and meant != token.word:
            self.fail(f"{self.shown()} is not a keyword. Did you mean {meant}?")
        self.fail(
            f"{self.shown()} begins no update: INSERT, DELETE, WITH, LOAD, CLEAR, DROP, CREATE, "
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
                self.fail("DELETE { … } stands before INSERT { … }")
        while self.take_word("USING"):
            self.take_word("NAMED")
            self._graph("USING")
        self._blocks.clear()
        if not self.is_word("WHERE"):
            self.check_readable()
            if self.is_mark("{"):
                self.fail("WHERE is missing before “{”")
            if self.is_word("FROM"):
                self.fail("an update names its graphs by USING <…>, not by FROM")
            meant = close(self.now.text, ("WHERE",)) if self.now.kind == "word" else None
            if meant is not None:
                self.fail(f"{self.shown()} is not a keyword. Did you mean {meant}?")
            self.fail(
                f"{word} {{ … }} needs WHERE {{ … }} after it. Fixed statements are "
                f"{'inserted' if word == 'INSERT' else 'deleted'} by {word} DATA {{ … }}"
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
            self.fail(f"GRAPH stands within the braces: {word} DATA {{ GRAPH <…> {{ … }} }}")
        if self.now.kind == "word":
            meant = close(self.now.text, ("DATA", "WHERE"))
            if meant is not None and meant != self.now.word:
                self.fail(f"{self.shown()} is not a keyword. Did you mean {meant}?")
        self.fail(
            f"statements stand in braces: {word} DATA {{ … }}, or {word} {{ … }} WHERE {{ … }}"
        )

    def _data(self, word: str) -> None:
        name = f"{word} DATA"
        self.ground = name
        self.labelless = name if word == "DELETE" else ""
        self._quads(name)
        self.ground = self.labelless = ""

    def _quads(self, name: str, *, pattern: bool = False) -> None:
        """Pass statements in braces, with GRAPH around some of them."""
        if not self.is_mark("{"):
            self.check_readable()
            if self.is_word("INTO", "FROM"):
                self.fail(f"the graph is named within the braces: {name} {{ GRAPH <…> {{ … }} }}")
            self.fail(f"the statements after {name} stand in braces: {name} {{ … }}")
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
                self.fail("the statements of a graph stand in braces: GRAPH <…> { … }")
            self.open("{")
            self.template_statements("GRAPH", pattern=pattern, graphs=True)
            if self.is_word("GRAPH"):
                self.fail("GRAPH cannot stand within GRAPH. Close the first before")
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
            self.fail("the graph is named by INTO: LOAD <…> INTO GRAPH <…>")

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
            self.fail(f"{after} is followed by GRAPH <…>, DEFAULT, NAMED or ALL")
        self.fail(f"{after} is followed by GRAPH <…>")

    def _graph(self, after: str) -> None:
        if self.now.kind == "variable":
            self.fail(f"{after} takes an IRI, not a variable")
        if self.is_word("GRAPH"):
            self.fail(f"after {after} comes the IRI of the graph, without GRAPH")
        self.iri("the name of a graph")

    def _transfer(self, word: str) -> None:
        self.take_word("SILENT")
        self._graph_or_default(word)
        if not self.take_word("TO"):
            self.check_readable()
            if self.is_word("INTO"):
                self.fail(f"{word} goes TO a graph, not INTO: {word} <…> TO <…>")
            self.fail(f"TO is missing before {self.shown()}: {word} <…> TO <…>")
        self._graph_or_default(f"{word} … TO")

    def _graph_or_default(self, after: str) -> None:
        if self.take_word("DEFAULT"):
            return
        self.take_word("GRAPH")
        self._graph(after)
