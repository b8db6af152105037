# promptgate.  What people use: make run, demo, test, check, lint, bench, fuzz,
# install, deb, clean (docs/developing.md).  BUILD=release|debug|sanitize|fuzz.

BUILD ?= release
# V=1 shows the commands.
Q := $(if $(V),,@)
CC := gcc
AR := gcc-ar
PYTHON := /usr/bin/python3
PREFIX ?= /usr/local
DESTDIR ?=
EVAL_DIR ?= ../shared/eval
FUZZ_SECONDS ?= 60
CHAOS_ROUNDS ?= 100
OUT := build
OBJ := $(OUT)/$(BUILD)-$(notdir $(CC))

# ---- what we build with ----

LLHTTP_FILES := $(shell dpkg -L node-llhttp 2>/dev/null)
LLHTTP_DIR := $(patsubst %/llhttp.c,%,$(filter %/llhttp.c,$(LLHTTP_FILES)))
LLHTTP_INC := $(patsubst %/llhttp.h,%,$(filter %/llhttp.h,$(LLHTTP_FILES)))

PACKAGES := libuv openssl libnghttp2 libhs jansson yaml-0.1 libcares zlib \
	libbrotlidec libbrotlicommon libzstd sqlite3 libmicrohttpd libsodium \
	libseccomp libpcre2-8 libarchive expat libcurl

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Werror
CPPFLAGS := -D_GNU_SOURCE -DLLHTTP_STRICT_MODE=1 -I. -isystem $(LLHTTP_INC) \
	$(shell pkg-config --cflags-only-I $(PACKAGES) 2>/dev/null | sed 's/-I/-isystem /g')
LDLIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lpthread -lm

CFLAGS_debug := -O0 -g
CFLAGS_release := -O2 -g -flto=auto -fPIE -D_FORTIFY_SOURCE=2 \
	-fstack-protector-strong -fstack-clash-protection -fcf-protection
LDFLAGS_release := -flto=auto -pie -Wl,-z,relro,-z,now,-z,noexecstack
# Release with stacks that perf can read (docs/performance.md).
CFLAGS_profile := -O2 -g -fno-omit-frame-pointer -fPIE
LDFLAGS_profile := -pie
CFLAGS_sanitize := -O1 -g -fsanitize=address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_sanitize := -fsanitize=address,undefined
# Only with CC=clang: make fuzz, make coverage.
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_fuzz := -fsanitize=fuzzer,address,undefined
CFLAGS_coverage := -O0 -g -fprofile-instr-generate -fcoverage-mapping
LDFLAGS_coverage := -fprofile-instr-generate -fcoverage-mapping

CFLAGS := -std=c17 $(WARN) $(CFLAGS_$(BUILD))
LDFLAGS := $(LDFLAGS_$(BUILD))

FOLDERS := base inspect extract certs store proxy console
SOURCES := $(wildcard $(FOLDERS:%=%/*.c))
OBJECTS := $(SOURCES:%.c=$(OBJ)/%.o)
LLHTTP_OBJECTS := $(patsubst %,$(OBJ)/llhttp/%.o,llhttp api http)
LIB_OBJECTS := $(filter-out $(OBJ)/proxy/main.o,$(OBJECTS)) $(LLHTTP_OBJECTS) \
	$(OBJ)/console/asset_table.o
ASSETS := console/openapi.yaml console/quality.json $(shell find console/static -type f)

# ---- build ----

all: $(OUT)/promptgate

# Replaced by rename: a running gateway keeps its own binary.
$(OUT)/promptgate: $(OBJ)/promptgate
	@cp -f $< $@.new && mv -f $@.new $@

$(OBJ)/promptgate: $(OBJ)/proxy/main.o $(OBJ)/lib.a
	@echo "link $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OBJ)/lib.a: $(LIB_OBJECTS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(OBJ)/%.o: %.c
	@mkdir -p $(dir $@)
	@echo "cc   $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(OBJ)/llhttp/%.o: $(LLHTTP_DIR)/%.c
	@mkdir -p $(dir $@)
	@echo "cc   $<"
	$(Q)$(CC) $(CPPFLAGS) -std=c17 -w $(CFLAGS_$(BUILD)) -c -o $@ $<

# The console's files as bytes of the binary.
$(OBJ)/console/asset_table.o: console/assets.sh $(ASSETS)
	@mkdir -p $(dir $@)
	@echo "pack console/static"
	$(Q)sh console/assets.sh $(CURDIR)/console $(@:.o=.packed) >$(@:.o=.s)
	$(Q)$(CC) -c -o $@ $(@:.o=.s)

# ---- packages ----

BUILD_PACKAGES := gcc libc6-dev pkg-config libuv1-dev libssl-dev \
	libnghttp2-dev libhyperscan-dev node-llhttp libjansson-dev libyaml-dev \
	libc-ares-dev zlib1g-dev libbrotli-dev libzstd-dev libsqlite3-dev \
	libmicrohttpd-dev uthash-dev libsodium-dev libseccomp-dev libpcre2-dev \
	libarchive-dev libexpat1-dev libcurl4-openssl-dev ca-certificates openssl
# Programs and data that the extractor runs; without them PDFs and pictures are
# unreadable files.
RUN_PACKAGES := poppler-utils tesseract-ocr tesseract-ocr-eng
TEST_PACKAGES := libcmocka-dev clang llvm libclang-rt-14-dev clang-format \
	cppcheck curl chromium python3 python3-hpack python3-requests python3-yaml sqlite3 libnss3-tools \
	iproute2 procps git
BENCH_PACKAGES := haproxy squid-openssl linux-perf

# Debian's names, installed only where missing, with sudo where needed.
define install_packages
	@missing=""; for p in $(1); do \
	    dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q '^install ok' \
	    || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	    as=""; [ "$$(id -u)" = 0 ] || as="sudo"; \
	    echo "installing:$$missing"; \
	    $$as apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$as apt-get install -y -qq \
	        --no-install-recommends $$missing >/dev/null; fi
endef

# A node that is there already is as good as Debian's.
NODE_PACKAGES := $(if $(shell command -v node),,nodejs) \
	$(if $(shell command -v npm),,npm)

deps:
	$(call install_packages,$(BUILD_PACKAGES) $(RUN_PACKAGES))

demo-deps: deps
	$(call install_packages,$(NODE_PACKAGES) curl)

test-deps: deps
	$(call install_packages,$(TEST_PACKAGES) $(NODE_PACKAGES))
	@cd tests/e2e && [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --loglevel=error --no-audit --no-fund

bench-deps: test-deps
	$(call install_packages,$(BENCH_PACKAGES))

# ---- run ----

# As root the gateway drops to a user of its own.
user:
	@if [ "$$(id -u)" = 0 ] && ! getent passwd promptgate >/dev/null; then \
	    useradd --system --home-dir /var/lib/promptgate \
	        --shell /usr/sbin/nologin promptgate; fi

run: deps user
	@$(MAKE) --no-print-directory all
	@$(OUT)/promptgate run $(ARGS)

demo: demo-deps
	@$(MAKE) --no-print-directory all
	@sh tests/standin/demo.sh

# ---- tests ----

TEST_OBJ := $(OUT)/sanitize-gcc
UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

$(OBJ)/tests/unit/%: tests/unit/%.c $(OBJ)/lib.a
	@mkdir -p $(dir $@)
	@echo "test $(notdir $@)"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $(filter %.c %.a,$^) -lcmocka -lbrotlienc $(LDLIBS)

TEST_HEADERS := $(wildcard tests/fuzz/*.h tests/unit/*.h)

# The fuzz targets with a main that replays files: make check runs the corpora.
$(OBJ)/tests/replay/%: tests/fuzz/%.c tests/fuzz/replay_main.c $(OBJ)/lib.a $(TEST_HEADERS)
	@mkdir -p $(dir $@)
	@echo "test $(notdir $@)"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c %.a,$^) $(LDLIBS)

$(OBJ)/tests/fuzz/%: tests/fuzz/%.c $(OBJ)/lib.a $(TEST_HEADERS)
	@mkdir -p $(dir $@)
	@echo "test $(notdir $@)"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c %.a,$^) $(LDLIBS)

unit-tests: $(UNIT_TESTS:%=$(OBJ)/tests/unit/%)
replays: $(FUZZ_TARGETS:%=$(OBJ)/tests/replay/%)
fuzz-targets: $(FUZZ_TARGETS:%=$(OBJ)/tests/fuzz/%)

# One unit test: make unit-test_json
unit-%:
	@$(MAKE) --no-print-directory BUILD=sanitize $(TEST_OBJ)/tests/unit/$*
	EVAL_DIR=$(EVAL_DIR) $(TEST_OBJ)/tests/unit/$*

# Fast: unit tests, plays, corpora, all under the sanitizers.
check: test-deps
	@$(MAKE) --no-print-directory -j2 BUILD=sanitize unit-tests replays
	@EVAL_DIR=$(EVAL_DIR) $(PYTHON) tests/run.py --fast

test: test-deps
	@$(MAKE) --no-print-directory -j2 BUILD=sanitize unit-tests replays $(TEST_OBJ)/promptgate
	@$(MAKE) --no-print-directory -j2 all
	@EVAL_DIR=$(EVAL_DIR) $(PYTHON) tests/run.py

# Each anchor of the shipped detectors alone, on chat where that is there.
$(OUT)/lint/anchors: tests/lint/anchors.c $(OBJ)/lib.a
	@mkdir -p $(dir $@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c %.a,$^) $(LDLIBS)

lint-anchors: $(OUT)/lint/anchors
	@cat $(wildcard $(EVAL_DIR)/benign-chat.jsonl) \
	    docs/*.md | head -c 1000000 >$(OUT)/lint/text
	@$(OUT)/lint/anchors $(OUT)/lint/text 14 tests/lint/anchors.reviewed \
	    conf/detectors/*.yaml

lint: test-deps
	@sh tests/lint/lint.sh "$(CPPFLAGS)"
	@echo "lint: the speed of each anchor"
	@$(MAKE) --no-print-directory lint-anchors
	@$(MAKE) --no-print-directory -j2 BUILD=debug CC=clang AR=ar $(OUT)/debug-clang/promptgate
	@$(MAKE) --no-print-directory -j2 BUILD=debug $(OUT)/debug-gcc/promptgate
	@sh tests/lint/licences.sh $(OUT)/debug-gcc/promptgate
	@echo "lint: good"

fuzz: test-deps
	@$(MAKE) --no-print-directory -j2 BUILD=fuzz CC=clang AR=ar fuzz-targets
	@$(PYTHON) tests/fuzz/fuzz.py $(OUT)/fuzz-clang/tests/fuzz $(FUZZ_SECONDS)

coverage: test-deps
	@$(MAKE) --no-print-directory -j2 BUILD=coverage CC=clang AR=ar replays
	@$(PYTHON) tests/fuzz/coverage.py $(OUT)/coverage-clang/tests/replay

# kill -9 of any role, or of all at once, under load; then attacks, and what a
# good client beside them waits.
chaos: test-deps
	@$(MAKE) --no-print-directory all
	@$(PYTHON) tests/e2e/crash.py --rounds $(CHAOS_ROUNDS)
	@$(PYTHON) tests/e2e/abuse.py

# Half an hour of mixed traffic; memory of each role must stay flat.
soak: test-deps
	@$(MAKE) --no-print-directory all
	@$(PYTHON) tests/e2e/soak.py --seconds $(or $(SECONDS),1800)

$(OUT)/bench/%: bench/%.c bench/wire.h
	@mkdir -p $(dir $@)
	$(CC) $(CPPFLAGS) -std=c17 -O2 $(WARN) -o $@ $< -lssl -lcrypto -lnghttp2 -lpthread

# With our own code as it is released, measured in one process.
$(OUT)/bench/extract: bench/extract.c bench/extract_jansson.c bench/extract_jansson.h $(OBJ)/lib.a
	@mkdir -p $(dir $@)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c %.a,$^) $(LDLIBS)

$(OUT)/bench/scan $(OUT)/bench/edm: $(OUT)/bench/%: bench/%.c $(OBJ)/lib.a
	@mkdir -p $(dir $@)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c %.a,$^) $(LDLIBS)

bench: bench-deps
	@$(MAKE) --no-print-directory all $(OUT)/bench/origin $(OUT)/bench/load \
	    $(OUT)/bench/extract $(OUT)/bench/scan $(OUT)/bench/edm
	@$(PYTHON) bench/bench.py $(ARGS)

# ---- packages of ours ----

ETC = $(DESTDIR)/etc/promptgate

install: all
	install -Dm755 $(OUT)/promptgate $(DESTDIR)$(PREFIX)/bin/promptgate
	install -d $(ETC)/services $(ETC)/detectors
	for f in $$(cd conf && find . -name '*.yaml'); do \
	    [ -e $(ETC)/$$f ] || install -m644 conf/$$f $(ETC)/$$f; done
	install -d $(DESTDIR)/lib/systemd/system
	sed 's|/usr/bin/|$(PREFIX)/bin/|' packaging/promptgate.service \
	    >$(DESTDIR)/lib/systemd/system/promptgate.service
	chmod 644 $(DESTDIR)/lib/systemd/system/promptgate.service
	install -Dm644 README.md $(DESTDIR)$(PREFIX)/share/doc/promptgate/README.md
	install -m644 docs/*.md CHANGES.md $(DESTDIR)$(PREFIX)/share/doc/promptgate/
	install -m644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/promptgate/copyright

deb: all
	@sh packaging/deb.sh $(OUT)

clean:
	rm -rf $(OUT)

-include $(OBJECTS:.o=.d) $(wildcard $(OBJ)/tests/*/*.d)

.PHONY: all deps demo-deps test-deps bench-deps user run demo unit-tests \
	replays fuzz-targets check test lint lint-anchors fuzz chaos soak coverage bench install deb clean
.SECONDARY:
.DELETE_ON_ERROR:
