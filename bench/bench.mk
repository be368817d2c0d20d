# SPDX-License-Identifier: GPL-2.0
# Measurements side by side.  They print what was measured and what was wanted; only
# something that does not work makes them fail.
#
#   ROUNDS=   repeats of each case (default 5)
#   BENCH_SECONDS=  of each run (default 2); bench-tunnel's packet runs take half of it
# of bench-table:
#   ENTRIES=  in the largest table (default 1000000)
#   SYSTEMS=  of cvsw, ovs, flower (default: all)
# of bench-control:
#   NICS=     numbers of NICs with keys, multiples of 100 (default "1000 10000"); "": that part is left out
# and of bench-paper:
#   SIZES=    of datagrams (default: the paper's)
#   PAIRS=    numbers of pairs of VMs (default: the paper's)
# Two minutes: make bench-paper ROUNDS=1 SIZES="64 4096" PAIRS=1

ROUNDS ?= 5
BENCH_SECONDS ?= 2
SIZES ?= 64 512 2048 4096 32768
PAIRS ?= 1 2 4
ENTRIES ?= 1000000
NICS ?= 1000 10000

.PHONY: bench-modules bench-tunnel bench-paper bench-table bench-control
bench-modules: uml-plain
	@mkdir -p $(BUILD)/log
	@{ $(MAKE) --no-print-directory modules KDIR=$(UML)/plain/kernel ARCH=um OUT=$(UML)/plain/mod && \
	bench/build-modules $(UML)/plain/kernel $(UML)/plain/mod; } > $(BUILD)/log/$@.log 2>&1 || \
		{ tail -n 30 $(BUILD)/log/$@.log; exit 1; }

bench-tunnel: bench-modules ## measure VXLAN and ESP beside the kernel's own, on the virtio wire
	@bench/tunnel/run.sh $(UML)/plain $(ROUNDS) $(BENCH_SECONDS)

# A kernel with the classifiers that CVSW's table is compared with.
.PHONY: uml-bench bench-table-modules
uml-bench:
	@kunit/kernel-build.sh $(UML)/bench/kernel kunit/uml.config bench/uml.config

bench-table-modules: uml-bench
	@mkdir -p $(BUILD)/log
	@{ $(MAKE) --no-print-directory modules KDIR=$(UML)/bench/kernel ARCH=um OUT=$(UML)/bench/mod && \
	bench/table/build $(UML)/bench/kernel $(UML)/bench/mod; } > $(BUILD)/log/$@.log 2>&1 || \
		{ tail -n 30 $(BUILD)/log/$@.log; exit 1; }

# Builds them, measures nothing.
.PHONY: check-bench
check-bench: bench-modules ## the benchmarks' modules build
	@bench/table/build $(UML)/plain/kernel $(UML)/plain/mod > $(BUILD)/log/$@-table.log 2>&1 || \
		{ tail -n 30 $(BUILD)/log/$@-table.log; exit 1; }
	@echo "ok - the benchmarks' modules build"

bench-table: bench-table-modules ## measure the flow table beside the kernel's openvswitch and tc flower
	@bench/table/run.sh $(UML)/bench $(ROUNDS) $(ENTRIES) $(SYSTEMS)

.PHONY: bench-control-modules
bench-control-modules: bench-table-modules
	@bench/build-modules $(UML)/bench/kernel $(UML)/bench/mod > $(BUILD)/log/$@.log 2>&1 || \
		{ tail -n 30 $(BUILD)/log/$@.log; exit 1; }

bench-control: bench-control-modules bench-crowd $(BUILD)/bin/cvswctl ## measure flow_mods from cvswd's socket to a NIC's ACK, forwarding meanwhile, and what many NICs cost
	@bench/control/run.sh $(UML)/bench $(ROUNDS) $(BENCH_SECONDS)

# Its second part needs no kernel: thousands of light NICs in a process of their own.
.PHONY: bench-crowd
CROWD := $(BUILD)/bench/crowd
$(CROWD): $(TOP)/bench/control/crowd.c $(addprefix $(BUILD)/user/,agent/base/heap.o proto/cvsw_v3_libcrypto.o libcvswproto.a)
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) $(AGENT_CFLAGS) -o $@ $(filter %.c %.o %.a,$^) -lcrypto

bench-crowd: $(CROWD) $(BUILD)/bin/cvswd ## measure what thousands of NICs with keys, in overlays, cost cvswd
	@$(if $(strip $(NICS)),python3 -B bench/control/crowd.py $(BUILD)/bin $(CROWD) $(BUILD)/bench/crowd $(NICS))

bench-paper: vm-image ## measure the paper's Tables 5 to 7 in VMs, beside Open vSwitch
	@bench/paper/run.py $(ROUNDS) $(BENCH_SECONDS) "$(SIZES)" "$(PAIRS)"
