# SPDX-License-Identifier: GPL-2.0-or-later
# Installation of cvswd and cvswctl, and its removal. DESTDIR= is put in front of every
# path; PREFIX= is /usr by default.

PREFIX ?= /usr
AGENT_INSTALL = @BIN='$(BUILD)/bin' MAN='$(MANUALS)' DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' PURGE='$(PURGE)' \
	$(AGENT_DIR)/install-files

.PHONY: install uninstall agent-install agent-uninstall ctl-install ctl-uninstall
install: agent-install ## install CVSW's user space (DESTDIR=, PREFIX=)
agent-install: agent ## install daemon, CLI, manual pages, completion, systemd units (DESTDIR=)
	$(AGENT_INSTALL) install agent
ctl-install: ctl ## install cvswctl alone, for guests (DESTDIR=)
	$(AGENT_INSTALL) install ctl

# These need neither a build nor a compiler.
uninstall: agent-uninstall
agent-uninstall: ## remove what agent-install installed (PURGE=1: options and database too)
	$(AGENT_INSTALL) uninstall agent
ctl-uninstall: ## remove what ctl-install installed
	$(AGENT_INSTALL) uninstall ctl
