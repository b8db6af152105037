#!/usr/bin/env python3
"""Writes the seeds of the fuzz target toml: small files, mistakes, and rules
with expressions of every kind."""
import hashlib
import pathlib

ROOT = pathlib.Path(__file__).parent / "corpus" / "toml"
VALUES = ['1', '-2.5e3', 'true', '2026-11-22T10:00:00Z', '""', "''", '"a\\tb\\n\\"\\\\"', '"\\u00e4\\U0001f600"',
          "'\\d'", "'''\nx'y''z'''", "'''x'''''", '"""\na\\\n  b"""', '[]', '[1, 2]', '["a",\n# c\n\'b\',\n]',
          '[[1], []]', '{}', '{a = 1, b.c = "x"}', '{a = [1], }', '[{a=1},{b=2}]']
MISTAKES = ['a', 'a =', '= 1', 'a = 1 b', 'a = "', 'a = "\n"', "a = '''x", 'a = "\\q"', 'a = "\\u12g4"', 'a = [1 2]',
            'a = [', 'a = {b = 1', 'a = {b}', '[a', '[[a]', '[a]]', '[]', 'a=1\na=2', 'a=1\n[a]', 'a=1\n[[a]]', '\xff',
            'a = ' + '[' * 70, '.'.join('a' * 80) + ' = 1', 'a = \x00', '[a.]', 'a. = 1', "'a'b = 1", '# only', '\ufeff']
REGEXES = [r'\b(acme_[0-9a-z]{16})\b', r'(?i)(?:acme|token)[=:](.{8,40})', r'(?x) a b # c' + '\n( d )(?# e )', r'[^\]a-z[:alpha:]]+x',
           r'(?P<TOKEN>a{3})|b*?', r'(?<!x)long(?=y)(?!z)(?<=g)', r'\x41\x{7a}\x{e4}', r'\pL\p{Lu}\P{L}', r'(a)(b)(c)\1', r'a{2}b{2,}c{,3}d{1,4}+',
           r'(?i-s)a(?s:.)(?-i:b)', r'(?>abc)(?|a|b)', r'[a&&b]', r'abcd\Q', '(' * 50, ')', '[', '(', '*', 'a|', '|a', r'\n\r\t\f\a',
           r'^\A$\z\Z\B', 'abcd' * 40, 'é', '[é]', r'(?', r'(?x', r'\\', r'\x', r'\x{', '{', 'a{', 'a{1', 'a{1,', 'a{99999}', r'\d{3}-\d{4}key',
           '|'.join(f'lit{i:04}' for i in range(60)), '((((abcd))))', '(abcd)?', '(abcd)+', '(?:abcd|efgh){2,3}', r'(?i)abcd(?-i)efgh', r'[]a]b[^]c]d']


def seeds():
    for v in VALUES:
        yield f"a = {v}\n"
        yield f"[[rules]]\nid = {v} # c\n[rules.x]\n\"k\".y = {v}\r\n"
    yield from MISTAKES
    for r in REGEXES:
        yield r
        yield f"[[rules]]\nid = \"a\"\nregex = '''{r}'''\nsecretGroup = 1\nkeywords = [\"a\"]\n"
    yield "\n".join(f"k{i} = {v}" for i, v in enumerate(VALUES))


ROOT.mkdir(parents=True, exist_ok=True)
for seed in seeds():
    data = seed.encode("latin-1") if seed == "\xff" else seed.encode()
    (ROOT / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)
print(len(list(ROOT.iterdir())), "seeds")
