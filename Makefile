# sevkit: build, tests, conformance runs. `make help` lists the targets.

VERSION := 0.1.0
BUILD ?= build
PREFIX ?= /usr/local
VENV := $(CURDIR)/build/venv
SAN ?=
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))

.DEFAULT_GOAL := help

# ---- flags ----

# Read once; `make deps` runs before the make that compiles.
PKGS := libcrypto jansson
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
CUNIT_LIBS := -lcunit

WARN := -Wall -Wextra -Wconversion -Wshadow -Wswitch-enum -Wmissing-prototypes -Wvla -Werror
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIC -Wformat -Wformat-security
OPT := -O2 -g
ifneq ($(SAN),)
override BUILD := $(BUILD)/san
OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
HARDEN := -fPIC -Wformat -Wformat-security
endif
CFLAGS_ALL = -std=c17 -D_GNU_SOURCE -DSEVKIT_VERSION='"$(VERSION)"' $(WARN) $(HARDEN) $(OPT) \
             -Iemulator/include -Iemulator $(PKG_CFLAGS) $(CFLAGS)
LDFLAGS_ALL = $(if $(SAN),-fsanitize=address$(comma)undefined,-Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now) $(LDFLAGS)
comma := ,

# ---- the core: one static library a folder, linked in this order ----

FOLDERS := vmm psp driver pki memory rmp crypto abi
DEPS_abi :=
DEPS_crypto := abi
DEPS_rmp := abi
DEPS_memory := rmp crypto abi
DEPS_pki := crypto abi
DEPS_psp := pki memory rmp crypto abi
DEPS_vmm := psp pki memory rmp crypto abi
DEPS_driver := crypto abi

lib = $(BUILD)/lib/lib$(1).a
objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

# Profiles, scenarios and test keys are data that the binaries carry.
PROFILES := $(sort $(wildcard emulator/profiles/*.json))
PROFILES := $(filter-out %/profile.schema.json,$(PROFILES))
SCENARIOS := $(sort $(wildcard emulator/profiles/scenarios/*.json))
SCENARIOS := $(filter-out %/scenario.schema.json,$(SCENARIOS))
KEYS := $(sort $(wildcard vectors/keys/*.key.pem))
GEN_vmm := $(BUILD)/gen/profiles.c $(BUILD)/gen/scenarios.c
GEN_pki := $(BUILD)/gen/test_keys.c

define folder_rules
SRC_$(1) := $$(sort $$(wildcard emulator/$(1)/*.c))
OBJ_$(1) := $$(call objs,$$(SRC_$(1))) $$(patsubst $(BUILD)/gen/%.c,$(BUILD)/obj/gen/%.o,$$(GEN_$(1)))
$(call lib,$(1)): $$(OBJ_$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^

TEST_$(1) := $$(sort $$(wildcard emulator/$(1)/tests/*.c))
ifneq ($$(TEST_$(1)),)
$(BUILD)/tests/unit-$(1): $$(call objs,$$(TEST_$(1)) $$(UNIT_SRC)) $(call lib,$(1)) $$(foreach d,$$(DEPS_$(1)),$$(call lib,$$(d)))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) -o $$@ $$^ $$(LDFLAGS_ALL) $$(PKG_LIBS) $$(CUNIT_LIBS)
UNIT_TESTS += $(BUILD)/tests/unit-$(1)
unit-$(1): $(BUILD)/tests/unit-$(1)
	$(BUILD)/tests/unit-$(1)
endif
endef

UNIT_SRC := $(sort $(wildcard emulator/unit/*.c))
Q := $(if $(V),,@)
$(foreach f,$(FOLDERS),$(eval $(call folder_rules,$(f))))
LIBS := $(foreach f,$(FOLDERS),$(call lib,$(f)))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC  $<")
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/gen/profiles.c: harness/build/embed.sh $(PROFILES)
	@mkdir -p $(@D)
	$(Q)sh harness/build/embed.sh vmm_profile_files .json $(PROFILES) > $@.tmp && mv $@.tmp $@

$(BUILD)/gen/scenarios.c: harness/build/embed.sh $(SCENARIOS)
	@mkdir -p $(@D)
	$(Q)sh harness/build/embed.sh vmm_scenario_files .json $(SCENARIOS) > $@.tmp && mv $@.tmp $@

$(BUILD)/gen/test_keys.c: harness/build/embed.sh $(KEYS)
	@mkdir -p $(@D)
	$(Q)sh harness/build/embed.sh pki_key_files .key.pem $(KEYS) > $@.tmp && mv $@.tmp $@

# The decision tables of the RMP, as the second model answers them.
$(BUILD)/gen/rmp_decisions.c: harness/build/embed_one.sh vectors/rmp/decisions.json
	@mkdir -p $(@D)
	$(Q)sh harness/build/embed_one.sh decision_file vectors/rmp/decisions.json > $@.tmp && mv $@.tmp $@

# The vectors' table of tests, and the files themselves.
CASES := $(sort $(wildcard vectors/cases/*.json))
$(BUILD)/gen/vector_cases.c: harness/build/cases.sh $(CASES)
	@mkdir -p $(@D)
	$(Q)sh harness/build/cases.sh $(CASES) > $@.tmp && mv $@.tmp $@
$(BUILD)/obj/gen/vector_cases.o: CFLAGS_ALL += -Isuites

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# ---- programs ----

$(BUILD)/obj/suites/%.o: CFLAGS_ALL += -Isuites

SUITE_SRC := $(sort $(wildcard suites/*/*.c))
SUITE_OBJ := $(call objs,$(SUITE_SRC)) $(addprefix $(BUILD)/obj/gen/,rmp_decisions.o vector_cases.o)
BIN := $(addprefix $(BUILD)/bin/,suite-runner snp-verify sevkit-mint psp-run pspd sevkit-bench sevkit)

$(BUILD)/bin/suite-runner: $(SUITE_OBJ) $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(PKG_LIBS) $(CUNIT_LIBS)

# For a guest's small world: its agent, of the targets qemu: and cuse:.
$(BUILD)/bin/suite-runner-static: $(SUITE_OBJ) $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) -static -Wl,--no-warnings -o $@ $^ $(LDFLAGS_ALL) $(shell pkg-config --static --libs $(PKGS) 2>/dev/null) $(CUNIT_LIBS)

$(BUILD)/bin/snp-verify: $(call objs,$(wildcard emulator/frontends/snp_verify*.c) emulator/frontends/cli.c) $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(PKG_LIBS)

$(BUILD)/bin/sevkit-mint: $(call objs,$(wildcard emulator/frontends/mint*.c) $(addprefix emulator/frontends/,load.c cli.c)) $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(PKG_LIBS)

# psp-run: configfs-tsm needs FUSE, the key distribution service HTTP and TLS.
RUN_SRC := $(wildcard emulator/frontends/run*.c emulator/frontends/kds_*.c) \
           $(addprefix emulator/frontends/,task_memory.c world.c load.c cli.c)
FUSE_PKGS := fuse3
HTTP_PKGS := libmicrohttpd
$(call objs,$(filter emulator/frontends/run_tsm%,$(RUN_SRC)) emulator/frontends/pspd_cuse.c): CFLAGS_ALL += $(shell pkg-config --cflags $(FUSE_PKGS) 2>/dev/null)
$(call objs,$(filter %/run_kds.c,$(RUN_SRC)) $(filter emulator/frontends/kds_%,$(RUN_SRC))): CFLAGS_ALL += $(shell pkg-config --cflags $(HTTP_PKGS) 2>/dev/null)
$(BUILD)/bin/psp-run: $(call objs,$(RUN_SRC)) $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(PKG_LIBS) -pthread \
	    $(shell pkg-config --libs $(FUSE_PKGS) $(HTTP_PKGS) 2>/dev/null)

$(BUILD)/bin/pspd: $(call objs,$(wildcard emulator/frontends/pspd*.c) $(addprefix emulator/frontends/,frame.c task_memory.c kds_http.c world.c cli.c)) $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(PKG_LIBS) -pthread \
	    $(shell pkg-config --libs $(FUSE_PKGS) $(HTTP_PKGS) 2>/dev/null)

$(BUILD)/bin/sevkit-bench: $(call objs,$(filter-out %/probe.c,$(wildcard harness/bench/*.c)) $(addprefix emulator/frontends/,frame.c cli.c)) $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(PKG_LIBS) -pthread

# The RMP's proofs and tables (docs/prove.md): rmp-search visits every state of a small world, rmp-walk takes random
# steps, rmp-dump writes the decision tables, rmp-rows the page state transitions.
RMP_TOOLS := $(addprefix $(BUILD)/bin/rmp-,search walk dump rows)
RMP_TOOL_LIBS := $(foreach f,pki rmp crypto abi,$(call lib,$(f)))
$(BUILD)/obj/harness/prove/dump.o: CFLAGS_ALL += -Isuites
$(BUILD)/bin/rmp-search: $(call objs,$(wildcard harness/prove/search*.c))
$(BUILD)/bin/rmp-walk: $(call objs,$(wildcard harness/prove/walk*.c))
$(BUILD)/bin/rmp-dump: $(call objs,harness/prove/dump.c $(filter-out suites/rmp/decision.c,$(wildcard suites/rmp/decision*.c)))
$(BUILD)/bin/rmp-rows: $(call objs,harness/prove/rows.c)
$(RMP_TOOLS): $(call objs,emulator/frontends/cli.c) $(RMP_TOOL_LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(RMP_TOOL_LIBS) $(LDFLAGS_ALL) $(PKG_LIBS) -pthread

# The same inputs to C and to the reference (harness/differ).
$(BUILD)/bin/vector-differ: $(call objs,harness/differ/differ.c) $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(PKG_LIBS)

# Fuzz targets; `make fuzz` calls this with clang and its flags.
FUZZERS := $(patsubst harness/fuzz/target_%.c,$(BUILD)/bin/fuzz-%,$(wildcard harness/fuzz/target_*.c))
$(BUILD)/bin/fuzz-frames: $(call objs,$(addprefix emulator/frontends/,cli.c frame.c world.c pspd_data.c pspd_machine.c pspd_options.c pspd_rmp.c pspd_state.c))
$(FUZZERS): $(BUILD)/bin/fuzz-%: $(BUILD)/obj/harness/fuzz/target_%.o $(BUILD)/obj/harness/fuzz/fuzz.o $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(LIBS) $(LDFLAGS_ALL) $(PKG_LIBS)

# The Python command: finds its tree and its environment beside itself.
$(BUILD)/bin/sevkit: harness/build/sevkit.sh.in
	@mkdir -p $(@D)
	$(Q)sed -e 's|@HARNESS@|$(CURDIR)/harness|' -e 's|@VENV@|$(VENV)|' $< > $@ && chmod 755 $@

all: $(BIN) $(RMP_TOOLS) $(BUILD)/bin/vector-differ

# ---- installation: libsevkit is every folder's code in one library ----

SOVERSION := 0
LIB_OBJ := $(foreach f,$(FOLDERS),$(OBJ_$(f)))
HEADERS := $(sort $(wildcard emulator/include/sevkit/*.h))
LIBSEVKIT := $(addprefix $(BUILD)/lib/libsevkit.,a so)

# q, not r: files of one name in two folders are two members.
$(BUILD)/lib/libsevkit.a: $(LIB_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) qcs $@ $^

# What the public headers declare is what the shared library exports.
$(BUILD)/gen/libsevkit.map: $(HEADERS)
	@mkdir -p $(@D)
	$(Q){ echo '{ global:'; cat $^ | grep -Eo '\b(sevkit|abi|crypto|rmp|mem|pki|psp|vmm|drv)_[a-z0-9_]+\(' | \
	    sort -u | tr '(' ';'; echo 'local: *; };'; } > $@.tmp && mv $@.tmp $@

$(BUILD)/lib/libsevkit.so: $(LIB_OBJ) $(BUILD)/gen/libsevkit.map
	$(Q)$(CC) -shared -Wl,-soname,libsevkit.so.$(SOVERSION) -Wl,--version-script=$(BUILD)/gen/libsevkit.map \
	    -Wl,-z,defs -o $@ $(LIB_OBJ) $(LDFLAGS_ALL) $(PKG_LIBS)

INSTALLED = $(DESTDIR)$(PREFIX)
# The agent of `sevkit guest`; sanitizers cannot be linked statically.
INSTALLED_STATIC := $(if $(SAN),,$(BUILD)/bin/suite-runner-static)
install: all $(LIBSEVKIT) $(INSTALLED_STATIC)
	install -d $(addprefix $(INSTALLED)/,bin include/sevkit lib/pkgconfig share/man/man1 \
	    share/sevkit/profiles share/sevkit/scenarios)
	install -m 755 $(filter-out %/sevkit %/sevkit-bench,$(BIN)) $(INSTALLED_STATIC) $(INSTALLED)/bin/
	install -m 755 harness/build/sevkit-installed.sh $(INSTALLED)/bin/sevkit
	install -m 644 $(HEADERS) $(INSTALLED)/include/sevkit/
	install -m 644 $(BUILD)/lib/libsevkit.a $(INSTALLED)/lib/
	install -m 755 $(BUILD)/lib/libsevkit.so $(INSTALLED)/lib/libsevkit.so.$(VERSION)
	ln -sf libsevkit.so.$(VERSION) $(INSTALLED)/lib/libsevkit.so.$(SOVERSION)
	ln -sf libsevkit.so.$(SOVERSION) $(INSTALLED)/lib/libsevkit.so
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' harness/build/sevkit.pc.in \
	    > $(INSTALLED)/lib/pkgconfig/sevkit.pc
	install -m 644 docs/man/*.1 $(INSTALLED)/share/man/man1/
	install -m 644 emulator/profiles/*.json $(INSTALLED)/share/sevkit/profiles/
	install -m 644 emulator/profiles/scenarios/*.json $(INSTALLED)/share/sevkit/scenarios/
	find vectors harness/sevkit harness/guest harness/python/requirements.txt docs/errata.md -name __pycache__ -prune -o -type f \
	    -exec install -D -m 644 {} $(INSTALLED)/share/sevkit/{} \;

# ---- what people call ----

# Targets that build go through `deps` first, then through a make that sees the packages.
JOBS := $(shell nproc 2>/dev/null || echo 2)
SUBMAKE = $(MAKE) --no-print-directory -j$(JOBS)

deps:
	@sh harness/build/deps.sh $(VENV)

deps-guest:
	@sh harness/build/deps.sh $(VENV) guest

deps-dev:
	@sh harness/build/deps.sh $(VENV) dev

conform: deps
	@$(SUBMAKE) all
	@SEVKIT_BIN=$(BUILD)/bin $(BUILD)/bin/sevkit run --out $(BUILD)/conform

test: deps
	@$(SUBMAKE) all unit-tests
	@PYTHONPATH=harness $(VENV)/bin/python -m sevkit.selftest $(BUILD)

unit-tests: $(UNIT_TESTS)

bench: deps
	@$(SUBMAKE) $(addprefix $(BUILD)/bin/,sevkit-bench pspd psp-run suite-runner-static) $(BUILD)/bench/probe $(ADAPTER_DIR)/snp-verify/snp-verify
	@$(BUILD)/bin/sevkit-bench --out $(BUILD)/bench.json
	@SEVKIT_BIN=$(BUILD)/bin PYTHONPATH=harness $(VENV)/bin/python harness/bench/programs.py $(BUILD)

# Other people's attestation clients under psp-run and in guests; needs their ecosystems' tools (go, cargo) and a network.
# CLIENTS, CLIENT_PROFILES and CLIENT_GUESTS, names with blanks between: only those.
clients: deps
	@$(SUBMAKE) all $(BUILD)/bin/suite-runner-static
	@SEVKIT_BIN=$(BUILD)/bin PYTHONPATH=harness $(VENV)/bin/python -m clients $(BUILD)

# The distributions' own driver in a virtual machine. GUEST_KERNELS: which of 6.1 and 6.12.
GUEST_KERNELS ?= 6.1 6.12
guest: deps-guest
	@$(SUBMAKE) all $(BUILD)/bin/suite-runner-static
	@SEVKIT_BIN=$(BUILD)/bin $(BUILD)/bin/sevkit guest $(addprefix --kernel ,$(GUEST_KERNELS)) --out $(BUILD)/guest

# A client to be timed; static, as Go's programs are.
$(BUILD)/bench/probe: $(BUILD)/obj/harness/bench/probe.o
	@mkdir -p $(@D)
	$(Q)$(CC) -static -o $@ $^ $(LDFLAGS)

FUZZ_SECONDS ?= 30
FUZZ_SAN := address$(comma)undefined
fuzz: deps-dev
	@$(SUBMAKE) $(BUILD)/bin/sevkit-mint
	@$(SUBMAKE) BUILD=$(BUILD)/fuzz CC=clang HARDEN='-fPIC -Wformat -Wformat-security' \
	    OPT='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,$(FUZZ_SAN) -fno-sanitize-recover=undefined' \
	    LDFLAGS='-fsanitize=fuzzer,$(FUZZ_SAN)' fuzzers
	@$(VENV)/bin/python harness/fuzz/fuzz.py --mint $(BUILD)/bin/sevkit-mint --dir $(BUILD)/fuzz \
	    --seconds $(FUZZ_SECONDS)

fuzzers: $(FUZZERS)

# The vectors for people who have nothing else of sevkit.
vectors: deps
	@PYTHONPATH=harness $(VENV)/bin/python -m pack $(BUILD)

# Programs that put the vectors to a verifier's library (docs/adapters.md), each built from its ecosystem's registry.
ADAPTERS ?= go-sev-guest virtee-sev snp-verify reference
ADAPTER_DIR := $(BUILD)/adapters
ADAPTER_SRC := harness/adapters
$(ADAPTER_DIR)/snp-verify/snp-verify: $(call objs,$(wildcard $(ADAPTER_SRC)/snp-verify/*.c) emulator/frontends/cli.c) $(foreach f,pki crypto abi,$(call lib,$(f)))
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(PKG_LIBS)
$(ADAPTER_DIR)/go-sev-guest/go-sev-guest: $(wildcard $(ADAPTER_SRC)/go-sev-guest/*.go $(ADAPTER_SRC)/go-sev-guest/go.*)
	@mkdir -p $(@D)
	cd $(ADAPTER_SRC)/go-sev-guest && CGO_ENABLED=0 go build -mod=readonly -buildvcs=false -trimpath -o $(abspath $@) .
$(ADAPTER_DIR)/virtee-sev/virtee-sev: $(wildcard $(ADAPTER_SRC)/virtee-sev/Cargo.* $(ADAPTER_SRC)/virtee-sev/src/*.rs)
	@mkdir -p $(@D)
	cd $(ADAPTER_SRC)/virtee-sev && CARGO_TARGET_DIR=$(abspath $(@D))/target cargo build --release --locked --quiet
	cp $(@D)/target/release/virtee-sev $@
adapter-programs: $(foreach a,$(filter-out reference,$(ADAPTERS)),$(ADAPTER_DIR)/$(a)/$(a))

adapters: deps
	@$(SUBMAKE) adapter-programs

matrix: adapters
	@$(SUBMAKE) $(BUILD)/bin/sevkit
	@SEVKIT_BIN=$(BUILD)/bin $(BUILD)/bin/sevkit matrix $(addprefix --adapter ,$(ADAPTERS)) --out $(BUILD)/matrix

DIFFER_INPUTS ?= 1000000
differ: deps
	@$(SUBMAKE) $(BUILD)/bin/vector-differ
	@PYTHONPATH=harness $(VENV)/bin/python -m differ --program $(BUILD)/bin/vector-differ --inputs $(DIFFER_INPUTS) \
	    --out $(BUILD)/differ

# Makes the cases anew; they are committed.
cases: deps
	@PYTHONPATH=harness $(VENV)/bin/python -m reference generate
	@PYTHONPATH=harness $(VENV)/bin/python -m reference anchors

docs: deps
	@$(SUBMAKE) all $(BUILD)/bin/suite-runner-static
	@PYTHONPATH=harness $(VENV)/bin/python -m reference docs
	@PYTHONPATH=harness $(VENV)/bin/python -m sevkit.requirements docs --build $(BUILD)
	@$(BUILD)/bin/rmp-rows > docs/rmp-transitions.md
	@PYTHONPATH=harness $(VENV)/bin/python -m prove.attacks $(BUILD) --docs
	@SEVKIT_BIN=$(BUILD)/bin PYTHONPATH=harness $(VENV)/bin/python -m guest.compare

# The RMP: every state of a small world, seeded faults, CBMC's proofs, the attacks without their checks. PROVE=cut: the
# quick part.
PROVE ?= full
prove: deps
	@$(SUBMAKE) all
	@SEVKIT_BIN=$(BUILD)/bin PYTHONPATH=harness $(VENV)/bin/python -m prove $(BUILD) $(if $(filter cut,$(PROVE)),--cut)

# Random steps on the RMP under ASan and UBSan and, by two threads, under TSan, which wants a fixed place in memory.
WALK_STEPS ?= 200000
TSAN_RUN = $(shell setarch -R true 2>/dev/null && echo setarch -R)
walk: deps
	@$(SUBMAKE) SAN=1 $(BUILD)/san/bin/rmp-walk
	@$(SUBMAKE) BUILD=$(BUILD)/tsan HARDEN='-fPIC -Wformat -Wformat-security' \
	    OPT='-O1 -g -fno-omit-frame-pointer -fsanitize=thread' LDFLAGS=-fsanitize=thread $(BUILD)/tsan/bin/rmp-walk
	timeout 3600 $(BUILD)/san/bin/rmp-walk --pages-per-large 4 --steps $(WALK_STEPS)
	timeout 3600 $(BUILD)/san/bin/rmp-walk --steps $$(( $(WALK_STEPS) / 10 ))
	timeout 3600 $(TSAN_RUN) $(BUILD)/tsan/bin/rmp-walk --threads 2 --pages-per-large 4 --steps $(WALK_STEPS)

# Folders of emulator/ whose code is broken, one small thing at a time; see docs/mutants.md. MUTANTS=changed:
# only lines that differ from MUTANTS_BASE; MUTANTS_FILES: only files that match.
MUTANT_FOLDERS ?= abi psp driver vmm rmp memory
mutants: deps
	@PYTHONPATH=harness $(VENV)/bin/python -m mutants $(BUILD) $(MUTANT_FOLDERS)

LINT_C = $(shell git ls-files -co --exclude-standard '*.c' '*.h')
LINT_PY := harness
# A failure copies the name of its field (sevkit_fail), which cppcheck takes for a kept pointer; it does not
# read jansson's header, so that json_object_foreach is unknown to it.
CPPCHECK := --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr --std=c11 \
            --suppress=returnDanglingLifetime --suppress=unknownMacro
lint: deps-dev
	@$(SUBMAKE) all
	clang-format --dry-run -Werror $(LINT_C)
	cppcheck $(CPPCHECK) -j$(JOBS) -Iemulator/include -Iemulator -Isuites $(filter %.c,$(LINT_C))
	$(VENV)/bin/python harness/lint/house.py $(BUILD)/lib
	$(VENV)/bin/ruff check --config harness/pyproject.toml --no-cache $(LINT_PY)
	$(VENV)/bin/ruff format --check --config harness/pyproject.toml --no-cache $(LINT_PY)
	MYPYPATH=harness $(VENV)/bin/mypy --config-file harness/pyproject.toml --cache-dir $(BUILD)/mypy $(LINT_PY)
	PYTHONPATH=harness $(VENV)/bin/python -m sevkit.requirements check --build $(BUILD)
	PYTHONPATH=harness $(VENV)/bin/python -m guest.errata
	$(BUILD)/bin/rmp-rows | diff docs/rmp-transitions.md -
	shellcheck harness/guest/init harness/guest/boot harness/build/*.sh .ci/run .ci/full

help:
	@sed -n 's/^#: //p' Makefile

#: sevkit: test and emulation suite for AMD SEV-SNP protocol conformance
#:
#: make conform    run every suite on the embedded emulator; results in build/conform/
#: make test       unit tests, suites, vectors and harness tests (SAN=1: under ASan and UBSan)
#: make all        build the programs into build/bin/
#: make bench      measure our code beside OpenSSL's own primitives; numbers in build/bench.json
#: make fuzz       libFuzzer targets under ASan and UBSan, FUZZ_SECONDS=30 each; in build/fuzz/
#: make deps       install what `conform` and `test` need, if anything is missing
#: make deps-dev   the same for lint, sanitizers, fuzzing and browsers
#: make lint       formatting, static checks, house rules, requirement registry
#: make prove      the RMP: every state of a small world, seeded faults, CBMC, attacks without their checks (PROVE=cut)
#: make walk       the RMP: random steps under sanitizers, WALK_STEPS=200000
#: make mutants    break the code of MUTANT_FOLDERS="abi psp driver vmm rmp memory", one thing at a time, and see the tests go red
#:                 (MUTANTS=all|changed  MUTANTS_BASE=HEAD~1  MUTANTS_FILES=GLOB)
#: make vectors    pack the vectors: build/sevkit-vectors-VERSION.tar.gz
#: make cases      make the vectors anew from the reference in Python (they are committed)
#: make adapters   build the adapters of verifier libraries (ADAPTERS="go-sev-guest virtee-sev snp-verify reference")
#: make matrix     run the vectors through these verifiers; results in build/matrix/
#: make differ     the same million inputs to C and to the reference (DIFFER_INPUTS=1000000)
#: make clients    other people's attestation clients, unmodified, under psp-run and in guests: a table of what they say
#:                 (CLIENTS="go-sev-guest"  CLIENT_PROFILES="genoa-1.55.40-v3-vcek"  CLIENT_GUESTS="6.1 6.12")
#: make guest      the distributions' own sev-guest driver in QEMU against our PSP: suites device and tsm
#:                 (GUEST_KERNELS="6.1 6.12"); results in build/guest/
#: make docs       regenerate docs/requirements.md, rmp-transitions.md and attacks.md from the registries, the code and the
#:                 tests, and docs/comparison.md where QEMU and the guests' kernels are at hand
#: make install    programs, library, headers, man pages, profiles, scenarios, vectors into DESTDIR and PREFIX=/usr/local
#: make clean      remove BUILD
#:
#: variables: CC=gcc|clang  SAN=1  V=1  BUILD=DIR

clean:
	$(if $(filter / . .. ,$(BUILD))$(if $(BUILD),,x),$(error BUILD=$(BUILD) is no folder to remove))
	rm -rf $(BUILD)

.PHONY: adapter-programs all adapters bench cases clients differ fuzz fuzzers help matrix mutants docs prove walk install lint deps deps-dev deps-guest guest conform test unit-tests vectors clean $(addprefix unit-,$(FOLDERS))
.DELETE_ON_ERROR:
