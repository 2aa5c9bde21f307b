# SPDX-License-Identifier: MIT
# Builds libfloe, floe and its modules; `make help` lists the targets and settings.

VERSION := 0.1.0
SOVERSION := 0

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
MODULEDIR ?= $(LIBDIR)/floe
SYSTEMDUNITDIR ?= $(PREFIX)/lib/systemd/system
SUPERVISEDIR ?= $(PREFIX)/share/floe

BUILD ?= build
SANITIZE ?=
STATIC ?=
V ?= 0
WERROR ?= -Werror
OPTIMIZE ?= -O2 -g
CFLAGS ?= $(OPTIMIZE)
PKG_CONFIG ?= pkg-config
CLANG ?= clang
INSTALL ?= install
JOBS ?= $(shell nproc 2>/dev/null || echo 1)

# Objects of different kinds never share a directory: O is where this run builds.
O := $(BUILD)$(if $(SANITIZE),/sanitize)$(if $(STATIC),/static)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

ifeq ($(V),1)
say := @:
Q :=
else
say = @printf '  %-7s %s\n' $(1) '$(patsubst $(O)/%,%,$@)'
Q := @
MAKEFLAGS += --no-print-directory
endif

# ---- Sources: one wildcard a room, see docs/architecture.md; an empty room is no error ---------

LIB_ROOMS := $(addprefix runtime/,base spec plan net link launch sys monitor state image lib nix machined oci) \
	     netlink seccomp init
room = $(sort $(wildcard $(addsuffix /*.c,$(1))))

LIB_SOURCES := $(call room,$(LIB_ROOMS))
# Debian's libmnl-dev has no libmnl.a: a static program then gets the few functions from here.
MNL_ARCHIVE := $(findstring /,$(shell $(CC) -print-file-name=libmnl.a))
LIB_SOURCES += $(if $(STATIC),$(if $(MNL_ARCHIVE),,$(call room,netlink/static)))
CLI_SOURCES := $(call room,runtime/cli)
GEN_SOURCES := $(call room,seccomp/gen seccomp/compile)
UNIT_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
UNIT_HELPERS := $(filter-out $(UNIT_SOURCES),$(call room,tests/unit))
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SOURCES := $(call room,tests/bench)
POLICY_FILES := $(sort $(wildcard seccomp/policy/*))

# Modules keep heavy libraries out of the start: loaded by runtime/lib/module.c when asked for.
MODULE_image_SOURCES := $(call room,runtime/image/archive)
MODULE_image_PACKAGES := libarchive liblzma libzstd zlib
MODULE_seccomp_SOURCES := $(call room,seccomp/module seccomp/compile)
MODULE_seccomp_PACKAGES := libseccomp
MODULE_nixdb_SOURCES := $(call room,runtime/nix/db)
MODULE_nixdb_PACKAGES := sqlite3
MODULE_pull_SOURCES := $(call room,runtime/image/pull)
MODULE_pull_PACKAGES := libcurl
# What libcurl.a refers to is not to be had as archives: a static floe cannot pull.
ALL_MODULES := image seccomp nixdb $(if $(STATIC),,pull)

# ---- Libraries: needed ones stop the build with a hint, optional ones are reported -------------

PACKAGES := libcap libmnl jansson
have = $(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo yes)

# A module is built when it has sources and its libraries are there.
MODULES := $(foreach m,$(ALL_MODULES),$(if $(MODULE_$(m)_SOURCES),\
	$(if $(call have,$(MODULE_$(m)_PACKAGES)),$(m))))
ABSENT_MODULES := $(foreach m,$(ALL_MODULES),$(if $(MODULE_$(m)_SOURCES),\
	$(filter-out $(MODULES),$(m))))
MODULE_PACKAGES := $(foreach m,$(MODULES),$(MODULE_$(m)_PACKAGES))

BUILDLESS := deps demo check clean help format format-check uninstall
ifneq ($(filter-out $(BUILDLESS),$(or $(MAKECMDGOALS),all)),)
MISSING := $(foreach p,$(PACKAGES) $(if $(GEN_SOURCES),libseccomp),$(if $(call have,$(p)),,$(p)))
ifneq ($(strip $(MISSING)),)
$(error Missing libraries: $(strip $(MISSING)). `make deps` installs them)
endif
endif

pkg_cflags = $(if $(strip $(1)),$(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null))
pkg_libs = $(if $(strip $(1)),$(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null))

LIB_LIBS := $(call pkg_libs,$(PACKAGES)) -ldl
MODULE_LIBS := $(call pkg_libs,$(MODULE_PACKAGES))

# ---- Flags -------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra $(WERROR) -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	    -Wpointer-arith -Wvla -Wundef -Wformat-security -Wwrite-strings
DEFINES := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DFLOE_VERSION='"$(VERSION)"' \
	   -DFLOE_MODULE_DIR='"$(MODULEDIR)"' $(if $(STATIC),-DFLOE_STATIC) \
	   $(foreach m,$(MODULES),-DFLOE_HAVE_$(shell echo $(m) | tr a-z A-Z))
INCLUDES := -I.

# FORTIFY needs an optimising compiler, and hides from the sanitizers what they would report.
ifneq ($(SANITIZE),)
HARDENING := -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
HARDENING_LINK := -fsanitize=$(SANITIZE)
else
HARDENING := $(if $(filter-out -O0,$(filter -O%,$(CFLAGS))),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2) \
	     -fstack-protector-strong -fstack-clash-protection
HARDENING_LINK := -Wl,-z,relro,-z,now -Wl,-z,noexecstack
endif

# No PLT: also a program that binds lazily finds a function's address without the dynamic linker,
# whose memory some of our processes do not have (runtime/sys/memory.h).
OUR_CFLAGS := -std=gnu17 $(WARNINGS) $(DEFINES) $(INCLUDES) -fPIC -fno-plt -fvisibility=hidden \
	      -ffunction-sections -fdata-sections $(HARDENING)
PACKAGE_CFLAGS := $(call pkg_cflags,$(PACKAGES) $(MODULE_PACKAGES) \
			$(if $(GEN_SOURCES),libseccomp) $(if $(call have,cmocka),cmocka))
OUR_LDFLAGS := $(HARDENING_LINK) -Wl,--gc-sections -Wl,--as-needed
COMPILE = $(CC) $(OUR_CFLAGS) $(PACKAGE_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(OUR_CFLAGS) $(CFLAGS) $(OUR_LDFLAGS) $(LDFLAGS)

# ---- Objects -----------------------------------------------------------------------------------

objects = $(patsubst %.c,$(O)/%.o,$(1))
SECCOMP_TABLES := $(if $(wildcard seccomp/gen/*.c),$(O)/seccomp/tables.c)
STUB_IMAGE := $(if $(wildcard init/freestanding/stub.c),$(O)/init/stub_image.c)
LIB_OBJECTS := $(call objects,$(LIB_SOURCES)) $(SECCOMP_TABLES:.c=.o) $(STUB_IMAGE:.c=.o)
CLI_OBJECTS := $(call objects,$(CLI_SOURCES))
MODULE_OBJECTS := $(sort $(foreach m,$(MODULES),$(call objects,$(MODULE_$(m)_SOURCES))))
INTERNAL_OBJECTS := $(filter-out $(O)/runtime/cli/main.o,$(CLI_OBJECTS)) $(MODULE_OBJECTS)
UNIT_PROGRAMS := $(patsubst %.c,$(O)/%,$(UNIT_SOURCES))
BENCH_PROGRAMS := $(patsubst %.c,$(O)/%,$(BENCH_SOURCES))
FUZZ_PROGRAMS := $(patsubst %.c,$(O)/%,$(FUZZ_SOURCES))
MODULE_FILES := $(patsubst %,$(O)/modules/%.so,$(MODULES))
SUPERVISE := $(patsubst supervise/%,$(O)/supervise/%,$(sort $(wildcard supervise/*)))
SOLIB := libfloe.so.$(SOVERSION)

ifdef STATIC
all: $(O)/floe
else
all: $(O)/libfloe.a $(O)/$(SOLIB) $(if $(CLI_SOURCES),$(O)/floe) $(MODULE_FILES) $(O)/floe.pc $(SUPERVISE)
endif

# Changed flags rebuild everything: the file changes only when they do.
FLAGS_TEXT := $(COMPILE) | $(LINK) $(LIB_LIBS) $(MODULE_LIBS)
$(O)/.flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_TEXT))' | cmp -s - $@ || { \
		printf '  modules %s%s\n' '$(or $(strip $(MODULES)),none)' \
			'$(if $(strip $(ABSENT_MODULES)), (left out, no library: $(strip $(ABSENT_MODULES))))'; \
		printf '%s\n' '$(subst ','\'',$(FLAGS_TEXT))' >$@; }

$(O)/%.o: %.c $(O)/.flags
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(O)/seccomp/tables.o $(O)/init/stub_image.o: $(O)/%.o: $(O)/%.c $(O)/.flags
	$(call say,CC)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# Modules export their table alone: the version script hides the rest.
$(MODULE_OBJECTS): OUR_CFLAGS += -fvisibility=default

$(O)/libfloe.a: $(LIB_OBJECTS)
	$(call say,AR)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# Files of service managers say where floe is.
$(O)/supervise/%: supervise/% $(O)/.flags
	@mkdir -p $(@D)
	$(Q)sed 's|@BINDIR@|$(BINDIR)|g' $< >$@

$(O)/libinternal.a: $(INTERNAL_OBJECTS)
	$(call say,AR)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(O)/$(SOLIB): $(LIB_OBJECTS)
	$(call say,LD)
	$(Q)$(LINK) -shared -Wl,-soname,$(SOLIB) $(if $(SANITIZE),,-Wl,-z,defs) -o $@ $^ $(LIB_LIBS)
	@ln -sf $(SOLIB) $(O)/libfloe.so

$(O)/modules/module.map: $(O)/.flags
	@mkdir -p $(@D)
	@echo '{ global: floe_module_*; local: *; };' >$@

# A module brings its own copy of the few base and sys functions it uses.
define module_rule
$(O)/modules/$(1).so: $(call objects,$(MODULE_$(1)_SOURCES)) $(O)/libfloe.a $(O)/modules/module.map
	$$(call say,LD)
	$$(Q)$$(LINK) -shared -Wl,--version-script=$(O)/modules/module.map \
		$(if $(SANITIZE),,-Wl,-z,defs) -o $$@ $$(filter %.o %.a,$$^) \
		$(call pkg_libs,$(MODULE_$(1)_PACKAGES)) $$(LIB_LIBS)
endef
$(foreach m,$(MODULES),$(eval $(call module_rule,$(m))))

ifdef STATIC
# Formats that need these libraries are not used: their code is never taken from libarchive.a.
STATIC_UNUSED := -lxml2 -licuuc -licudata
STATIC_UNUSED += $(if $(MNL_ARCHIVE),,-lmnl)
STATIC_LIBS := $(filter-out $(STATIC_UNUSED),\
	$(shell $(PKG_CONFIG) --static --libs $(PACKAGES) $(MODULE_PACKAGES)))
$(O)/floe: $(CLI_OBJECTS) $(MODULE_OBJECTS) $(O)/libfloe.a
	$(call say,LD)
	$(Q)$(LINK) -static-pie -o $@ $(CLI_OBJECTS) $(MODULE_OBJECTS) $(O)/libfloe.a $(STATIC_LIBS)
else
$(O)/floe: $(CLI_OBJECTS) $(O)/libfloe.a
	$(call say,LD)
	$(Q)$(LINK) -pie -o $@ $^ $(LIB_LIBS)
endif

$(O)/floe.pc: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'includedir=$(INCLUDEDIR)' 'libdir=$(LIBDIR)' '' \
		'Name: floe' 'Description: Machines made of Linux namespaces' \
		'Version: $(VERSION)' 'Requires.private: $(PACKAGES)' \
		'Libs: -L$${libdir} -lfloe' 'Libs.private: -ldl' 'Cflags: -I$${includedir}' >$@

# ---- Seccomp filters are compiled while building: no libseccomp in the start path --------------

$(O)/seccomp-gen: $(call objects,$(GEN_SOURCES) $(call room,runtime/base))
	$(call say,LD)
	$(Q)$(LINK) -pie -o $@ $^ $(call pkg_libs,libseccomp) $(LIB_LIBS)

$(O)/seccomp/tables.c: $(O)/seccomp-gen $(POLICY_FILES)
	$(call say,GEN)
	@mkdir -p $(@D)
	$(Q)$(O)/seccomp-gen $(POLICY_FILES) >$@

# ---- The stub init is a whole executable without a C library, part of the library as bytes ------

STUB_FLAGS := -std=gnu17 $(WARNINGS) -Os -ffreestanding -fno-pie \
	      -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none
STUB_LDFLAGS := -nostdlib -static -s \
		-Wl,--build-id=none,-z,norelro,-z,noseparate-code,-z,noexecstack,--gc-sections

$(O)/init/stub: init/freestanding/stub.c init/freestanding/syscall.h $(O)/.flags
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STUB_FLAGS) $(STUB_LDFLAGS) -o $@ $<

$(O)/init/stub_image.c: $(O)/init/stub
	$(call say,GEN)
	$(Q){ echo '#include "init/stub.h"'; echo 'const unsigned char init_stub_image[] = {'; \
		od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; echo '};'; \
		echo 'const size_t init_stub_size = sizeof(init_stub_image);'; } >$@

# ---- Tests -------------------------------------------------------------------------------------

unit: $(UNIT_PROGRAMS)
$(UNIT_PROGRAMS): $(O)/%: $(O)/%.o $(call objects,$(UNIT_HELPERS)) $(O)/libinternal.a $(O)/libfloe.a
	$(call say,LD)
	$(Q)$(LINK) -pie -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(call pkg_libs,cmocka) $(MODULE_LIBS) $(LIB_LIBS)

bench-programs: $(BENCH_PROGRAMS)
$(BENCH_PROGRAMS): $(O)/%: $(O)/%.o $(O)/libinternal.a $(O)/libfloe.a
	$(call say,LD)
	$(Q)$(LINK) -pie -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(MODULE_LIBS) $(LIB_LIBS)

fuzz-programs: $(FUZZ_PROGRAMS)
$(FUZZ_PROGRAMS): $(O)/%: $(O)/%.o $(O)/libinternal.a $(O)/libfloe.a
	$(call say,LD)
	$(Q)$(LINK) -pie -fsanitize=fuzzer -o $@ $(filter %.o,$^) \
		-Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(MODULE_LIBS) $(LIB_LIBS)

# Objects get the coverage hooks, only the fuzz programs libFuzzer's main().
fuzz:
	@$(MAKE) CC=$(CLANG) BUILD=$(BUILD)/fuzz SANITIZE=fuzzer-no-link,address,undefined \
		fuzz-programs

static:
	@sh tests/deps.sh build static
	@$(MAKE) STATIC=1 all

deps:
	@sh tests/deps.sh build

demo: deps
	@$(MAKE) -j$(JOBS) all
	@BUILD=$(BUILD) tests/nixos/demo.sh

check:
	@sh tests/deps.sh build test
	@$(MAKE) -j$(JOBS) all
	@MAKE='$(MAKE)' BUILD='$(BUILD)' JOBS='$(JOBS)' ONLY='$(ONLY)' tests/run.sh

bench: all
	@$(MAKE) bench-programs
	@set -e; for script in $(sort $(wildcard tests/bench/*.sh)); do \
		BUILD=$(BUILD) $$script; done

# ---- Style -------------------------------------------------------------------------------------

OUR_FILES = $(sort $(shell find runtime netlink seccomp init tests -name '*.[ch]'))
LINT_SOURCES := $(LIB_SOURCES) $(CLI_SOURCES) $(GEN_SOURCES) \
	$(foreach m,$(MODULES),$(MODULE_$(m)_SOURCES)) $(UNIT_SOURCES) $(UNIT_HELPERS) $(FUZZ_SOURCES)

format:
	@clang-format -i $(OUR_FILES)

format-check:
	@clang-format --dry-run --Werror $(OUR_FILES)

# An object is rebuilt when a header of its source changes, and its findings with it.
$(O)/lint/%.tidy: %.c $(O)/%.o .clang-tidy
	$(call say,TIDY)
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(filter-out -Werror,$(COMPILE:$(CC)%=%)) >$@.log 2>&1 || \
		{ cat $@.log; exit 1; }
	@touch $@

lint: $(patsubst %.c,$(O)/lint/%.tidy,$(sort $(LINT_SOURCES))) cppcheck

cppcheck:
	$(call say,CPPCHECK)
	@mkdir -p $(O)/lint/cppcheck
	$(Q)cppcheck --quiet -j$(JOBS) --cppcheck-build-dir=$(O)/lint/cppcheck --std=c11 \
		--enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
		--suppressions-list=tests/cppcheck.txt --template=gcc $(INCLUDES) $(sort $(LINT_SOURCES))

# ---- Installation ------------------------------------------------------------------------------

MAN_PAGES := $(sort $(wildcard docs/man/*.[1-8]))
man_section = $(subst .,,$(suffix $(1)))
COMPLETIONS := $(if $(wildcard runtime/cli/completion.c),bash zsh fish)
COMPLETION_bash := $(BASHCOMPDIR)/floe
COMPLETION_zsh := $(ZSHCOMPDIR)/_floe
COMPLETION_fish := $(FISHCOMPDIR)/floe.fish

install: all
	@$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR) \
		$(DESTDIR)$(MODULEDIR)
	$(Q)$(INSTALL) -m 755 $(O)/floe $(DESTDIR)$(BINDIR)/floe
	$(Q)$(INSTALL) -m 755 $(O)/$(SOLIB) $(DESTDIR)$(LIBDIR)/$(SOLIB)
	$(Q)ln -sf $(SOLIB) $(DESTDIR)$(LIBDIR)/libfloe.so
	$(Q)$(INSTALL) -m 644 $(O)/libfloe.a $(DESTDIR)$(LIBDIR)/libfloe.a
	$(Q)$(INSTALL) -m 644 runtime/floe.h $(DESTDIR)$(INCLUDEDIR)/floe.h
	$(Q)$(INSTALL) -D -m 644 $(O)/supervise/floe@.service \
		$(DESTDIR)$(SYSTEMDUNITDIR)/floe@.service
	$(Q)$(INSTALL) -D -m 755 $(O)/supervise/floe.openrc $(DESTDIR)$(SUPERVISEDIR)/floe.openrc
	$(Q)$(INSTALL) -m 755 $(O)/supervise/run $(DESTDIR)$(SUPERVISEDIR)/run
	$(Q)$(INSTALL) -m 644 $(O)/supervise/inittab $(DESTDIR)$(SUPERVISEDIR)/inittab
	$(Q)$(INSTALL) -m 644 $(O)/floe.pc $(DESTDIR)$(LIBDIR)/pkgconfig/floe.pc
	$(Q)$(foreach f,$(MODULE_FILES),$(INSTALL) -m 755 $(f) $(DESTDIR)$(MODULEDIR)/ &&) :
	$(Q)$(foreach f,$(MAN_PAGES),$(INSTALL) -D -m 644 $(f) \
		$(DESTDIR)$(MANDIR)/man$(call man_section,$(f))/$(notdir $(f)) &&) :
	$(Q)$(foreach s,$(COMPLETIONS),$(INSTALL) -d $(DESTDIR)$(dir $(COMPLETION_$(s))) && \
		$(O)/floe completion $(s) >$(DESTDIR)$(COMPLETION_$(s)) &&) :

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/floe $(DESTDIR)$(LIBDIR)/$(SOLIB) $(DESTDIR)$(LIBDIR)/libfloe.so \
		$(DESTDIR)$(LIBDIR)/libfloe.a $(DESTDIR)$(INCLUDEDIR)/floe.h \
		$(DESTDIR)$(LIBDIR)/pkgconfig/floe.pc $(DESTDIR)$(COMPLETION_bash) \
		$(DESTDIR)$(COMPLETION_zsh) $(DESTDIR)$(COMPLETION_fish) \
		$(DESTDIR)$(SYSTEMDUNITDIR)/floe@.service \
		$(patsubst %,$(DESTDIR)$(SUPERVISEDIR)/%,floe.openrc run inittab) \
		$(foreach m,$(ALL_MODULES),$(DESTDIR)$(MODULEDIR)/$(m).so) \
		$(foreach f,$(MAN_PAGES),$(DESTDIR)$(MANDIR)/man$(call man_section,$(f))/$(notdir $(f)))
	-rmdir $(DESTDIR)$(MODULEDIR) $(DESTDIR)$(SUPERVISEDIR)

clean:
	rm -rf $(BUILD)

help:
	@printf '%s\n' \
		'make               build floe, libfloe and the modules in $(BUILD)/' \
		'make deps          install what the build needs with the host'\''s package manager' \
		'make demo          build a NixOS-shaped image and boot it (root)' \
		'make check         all tests (root); ONLY=PATTERN runs those whose name matches' \
		'make unit          build the unit test programs' \
		'make fuzz          build the fuzz programs (clang)' \
		'make bench         measure starts and memory (root)' \
		'make static        one static executable, $(BUILD)/static/floe' \
		'make lint          clang-tidy and cppcheck' \
		'make format        clang-format in place; format-check only looks' \
		'make install       PREFIX=$(PREFIX) DESTDIR=; uninstall takes it away' \
		'make clean         remove $(BUILD)/' \
		'' \
		'Settings: CC CFLAGS LDFLAGS BUILD V=1 WERROR= SANITIZE=address,undefined JOBS PREFIX DESTDIR'

-include $(patsubst %.o,%.d,$(LIB_OBJECTS) $(CLI_OBJECTS) $(MODULE_OBJECTS) \
	$(call objects,$(GEN_SOURCES) $(UNIT_SOURCES) $(UNIT_HELPERS) $(FUZZ_SOURCES) $(BENCH_SOURCES)))

.PHONY: all unit bench-programs fuzz-programs fuzz static deps demo check bench format \
	format-check lint cppcheck install uninstall clean help FORCE
