"""The current position in a text, and the messages for what is wrong there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NoReturn

from jiqun.query.diagnosis.lexemes import Lexeme, lexeme_at
from jiqun.query.diagnosis.vocabulary import FULL_WIDTH, INVISIBLE, LOOKALIKES, close
from jiqun.query.tokens import place

_DEEPEST: Final = 80
_SHOWN: Final = 40


class Mistake(Exception):
    """What is wrong, how to fix it, and where in the text."""

    def __init__(self, what: str, position: int) -> None:
        super().__init__(what)
        self.what = what
        self.position = position


class TooDeep(Exception):
    """The text nests deeper than the diagnosis follows."""


class Cursor:
    """Reads a text token by token; `now` is the next one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.now = lexeme_at(text, 0)
        self.last = self.now
        self._level = 0
        self._disguised: tuple[int, str, str] | None = None
        self._opened: list[Lexeme] = []

    def advance(self) -> Lexeme:
        """Consume the next token and return it."""
        passed = self.now
        if self._disguised is None and passed.kind in {"variable", "name", "blank", "stray"}:
            for character in passed.text:
                if character in FULL_WIDTH:
                    at = passed.start + passed.text.index(character)
                    self._disguised = at, character, passed.text
                    break
        self.last = passed
        if passed.kind != "end":
            self.now = lexeme_at(self.text, passed.end)
        return passed

    def following(self) -> Lexeme:
        """Return the token after the next."""
        return lexeme_at(self.text, self.now.end) if self.now.kind != "end" else self.now

    def shorten(self, length: int) -> None:
        """Read only so many characters of the next token as a mark of its own."""
        start = self.now.start
        end = start + length
        self.now = Lexeme("mark", self.text[start:end], start, end)

    def deeper(self) -> None:
        """Count a level of nesting; raises `TooDeep`."""
        self._level += 1
        if self._level > _DEEPEST:
            raise TooDeep

    def higher(self) -> None:
        """Leave a level of nesting."""
        self._level -= 1

    def is_mark(self, *marks: str) -> bool:
        """Whether one of these marks comes next."""
        return self.now.kind == "mark" and self.now.text in marks

    def is_word(self, *words: str) -> bool:
        """Whether one of these keywords comes next."""
        return self.now.kind == "word" and self.now.word in words

    def bare(self) -> str:
        """Return the next token in upper case if it is a word, known or not, else ""."""
        return self.now.text.upper() if self.now.kind in {"word", "stray"} else ""

    def take_mark(self, *marks: str) -> bool:
        """Consume the next token if it is one of these marks."""
        found = self.is_mark(*marks)
        if found:
            self.advance()
        return found

    def take_word(self, *words: str) -> bool:
        """Consume the next token if it is one of these keywords."""
        found = self.is_word(*words)
        if found:
            self.advance()
        return found

    def open(self, mark: str) -> None:
        """Consume the next token, an opening bracket, and enter a level."""
        assert self.is_mark(mark)
        self._opened.append(self.advance())
        self.deeper()

    def close(self, mark: str, expected: str = "") -> None:
        """Consume the matching closing bracket; `expected` names what else could follow."""
        opened = self._opened[-1]
        if not self.is_mark(mark):
            if self.now.kind == "end":
                self.fail(
                    f"the “{opened.text}” is never closed. Add “{mark}” where it ends",
                    opened.start,
                )
            self.check_readable()
            self.fail(
                f"unexpected {self.shown()}; expected {expected}“{mark}” to close the "
                f"“{opened.text}” at {place(self.text, opened.start)}"
            )
        self._opened.pop()
        self.higher()
        self.advance()

    def shown(self, token: Lexeme | None = None) -> str:
        """Return a token in quotes, as it is written."""
        token = token or self.now
        if token.kind == "end":
            return "the end"
        text = token.text if len(token.text) <= _SHOWN else token.text[:_SHOWN] + "…"
        return f"“{text}”"

    def check_readable(self) -> None:
        """Fail if what comes next is no token at all."""
        token = self.now
        if token.kind == "text":
            self._fail_open_text(token)
        if self.text.startswith(("//", "/*", "--"), token.start):
            self.fail("a comment begins with “#”")
        if token.kind == "word" and self.last.kind == "string" and self.last.end == token.start:
            self._fail_after_text(token)
        if token.kind == "language" and self.last.kind in {"variable", "name", "iri"}:
            self.fail(
                "only a string can have a language tag. For a variable, write FILTER (LANG(?x) = "
                f'"{token.text[1:_SHOWN]}")'
            )
        if token.kind == "mark" and token.text == "<":
            self._fail_open_iri(token)
        if token.kind == "mark" and token.text == "?" and self.last.kind != "name":
            self.fail("“?” must be followed by a variable name, as in ?name")
        if token.kind != "stray":
            return
        character = token.text[0]
        if "\uff10" <= character <= "\uff5a" and character not in FULL_WIDTH:
            plain = chr(ord(character) - 0xFEE0)
            self.fail(f"“{character}” is a full-width character. Write “{plain}” instead")
        if character == "`":
            self.fail("“`” is not a SPARQL character. Send the query without the code fence")
        if character in FULL_WIDTH:
            plain = FULL_WIDTH[character]
            self.fail(f"“{character}” is full-width punctuation. Write “{plain}” instead")
        if character in LOOKALIKES:
            plain = LOOKALIKES[character]
            kind = "a typographic quotation mark" if plain in "\"'" else "not a SPARQL character"
            self.fail(f"“{character}” is {kind}. Write {plain} instead")
        if character in INVISIBLE or not character.isprintable():
            name = INVISIBLE.get(character, "an invisible character")
            self.fail(
                f"{name} (U+{ord(character):04X}) is not allowed here. Delete it, or replace it "
                "with a space"
            )
        if character == "&":
            self.fail("“&” is not an operator. Write “&&” for “and”")
        if character == "\\":
            self.fail("“\\” is only allowed in strings and names")
        if character == "%":
            self.fail("SPARQL has no remainder operator “%”: write ?x - FLOOR(?x / 2) * 2")
        if character == "@":
            self.fail('“@” must be followed by a language tag, as in "cluster"@en')
        if character in "?$":
            self.fail(f"“{character}” must be followed by a variable name, as in ?name")
        if len(token.text) > 1:
            self.fail(self.no_word(token))
        self.fail(f"“{character}” is not allowed here. Remove it, or put it in a string")

    def no_word(self, token: Lexeme, candidates: Iterable[str] = ()) -> str:
        """Fail for a word that is no SPARQL keyword, suggesting the likely one."""
        meant = close(token.text, candidates)
        if meant is not None:
            return f"{self.shown(token)} is not a keyword. Did you mean {meant}?"
        return (
            f"{self.shown(token)} is not a SPARQL keyword. Variables begin with “?” "
            f"(?{token.text[:_SHOWN]}), prefixed names contain “:”, IRIs go in < >, strings in "
            "quotation marks"
        )

    def fail(self, what: str, position: int | None = None) -> NoReturn:
        """Raise the `Mistake` at the next token, or at `position`."""
        if self._disguised is None:
            # The unread part may contain look-alikes too.
            self._note_disguise()
        if self._disguised is not None:
            at, character, text = self._disguised
            raise Mistake(
                f"“{text[:_SHOWN]}” contains “{character}”, which is full-width punctuation and "
                f"was read as part of the name. Write “{FULL_WIDTH[character]}” instead",
                at,
            )
        raise Mistake(what, self.now.start if position is None else position)

    def _note_disguise(self) -> None:
        token = self.now
        if token.kind in {"variable", "name", "blank"}:
            for character in token.text:
                if character in FULL_WIDTH:
                    at = token.start + token.text.index(character)
                    self._disguised = at, character, token.text
                    return

    def _fail_after_text(self, token: Lexeme) -> NoReturn:
        quote, line = self.last.text[0], self.text[token.end :].split("\n", 1)[0]
        if quote in line:
            self.fail(
                f"{self.shown()} follows a string. Within the string, escape {quote} as \\{quote}"
            )
        self.fail(
            f"“@” is missing before {self.shown()}: a language tag is written "
            f"{self.last.text[:_SHOWN]}@{token.text[:_SHOWN]}"
        )

    def _fail_open_text(self, token: Lexeme) -> NoReturn:
        quote = token.text
        if len(quote) == 3:
            self.fail(f"the string that begins here is never closed. Add {quote} at its end")
        line = self.text[token.start :].splitlines()[0]
        if quote in line[1:].replace("\\" + quote, ""):
            self.fail(
                "the string that begins here has a line break or an escape that is not allowed"
            )
        if "\n" in self.text[token.start :] and quote in self.text[token.start + len(line) :]:
            self.fail(
                f"the string that begins here is not closed on its line. Add {quote} at its end, "
                f"or use {quote * 3} for several lines"
            )
        self.fail(f"the string that begins here is never closed. Add {quote} at its end")

    def _fail_open_iri(self, token: Lexeme) -> NoReturn:
        rest = self.text[token.start + 1 :].split("\n", 1)[0]
        inside, closed, _ = rest.partition(">")
        for character in inside:
            if character in ' "{}|^`\\\t<':
                shown = "a space" if character == " " else f"“{character}”"
                if closed and character != "<" and not inside.startswith((" ", "\t")):
                    code = "".join(f"%{byte:02X}" for byte in character.encode())
                    self.fail(f"an IRI cannot contain {shown}. Write it as {code}")
                break
        self.fail("the IRI that begins here is not closed. Add “>” at its end")
