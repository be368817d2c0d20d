# SPDX-License-Identifier: GPL-2.0
"""VMs that are complete Debian systems, and README's commands in them."""
