# SPDX-License-Identifier: GPL-2.0
# `make check`: all tests, cheap ones first, so that a broken parser is told
# before a kernel is built.

# The only list of them.
CHECK_STAGES := check-build proto-test agent-test proto-fuzz check-kunit check-smp check-bench check-wire check-without-version2 check-stack check-ovs check-vm

# What takes too long for make check.
CHECK_LONG_STAGES := check-upstream check-kcsan check-debian check-kernels check-stack-long check-agree check-syntax

# What needs neither root nor a kernel.
.PHONY: quick quick-tests
quick: ## build the daemon, run the unit tests of proto/ and ctrl-agent/ (any user; 3 minutes)
	@$(TOP)/kunit/check.sh quick-tests
quick-tests: SIDES := $(CPUS)
quick-tests:
	@$(call side_by_side,agent $(PROTO_TEST_QUICK) $(AGENT_TEST_UNITS))

.PHONY: test
test: ## run what matches T='part of a name', in any suite
	@$(TOP)/kunit/run-tests.py $(BUILD) '$(T)'

# User space: in a build folder of its own, without sanitizers. The driver: KUnit and the wire.
COVERAGE_STAGES := proto-test agent-test kernel-coverage
COUNTERS := $(BUILD)/coverage/counters
coverage_user = $(filter-out kernel-coverage,$(COVERAGE_STAGES))
coverage_kernel = $(filter kernel-coverage,$(COVERAGE_STAGES))
coverage_make = $(MAKE) --no-print-directory -k $(1) | grep -E '^(not ok|\#)' || true
.PHONY: coverage
coverage: ## lines of proto/, ctrl-agent/ and drivers/cvsw/ that tests run (COVERAGE_STAGES=...)
	@$(if $(coverage_user),$(call coverage_make,-j$(CPUS) BUILD=$(BUILD)/coverage \
		SANITIZE='-O0 -g -w --coverage -fprofile-update=atomic' $(coverage_user)))
	@$(if $(coverage_kernel),$(call coverage_make,$(coverage_kernel)))
	@$(TOP)/kunit/coverage.py $(BUILD)/coverage

# Findings that stay, and why: kunit/upstream-accepted.
.PHONY: check-upstream
check-upstream: ## what other people's tools find in the code (TOOLS="checkpatch shellcheck ...")
	@$(TOP)/kunit/upstream_test.sh
	@$(TOP)/kunit/check-upstream.py $(BUILD) $(TOOLS)

.PHONY: check check-long check-build preflight
preflight: ## show what this machine lacks and install missing packages
	@$(TOP)/kunit/preflight.sh

# Of any kernel: a machine that tests need not have its own one's headers.
check-build: export CVSW_ANY_KERNEL := 1
check-build: all patch-test
	@echo "ok - modules, cvswd and cvswctl build"
	@kunit/complaints_test.sh
	@$(call check_module,y,with version 2)
	@$(call check_module,n,without version 2)

# So that each static function is one, and each call of it (names_test.sh, scripts/unused-functions).
CALLS_AS_WRITTEN := -ffunction-sections -fdata-sections -fno-ipa-icf -fno-partial-inlining \
	-fno-inline-small-functions -fno-inline-functions -fno-inline-functions-called-once

# With version 2 (y) or without it (n)
define check_module
mkdir -p $(BUILD)/log
KCFLAGS='$(CALLS_AS_WRITTEN)' $(MAKE) --no-print-directory modules V2=$(1) OUT=$(BUILD)/mod-calls-$(1) \
	> $(BUILD)/log/mod-calls-$(1).log 2>&1 || { tail -n 30 $(BUILD)/log/mod-calls-$(1).log; exit 1; }
! grep warning: $(BUILD)/log/mod-calls-$(1).log
$(TOP)/drivers/cvsw/scripts/unused-functions $(BUILD)/mod-calls-$(1)/farm/drivers/cvsw
echo "ok - modules $(2): no warning, and no function that is never called"
$(TOP)/drivers/cvsw/tests/names_test.sh $(BUILD)/mod-calls-$(1)/farm
endef

# Where a warning is a fault.
check check-long: export WERROR := 1
check: preflight ## run all tests (as root; about an hour, less with a warm cache)
	@$(TOP)/kunit/check.sh $(CHECK_STAGES)

check-long: preflight ## run the tests that take too long for make check (as root; hours)
	@$(TOP)/kunit/check.sh $(CHECK_LONG_STAGES)
