# SPDX-License-Identifier: GPL-2.0
# The kernel modules: cvsw.ko, the engine, and cvsw_virtio_net.ko, the kernel's
# own virtio_net.c with CVSW's hooks.
#
#   KDIR=          the kernel build folder to build for.  Without it: the running
#                  kernel's headers.  Only where the running kernel is not installed
#                  (a container): the newest headers installed, or those
#                  of Debian's stock cloud kernel, downloaded into $(CVSW_CACHE).
#   VIRTIO_NET_C=  drivers/net/virtio_net.c of that kernel.  Without it: that of
#                  the sources behind KDIR, or of the Debian package linux-source-X.Y
#                  of the same Debian version as the headers.
#   ARCH=          as Kbuild has it; um for User-Mode Linux
#   OUT=           where the modules go; build/mod/KVER without it.  Kbuild's
#                  objects are in OUT/farm.
#   V2=n           leaves out version 2 of the control protocol
#   DESTDIR=       put in front of every path by modules_install and modules_uninstall
#
# A User-Mode Linux kernel's modules:
#   make modules KDIR=path/of/its/objects ARCH=um OUT=build/uml/NAME/mod
# Another Debian kernel's:
#   eval "$(drivers/cvsw/scripts/kernel-debs -s 6.12 headers source)"
#   make modules KDIR=$headers

CVSW_SCRIPTS := $(TOP)/drivers/cvsw/scripts

.PHONY: modules modules_install modules_uninstall uninstall patch-test
all: modules

modules: export KDIR := $(KDIR)
modules: export VIRTIO_NET_C := $(VIRTIO_NET_C)
modules: export ARCH := $(ARCH)
modules: export OUT := $(OUT)
modules: export V2 := $(V2)
modules: ## build cvsw.ko and cvsw_virtio_net.ko
	@$(CVSW_SCRIPTS)/build-modules

modules_install: export KDIR := $(KDIR)
modules_install: export OUT := $(OUT)
modules_install modules_uninstall: export DESTDIR := $(DESTDIR)
modules_install: ## install the modules that were built, to load in place of virtio_net
	@$(CVSW_SCRIPTS)/install-modules install
uninstall: modules_uninstall ## remove all that was installed, of all kernels
modules_uninstall: ## remove the driver, of all kernels
	@$(CVSW_SCRIPTS)/install-modules uninstall

patch-test: ## test that a driver with a way past CVSW is refused
	@kdir=$$(CVSW_ANY_KERNEL=1 $(CVSW_SCRIPTS)/kernel-dir 2>/dev/null) && source=$$($(CVSW_SCRIPTS)/virtio-net-source "$$kdir") && \
		$(TOP)/drivers/cvsw/tests/patch_test.sh "$$source"
