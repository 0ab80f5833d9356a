# Targets are listed by `make` alone. Bun is the version that package.json names: from PATH, else from npm into .tools/.
.DEFAULT_GOAL := help
.PHONY: help demo build test check fmt bench docker-build image-test clean
SHELL := /bin/bash

VERSION := $(shell sed -n 's/^  "version": "\(.*\)",/\1/p' package.json)
BUN_VERSION := $(shell sed -n 's/.*"packageManager": "bun@\(.*\)".*/\1/p' package.json)
BUN := .tools/bun-$(BUN_VERSION)
INSTALLED := node_modules/.installed

# What is built: every binary for every platform, each from its sources and entries and with its flags of `bun build`.
BIN := _output/local/bin
PACKAGE_amd64 := @oven/bun-linux-x64
PACKAGE_arm64 := @oven/bun-linux-aarch64
MACHINE := linux/$(patsubst aarch64,arm64,$(patsubst x86_64,amd64,$(shell uname -m)))
PLATFORMS := $(MACHINE)
BINARIES := edge-proxy benchmark
SOURCES_edge-proxy := $(shell find src -name '*.ts' -not -name '*.test.ts' -not -path 'src/testing/*')
SOURCES_benchmark := $(SOURCES_edge-proxy) $(shell find bench -name '*.ts' -not -name '*.test.ts')
ENTRIES_edge-proxy := src/main.ts src/command.ts src/upstream/credential-child.ts
FLAGS_edge-proxy := --compile-exec-argv="--smol --max-http-header-size=262144" --define EDGE_PROXY_VERSION='"$(VERSION)"'
ENTRIES_benchmark := bench/benchmark.ts
FLAGS_benchmark := --define EDGE_PROXY_VERSION='"$(VERSION)"'
platform = $(subst $(BIN)/,,$(@D))
runtime = $(BUN)$(if $(filter-out $(MACHINE),$(platform)),-$(notdir $(platform)))
UNKNOWN := $(filter-out linux/amd64 linux/arm64,$(PLATFORMS))
$(if $(UNKNOWN),$(error PLATFORMS: $(UNKNOWN) cannot be built; linux/amd64 and linux/arm64 can))

# Where downloads come from; empty is the place that npm and the Dockerfile name.
NPM_REGISTRY :=
DEBIAN_MIRROR :=
NODE_IMAGE :=
BASE_IMAGE :=
ifeq ($(REGION),cn)
  NPM_REGISTRY := https://registry.npmmirror.com
  DEBIAN_MIRROR := mirrors.aliyun.com
  NODE_IMAGE := docker.m.daocloud.io/library/node
  BASE_IMAGE := gcr.m.daocloud.io/distroless/base-nossl-debian13
endif
ifneq ($(NPM_REGISTRY),)
  export npm_config_registry := $(NPM_REGISTRY)
endif
export NPM_REGISTRY DEBIAN_MIRROR NODE_IMAGE BASE_IMAGE

# The images' names, and the namespace that _output/manifest.yaml is for.
IMAGE_REPO ?=
IMAGE_TAG ?= v$(VERSION)
NAMESPACE ?= default
export VERSION IMAGE_REPO IMAGE_TAG NAMESPACE

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## the main job before your eyes: an apiserver, the proxy, a LIST from memory, fifty watchers (ONCE=1: ends by itself)
	@$(BUN) test/demo.ts $(if $(ONCE),--once)

build: $(foreach platform,$(PLATFORMS),$(BINARIES:%=$(BIN)/$(platform)/%)) ## ./edge-proxy and ./benchmark, the same bytes every time (PLATFORMS="linux/amd64 linux/arm64")

test: build ## unit and contract tests, then end to end on the binary (a real kube-apiserver where one is found)
	@$(BUN) test/run.ts

check: $(INSTALLED) ## format, types, lint, who imports whom
	$(BUN) fmt --check
	$(BUN) check
	node_modules/.bin/oxlint --type-aware --deny-warnings src bench test
	$(BUN) test src/architecture.test.ts

fmt: $(INSTALLED) ## format all files in place
	$(BUN) fmt

bench: build ## measure the binary against the apiserver and nginx (ARGS="--help")
	@$(BUN) bench/main.ts $(ARGS)

docker-build: ## images, _output/manifest.yaml (IMAGE_REPO= IMAGE_TAG= REGION=cn); pushed with DOCKER_USERNAME= DOCKER_PASSWD=
	@deploy/docker-build

image-test: build ## the image's contents started as a node would, without docker
	@$(BUN) test/image.ts

clean: ## remove what was built and installed
	rm -rf _output $(BINARIES) node_modules .tools

# The name of the file is in its bytes, so a binary has the same name everywhere.
.SECONDEXPANSION:
.PRECIOUS: $(BUN)-%
$(BIN)/%: $(INSTALLED) $$(SOURCES_$$(@F)) package.json Makefile | $$(runtime)
	@echo "building $@"
	@mkdir -p $(@D)
	@$(BUN) build --compile --target=bun-$(subst /,-,$(subst amd64,x64,$(platform))) --compile-executable-path=$(runtime) \
	  --minify --bytecode --format=esm --no-compile-autoload-bunfig --no-compile-autoload-dotenv \
	  $(FLAGS_$(@F)) $(ENTRIES_$(@F)) --outfile $@ >/dev/null
	@if [ $(platform) = $(MACHINE) ]; then ln -sf $@ $(@F); fi

$(INSTALLED): package.json bun.lock | $(BUN)
	@echo "installing packages"
	@$(BUN) install --frozen-lockfile --silent
	@touch $@

# npm moves the binary when it runs install scripts, and leaves it in the platform's package when it does not.
$(BUN):
	@mkdir -p .tools
	@if [ "$$(bun --version 2>/dev/null)" != "$(BUN_VERSION)" ]; then \
	  echo "getting Bun $(BUN_VERSION) from the npm registry"; \
	  npm install --prefix .tools --no-save --no-audit --no-fund --loglevel=error bun@$(BUN_VERSION) >/dev/null; \
	fi
	@for candidate in "$$(command -v bun)" .tools/node_modules/bun/bin/bun.exe .tools/node_modules/@oven/bun-linux-*/bin/bun; do \
	  [ "$$($$candidate --version 2>/dev/null)" = "$(BUN_VERSION)" ] && ln -sf "$$(realpath $$candidate)" $@ && exit 0; \
	done; echo "Bun $(BUN_VERSION) is neither on PATH nor to be had from npm" >&2; exit 1

# Another machine's Bun, which a binary for that machine holds; npm installs it here only when forced.
$(BUN)-%:
	@echo "getting Bun $(BUN_VERSION) for $* from the npm registry"
	@npm install --prefix .tools/$* --no-save --no-audit --no-fund --loglevel=error --force $(PACKAGE_$*)@$(BUN_VERSION) >/dev/null
	@ln -sf $*/node_modules/$(PACKAGE_$*)/bin/bun $@
