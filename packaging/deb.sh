#!/bin/sh
# Builds build/promptgate_VERSION_ARCH.deb from an installed tree.
set -eu
out=$1
root=$(mktemp -d)
chmod 755 "$root"
trap 'rm -rf "$root"' EXIT
make --no-print-directory install PREFIX=/usr DESTDIR="$root" >/dev/null
strip --strip-unneeded "$root/usr/bin/promptgate"
version=$("$out/promptgate" --version | awk '{print $NF}')
arch=$(dpkg --print-architecture)
mkdir -p "$root/DEBIAN"
# The packages that own the libraries the binary was linked with.
depends=$(objdump -p "$out/promptgate" | awk '/NEEDED/ {print $2}' |
    while read -r name; do
        path=$(ldconfig -p | awk -v n="$name" '$1 == n {print $NF; exit}')
        dpkg -S "$(readlink -f "$path")" "${path#/usr}" 2>/dev/null |
            cut -d: -f1 | head -1
    done | sort -u | paste -sd, | sed 's/,/, /g')
cat >"$root/DEBIAN/control" <<EOF
Package: promptgate
Version: $version
Architecture: $arch
Maintainer: promptgate <founders@promptgate.example>
Depends: $depends, ca-certificates, adduser,
 poppler-utils, tesseract-ocr, tesseract-ocr-eng
Section: net
Priority: optional
Description: inspecting forward proxy with data-loss prevention for ChatGPT
 Terminates TLS to a few named AI services, understands prompts, answers and
 files, scans them, and logs or blocks before anything is forwarded.
EOF
(cd "$root" && find etc -type f | sed 's|^|/|') >"$root/DEBIAN/conffiles"
cat >"$root/DEBIAN/postinst" <<'EOF'
#!/bin/sh
set -e
if [ "$1" = configure ]; then
    getent passwd promptgate >/dev/null || adduser --system --group --quiet \
        --home /var/lib/promptgate --no-create-home promptgate
fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
EOF
cat >"$root/DEBIAN/prerm" <<'EOF'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl stop promptgate.service || true
fi
EOF
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm"
dpkg-deb --root-owner-group --build "$root" \
    "$out/promptgate_${version}_$arch.deb"
