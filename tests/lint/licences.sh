#!/bin/sh
# promptgate is Apache-2.0: nothing that it links may be under GPL or AGPL
# alone (LGPL is fine). Reads the copyright files of the packages that own the
# libraries which the binary names: licences.sh BINARY
set -eu
echo "lint: licences of linked libraries"
binary=$1
bad=0
for name in $(objdump -p "$binary" | awk '/NEEDED/ {print $2}'); do
    path=$(ldconfig -p | awk -v n="$name" '$1 == n {print $NF; exit}')
    package=$(dpkg -S "$(readlink -f "$path")" 2>/dev/null | cut -d: -f1 | head -1)
    [ -n "$package" ] || package=$(dpkg -S "${path#/usr}" 2>/dev/null | cut -d: -f1 | head -1)
    copyright=/usr/share/doc/$package/copyright
    [ -f "$copyright" ] || { echo "$name: no copyright file ($package)"; bad=1; continue; }
    case "$package" in libc6 | libgcc-s1 | libstdc++6) continue ;; esac
    # The licence of the library itself: the first Licence line of the file.
    first=$(awk 'tolower($1) == "license:" {print $2; exit}' "$copyright")
    case "$first" in
    GPL* | AGPL*) echo "$name ($package): $first"; bad=1 ;;
    "") # not in the usual form: any mention counts
        grep -qE 'GNU (Affero )?General Public' "$copyright" &&
            { echo "$name ($package): mentions the GPL"; bad=1; } ;;
    esac
done
exit $bad
