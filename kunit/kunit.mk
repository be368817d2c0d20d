# SPDX-License-Identifier: GPL-2.0
# Test kernels, KUnit suites and the virtio wire:
#
#   build/uml/NAME/kernel	a kernel's build folder, in the cache; KDIR of its modules
#   build/uml/NAME/mod		modules built for it
#
# All are User-Mode Linux, of one CPU, but for smp and kcsan, which QEMU runs.

UML := $(BUILD)/uml
UML_KERNELS := plain kasan
UML_FRAGMENTS_plain := kunit/uml.config
UML_FRAGMENTS_kasan := kunit/uml.config kunit/uml-kasan.config
UML_FRAGMENTS_gcov := kunit/uml.config kunit/uml-gcov.config
UML_FRAGMENTS_smp := kunit/smp.config kunit/smp-kasan.config
UML_FRAGMENTS_kcsan := kunit/smp.config kunit/smp-kcsan.config
SMP_KERNELS := smp kcsan
TEST_KERNELS := $(UML_KERNELS) $(SMP_KERNELS) gcov
test_arch = $(if $(filter $(SMP_KERNELS),$*),x86,um)

.PHONY: uml $(TEST_KERNELS:%=uml-%)
uml: $(filter-out uml-kcsan uml-gcov,$(TEST_KERNELS:%=uml-%)) ## build the test kernels (cached)

# Always asked, for the cache's key knows more than timestamps do; quick when it hits.
$(TEST_KERNELS:%=uml-%): uml-%:
	@KERNEL_ARCH=$(test_arch) kunit/kernel-build.sh $(UML)/$*/kernel $(UML_FRAGMENTS_$*)

# ESP packets that libcrypto has made, for esp_test.c.
ESP_VECTORS := $(BUILD)/user/kunit/esp_vectors.h
$(ESP_VECTORS): kunit/esp_vectors.c
	@mkdir -p $(@D)
	@gcc -O1 -Wall -o $(@D)/esp_vectors $< -lcrypto
	@$(@D)/esp_vectors > $@

# What version 3 says byte by byte, for v3_crypto_test.c.
V3_VECTORS := $(BUILD)/user/kunit/v3_vectors.h
$(V3_VECTORS): proto/vectors/v3.txt
	@mkdir -p $(@D)
	@{ echo 'static const struct { const char *name, *hex; } v3_vectors[] = {' && \
	sed -n 's/^\([a-z0-9-]*\) = \([0-9a-f]*\)$$/	{ "\1", "\2" },/p' $< && \
	echo '};'; } > $@

# Everything a kernel's tests load.  Kbuild works in the driver's farm of links.
.PHONY: $(TEST_KERNELS:%=uml-modules-%)
$(TEST_KERNELS:%=uml-modules-%): uml-modules-%: uml-% $(ESP_VECTORS) $(V3_VECTORS)
	@$(call build_test_modules,$*,mod,y,$(test_arch))

# Kernel, folder, with version 2 (y) or without it (n), architecture
define build_test_modules
mkdir -p $(BUILD)/log $(UML)/$(1)/$(2)/farm/kunit
ln -sfn $(abspath $(ESP_VECTORS) $(V3_VECTORS)) $(UML)/$(1)/$(2)/farm/kunit/
$(MAKE) --no-print-directory modules KDIR=$(UML)/$(1)/kernel ARCH=$(4) OUT=$(UML)/$(1)/$(2) V2=$(3) \
	> $(BUILD)/log/$@.log 2>&1 && \
V2=$(3) ARCH=$(4) kunit/build-test-modules $(UML)/$(1)/kernel $(UML)/$(1)/$(2) >> $(BUILD)/log/$@.log 2>&1 || \
	{ tail -n 30 $(BUILD)/log/$@.log; exit 1; }
endef

.PHONY: check-kunit $(UML_KERNELS:%=check-kunit-%)
check-kunit: $(UML_KERNELS:%=check-kunit-%) ## KUnit suites, on both test kernels (KUNIT_PARAMS="fuzz_seed=N suites=GLOB[.CASE],...")
$(UML_KERNELS:%=check-kunit-%): check-kunit-%: uml-modules-%
	@kunit/run-uml.sh kunit-$* $(UML)/$*/kernel 600 \
		$(TOP)/kunit/kunit_suites.sh $(UML)/$*/mod $(KUNIT_PARAMS)

# Those in which CPUs may meet; the others would only take an emulated machine's time.
SMP_SUITES := table-race,pipeline,groups,expiry,cache,hits,backlog,esp,esp-race,contexts,cvsw_*

.PHONY: check-smp
check-smp: uml-modules-smp ## KUnit suites on several CPUs (SUITES=GLOB,...; all: SUITES='*')
	@kunit/run-smp.sh kunit-smp $(UML)/smp/kernel/arch/x86/boot/bzImage $(UML)/smp/mod 1800 \
		'suites=$(or $(SUITES),$(SMP_SUITES))' $(KUNIT_PARAMS)

.PHONY: check-kcsan
check-kcsan: uml-modules-kcsan ## the same suites, looking for data races (KCSAN)
	@kunit/run-smp.sh kunit-kcsan $(UML)/kcsan/kernel/arch/x86/boot/bzImage $(UML)/kcsan/mod 3600 \
		'suites=$(or $(SUITES),$(SMP_SUITES))' $(KUNIT_PARAMS)

.PHONY: check-wire $(UML_KERNELS:%=check-wire-%)
check-wire: $(UML_KERNELS:%=check-wire-%) ## the whole driver on the virtio wire, on both test kernels
$(UML_KERNELS:%=check-wire-%): check-wire-%: uml-modules-% $(BUILD)/bin/cvswctl
	@kunit/run-uml.sh wire-$* $(UML)/$*/kernel 900 \
		python3 -B $(TOP)/kunit/wire_test/run.py $(UML)/$*/mod $(UML)/$*/kernel $(ONLY)

# For make coverage: the driver's modules, and the tests' with the driver's sources in them, count
# the lines that run; as they are written, for a call that is inlined is no line.  GCOV_PROFILE is
# Kbuild's.
.PHONY: kernel-coverage
uml-modules-gcov: export GCOV_PROFILE := y
uml-modules-gcov: export KCFLAGS = -fno-early-inlining $(CALLS_AS_WRITTEN)
kernel-coverage: uml-modules-gcov $(BUILD)/bin/cvswctl
	@rm -rf $(COUNTERS) && mkdir -p $(COUNTERS)/kunit $(COUNTERS)/wire
	-@CVSW_COUNTERS=$(COUNTERS)/kunit kunit/run-uml.sh kunit-gcov $(UML)/gcov/kernel 900 \
		$(TOP)/kunit/kunit_suites.sh $(UML)/gcov/mod
	-@CVSW_COUNTERS=$(COUNTERS)/wire kunit/run-uml.sh wire-gcov $(UML)/gcov/kernel 1800 \
		python3 -B $(TOP)/kunit/wire_test/run.py $(UML)/gcov/mod $(UML)/gcov/kernel

# Where version 2 is left out: what stands beside it, and version 3 on the wire.
# Version 3 alone, in driver and daemon.
.PHONY: check-without-version2 driver-without-version2 agent-without-version2
check-without-version2: uml-plain $(ESP_VECTORS) $(V3_VECTORS) ## test version 3 alone: driver and daemon built with V2=n
	@$(call side_by_side,driver-without-version2 agent-without-version2)
driver-without-version2: uml-plain $(ESP_VECTORS) $(V3_VECTORS) $(BUILD)/bin/cvswctl
	@$(call build_test_modules,plain,mod-without-version2,n,um)
	@kunit/run-uml.sh kunit-without-version2 $(UML)/plain/kernel 600 \
		$(TOP)/kunit/kunit_suites.sh $(UML)/plain/mod-without-version2 'suites=cvsw_*'
	@kunit/run-uml.sh wire-without-version2 $(UML)/plain/kernel 900 \
		python3 -B $(TOP)/kunit/wire_test/run.py $(UML)/plain/mod-without-version2 $(UML)/plain/kernel version 3:
agent-without-version2:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/without-version2 V2=n agent-test-version3

# Case N is made from seed CVSW_SEED + N.  The long ones go on where check-stack ends.
run_stack = kunit/run-uml.sh $(1) $(UML)/$(2)/kernel $(3) \
	python3 -B $(TOP)/kunit/stack/run.py $(UML)/$(2)/mod $(4) $(5)
.PHONY: check-stack check-stack-long
check-stack: uml-modules-plain ## compare what a network stack accepts with what the parser sees (CVSW_SEED=N, CVSW_FRAMES=N)
	@$(call run_stack,stack,plain,900,$(or $(CVSW_SEED),1),$(or $(CVSW_FRAMES),1000000))
check-stack-long: uml-modules-plain uml-modules-kasan
	@$(call run_stack,stack-kasan,kasan,3600,1000001,1000000)
	@$(call run_stack,stack-long,plain,7200,2000001,30000000)

# Table N of the comparison is made from seed CVSW_SEED + N.
.PHONY: check-ovs
check-ovs: uml-modules-plain $(BUILD)/bin/cvswctl $(BUILD)/user/proto-flowtool ## the driver's flows against Open vSwitch's (CVSW_SEED=N, CVSW_TABLES=N)
	@kunit/run-uml.sh ovs $(UML)/plain/kernel 1800 \
		python3 -B $(TOP)/kunit/ovs/run.py $(UML)/plain/mod $(UML)/plain/kernel \
		$(or $(CVSW_SEED),1) $(or $(CVSW_TABLES),$(if $(CVSW_SEED),1,250))
