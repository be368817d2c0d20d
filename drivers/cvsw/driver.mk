# SPDX-License-Identifier: GPL-2.0
# The kernel modules: cvsw.ko, the engine, and cvsw_virtio_net.ko, the kernel's
# own virtio_net.c with CVSW's hooks.
#
#   KDIR=          the kernel build folder to build for.  Without it: the running
#                  kernel's headers, or else the newest installed, or else those
#                  of Debian's stock cloud kernel, downloaded into $(CVSW_CACHE).
#   VIRTIO_NET_C=  drivers/net/virtio_net.c of that kernel.  Without it: that of
#                  the sources behind KDIR, or of the Debian package linux-source-X.Y
#                  of the same Debian version as the headers.
#   ARCH=          as Kbuild has it; um for User-Mode Linux
#   OUT=           where the modules go; build/mod/KVER without it.  Kbuild's
#                  objects are in OUT/farm.
#   DESTDIR=       put in front of every path by modules_install and uninstall
#
# A User-Mode Linux kernel's modules:
#   make modules KDIR=path/of/its/objects ARCH=um OUT=build/uml/NAME/mod
# Another Debian kernel's:
#   eval "$(drivers/cvsw/scripts/kernel-debs -s 6.12 headers source)"
#   make modules KDIR=$headers

CVSW_SCRIPTS := $(TOP)/drivers/cvsw/scripts

.PHONY: modules modules_install uninstall
all: modules

modules: export KDIR := $(KDIR)
modules: export VIRTIO_NET_C := $(VIRTIO_NET_C)
modules: export ARCH := $(ARCH)
modules: export OUT := $(OUT)
modules: ## build cvsw.ko and cvsw_virtio_net.ko
	@$(CVSW_SCRIPTS)/build-modules

modules_install uninstall: export KDIR := $(KDIR)
modules_install uninstall: export OUT := $(OUT)
modules_install uninstall: export DESTDIR := $(DESTDIR)
modules_install: ## install the modules that were built, to load in place of virtio_net
	@$(CVSW_SCRIPTS)/install-modules install
uninstall: ## remove the installed modules again
	@$(CVSW_SCRIPTS)/install-modules uninstall
