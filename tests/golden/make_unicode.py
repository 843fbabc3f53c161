"""Writes the tables of include/tutelage/impl/text/: unicode.hpp, the classes of characters as Hugging Face's `tokenizers` knows them, asked of it
character by character; normal_forms.hpp, canonical decompositions and combining classes, from
Python's unicodedata, of the characters that its NFC knows.

Run by hand, with tokenizers 0.23 installed:
    python tests/golden/make_unicode.py
"""

import pathlib
import unicodedata

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

FOLDER = pathlib.Path(__file__).parents[2] / "include/tutelage/impl/text"
CODES = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HEAD = """#pragma once
#include <cstdint>

#include "tutelage/config.hpp"

// {what} Written by tests/golden/make_unicode.py.

TUTELAGE_BEGIN

namespace text::detail_ {{

// clang-format off
"""
TAIL = """// clang-format on

}  // namespace text::detail_

TUTELAGE_END
"""


def removed(pre_tokenizer, text):
    left = set()
    for piece, _ in pre_tokenizer.pre_tokenize_str(text):
        left.update(piece)
    return {c for c in CODES if chr(c) not in left}


def matching(pattern):
    return removed(pre_tokenizers.Split(Regex(pattern), "removed"), "".join(map(chr, CODES)))


def numeric():
    """What Digits cuts off."""
    pieces = pre_tokenizers.Digits(individual_digits=True).pre_tokenize_str("".join(chr(c) + "\u0301" for c in CODES))
    return {ord(piece) for piece, _ in pieces if len(piece) == 1 and piece != "\u0301"}


def of_words():
    """What makes the neighbour of an added token that wants to be a single word."""
    t = Tokenizer(models.BPE({"x": 0}, []))
    t.add_tokens([AddedToken("zqz", single_word=True, normalized=False)])
    return {c for c in CODES if 1 not in t.encode("zqz" + chr(c)).ids}


def normal(text, nfc=normalizers.NFC()):
    return nfc.normalize_str(text)


def decomposes(c):
    """Whether their NFC knows a decomposition; it is of an older Unicode than Python."""
    whole = unicodedata.normalize("NFC", chr(c))
    return normal(chr(c)) == whole and (whole != chr(c) or normal(unicodedata.normalize("NFD", chr(c))) == chr(c))


def combining(c):
    """The combining class, 0 where their NFC does not move the character."""
    found = unicodedata.combining(chr(c))
    text = "b\u0323" + chr(c) if found == 1 else "b" + chr(c) + "\u0334"
    return found if found and normal(text) != text else 0


def lines(items):
    out, line = [], ""
    for item in items:
        if len(line) + len(item) > 144:
            out.append("    " + line.rstrip())
            line = ""
        line += item
    return "\n".join(out + ["    " + line.rstrip()]) + "\n"


def ranges(codes):
    out = []
    for c in sorted(codes):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def table(name, codes):
    return f"inline constexpr CodeRange {name}[] = {{\n" + lines("{%d,%d}, " % (a, b) for a, b in ranges(codes)) + "};\n"


def main():
    above = {c for c in CODES if c >= 128}
    number = matching(r"\p{N}")
    body = "struct CodeRange {\n  std::uint32_t first, last;\n};\n" + table("kLetters", matching(r"\p{L}") & above)
    body += table("kNumbers", number & above) + table("kMoreNumerics", (numeric() - number) & above) + table("kOfWords", of_words() & above)
    what = f"Above ASCII, as tokenizers {tokenizers.__version__} has them: letters, numbers, what Digits takes besides, \\w."
    (FOLDER / "unicode.hpp").write_text(HEAD.format(what=what) + body + TAIL)

    pairs, apart, runs, classes = [], [], [], []
    for c in CODES:
        parts = unicodedata.decomposition(chr(c))
        if parts and not parts.startswith("<") and decomposes(c):
            first, second = ([int(p, 16) for p in parts.split()] + [0])[:2]
            if second:
                (pairs if unicodedata.normalize("NFC", chr(c)) == chr(c) else apart).append("%d,%d,%d, " % (c, first, second))
            elif runs and runs[-1][0] + len(runs[-1]) - 1 == c:
                runs[-1].append(first)
            else:
                runs.append([c, first])
        if kind := combining(c):
            if classes and classes[-1][1] == c - 1 and classes[-1][2] == kind:
                classes[-1][1] = c
            else:
                classes.append([c, c, kind])
    body = "/// Character, first and second of its decomposition: those that are composed again.\n"
    body += "inline constexpr std::uint32_t kComposed[] = {\n" + lines(pairs) + "};\n"
    body += "/// Those that stay apart.\ninline constexpr std::uint32_t kApart[] = {\n" + lines(apart) + "};\n"
    body += "/// Characters that stand for one other: the first of a run, its length, the others.\ninline constexpr std::uint32_t kSingles[] = {\n"
    body += lines("%d," % x for r in runs for x in [r[0], len(r) - 1, *r[1:]]) + "};\n"
    body += "/// First, last, canonical combining class.\ninline constexpr std::uint32_t kCombining[] = {\n"
    body += lines("%d,%d,%d, " % tuple(x) for x in classes) + "};\n"
    what = f"Canonical decompositions and combining classes, as NFC of tokenizers {tokenizers.__version__} has them, without Hangul."
    (FOLDER / "normal_forms.hpp").write_text(HEAD.format(what=what) + body + TAIL)
    for name in ("unicode.hpp", "normal_forms.hpp"):
        print(name, len((FOLDER / name).read_text().splitlines()), "lines")


if __name__ == "__main__":
    main()
