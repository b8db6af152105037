#!/bin/sh
# The files of console/static, openapi.yaml and quality.json as assembler text on standard
# output: their bytes, and the table `asset_table` of name, start, end that
# console/assets.c reads.  Usage: assets.sh console
set -eu
cd "$1"
files=$(find static openapi.yaml quality.json -type f | LC_ALL=C sort)
echo '.section .rodata'
n=0
for f in $files; do
    printf 'n%d: .asciz "%s"\n' $n "${f#static/}"
    printf '.balign 16\nb%d: .incbin "%s/%s"\ne%d: .byte 0\n' $n "$1" "$f" $n
    n=$((n + 1))
done
echo '.section .data.rel.ro,"aw"'
echo '.balign 8'
echo '.globl asset_table'
echo 'asset_table:'
i=0
while [ $i -lt $n ]; do
    printf '.quad n%d, b%d, e%d\n' $i $i $i
    i=$((i + 1))
done
echo '.quad 0, 0, 0'
echo '.section .note.GNU-stack,"",@progbits'
