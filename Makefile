# promptgate.  Targets that people use: run, demo, test, check, lint, bench,
# fuzz, install, deb (docs/developing.md).  BUILD=debug|release|sanitize.

BUILD ?= release
CC := gcc
AR := gcc-ar
OUT := build
OBJ := $(OUT)/$(BUILD)-$(notdir $(CC))

LLHTTP_DIR := $(patsubst %/llhttp.c,%,$(shell dpkg -L node-llhttp 2>/dev/null | grep '/llhttp\.c$$'))
LLHTTP_INC := $(patsubst %/llhttp.h,%,$(shell dpkg -L node-llhttp 2>/dev/null | grep '/llhttp\.h$$'))

PACKAGES := libuv openssl libnghttp2 libhs jansson yaml-0.1 libcares zlib \
	libbrotlidec libbrotlicommon libzstd sqlite3 libmicrohttpd libsodium \
	libseccomp libpcre2-8

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Werror
CPPFLAGS := -D_GNU_SOURCE -DLLHTTP_STRICT_MODE=1 -I. -isystem $(LLHTTP_INC) \
	$(shell pkg-config --cflags-only-I $(PACKAGES) 2>/dev/null | sed 's/-I/-isystem /g')
LDLIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lpthread -lm

CFLAGS_debug := -O0 -g
CFLAGS_release := -O2 -g -flto=auto -fPIE -D_FORTIFY_SOURCE=2 \
	-fstack-protector-strong -fstack-clash-protection -fcf-protection
LDFLAGS_release := -flto=auto -pie -Wl,-z,relro,-z,now,-z,noexecstack
CFLAGS_sanitize := -O1 -g -fsanitize=address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_sanitize := -fsanitize=address,undefined

CFLAGS := -std=c17 $(WARN) $(CFLAGS_$(BUILD))
LDFLAGS := $(LDFLAGS_$(BUILD))

SOURCES := $(wildcard base/*.c inspect/*.c certs/*.c store/*.c proxy/*.c console/*.c)
OBJECTS := $(SOURCES:%.c=$(OBJ)/%.o)
LLHTTP_OBJECTS := $(OBJ)/llhttp/llhttp.o $(OBJ)/llhttp/api.o $(OBJ)/llhttp/http.o
LIB_OBJECTS := $(filter-out $(OBJ)/proxy/main.o,$(OBJECTS)) $(LLHTTP_OBJECTS)

all: $(OUT)/promptgate

$(OUT)/promptgate: $(OBJ)/promptgate
	cp -f $< $@.new && mv -f $@.new $@

$(OBJ)/promptgate: $(OBJ)/proxy/main.o $(OBJ)/lib.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OBJ)/lib.a: $(LIB_OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(OBJ)/%.o: %.c
	@mkdir -p $(dir $@)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(OBJ)/llhttp/%.o: $(LLHTTP_DIR)/%.c
	@mkdir -p $(dir $@)
	$(CC) $(CPPFLAGS) -std=c17 -w $(CFLAGS_$(BUILD)) -c -o $@ $<

# Unit tests: one binary per tests/unit/test_X.c, linked with everything but
# main; always with the sanitizers.
TEST_OBJ := $(OUT)/sanitize-$(notdir $(CC))
UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

# A single one: make unit-test_json
unit-%:
	@$(MAKE) --no-print-directory BUILD=sanitize $(TEST_OBJ)/tests/unit/$*
	$(TEST_OBJ)/tests/unit/$*

$(OBJ)/tests/unit/%: tests/unit/%.c $(OBJ)/lib.a
	@mkdir -p $(dir $@)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $^ -lcmocka -lbrotlienc $(LDLIBS)

check: $(UNIT_TESTS:%=unit-%)

-include $(OBJECTS:.o=.d)

.PHONY: all check
.SECONDARY:
