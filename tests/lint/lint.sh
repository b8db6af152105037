#!/bin/sh
# Format, include rules, static analysis. Called by make lint, which then
# builds with both compilers and checks the licences of what was linked.
set -eu
cd "$(dirname "$0")/../.."
sources=$(git ls-files '*.c' '*.h')

echo "lint: format"
# shellcheck disable=SC2086
clang-format --dry-run -Werror $sources

echo "lint: include rules and sizes"
/usr/bin/python3 tests/lint/rules.py

echo "lint: the tests that docs/activities.md names"
/usr/bin/python3 tests/lint/activities.py

echo "lint: the tests that docs/reliability.md names"
/usr/bin/python3 tests/lint/reliability.py

echo "lint: the keys of service maps that docs/services.md names"
/usr/bin/python3 tests/lint/services.py

echo "lint: the console's pages"
/usr/bin/python3 tests/lint/console.py
for file in console/static/theme.js console/static/js/*.js; do
    node --experimental-default-type=module --check "$file"
done

echo "lint: static analysis"
cppcheck --quiet --error-exitcode=1 --inline-suppr -j2 \
    --enable=warning,performance,portability --std=c11 \
    --suppress=missingIncludeSystem --suppress=unknownMacro \
    --suppress=normalCheckLevelMaxBranches \
    --include=tests/lint/uthash_model.h -D_GNU_SOURCE -I. \
    base inspect extract certs store proxy console
