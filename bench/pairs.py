#!/usr/bin/env python3
"""Makes the table of inspect/check_pairs.h: how likely a letter or digit
follows another one in words and names of things, in 1/16 bits.

pairs.py FOLDER… > inspect/check_pairs.h; the shipped table is from
/usr/share/doc, /usr/include, /usr/lib/python3, /usr/share/perl and packages
of npm.  Each different word counts once; what looks like a hash is left out.
"""

import math
import os
import random
import re
import sys

FILES_MAX, BYTES_MAX = 2500, 60000
START, DIGIT = 27, 26

HEAD = """/*
 * Made by bench/pairs.py; see there.  How likely a letter (0 to 25, of either
 * case) or a digit (26) follows another one, or starts a word (row 27), in
 * words and names of things: minus its binary logarithm, in 1/16 bits.
 */
#ifndef INSPECT_CHECK_PAIRS_H
#define INSPECT_CHECK_PAIRS_H

#include <stdint.h>

// clang-format off
static const uint8_t name_pairs[28][27] = {"""
FOOT = """};
// clang-format on

#endif"""


def words_of(folder):
    words, count = set(), 0
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            try:
                with open(os.path.join(root, name), "rb") as file:
                    data = file.read(BYTES_MAX)
            except OSError:
                continue
            if b"\0" in data[:2000] or random.random() < 0.5:
                continue
            count += 1
            words.update(re.findall("[A-Za-z0-9]{3,40}",
                                    data.decode("latin1")))
            if count > FILES_MAX:
                return words
    return words


def is_name(word):
    return (sum(c.isdigit() for c in word) <= 4 and
            not re.fullmatch("[0-9a-fA-F]{6,}", word))


def main():
    random.seed(5)
    counts = [[0.5] * 27 for _ in range(28)]
    for word in set().union(*map(words_of, sys.argv[1:])):
        last = START
        for c in word if is_name(word) else "":
            symbol = DIGIT if c.isdigit() else ord(c.lower()) - ord("a")
            counts[last][symbol] += 1
            last = symbol
    print(HEAD)
    for row in counts:
        bits = ["%d" % min(255, round(-16 * math.log2(v / sum(row))))
                for v in row]
        print("    {" + ", ".join(bits[:14]) + ",")
        print("        " + ", ".join(bits[14:]) + "},")
    print(FOOT)


if __name__ == "__main__":
    main()
