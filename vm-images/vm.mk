# SPDX-License-Identifier: GPL-2.0
# Guest images, the lab of two VMs on an Open vSwitch, its tests.

VM := $(TOP)/vm-images

.PHONY: vm-image check-vm
vm-image:
	@eval "$$($(TOP)/drivers/cvsw/scripts/kernel-debs image)" && \
	mkdir -p $(BUILD)/vm/image && \
	$(VM)/image $(BUILD)/vm/image "$$image" "$$modules"

check-vm: vm-image ## test two VMs on an Open vSwitch
	@$(VM)/check.py plain && $(VM)/check.py tso

CHECK_STAGES += check-vm
