# SPDX-License-Identifier: GPL-2.0
"""A small data centre on one machine: an Open vSwitch, VMs, a controller."""
