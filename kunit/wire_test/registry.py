# SPDX-License-Identifier: GPL-2.0
"""The tests, in the order they were written down."""
TESTS = []


def test(name, anew=False):
    """`anew`: the test leaves devices behind that the next one cannot use."""
    def register(function):
        TESTS.append((name, function, anew))
        return function
    return register
