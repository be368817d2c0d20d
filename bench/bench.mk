# SPDX-License-Identifier: GPL-2.0
# Measurements side by side.  They print what was measured and what was wanted; only
# something that does not work makes them fail.
#
#   ROUNDS=   repeats of each case (default 5)
#   BENCH_SECONDS=  of each TCP run; packet runs take half of it (default 2)

ROUNDS ?= 5
BENCH_SECONDS ?= 2

.PHONY: bench-modules bench-tunnel
bench-modules: uml-plain
	@mkdir -p $(BUILD)/log
	@{ $(MAKE) --no-print-directory modules KDIR=$(UML)/plain/kernel ARCH=um OUT=$(UML)/plain/mod && \
	bench/build-modules $(UML)/plain/kernel $(UML)/plain/mod; } > $(BUILD)/log/$@.log 2>&1 || \
		{ tail -n 30 $(BUILD)/log/$@.log; exit 1; }

bench-tunnel: bench-modules ## measure VXLAN and ESP beside the kernel's own, on the virtio wire
	@bench/tunnel.sh $(UML)/plain $(ROUNDS) $(BENCH_SECONDS)
