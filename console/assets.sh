#!/bin/sh
# The files of console/static, openapi.yaml and quality.json as assembler text on standard
# output: their bytes, and the table `asset_table` of name, start, end that
# console/assets.c reads.  Texts are there packed by gzip, too, in files below
# the second folder.  Usage: assets.sh console folder
set -eu
rm -rf "$2"
mkdir -p "$2"
packed=$(cd "$2" && pwd)
cd "$1"
files=$(find static openapi.yaml quality.json -type f | LC_ALL=C sort)
echo '.section .rodata'
n=0
for f in $files; do
    printf 'n%d: .asciz "%s"\n' $n "${f#static/}"
    printf '.balign 16\nb%d: .incbin "%s/%s"\ne%d: .byte 0\n' $n "$1" "$f" $n
    gzip -9nc "$f" >"$packed/$n.gz"
    printf 'p%d: .incbin "%s/%d.gz"\nq%d: .byte 0\n' $n "$packed" $n $n
    n=$((n + 1))
done
echo '.section .data.rel.ro,"aw"'
echo '.balign 8'
echo '.globl asset_table'
echo 'asset_table:'
i=0
while [ $i -lt $n ]; do
    printf '.quad n%d, b%d, e%d, p%d, q%d\n' $i $i $i $i $i
    i=$((i + 1))
done
echo '.quad 0, 0, 0, 0, 0'
echo '.section .note.GNU-stack,"",@progbits'
