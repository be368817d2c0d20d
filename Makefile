# SPDX-License-Identifier: GPL-2.0
# CVSW: every room has its own NAME.mk; this file holds what they share.
# `make help` lists the targets.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:

TOP := $(CURDIR)
ifneq ($(words $(TOP)),1)
$(error CVSW cannot be built in a path with spaces, for Kbuild cannot: "$(TOP)"; move the checkout)
endif

BUILD := $(TOP)/build
# Downloads and built test kernels, kept across clean builds.
CVSW_CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/cvsw
export TOP BUILD CVSW_CACHE

CC := gcc
CLANG := clang
CFLAGS ?= -O2 -g
# A new compiler's new warning must not keep users from building: warnings are errors
# in `make check` and in CI (WERROR=1), and where only tests are built (unless WERROR=0).
WARNINGS := -std=gnu11 -Wall -Wextra -Wmissing-prototypes -D_GNU_SOURCE
USER_WERROR = $(if $(filter 1,$(WERROR)),-Werror)
TEST_WERROR = $(if $(filter 0,$(WERROR)),,-Werror)

# What the compiler has of this. FORTIFY_SOURCE does nothing, but warns, without optimization.
cc_options = $(foreach o,$(1),$(shell $(CC) -Werror $(o) -S -o /dev/null -x c /dev/null 2>/dev/null && echo '$(o)'))
HARDEN_CFLAGS := -fPIE -fstack-protector-strong \
	$(call cc_options,-fstack-clash-protection -fcf-protection=full -mbranch-protection=standard)
FORTIFY = $(if $(filter -O1 -O2 -O3 -Os -Og,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
HARDEN_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack

USER_CFLAGS = $(WARNINGS) $(USER_WERROR) $(HARDEN_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(FORTIFY)
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_CFLAGS = $(WARNINGS) $(TEST_WERROR) $(SANITIZE)
# Beside each object the compiler writes a .d file, with the headers that it has read.
DEPS = -MMD -MP -MT '$@'

CPUS := $(shell nproc)
# Targets that mostly wait run side by side: $(call side_by_side,TARGET...). Each one's output stays in one piece.
SIDES ?= 4
side_by_side = $(MAKE) --no-print-directory --keep-going -j$(SIDES) --output-sync=target $(1)

# Of a suite only the tests whose names contain ONLY=.
only = $(if $(ONLY),"$$ONLY")

.PHONY: all help clean
all: ## build the modules (KDIR= to choose the kernel), cvswd and cvswctl

# Commands are shown with V=1.
ifeq ($(V),)
.SILENT:
endif

include $(sort $(wildcard $(TOP)/*/*.mk $(TOP)/drivers/cvsw/*.mk))
-include $(shell find $(addprefix $(BUILD)/,user asan fuzz/objects freestanding) -name '*.d' 2>/dev/null)

help: ## show this list
	@grep -hE '^[a-z_-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{ printf "  make %-16s %s\n", $$1, $$2 }'

clean: ## remove build/ (the cache stays: $(CVSW_CACHE))
	rm -rf $(BUILD)
