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
# What a compiler does not know is left out. _FORTIFY_SOURCE: 3 where it is more than a word.
has         = $(shell printf 'int main(void) { return 0; }' | \
              $(CC) -Werror $(1) -x c -c -o /dev/null - 2>/dev/null && echo $(1))
FORTIFY    := $(shell printf '\043if (__GNUC__ < 12 && !__clang__) || (__clang__ && __clang_major__ < 15)\n2\n\043else\n3\n\043endif\n' | \
              $(CC) -E -P - 2>/dev/null | tail -n 1)
MODE       := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(FORTIFY) -fstack-protector-strong \
              $(call has,-fstack-clash-protection) $(call has,-fcf-protection) -fPIE
LINKMODE   := -pie -Wl,-z,relro,-z,now,-z,noexecstack
endif

WARN       := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
              -Wwrite-strings -Wcast-qual -Wformat=2 -Wvla
ifeq ($(WERROR),1)
WARN       += -Werror
endif
PKGS       := libcurl libcjson libssl libcrypto libpcre2-8 libseccomp yaml-0.1 md4c
override CFLAGS += -std=c11 -D_GNU_SOURCE -DUMS_MCP_VERSION='"$(VERSION)"' $(WARN) $(MODE) \
              -fno-common -fvisibility=hidden -Isrc $(shell pkg-config --cflags $(PKGS) sqlite3)
LDFLAGS    += $(MODE) $(LINKMODE)
LIBS       := $(shell pkg-config --libs $(PKGS)) -levent_core -llmdb -lhiredis
LOCAL_LIBS := $(shell pkg-config --libs sqlite3 libcurl libcjson libcrypto) -lfcgi

src         = $(wildcard $(addsuffix /*.c,$(addprefix src/,$(1))))
obj         = $(patsubst src/%.c,$(B)/obj/%.o,$(1))

LIB_OBJ    := $(call obj,$(call src,base wire mcp))
BRIDGE_OBJ := $(call obj,$(call src,edge run cmd))
LOCAL_OBJ  := $(call obj,$(call src,local base)) $(call obj,src/wire/json.c src/wire/json_read.c src/wire/utf8.c)
# What unit tests reach of the upper layers.
UNIT_OBJ   := $(call obj,$(wildcard src/edge/redis*.c src/edge/store*.c src/edge/sandbox*.c) $(patsubst %,src/%.c, \
              edge/board edge/fetch edge/line edge/mail edge/trust edge/window \
              run/history run/life run/limit run/metrics run/settings_service run/verdict))
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

$(B)/unit/%: tests/unit/%.c $(LIB_OBJ) $(UNIT_OBJ)
	$(call say,UNIT,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(CPPFLAGS) -Itests/unit -MMD -MP $(LDFLAGS) $(UNIT_LINK) -o $@ $< $(LIB_OBJ) $(UNIT_OBJ) $(LIBS)

# How often the board asks the system is counted.
$(B)/unit/test_board: UNIT_LINK = -Wl,--wrap=fcntl

# The page stands in its object as it is.
$(B)/obj/run/status.o: src/run/status.html

unit: $(UNIT)

check: unit
	$(Q)for t in $(UNIT); do echo "$$t"; $$t || exit 1; done

# One libFuzzer program per parser, over objects that all of them share; clang only.
FUZZ_OBJ   := $(patsubst src/%.c,build/fuzz/obj/%.o,$(call src,base wire mcp))
fuzz_obj    = $(patsubst %,build/fuzz/obj/%.o,$(1))
comma      := ,
FUZZ_MODE  := -O1 -g -fno-sanitize-recover=undefined
FUZZ_FLAGS  = $(filter-out $(MODE),$(CFLAGS)) $(FUZZ_MODE)

build/fuzz/obj/%.o: src/%.c Makefile CHANGES
	$(call say,CLANG,$<)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<

# Where more than a parser is under test, what it stands on.
build/fuzz/fuzz_ask: $(call fuzz_obj,run/ask run/mailbox run/response)
build/fuzz/fuzz_policy: $(call fuzz_obj,run/limit edge/board)
build/fuzz/fuzz_store: $(call fuzz_obj,edge/redis_address edge/redis_look edge/store_redis)
build/fuzz/fuzz_import: $(patsubst src/%.c,build/fuzz/obj/%.o,$(wildcard src/cmd/import*.c))
build/fuzz/fuzz_path: $(call fuzz_obj,run/access run/ask run/auth run/bridge run/call run/claim run/consent \
    run/deed run/errand run/feed run/flight run/grant run/limit run/listen run/mailbox run/memo run/metrics \
    run/pursuit run/req run/req_calls run/req_entry run/req_log run/response run/settings \
    run/settings_service run/watch run/wish run/witness edge/audit edge/board edge/mail)
build/fuzz/fuzz_path: FUZZ_LINK = $(addprefix -Wl$(comma)--wrap=,clock_mono_us clock_wall_ms \
    clock_now crypto_random event_add event_del log_line)

build/fuzz/%: tests/fuzz/%.c $(FUZZ_OBJ)
	$(call say,FUZZ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -MMD -MP $(FUZZ_LINK) -o $@ $< \
	    $(filter %.o,$^) $(LIBS)

fuzz-build: $(FUZZ)

# The load generator of tests/bench: a program for itself, nothing of src/ is in it.
VOLLEY_LIBS = $(shell pkg-config --libs libcjson libssl libcrypto) -levent_core

$(B)/volley: tests/bench/volley.c Makefile
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) -o $@ $< $(VOLLEY_LIBS)

# What OpenSSL alone takes for a signature, and we for a token.
$(B)/verify: tests/bench/verify.c $(LIB_OBJ) Makefile
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) -o $@ $< $(LIB_OBJ) $(LIBS)

volley: $(B)/volley

verify: $(B)/verify

lint:
	$(Q)scripts/lint

# For who watches it: alert rules, a dashboard, the collector of the log.
WATCHERS   := $(patsubst etc/%,%,$(wildcard etc/prometheus/* etc/grafana/dashboards/* etc/otel/*))
MANAGERS   := $(patsubst etc/managers/%,%,$(wildcard etc/managers/*.* etc/managers/s6/*))
# What comes along for /etc/ums-mcp: an operator edits the first, and leaves the second alone.
OURS       := services/service.schema.json services/ums.openapi.json
THEIRS     := $(filter-out $(OURS),ums-mcp.conf $(patsubst etc/%,%,$(wildcard etc/services/*.json)))

# What an operator may have changed in /etc is kept; the new file stands beside it.
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(SYSCONFDIR)/ums-mcp/services \
	    $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/man/man5 \
	    $(addprefix $(DESTDIR)$(PREFIX)/share/doc/ums-mcp/,docs managers/s6 $(sort $(dir $(WATCHERS)))) \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(B)/ums-mcp $(B)/ums-local $(DESTDIR)$(PREFIX)/bin/
	$(Q)for f in $(THEIRS); do \
	    to=$(DESTDIR)$(SYSCONFDIR)/ums-mcp/$$f; \
	    [ ! -e $$to ] || cmp -s etc/$$f $$to || to=$$to.new; \
	    install -m 644 etc/$$f $$to || exit 1; \
	done
	install -m 644 $(addprefix etc/,$(OURS)) \
	    $(DESTDIR)$(SYSCONFDIR)/ums-mcp/services/
	install -m 644 etc/lighttpd.conf etc/nginx.conf README.md DESIGN.md CHANGES LICENSE \
	    $(DESTDIR)$(PREFIX)/share/doc/ums-mcp/
	install -m 644 docs/*.md $(DESTDIR)$(PREFIX)/share/doc/ums-mcp/docs/
	$(Q)for f in $(WATCHERS); do \
	    install -m 644 etc/$$f $(DESTDIR)$(PREFIX)/share/doc/ums-mcp/$$f || exit 1; \
	done
	$(Q)for f in $(MANAGERS); do \
	    mode=644; [ ! -x etc/managers/$$f ] || mode=755; \
	    install -m $$mode etc/managers/$$f $(DESTDIR)$(PREFIX)/share/doc/ums-mcp/managers/$$f || exit 1; \
	done
	install -m 644 etc/completion/ums-mcp.bash \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ums-mcp
	install -m 644 man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	install -m 644 man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5/

# What an operator has changed in /etc, or put there, stays.
uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/ums-mcp bin/ums-local \
	    share/bash-completion/completions/ums-mcp $(foreach m,$(notdir $(wildcard man/*.[58])), \
	    share/man/man$(patsubst .%,%,$(suffix $(m)))/$(m)))
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/ums-mcp
	$(Q)cd etc && for f in $(OURS) $(THEIRS); do \
	    to=$(abspath $(DESTDIR)$(SYSCONFDIR))/ums-mcp/$$f; \
	    ! cmp -s $$f $$to || rm $$to || exit 1; \
	done
	$(Q)for d in ums-mcp/services ums-mcp; do \
	    to=$(DESTDIR)$(SYSCONFDIR)/$$d; \
	    [ ! -d $$to ] || rmdir --ignore-fail-on-non-empty $$to || exit 1; \
	done

clean:
	rm -rf build

help:
	@sed -n 's/^#   //p' Makefile
	@echo "make uninstall     takes back what make install put there, and leaves what was changed in /etc"
	@echo "make dist          build/ums-mcp-VERSION.tar.gz and its SHA-256, of the last commit"
	@echo "make distcheck     that archive made twice, built, checked, installed and taken back"
	@echo "make deb           Debian packages in build/deb/, lintian clean"
	@echo "make test-deb      those on a fresh Debian 12 and 13: install, send, upgrade, purge (as root)"
	@echo "make conformance   the official suite on both wires (installs it below build/)"
	@echo "make test-stream   questions, changes, progress and tasks, both web servers, several workers"
	@echo "make test-auth     tokens and credentials with a real authorization server (installs it below build/)"
	@echo "make e2e-services  service files against real services (installs them below build/)"
	@echo "make test-import   imported public API documents against a mock that judges (installs it below build/)"
	@echo "make test-contracts  the files of providers that cannot be run here against documents of their APIs"
	@echo "make test-status   /status in a headless Chromium: a leak, a slow service, an overload, for real"
	@echo "make clients       Inspector, its page, TypeScript and Python SDKs against the running bridge"
	@echo "make load          100 clients for 60 s through lighttpd and through nginx"
	@echo "make volley        the load generator of tests/bench, in build/release/"
	@echo "make bench         memory, CPU and rate against bridges built on the SDKs"
	@echo "make tokens        what a model reads, in tokens: answers, results, tables, lists of tools"
	@echo "make life          recycles, reloads, kills and floods under load, both web servers"
	@echo "make chaos         keyed sends, repeated, while workers die and the service fails"
	@echo "make torture       the Nth allocation, read, write, ... fails, for every N, over the cases"
	@echo "make soak          a million requests and a million sessions: does a worker grow"
	@echo "make services-cost memory and time to start with 1, 6 and all service files"
	@echo "make test-compose  docker-compose.yml on a real engine of its own (root)"
	@echo "make test-hosts    three hosts, a balancer and one Redis as network namespaces, hurt under load (root)"
	@echo "make test-k8s      etc/k8s, built by kustomize and held to the published schemas"
	@echo "make test-observe  alert rules and dashboard by Prometheus, the log by OpenTelemetry's collector"
	@echo "make profile       where a request's processor time goes (callgrind)"
	@echo "make fuzz          every fuzz target for SECONDS seconds (default 10), or RUNS times"

# Each is a script of its name.
SCRIPTS    := bench chaos clients conformance deb dist distcheck e2e-services fuzz life load profile \
              services-cost soak test-auth test-compose test-contracts test-deb test-hosts test-import \
              test-k8s test-observe test-status test-stream tokens torture

$(SCRIPTS):
	$(Q)scripts/$@

.PHONY: all unit check fuzz-build volley verify lint install uninstall clean help $(SCRIPTS)
.DELETE_ON_ERROR:
.SECONDARY: $(FUZZ_OBJ)
-include $(wildcard $(B)/obj/*/*.d $(B)/unit/*.d build/fuzz/obj/*/*.d build/fuzz/*.d)
