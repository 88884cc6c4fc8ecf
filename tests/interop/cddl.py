# SPDX-License-Identifier: BSD-3-Clause
"""As much of CDDL (RFC 8610) as docs/protocol.cddl uses: does a decoded value match a rule?

Values are those of a CBOR library: int, bool, bytes, str, list, dict. Matching is greedy, as the
RFC says; the only control operator is .size. Anything else in a file is an error, not ignored.
"""
import re

TOKEN = re.compile(r"""
    (?P<space>(?:\s|;[^\n]*)+)
  | (?P<text>"[^"]*")
  | (?P<number>-?\d+)
  | (?P<name>[A-Za-z][A-Za-z0-9-]*)
  | (?P<sign>=>|\.\.|\.size|[=/{}\[\]()^:,?*&])
""", re.VERBOSE)

PRELUDE = {
    "uint": lambda v: type(v) is int and v >= 0,
    "nint": lambda v: type(v) is int and v < 0,
    "bstr": lambda v: type(v) is bytes,
    "tstr": lambda v: type(v) is str,
    "bool": lambda v: type(v) is bool,
    "any": lambda v: True,
}
ENDS = ("}", "]", ")")
MANY = 1 << 32


class Cut(Exception):
    """A key that a rule names has another value than the rule says: nothing else may match it."""


def tokens(text):
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"not understood: {text[at:at + 40]!r}")
        at = found.end()
        if found.lastgroup != "space":
            yield found.lastgroup, found.group()


class Parser:
    def __init__(self, text):
        self.tokens = list(tokens(text))
        self.at = 0

    def peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at][1] if at < len(self.tokens) else ""

    def kind(self):
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def take(self, want=None):
        token = self.peek()
        if token == "" or want not in (None, token):
            raise ValueError(f"found {token!r}, want {want!r}")
        self.at += 1
        return token

    def takes(self, token):
        found = self.peek() == token
        self.at += found
        return found

    def rules(self):
        rules = {}
        while self.peek():
            name = self.take()
            self.take("=")
            if name in rules:
                raise ValueError(f"{name} is there twice")
            rules[name] = ("group", self.enclosed()) if self.peek() == "(" else self.type()
        return rules

    def enclosed(self):
        end = {"(": ")", "[": "]", "{": "}"}[self.take()]
        group = self.group()
        self.take(end)
        return group

    def group(self):
        entries = []
        while self.peek() not in ENDS:
            entries.append(self.entry())
            self.takes(",")
        return entries

    def entry(self):
        least, most = self.occurrence()
        key = None
        cut = False
        if self.peek(1) == ":":
            key, cut = self.type1(), True
            if key[0] == "name":
                key = ("literal", key[1])
            self.take(":")
        value = self.type()
        if key is None and (self.peek() == "=>" or self.peek() == "^"):
            key, cut = value, self.takes("^")
            self.take("=>")
            value = self.type()
        return least, most, key, cut, value

    def occurrence(self):
        if self.takes("?"):
            return 0, 1
        if self.peek() == "*" or self.peek(1) == "*":
            least = int(self.take()) if self.kind() == "number" else 0
            self.take("*")
            return least, int(self.take()) if self.kind() == "number" and \
                self.peek(1) not in (":", "=>") else MANY
        return 1, 1

    def type(self):
        choices = [self.type1()]
        while self.takes("/"):
            choices.append(self.type1())
        return ("choice", choices) if len(choices) > 1 else choices[0]

    def type1(self):
        left = self.type2()
        if self.takes(".."):
            return "range", left[1], self.type2()[1]
        if self.takes(".size"):
            return "size", left, self.type2()
        return left

    def type2(self):
        kind, token = self.kind(), self.peek()
        if token == "&":
            self.take()
            return "choice", [value for _, _, _, _, value in self.enclosed()]
        if token in ("{", "["):
            return "map" if token == "{" else "array", self.enclosed()
        if token == "(":
            self.take()
            inner = self.type()
            self.take(")")
            return inner
        self.take()
        if kind == "sign":
            raise ValueError(f"found {token!r}, want a type")
        if kind == "name":
            return "name", token
        return "literal", int(token) if kind == "number" else token[1:-1]


class Schema:
    def __init__(self, text):
        self.rules = Parser(text).rules()

    def matches(self, rule, value):
        """True when the value is what the rule says."""
        return self.match(("name", rule), value)

    def match(self, what, value):
        kind, rest = what[0], what[1:]
        if kind == "name":
            if rest[0] in PRELUDE:
                return PRELUDE[rest[0]](value)
            return self.match(self.rules[rest[0]], value)
        if kind == "literal":
            return type(value) is type(rest[0]) and value == rest[0]
        if kind == "choice":
            return any(self.match(choice, value) for choice in rest[0])
        if kind == "range":
            return type(value) is int and rest[0] <= value <= rest[1]
        if kind == "size":
            return self.match(rest[0], value) and self.size(rest[1], value)
        if kind == "array":
            return type(value) is list and self.elements(rest[0], value) == []
        return type(value) is dict and self.map(rest[0], value)

    def map(self, group, value):
        try:
            return self.pairs(group, value) == {}
        except Cut:
            return False

    def size(self, want, value):
        """Bytes of a string, UTF-8 of a text; an integer has at most so many."""
        if type(value) is int:
            return value < 256 ** want[1]
        return self.match(want, len(value.encode() if type(value) is str else value))

    def named_group(self, what):
        rule = self.rules.get(what[1]) if what[0] == "name" else None
        return rule[1] if rule is not None and rule[0] == "group" else None

    def elements(self, group, left):
        """What is left of an array behind a group; None when it does not match."""
        for least, most, _, _, value in group:
            count = 0
            while count < most and left and self.match(value, left[0]):
                left = left[1:]
                count += 1
            if count < least:
                return None
        return left

    def pairs(self, group, left):
        """The same for a map."""
        for least, most, key, cut, value in group:
            inner = self.named_group(value) if key is None else None
            if inner is not None:
                rest = self.pairs(inner, left)
                if rest is None and least > 0:
                    return None
                left = left if rest is None else rest
                continue
            found = [k for k, v in left.items() if self.match(key, k) and self.pair(cut, value, v)]
            if len(found) < least:
                return None
            left = {k: v for k, v in left.items() if k not in found[:most]}
        return left

    def pair(self, cut, what, value):
        if not self.match(what, value):
            if cut:
                raise Cut
            return False
        return True
