# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# The front door. Everything is built under build/; nothing else in the tree is touched.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

# The kernels that every change is built for and tested on, and all that are supported.
KERNELS ?= 6.1 6.12 debug
# those of them that come as packages; the others are built, which takes minutes
stock = $(filter-out debug kcsan uml%,$(KERNELS))
MATRIX := 6.1 6.12 6.12-rt 7.2 7.3 debug
KDIR ?=
KVER ?=
PREFIX ?= /usr/local
DESTDIR ?=
export DESTDIR
JOBS ?= $(shell nproc)
export JOBS

# What compilers make is kept beside the kernels, by content: a clean tree of the same text builds quickly.
cache := $(or $(SN_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/supernode)
export CCACHE_DIR ?= $(cache)/ccache
export CCACHE_MAXSIZE ?= 2G
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1
export CCACHE_SLOPPINESS ?= pch_defines,time_macros
export CMAKE_C_COMPILER_LAUNCHER ?= ccache
export CMAKE_CXX_COMPILER_LAUNCHER ?= ccache

begun := $(shell date +%s)
# real traces and topologies, when they lie beside this tree
data ?= $(wildcard ../shared/data)
data_files = $(if $(data),--file $(data)=/data)
running := $(wildcard /lib/modules/$(shell uname -r)/build)
# KDIR= names a build directory, KVER= a release; without either the running kernel's, if it is there.
kdir = $(or $(KDIR),$(and $(KVER),/lib/modules/$(KVER)/build),$(running))
krelease = $(or $(KVER),$(shell cat '$(kdir)/include/config/kernel.release' 2>/dev/null))
module_dir = $(DESTDIR)$(INSTALL_MOD_PATH)/lib/modules/$(krelease)/updates/supernode
depmod := $(or $(shell command -v depmod),/sbin/depmod)

##@ Using it
.PHONY: help
help: ## this text
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z_%.-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '\nVariables: KDIR= (kernel build directory) KVER= (release) KERNELS="%s"\n' "$(KERNELS)"
	@printf '           PREFIX=%s DESTDIR= INSTALL_MOD_PATH= JOBS=%s\n' "$(PREFIX)" "$(JOBS)"

.PHONY: demo
demo: deps modules-6.12 snctl ## an 8-GPU server's topology and a real LLM trace, in a virtual machine
	tests/vm/run.sh --name demo --timeout 600 --rows build/demo.json --command 'make demo' \
	  $(data_files) 6.12 mem=4G $(patsubst tests/vm/%.sh,%,$(sort $(wildcard tests/vm/demo/*.sh))); \
	tests/row build/demo.json demo "make demo, from start to end" $$(($$(date +%s) - $(begun))) s 300 lower 'make demo'

.PHONY: run
run: deps modules-6.12 tools ## a shell in a virtual machine with the modules loaded
	qemu/run 6.12

##@ Building
.PHONY: modules
modules: $(if $(kdir),modules-kdir,$(addprefix modules-,$(stock))) ## the kernel modules, for KDIR= or KVER=, else the running or the stock kernels

.PHONY: modules-kdir modules-all
modules-kdir:
	kmod/build '$(or $(krelease),custom)' '$(kdir)'
modules-all: $(addprefix modules-,$(KERNELS))

# modules-6.12: for one kernel, which is fetched or built if it is not cached, with warnings as errors
modules-%: FORCE
	@qemu/kernel fetch $*
	kmod/build $* "$$(qemu/kernel path $* build)" --strict

.PHONY: tools
tools: build/tools/build.ninja ## snctl, libsupernode and the test programs (in build/tools)
	cmake --build build/tools -j $(JOBS)

.PHONY: snctl
snctl: build/tools/build.ninja
	cmake --build build/tools -j $(JOBS) --target snctl

.PHONY: sanitized
sanitized: build/asan/build.ninja ## the same under ASan and UBSan, with unit tests (in build/asan)
	cmake --build build/asan -j $(JOBS)

# the machine tests are made for KERNELS: with other ones they are made anew
.PHONY: FORCE
build/tools/kernels: FORCE
	@mkdir -p $(@D)
	@[[ "$$(cat $@ 2>/dev/null)" == '$(KERNELS)' ]] || echo '$(KERNELS)' > $@

.PHONY: fuzzers
fuzzers: build/fuzz/build.ninja ## libFuzzer's harnesses, by clang (in build/fuzz)
	cmake --build build/fuzz -j $(JOBS)

build/tools/build.ninja: build/tools/kernels
	cmake -S . -B build/tools -G Ninja -DCMAKE_BUILD_TYPE=Release \
	  -DCMAKE_C_FLAGS_RELEASE='-O2 -DNDEBUG' -DCMAKE_CXX_FLAGS_RELEASE='-O2 -DNDEBUG' \
	  -DCMAKE_INSTALL_PREFIX='$(PREFIX)' -DBUILD_TESTING=OFF -DSN_KERNELS='$(subst $() ,;,$(KERNELS))'

build/asan/build.ninja:
	cmake -S . -B build/asan -G Ninja -DCMAKE_BUILD_TYPE=Debug -DSN_SANITIZE=ON

build/fuzz/build.ninja:
	CC=clang CXX=clang++ cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSN_FUZZ=ON

.PHONY: clean
clean: ## remove build/ (downloaded kernels stay in the cache)
	rm -rf build

##@ Testing
.PHONY: test
test: deps modules-all tools sanitized fuzzers ## everything: unit tests with sanitizers, then virtual machines on two stock kernels and a debug kernel
	@mkdir -p build/test
	@printf 'subdirs("%s/build/asan" "%s/build/fuzz" "%s/build/tools/tests/vm")\n' '$(CURDIR)' '$(CURDIR)' '$(CURDIR)' \
	  > build/test/CTestTestfile.cmake
	status=0; \
	ctest --test-dir build/test -j $(JOBS) --output-on-failure --no-tests=error || status=1; \
	tests/row build/test.json test "make test, from start to end" $$(($$(date +%s) - $(begun))) s 3300 lower 'make test' || status=1; \
	exit $$status

.PHONY: test-fast
test-fast: deps tools ## what needs neither PCI nor a second CPU, on user-mode Linux, plain and with KASAN and lockdep; seconds
	@$(MAKE) modules-all KERNELS="uml uml-debug"
	tests/vm/suite build/fast.json "make test-fast" uml uml-debug

# SABOTAGE=NAME plants that mistake (SABOTAGE=all: each, one after the other) and expects it to be caught.
.PHONY: test-debug
test-debug: deps tools ## the machines on kernels with KASAN, lockdep, ... and KCSAN; SABOTAGE=NAME plants a mistake
	@$(MAKE) modules-all KERNELS="debug$(if $(SABOTAGE),, kcsan)"
	$(if $(SABOTAGE),tests/vm/sabotage/run $(SABOTAGE:all=),tests/vm/suite build/debug.json "make test-debug" debug kcsan)

.PHONY: test-cost
test-cost: deps modules-6.12 tools ## the instructions of each command against the committed table, into build/cost.json
	tests/vm/cost/run 6.12

.PHONY: matrix
matrix: deps tools ## every supported kernel: modules without a warning, all machines; into build/matrix.json and README's table
	@rm -f build/matrix.json
	tests/matrix build/matrix.json $(MATRIX)
	tests/matrix-table --from build/matrix.json

# In make test the harnesses run for a minute each, or for SN_FUZZ_SECONDS.
SECONDS ?= 60
MESSAGES ?=
SEED ?=
.PHONY: fuzz
fuzz: deps fuzzers tools ## look for mistakes: libFuzzer, SECONDS=60 each, then netlink on the debug kernel, MESSAGES=N
	tests/fuzz/run --seconds $(SECONDS)
	@$(MAKE) modules-all KERNELS=debug
	tests/vm/fuzz/run $(if $(MESSAGES),--messages $(MESSAGES),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

.PHONY: unit
unit: deps sanitized ## the unit tests alone, with sanitizers
	ctest --test-dir build/asan -j $(JOBS) --output-on-failure --no-tests=error

.PHONY: coverage
coverage: deps tools ## which lines the tests run, per file, into build/coverage.json
	@qemu/kernel fetch debug
	tests/coverage build/coverage.json

.PHONY: check
check: deps kernels ## sparse, checkpatch, kernel-doc, coccinelle, clang-format, clang-tidy, shellcheck, core purity
	tools/check/all $(stock)

.PHONY: bench
bench: deps $(addprefix modules-,$(stock)) tools ## the figures, with their method, into build/bench.json
	tests/bench-all build/bench.json $(stock) -- $(data_files)

##@ Installing
.PHONY: install
install: tools $(if $(kdir),modules-kdir) ## the tools, and the modules if there is a kernel to install them for
	cmake --install build/tools --prefix '$(PREFIX)'
	$(if $(kdir),$(MAKE) modules_install,@echo 'no kernel headers found: modules are not installed (give KDIR= or KVER=)')

.PHONY: modules_install
modules_install: modules-kdir ## the modules alone, into /lib/modules/RELEASE/updates/supernode
	install -d '$(module_dir)'
	for module in supernode sn_host sn_sim; do \
	  install -m 644 "build/modules/$(krelease)/$$module.ko" '$(module_dir)'; \
	done
	'$(depmod)' -b '$(DESTDIR)$(INSTALL_MOD_PATH)/' '$(krelease)'

.PHONY: uninstall
uninstall: ## remove what install put there
	[[ ! -e build/tools/install_manifest.txt ]] || sed 's#^#$(DESTDIR)#' build/tools/install_manifest.txt | xargs -r -d '\n' rm -fv
	$(if $(krelease),rm -rfv '$(module_dir)')
	$(if $(krelease),'$(depmod)' -b '$(DESTDIR)$(INSTALL_MOD_PATH)/' '$(krelease)')

##@ Getting what is needed
.PHONY: deps
deps: ## install the Debian packages that builds and tests need; silent when all are there
	@tools/check/deps

.PHONY: kernels
kernels: ## download the stock kernels into the cache; silent when they are there
	@qemu/kernel fetch $(stock)
