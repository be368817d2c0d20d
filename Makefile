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
USER_CFLAGS := -std=gnu11 -Wall -Wextra -Wmissing-prototypes -Werror -D_GNU_SOURCE $(CFLAGS)
SAN_CFLAGS := -std=gnu11 -Wall -Wextra -Wmissing-prototypes -Werror -D_GNU_SOURCE -O1 -g \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

.PHONY: all help clean
all: ## build the modules (KDIR= to choose the kernel), cvswd and cvswctl

# Commands are shown with V=1.
ifeq ($(V),)
.SILENT:
endif

include $(sort $(wildcard $(TOP)/*/*.mk $(TOP)/drivers/cvsw/*.mk))

help: ## show this list
	@grep -hE '^[a-z_-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{ printf "  make %-16s %s\n", $$1, $$2 }'

clean: ## remove build/ (the cache stays: $(CVSW_CACHE))
	rm -rf $(BUILD)
