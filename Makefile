# SPDX-License-Identifier: MIT
#
#   make               the two programs, in build/release/
#   make SAN=1 ...     the same with AddressSanitizer and UBSan, in build/asan/
#   make check         unit tests (scripts/test runs these and all the rest)
#   make install       DESTDIR= PREFIX=/usr/local
#   make lint          house rules: includes, banned functions, man pages
#   make help          everything else

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
CC         ?= cc
V          ?= 0
VERSION    := $(shell sed -n 's/^\#\# \([0-9][0-9.]*\).*/\1/p' CHANGES 2>/dev/null | head -n 1)

ifeq ($(SAN),1)
B          := build/asan
MODE       := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else
B          := build/release
MODE       := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LINKMODE   := -pie -Wl,-z,relro,-z,now
endif

WARN       := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
              -Wwrite-strings -Wcast-qual -Wformat=2 -Wvla
ifeq ($(WERROR),1)
WARN       += -Werror
endif
PKGS       := libcurl libcjson libcrypto libpcre2-8
override CFLAGS += -std=c11 -D_GNU_SOURCE -DUMS_MCP_VERSION='"$(VERSION)"' $(WARN) $(MODE) \
              -fno-common -fvisibility=hidden -Isrc $(shell pkg-config --cflags $(PKGS) sqlite3)
LDFLAGS    += $(MODE) $(LINKMODE)
LIBS       := $(shell pkg-config --libs $(PKGS)) -levent_core
LOCAL_LIBS := $(shell pkg-config --libs sqlite3 libcurl libcjson libcrypto) -lfcgi

src         = $(wildcard $(addsuffix /*.c,$(addprefix src/,$(1))))
obj         = $(patsubst src/%.c,$(B)/obj/%.o,$(1))

LIB_OBJ    := $(call obj,$(call src,base wire mcp))
BRIDGE_OBJ := $(call obj,$(call src,edge run))
LOCAL_OBJ  := $(call obj,$(call src,local base)) $(call obj,src/wire/json.c src/wire/json_read.c src/wire/utf8.c)
UNIT       := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ       := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

ifneq ($(V),1)
Q          := @
say         = @printf '%-7s %s\n' $(1) $(2);
endif

all: $(B)/ums-mcp $(B)/ums-local

$(B)/ums-mcp: $(LIB_OBJ) $(BRIDGE_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/ums-local: $(LOCAL_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LOCAL_LIBS)

$(B)/obj/%.o: src/%.c Makefile CHANGES
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(B)/unit/%: tests/unit/%.c $(LIB_OBJ)
	$(call say,UNIT,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(CPPFLAGS) -Itests/unit -MMD -MP $(LDFLAGS) -o $@ $< $(LIB_OBJ) $(LIBS)

unit: $(UNIT)

check: unit
	$(Q)for t in $(UNIT); do echo "$$t"; $$t || exit 1; done

# One libFuzzer program per parser, over objects that all of them share; clang only.
FUZZ_OBJ   := $(patsubst src/%.c,build/fuzz/obj/%.o,$(call src,base wire mcp))
FUZZ_MODE  := -O1 -g -fno-sanitize-recover=undefined
FUZZ_FLAGS  = $(filter-out $(MODE),$(CFLAGS)) $(FUZZ_MODE)

build/fuzz/obj/%.o: src/%.c Makefile CHANGES
	$(call say,CLANG,$<)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<

build/fuzz/%: tests/fuzz/%.c $(FUZZ_OBJ)
	$(call say,FUZZ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -o $@ $< $(FUZZ_OBJ) $(LIBS)

fuzz: $(FUZZ)

lint:
	$(Q)scripts/lint

# What an operator may have changed in /etc is kept; the new file stands beside it.
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(SYSCONFDIR)/ums-mcp/services \
	    $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/man/man5 \
	    $(DESTDIR)$(PREFIX)/share/doc/ums-mcp
	install -m 755 $(B)/ums-mcp $(B)/ums-local $(DESTDIR)$(PREFIX)/bin/
	$(Q)for f in ums-mcp.conf services/ums.json; do \
	    to=$(DESTDIR)$(SYSCONFDIR)/ums-mcp/$$f; \
	    [ ! -e $$to ] || cmp -s etc/$$f $$to || to=$$to.new; \
	    install -m 644 etc/$$f $$to || exit 1; \
	done
	install -m 644 etc/services/service.schema.json etc/services/ums.openapi.json \
	    $(DESTDIR)$(SYSCONFDIR)/ums-mcp/services/
	install -m 644 etc/lighttpd.conf etc/nginx.conf README.md DESIGN.md CHANGES LICENSE \
	    $(DESTDIR)$(PREFIX)/share/doc/ums-mcp/
	install -m 644 man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	install -m 644 man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5/

clean:
	rm -rf build

help:
	@sed -n 's/^#   //p' Makefile
	@echo "make conformance   the official suite on both wires (installs it below build/)"
	@echo "make clients       Inspector, TypeScript and Python SDKs against the running bridge"
	@echo "make load          100 clients for 60 s through lighttpd and through nginx"
	@echo "make fuzz-run      every fuzz target for FUZZ_S seconds (default 10)"

conformance clients load fuzz-run:
	$(Q)scripts/$@

.PHONY: all unit check fuzz lint install clean help conformance clients load fuzz-run
.DELETE_ON_ERROR:
.SECONDARY: $(FUZZ_OBJ)
-include $(wildcard $(B)/obj/*/*.d $(B)/unit/*.d build/fuzz/obj/*/*.d)
