VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# What runs machines and builds images, as Debian 12 calls it.
PACKAGES := qemu-system-x86 qemu-utils mmdebstrap debian-archive-keyring mtools fdisk e2fsprogs \
	grub-common grub-pc-bin grub-efi-amd64-bin
# What a user who is not root needs besides, to build images.
ifneq ($(shell id -u),0)
PACKAGES += uidmap
endif
# What only the tests need.
TEST_PACKAGES := gcc libc6-dev curl openssh-client bind9 bind9-dnsutils bind9-utils knot-dnsutils ldnsutils unbound nsd knot postgresql sqlite3 systemd
# What the benchmarks compare the name server with, and measure it by.
BENCH_PACKAGES := dnsperf nsd knot postgresql

# Packages whose tests start machines. Their images are too large for memory.
MACHINE_TESTS := ./internal/machines/diskimage/... ./internal/machines/qemu/... ./internal/tests/e2e/... ./internal/tests/torture/...
OTHER_TESTS = $(filter-out $(shell go list $(MACHINE_TESTS)),$(shell go list ./...))
# Packages above the store whose tests have databases: they run with SQLite, and
# again with PostgreSQL.
DATABASE_TESTS = $(filter-out %/ground/store,$(shell go list -f '{{if or .XTestGoFiles .TestGoFiles}}{{range .XTestImports}}{{.}} {{end}}{{range .TestImports}}{{.}} {{end}}={{.ImportPath}}{{end}}' ./... | sed -n 's/.*\(store\/storetest\|tests\/servertest\).*=//p'))

# The race detector, but not inside SQLite, which is C translated to Go: its
# memory is not on Go's heap, where the detector looks, and tests would take
# three times as long (docs/decisions/113).
RACE := -race -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc=-race=false
# A command with PostgreSQL for all the tests that it runs.
WITH_POSTGRES := ROCKPOOL_TEST_DATABASE=postgres scripts/in-memory go run ./internal/tests/postgres

# A Go that is older than go.mod wants fetches the right one, also where its
# packager has switched that off.
export GOTOOLCHAIN ?= auto

# How long the tests of one package may take, on a busy machine. Then they fail,
# and the stacks say what each waited for.
TEST_TIMEOUT := 20m
MACHINE_TEST_TIMEOUT := 30m

.PHONY: run build test test-machines test-databases lint bench fuzz torture setup setup-bench setup-go setup-test

run: setup-go setup build
	@exec bin/rockpool serve

build: setup-go
	go build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/rockpool ./cmd/rockpool

# Tests of machines mostly occupy one processor, so the others run beside them,
# once all that they share is built.
test: setup-go setup-test lint
	go build $(RACE) ./...
	$(MAKE) --no-print-directory -j 2 --output-sync=line test-machines test-databases

test-machines:
	scripts/needs go test $(RACE) -p 1 -timeout $(MACHINE_TEST_TIMEOUT) $(MACHINE_TESTS)

# Only the store has code that runs with PostgreSQL alone, so the race detector
# sees the packages above it once (docs/decisions/113).
test-databases:
	scripts/in-memory scripts/needs go test $(RACE) -timeout $(TEST_TIMEOUT) $(OTHER_TESTS)
	$(WITH_POSTGRES) scripts/needs go test $(RACE) -timeout $(TEST_TIMEOUT) ./internal/ground/store/...
	$(WITH_POSTGRES) scripts/needs go test -timeout $(TEST_TIMEOUT) $(DATABASE_TESTS)

lint: setup-go
	@unformatted=$$(gofmt -l cmd internal); [ -z "$$unformatted" ] || { echo "not gofmt-ed: $$unformatted"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

bench: setup-go setup-bench
	go test ./internal/tests/bench -count 1 -timeout 20m -run '^$$' -bench . -benchtime 1x

# How long each fuzz target runs.
FUZZTIME := 1m

fuzz: setup-go
	@scripts/fuzz $(FUZZTIME)

# How long the torture goes on, in which worlds (simulated-sqlite,
# simulated-postgres, micro-sqlite, micro-postgres, or a part of their names),
# and from which seed: 0 takes one from the clock. A fault is tried again by
# make torture TORTURE=0s WORLD=... SEED=... as its output says.
TORTURE := 10m
WORLD :=
SEED := 0

# Each round has a limit of its own.
torture: setup-go setup-test
	scripts/needs go test ./internal/tests/torture -count 1 -timeout 0 -v -run TestTorture -torture $(TORTURE) -world '$(WORLD)' -seed $(SEED)

setup:
	@scripts/setup $(PACKAGES)

setup-go:
	@scripts/setup-go

setup-bench:
	@scripts/setup $(PACKAGES) $(BENCH_PACKAGES)

setup-test:
	@scripts/setup $(PACKAGES) $(TEST_PACKAGES)
