"""Queries (SPARQL 1.1, productions 1 to 17): prologue, query forms, SELECT clause."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, NoReturn

from jiqun.query.diagnosis.expression_grammar import Use
from jiqun.query.diagnosis.lexemes import Lexeme
from jiqun.query.diagnosis.modifier_grammar import TAIL, TAIL_WORDS, ModifierGrammar
from jiqun.query.diagnosis.term_grammar import HYPHEN
from jiqun.query.diagnosis.vocabulary import (
    AGGREGATES,
    ARITIES,
    GROUP_WORDS,
    PROLOGUE,
    QUERY_FORMS,
    UPDATE_FORMS,
    close,
    prefix_iri,
)

_SQL: Final = (
    "This looks like SQL. A SPARQL query is SELECT ?name WHERE { ?thing rdfs:label ?name }"
)
_OTHERS: Final = {
    "MATCH": "This looks like Cypher. A SPARQL query is SELECT ?x WHERE { ?x ?property ?y }",
    "FIND": "a query begins with SELECT, ASK, CONSTRUCT or DESCRIBE",
    "EXPLAIN": "SPARQL has no EXPLAIN; send the query itself",
    "UPDATE": "SPARQL has no UPDATE: write DELETE { … } INSERT { … } WHERE { … }",
    "ALTER": "SPARQL has no ALTER: triples need no schema",
    "SHOW": "SPARQL has no SHOW: list graphs with SELECT ?g { GRAPH ?g {} }",
    "USE": "SPARQL has no USE: name a graph with FROM <…> or GRAPH <…> { … }",
    "DEFINE": "this endpoint has no “define” pragmas; remove the line",
    "MODIFY": "MODIFY was renamed: DELETE { … } INSERT { … } WHERE { … }",
}


class _Selected(NamedTuple):
    """A selected variable, with the variables used in its expression, if it has one."""

    name: str
    start: int
    uses: tuple[Use, ...] | None


class QueryGrammar(ModifierGrammar):
    """Reads a whole query."""

    def query(self) -> None:
        """Read the text as one query; raises `Mistake` at the first mistake."""
        self.prologue()
        form = self._form()
        if form == "SELECT":
            self._select(nested=False)
        elif form == "CONSTRUCT":
            self._construct()
        elif form == "DESCRIBE":
            self._describe()
        else:
            self._datasets()
            self._where()
            self.modifiers()
        if self.is_word("VALUES"):
            self.advance()
            self.data_block()
        self._end()

    def subquery(self) -> set[str]:
        """Parse a subquery and return the variables that it selects."""
        self.advance()
        selected = self._select(nested=True)
        if self.is_word("VALUES"):
            self.advance()
            selected |= self.data_block()
        if not self.is_mark("}"):
            self.check_tail("VALUES")
        return selected

    def prologue(self) -> None:
        """Parse BASE, PREFIX and VERSION."""
        while self.is_word(*PROLOGUE):
            word = self.advance().word
            if word == "PREFIX":
                self._prefix()
            elif word == "BASE":
                if self.now.kind != "iri":
                    self.check_readable()
                    self.fail(f"BASE must be followed by an IRI in < >, not by {self.shown()}")
                self.iri("a base")
                self._check_no_dot("BASE")
            elif self.now.kind != "string" or self.now.text[:3] in {'"""', "'''"}:
                self.fail('VERSION must be followed by a string: VERSION "1.2"')
            else:
                self.advance()
        if self.now.kind == "language" and self.now.text in {"@prefix", "@base"}:
            self.fail(
                f"“{self.now.text}” is Turtle syntax. In SPARQL, write "
                f"{self.now.text[1:].upper()}, without “@” and without “.” at the end"
            )

    def _prefix(self) -> None:
        token = self.now
        if token.kind != "name":
            self.check_readable()
            if token.kind in {"word", "iri"}:
                name = token.text if token.kind == "word" else ""
                self.fail(f"a prefix ends with “:”. Write PREFIX {name}: <…>")
            self.fail("PREFIX must be followed by a name with “:” and an IRI: PREFIX ex: <…>")
        prefix, _, local = token.text.partition(":")
        if local:
            self.fail(f"a prefix ends with “:”, but {self.shown()} continues after it")
        self.advance()
        if self.now.kind != "iri":
            self.check_readable()
            if self.is_mark(":", "=") or self.is_word("AS"):
                self.fail(f"{prefix}: must be followed by its IRI: PREFIX {prefix}: <…>")
            known = prefix_iri(prefix)
            self.fail(
                f"the IRI of the prefix must be in < >: PREFIX {prefix}: <{known or 'http://…'}>"
            )
        self.iri("a namespace")
        self.prefixes[prefix] = self.last.text[1:-1]
        self._check_no_dot("PREFIX")

    def _check_no_dot(self, word: str) -> None:
        if self.is_mark("."):
            self.fail(f"{word} has no final “.”, unlike in Turtle. Remove it")
        if self.is_mark(";", ","):
            self.fail(f"{word} has no final “{self.now.text}”. Remove it")

    def _form(self) -> str:
        if not self.is_word(*QUERY_FORMS):
            self._fail_form()
        return self.advance().word

    def _fail_form(self) -> NoReturn:
        token = self.now
        if token.kind == "end":
            self.fail("the query is empty: it has no SELECT, ASK, CONSTRUCT or DESCRIBE")
        if self.is_mark("{") and self.following().kind == "string":
            self.fail("this looks like JSON. Send the text of the query itself")
        if token.kind == "stray" and len(token.text) > 1:
            self.fail(
                f"{self.shown()} does not begin a query: SELECT, ASK, CONSTRUCT or DESCRIBE is "
                "expected"
            )
        self.check_readable()
        if self.is_word(*UPDATE_FORMS):
            self.fail(
                f"{token.word} begins an update, not a query. Updates are sent as “update”, to an "
                "endpoint that allows them"
            )
        other = _OTHERS.get(self.bare())
        if other is not None:
            self.fail(other)
        if token.text.upper() == "PREFIX:":
            self.fail("the “:” ends the name of the prefix, not the keyword: PREFIX kg: <…>")
        if self.is_mark("{", "<") or token.kind == "iri":
            self.fail("SELECT, ASK, CONSTRUCT or DESCRIBE is missing before the pattern")
        if token.kind == "word":
            meant = close(token.text, (*QUERY_FORMS, *PROLOGUE, *UPDATE_FORMS))
            if meant is not None and meant != token.word:
                self.fail(f"{self.shown()} is not a keyword. Did you mean {meant}?")
        self.fail(
            f"{self.shown()} does not begin a query: SELECT, ASK, CONSTRUCT or DESCRIBE is "
            "expected after the prefixes"
        )

    def _select(self, *, nested: bool) -> set[str]:
        """Parse what follows SELECT, up to LIMIT, and return the selected variables."""
        uses, aggregates = self.uses, self.aggregates
        self.aggregates = 0
        self.take_word("DISTINCT", "REDUCED")
        star, selected = self.now, []
        if not self.take_mark("*"):
            selected = self._selected()
        elif self.now.kind == "variable" or self.is_mark("("):
            self.fail("“*” already selects all variables; select nothing else with it")
        elif self.is_mark(","):
            self.fail("“*” is used alone: remove the comma")
        if not nested:
            self._datasets()
        elif self.is_word("FROM"):
            self.fail("a subquery cannot have FROM. Put it in the outermost query")
        visible = self._where()
        keys = self.modifiers()
        grouped = keys is not None or self.aggregates > 0
        if star.text == "*" and star.kind == "mark" and grouped:
            why = "GROUP BY" if keys is not None else "an aggregate"
            self.fail(
                f"SELECT * cannot be combined with {why}. List what to select: grouped variables "
                "and aggregates, as in SELECT ?x (COUNT(*) AS ?n)",
                star.start,
            )
        self._check_names(selected, visible if not grouped else keys or set())
        if grouped:
            self._check_grouping(selected, keys or set())
        self.uses, self.aggregates = uses, aggregates
        return {each.name for each in selected} if selected else visible

    def _selected(self) -> list[_Selected]:
        found: list[_Selected] = []
        while True:
            if self.now.kind == "variable":
                token = self.advance()
                found.append(_Selected(token.text[1:], token.start, None))
                if self.is_word("AS"):
                    self.fail(
                        f"a new name needs parentheses: ({token.text} AS {self.following().text})",
                        token.start,
                    )
            elif self.is_mark("("):
                found.append(self._select_expression())
            elif self.is_mark(","):
                self.fail("selected variables are separated by spaces: remove the comma")
            elif found and (self.is_word("WHERE", "FROM") or self.is_mark("{")):
                return found
            else:
                self._fail_selected(found)

    def _select_expression(self) -> _Selected:
        outer, self.uses = self.uses, []
        opening = self.now
        self.open("(")
        if self.is_word("DISTINCT"):
            self.fail("DISTINCT goes right after SELECT, before the parenthesis")
        if self.is_mark("*"):
            self.fail("“*” takes no parentheses: SELECT *")
        if self.is_mark(")"):
            self.fail("there is nothing between the parentheses")
        self.expression()
        if (
            self.is_mark(")")
            and self.last.kind == "variable"
            and self.last.start == self.text.find(self.last.text, opening.end)
        ):
            self.fail(
                f"a variable is selected without parentheses: {self.last.text}", opening.start
            )
        name, start = self._alias("( expression AS ?name )")
        if self.is_mark(","):
            self.fail("each expression has its own parentheses: (… AS ?a) (… AS ?b)")
        self.close(")")
        found = _Selected(name, start, tuple(self.uses))
        self.uses = outer
        return found

    def _fail_selected(self, found: list[_Selected]) -> NoReturn:
        self.check_readable()
        token, word, following = self.now, self.bare(), self.following()
        if token.kind == "end":
            self.fail("the query ends before its pattern: WHERE { … } is missing")
        if self.is_word("DISTINCT", "REDUCED"):
            self.fail(f"{token.word} goes right after SELECT, once")
        if word in AGGREGATES or (word in ARITIES and following.text == "("):
            argument = re.compile(r"\w+\s*\([^()]*\)").match(self.text, token.start)
            call = argument[0] if argument else f"{token.text}( … )"
            self.fail(f"an expression must be in parentheses, with a name: ({call[:60]} AS ?name)")
        if word == "UNIQUE":
            self.fail("SPARQL has no UNIQUE: write SELECT DISTINCT")
        if word in {"TOP", "FIRST"}:
            self.fail(f"SPARQL has no {word}: write LIMIT 10 at the end")
        if word == "ALL":
            self.fail("SPARQL has no SELECT ALL: all solutions are kept without DISTINCT")
        if word == "AS":
            self.fail("AS goes within parentheses: ( expression AS ?name )")
        if self.is_word("WHERE", "FROM") or self.is_mark("{"):
            self.fail(f"nothing is selected. Variables or “*” are missing before {self.shown()}")
        if token.kind == "word" and not token.word:
            self._fail_selected_word(found, following)
        if token.kind in {"string", "number", "iri", "name"} or self.is_word("TRUE", "FALSE"):
            self.fail(f"a constant is selected as ({token.text[:40]} AS ?name)")
        if token.word in GROUP_WORDS or token.word in TAIL_WORDS:
            self.fail(f"the pattern is missing before {token.word}: WHERE {{ … }}")
        if self.is_mark("*"):
            self.fail("“*” already selects all variables; select nothing else with it")
        if self.is_hyphen():
            self.fail(HYPHEN)
        if self.is_mark("=", "+", "-", "/", "<", ">"):
            self.fail("an expression is selected in parentheses, with a name: (?x + 1 AS ?y)")
        self.fail(f"variables, “*” or WHERE {{ … }} are expected, not {self.shown()}")

    def _fail_selected_word(self, found: list[_Selected], following: Lexeme) -> NoReturn:
        token = self.now
        meant = close(token.text, ("WHERE", "FROM", "DISTINCT", "REDUCED", *AGGREGATES))
        if following.text == "{" or (found and meant == "WHERE"):
            self.fail(f"{self.shown()} is not a keyword. Did you mean WHERE?")
        if meant is not None and (meant != "WHERE" or following.kind != "variable"):
            self.fail(f"{self.shown()} is not a keyword. Did you mean {meant}?")
        if re.search(
            r"(?i)\bfrom\s+[A-Za-z_]\w*(?![\w:])", self.text[token.start : token.start + 4000]
        ):
            self.fail(f"{self.shown()} is not a variable. {_SQL}")
        self.fail(f"{self.shown()} is not a variable. Did you mean ?{token.text[:40]}?")

    def _datasets(self) -> None:
        while self.take_word("FROM"):
            self.take_word("NAMED")
            if self.now.kind == "word" and self.now.text.upper() != "WHERE":
                self.fail(f"FROM takes the IRI of a graph, and {self.shown()} is not one. {_SQL}")
            if self.now.kind == "variable":
                self.fail("FROM takes an IRI, not a variable. Use GRAPH ?g { … } in the pattern")
            self.iri("a graph")
            if self.is_mark(","):
                self.fail("each graph needs its own FROM: FROM <…> FROM <…>")

    def _where(self) -> set[str]:
        after_word = self.take_word("WHERE")
        if not self.is_mark("{"):
            self._fail_where(after_word=after_word)
        return self.group()

    def _fail_where(self, *, after_word: bool) -> NoReturn:
        self.check_readable()
        if after_word:
            if self.is_word("WHERE"):
                self.fail("duplicate WHERE")
            if self.is_mark("("):
                self.fail("the pattern after WHERE must be in braces, not in parentheses")
            if self.now.kind == "word" and self.following().text in {"=", ">", "<", "!="}:
                self.fail(f"the pattern after WHERE must be in braces. {_SQL}")
            self.fail("the pattern after WHERE must be in braces: WHERE { … }")
        if self.now.kind == "word" and not self.now.word:
            self.fail(self.no_word(self.now, ("WHERE", "FROM")))
        if self.now.kind == "end":
            self.fail("the query ends before its pattern: WHERE { … } is missing")
        if self.is_word(*TAIL_WORDS):
            self.fail(f"the pattern is missing before {self.now.word}: WHERE {{ … }}")
        self.fail(f"the pattern must be in braces: WHERE {{ … }} is expected before {self.shown()}")

    def _check_names(self, selected: list[_Selected], visible: set[str]) -> None:
        names: dict[str, _Selected] = {}
        for each in selected:
            if each.uses is not None and each.name in names:
                self.fail(f"?{each.name} is selected twice. Choose another name", each.start)
            if each.uses is None and each.name in names and names[each.name].uses is not None:
                self.fail(f"?{each.name} is selected twice. Choose another name", each.start)
            if each.uses is not None and each.name in visible:
                self.fail(
                    f"?{each.name} is already bound. Choose another name after AS",
                    each.start,
                )
            names[each.name] = each

    def _check_grouping(self, selected: list[_Selected], keys: set[str]) -> None:
        known = set(keys)
        for each in selected:
            if each.uses is None and each.name not in known:
                self.fail(
                    f"?{each.name} is neither grouped nor within an aggregate. Add it to GROUP "
                    f"BY, or select an aggregate such as (SAMPLE(?{each.name}) AS ?one)",
                    each.start,
                )
            for use in each.uses or ():
                if not use.aggregated and use.name not in known:
                    self.fail(
                        f"?{use.name} is neither grouped nor within an aggregate. Add it to GROUP "
                        f"BY, or write an aggregate such as SAMPLE(?{use.name})",
                        use.start,
                    )
            known.add(each.name)

    def _construct(self) -> None:
        if self.is_word("WHERE", "FROM"):
            self._datasets()
            if not self.take_word("WHERE"):
                self.fail("WHERE is missing: CONSTRUCT WHERE { … }")
            self.template("CONSTRUCT WHERE", pattern=True)
        else:
            if not self.is_mark("{"):
                self.check_readable()
                self.fail(
                    "CONSTRUCT must be followed by a template in braces: CONSTRUCT { … } WHERE "
                    "{ … }"
                )
            self.template("a template")
            self._datasets()
            self._where()
        self.modifiers()

    def template(self, name: str, *, pattern: bool = False) -> None:
        """Parse a template in braces, which in CONSTRUCT WHERE is also the pattern."""
        if not self.is_mark("{"):
            self.check_readable()
            self.fail(f"{name} must be followed by triples in braces")
        outer, self.plain = self.plain, name
        self.open("{")
        self.new_block()
        self.template_statements(name, pattern=pattern)
        self.close("}")
        self.new_block()
        if not pattern:
            self._blocks.clear()
        self.plain = outer

    def template_statements(self, name: str, *, pattern: bool, graphs: bool = False) -> None:
        """Parse triples separated by dots."""
        while self.starts_term() or self.is_a():
            self.statements("}")
            if not self.take_mark("."):
                if self.starts_term():
                    self._fail_joined()
                break
        if self.is_word(*GROUP_WORDS) and not (graphs and self.is_word("GRAPH")):
            why = "only plain triples" if pattern else "only triples"
            self.fail(f"{name} can contain {why}. {self.now.word} goes in WHERE {{ … }}")
        if not self.is_mark("}", "]", ")") and self.now.kind != "end" and not self.is_word("GRAPH"):
            self._fail_element()

    def _describe(self) -> None:
        if not self.take_mark("*"):
            count = 0
            while self.now.kind in {"variable", "iri", "name"}:
                if self.now.kind == "variable":
                    self.advance()
                else:
                    self.iri("a resource")
                count += 1
                if self.is_mark(","):
                    self.fail("resources to describe are separated by spaces: remove the comma")
            if not count:
                self.check_readable()
                self.fail("DESCRIBE must be followed by IRIs, variables or “*”")
        self._datasets()
        if self.is_word("WHERE") or self.is_mark("{"):
            self._where()
        self.modifiers()

    def _end(self) -> None:
        token, word = self.now, self.bare()
        if token.kind == "end":
            return
        self.check_readable()
        if self.is_mark(";"):
            self.fail("a query has no final “;”. Remove it")
        if self.is_mark("."):
            self.fail("a query has no final “.”. Remove it")
        if self.is_mark("}"):
            self.fail("unmatched “}”. Remove it, or add a “{” before it")
        if self.is_mark(")", "]"):
            self.fail(f"unmatched “{token.text}”. Remove it")
        if word in {"FILTER", "OPTIONAL", "UNION", "MINUS", "BIND", "GRAPH", "SERVICE"}:
            self.fail(f"{word} belongs within the braces of WHERE {{ … }}, not after them")
        if word in {"AND", "WHERE"} or self.starts_term() or self.is_mark("{"):
            self.fail(
                f"{self.shown()} follows the closing “}}” of the pattern. Put it within the "
                "braces, or remove it"
            )
        if word in {"SORT", "SORTBY", "ORDERED"}:
            self.fail(f"{self.shown()} is not a keyword. Did you mean ORDER BY?")
        if word in {"FETCH", "ROWS", "TOP"}:
            self.fail(f"SPARQL has no {word}: write LIMIT 10")
        if word in {"ASC", "DESC"}:
            self.fail(f"{word} goes in ORDER BY: ORDER BY {word}(?x)")
        if word in PROLOGUE:
            self.fail(f"{word} goes before the query, not after it")
        if word in QUERY_FORMS:
            self.fail(f"{word} begins another query, and only one can be sent at a time")
        if word in UPDATE_FORMS:
            self.fail(f"{word} begins an update, which cannot follow a query")
        if word in TAIL_WORDS or word == "FROM":
            self.fail(
                f"{word} is not allowed here: the order is WHERE {'{ … }'}, {', '.join(TAIL)}"
            )
        if token.kind == "word":
            self.fail(self.no_word(token, TAIL_WORDS))
        self.fail(f"{self.shown()} follows the end of the query. Remove it")
