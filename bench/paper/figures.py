# SPDX-License-Identifier: GPL-2.0
"""What the paper measured (IEICE Trans. B, J97-B No. 8, 2014), Mbit/s: the mean of a flow.

Two hosts with Core i7 (3.6 and 3.4 GHz) on 1000BASE-T, Open vSwitch 1.10, Iperf with UDP for 60 s.
"""
SIZES = (64, 512, 2048, 4096, 32768)

# (block, way): by size.  Blocks and ways are those of cases.py.
PUBLISHED = {
    ("null", "cvsw"): (19.2, 255, 925, 946, 953),
    ("null", "existing"): (19.6, 257, 925, 946, 953),
    ("rewrite", "cvsw"): (19.2, 255, 926, 945, 953),
    ("rewrite", "existing"): (19.5, 255, 925, 946, 953),
    ("vlan", "cvsw"): (19.3, 256, 922, 943, 951),
    ("vlan", "existing"): (19.6, 255, 922, 943, 951),
    ("vxlan-1", "cvsw"): (19.6, 258, 887, 915, 924),
    ("vxlan-1", "existing-1500"): (19.0, 256, 862, 887, 200),
    ("vxlan-1", "existing"): (None, None, 876, 915, 924),
    ("aes-1", "cvsw"): (19.5, 259, 789, 825, 830),
    ("aes-1", "existing"): (19.3, 213, 844, 834, 96.1),
    ("aes-2", "cvsw"): (19.4, 260, 441, 455, 456),
    ("aes-2", "existing"): (19.2, 232, 391, 362, None),
    ("aes-4", "cvsw"): (19.4, 198, 222, 229, 228),
    ("aes-4", "existing"): (16.8, 143, 173, 139, None),
}


def published(block, way, size):
    """Mbit/s, or None if the paper has no such figure."""
    found = PUBLISHED.get((block, way))
    return found[SIZES.index(size)] if found and size in SIZES else None


def published_ratio(block, way, other, size):
    mine, theirs = published(block, way, size), published(block, other, size)
    return mine / theirs if mine and theirs else None
