# Needs Node >= 20.19, npm and make; everything else is installed into this folder from npm.
SHELL := /bin/sh
# Neither npm nor pnpm tells of newer versions of itself: pnpm's is pinned.
export npm_config_update_notifier := false
PNPM := npx --yes pnpm@10.34.9
AIEKIT := node packages/cli/bin/aiekit.js
MANIFESTS := package.json pnpm-lock.yaml pnpm-workspace.yaml $(wildcard */package.json packages/*/package.json)
WAV ?=

.PHONY: help demo test test-slow test-tools test-xrt test-xrt-slow bench setup clean
.DEFAULT_GOAL := help

help:
	@echo "make demo            transcribe the demo model's samples on the simulated NPU; first builds its kernels"
	@echo "make demo WAV=x.wav  the same with a recording of yours"
	@echo "make test            every check, with one summary"
	@echo "make test-slow       the long checks: more clips, longer fuzzing"
	@echo "make test-tools      our writers against the real bootgen, xclbinutil and aiebu-asm, which it gets from Debian"
	@echo "make test-xrt        the xrt device over AMD's real XRT, which it gets from Debian, and an emulated driver"
	@echo "make test-xrt-slow   the same built with sanitizers; 100,000 launches; what the addon costs beside C++"
	@echo "make setup           install and compile only; then: npx aiekit --help"
	@echo "make bench           times: RTF per phase, modelled cycles, builds"
	@echo "make clean           remove what was built"

demo: setup
	@$(AIEKIT) demo $(if $(WAV),--wav "$(WAV)")

test: setup
	@node scripts/test.mjs

test-slow: setup
	@node scripts/test.mjs --slow

# Where the tools cannot be had the tests are skipped, with the reason.
test-tools: setup
	@node scripts/get-packaging-tools.mjs || true
	@node scripts/test.mjs --tools

# Needs a C++17 compiler and cmake besides; where something cannot be had the tests are skipped, with the reason.
test-xrt: setup
	@npx tsc -b packages/cli
	@node scripts/get-xrt.mjs || true
	@node scripts/test-xrt.mjs

test-xrt-slow: test-xrt
	@node scripts/test-xrt.mjs --sanitize
	@node scripts/test-xrt.mjs --slow

bench: setup
	@$(AIEKIT) bench mel --build

setup: node_modules/.aiekit-installed

node_modules/.aiekit-installed: $(MANIFESTS)
	@node -e 'const [a,b]=process.versions.node.split(".").map(Number); if (a<20||(a===20&&b<19)) { console.error("aiekit needs Node >= 20.19, found "+process.versions.node+": https://nodejs.org"); process.exit(1) }'
	@echo "installing the packages that aiekit needs (from npm, 590 MB on disk)"
	@$(PNPM) install --frozen-lockfile
	@touch $@

clean:
	rm -rf build .cache host/native/build host/native/node_modules xclbin/*/ packages/*/dist mlir/dist tools/dist host/dist validate/dist pipeline/dist
