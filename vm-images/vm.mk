# SPDX-License-Identifier: GPL-2.0
# Guest images, the lab of two VMs on an Open vSwitch, its tests.

VM := $(TOP)/vm-images
VM_BUILD := $(BUILD)/vm

.PHONY: vm-image check-vm check-debian check-kernels demo vm

# The guests run Debian's stock cloud kernel, whatever this machine runs.
vm-image: agent $(VM_BUILD)/sendframe
	@set -e; mkdir -p $(BUILD)/log; \
	debs=$$($(TOP)/drivers/cvsw/scripts/kernel-debs image headers); eval "$$debs"; \
	$(MAKE) --no-print-directory modules KDIR="$$headers" ARCH= OUT= VIRTIO_NET_C= \
		> $(BUILD)/log/vm-modules.log 2>&1 || { cat $(BUILD)/log/vm-modules.log >&2; exit 1; }; \
	$(VM)/image $(VM_BUILD)/image "$$image" "$$modules" \
		$(BUILD)/mod/$$kver/cvsw.ko=lib/modules/$$kver/updates/ \
		$(BUILD)/mod/$$kver/cvsw_virtio_net.ko=lib/modules/$$kver/updates/ \
		$(TOP)/drivers/cvsw/install/modprobe.conf=usr/share/cvsw/modprobe.d/cvsw.conf \
		$(TOP)/drivers/cvsw/install/cvsw-load-key=usr/lib/cvsw/ \
		$(BUILD)/bin/cvswctl=usr/bin/ $(VM_BUILD)/sendframe=usr/bin/

$(VM_BUILD)/sendframe: $(VM)/guest/sendframe.c
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) -o $@ $<

# Packages first: the build wants them.
demo: ## show it all on real traffic, from nothing (as root; under 10 minutes)
	@$(TOP)/kunit/preflight.sh
	@echo; echo "building the modules for the guests' kernel, cvswd, cvswctl and the guest image"; \
	echo "  (log: $(BUILD)/log/demo-build.log)"; mkdir -p $(BUILD)/log
	@$(MAKE) --no-print-directory vm-image > $(BUILD)/log/demo-build.log 2>&1 || \
		{ tail -n 20 $(BUILD)/log/demo-build.log >&2; exit 1; }
	@echo; $(VM)/demo.py

vm: vm-image ## two VMs, their vswitch and controller to play with
	@$(VM)/shell.py

check-vm: vm-image ## test two VMs with Debian's stock kernel on an Open vSwitch (VM_TESTS='plain NAME...')
	@$(VM)/check.py $(VM_TESTS)

check-debian: vm-image ## run README's installation in complete Debian 12 and 13 systems
	@$(VM)/check-debian.py

check-kernels: vm-image ## build for all kernels that Debian's mirror has, and boot each
	@$(VM)/check-kernels.py
