VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# What runs machines and builds images, as Debian 12 calls it.
PACKAGES := qemu-system-x86 qemu-utils mmdebstrap debian-archive-keyring mtools fdisk e2fsprogs \
	grub-common grub-pc-bin grub-efi-amd64-bin
# What a user who is not root needs besides, to build images.
ifneq ($(shell id -u),0)
PACKAGES += uidmap
endif
# What only the tests need.
TEST_PACKAGES := gcc libc6-dev curl bind9 bind9-dnsutils bind9-utils knot-dnsutils ldnsutils unbound nsd knot postgresql sqlite3
# What the benchmarks compare the name server with, and measure it by.
BENCH_PACKAGES := dnsperf nsd knot postgresql

# Packages whose tests start machines: one after another, because they share
# the processors.
MACHINE_TESTS := ./internal/diskimage/... ./internal/compute/qemu/... ./internal/e2e/...
# Packages whose tests have databases: SQLite's, and then PostgreSQL's.
DATABASE_TESTS = $(shell go list -f '{{if or .XTestGoFiles .TestGoFiles}}{{range .XTestImports}}{{.}} {{end}}{{range .TestImports}}{{.}} {{end}}={{.ImportPath}}{{end}}' ./... | sed -n 's/.*store\/storetest.*=//p')
OTHER_TESTS = $(filter-out $(shell go list $(MACHINE_TESTS)),$(shell go list ./...))

.PHONY: run build test lint bench fuzz setup setup-bench setup-test

run: setup build
	@exec bin/rockpool serve

build:
	go build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/rockpool ./cmd/rockpool

test: setup-test lint
	scripts/needs go test -race $(OTHER_TESTS)
	ROCKPOOL_TEST_DATABASE=postgres scripts/needs go test -race $(DATABASE_TESTS)
	scripts/needs go test -race -p 1 -timeout 20m $(MACHINE_TESTS)

lint:
	@unformatted=$$(gofmt -l cmd internal); [ -z "$$unformatted" ] || { echo "not gofmt-ed: $$unformatted"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

bench: setup-bench
	go test ./internal/bench -count 1 -timeout 20m -run '^$$' -bench . -benchtime 1x

# How long each fuzz target runs.
FUZZTIME := 1m

fuzz:
	@scripts/fuzz $(FUZZTIME)

setup:
	@scripts/setup $(PACKAGES)

setup-bench:
	@scripts/setup $(PACKAGES) $(BENCH_PACKAGES)

setup-test:
	@scripts/setup $(PACKAGES) $(TEST_PACKAGES)
