# SPDX-License-Identifier: GPL-2.0
"""The tests of the two-VM suite, a module a subject."""
