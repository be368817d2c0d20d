#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""The tables in cvsw_fields.h, and the lists that the pages and Wireshark's scripts have of them.

usage: fields.py PROTO_FOLDER    (writes those lists anew)
"""
import collections
import os
import re
import sys
import textwrap

CLASSES = {"OF": 0x0000, "NX": 0x0001, "ERIC": 0x1000, "CV": 0x4356, "OXM": 0x8000}
NEEDS = {"NOTHING": "", "IPV4": "IPv4", "IPV6": "IPv6", "ICMPV6": "ICMPv6", "ND_SOLICIT": "ND 135",
         "ND_ADVERT": "ND 136"}

Field = collections.namedtuple("Field", "id slot cls number bytes bits oxm need asks use set kind name oxm_name words")
Part = collections.namedtuple("Part", "field first bits oxm bytes oxm_name words")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def rows(header, macro):
    """The cells of each X(...) in a table."""
    table = re.search(rf"#define {macro}\(X\)(.*?[^\\])\n\n", header, re.DOTALL).group(1)
    for row in re.findall(r"\bX\((.*?)\)\s*\\?(?=\s*(?:X\(|/\*|$))", table, re.DOTALL):
        cells = re.findall(r'"[^"]*"|[^,"]+', row.replace("\\\n", " "))
        yield [cell.strip().strip('"') for cell in cells if cell.strip()]


def fields(folder):
    return [Field(*row) for row in rows(read(folder, "cvsw_fields.h"), "CVSW_FIELDS")]


def shown_words(field):
    """Words of a match; one with a capital letter in front is printed, and not read."""
    return [word for word in field.words.split() if not word[0].isupper()] or [field.words.lower()]


def quoted(words):
    return [f"`{word}`" for word in words]


def header(cls, number):
    return f"{CLASSES[cls]:#x}, {number}" if CLASSES[cls] > 1 else f"{CLASSES[cls]}, {number}"


def page_list(folder):
    yield "| class, field | length | in a match | needs | in load, move and set_field |"
    yield "| --- | --- | --- | --- | --- |"
    for field in fields(folder):
        words = shown_words(field) if field.slot != "NONE" else []
        names = [field.name] if field.use == "RW" else []
        if field.oxm_name:
            names.append(f"{field.oxm_name} (0x8000, {field.oxm})")
        if field.slot == "NONE":
            names += quoted(field.words.split())
        yield (f"| {header(field.cls, field.number)} | {field.bytes} | {', '.join(quoted(words))} | "
               f"{NEEDS.get(field.need, field.need)} | {', '.join(names)} |")
    for part in (Part(*row) for row in rows(read(folder, "cvsw_fields.h"), "CVSW_PARTS")):
        last = int(part.first) + int(part.bits) - 1
        on_wire = f"0x8000, {part.oxm} | {part.bytes}" if part.oxm_name else "|"
        names = [part.oxm_name] if part.oxm_name else []
        yield (f"| {on_wire} | | | {', '.join(names + quoted(part.words.split()))}: "
               f"bits {part.first} to {last} of {part.field} |")


def script_list(folder):
    names = collections.defaultdict(dict)
    for field in fields(folder):
        if field.slot != "NONE":
            names[CLASSES[field.cls]][int(field.number)] = shown_words(field)[0]
    for cls, numbers in sorted(names.items()):
        yield f"\t[{cls:#06x}] = {{"
        named = " ".join(f'[{number}]="{name}",' for number, name in sorted(numbers.items()))
        yield from ("\t\t" + line.replace("]=", "] = ") for line in textwrap.wrap(named, 72))
        yield "\t},"


def sizes(folder):
    """Of a member of struct cvsw_key or cvsw_action, its bytes."""
    flow, found = read(folder, "cvsw_flow.h"), {}
    for name, prefix in (("key", ""), ("action", ""), ("move", "move."), ("load", "load."), ("tunnel", "tunnel."),
                         ("resubmit", "resubmit."), ("to_group", "to_group.")):
        body = re.search(rf"struct cvsw_{name} {{\n(.*?)\n}};", flow, re.DOTALL).group(1)
        for bits, member, many in re.findall(r"uint(\d+)_t +(\w+)(?:\[(\w+)\])?;", body):
            many = {"": 1, "CVSW_ETH_ALEN": 6, "CVSW_IP_LEN": 16, "CVSW_N_REGS": 16}.get(many) or int(many)
            found[prefix + member] = int(bits) // 8 * many
            found |= {f"{prefix}{member}[{i}]": int(bits) // 8 for i in range(many)}
    return found


def slots(folder):
    """Number, name and bytes of each field of a match of version 3."""
    size = sizes(folder)
    found = [(int(number), re.sub(r"^regs\[(\d+)\]$", r"reg\1", member), size[member])
             for _, number, member, _ in rows(read(folder, "cvsw_fields.h"), "CVSW_SLOTS")]
    return sorted(slot for slot in found if slot[0])


def actions(folder):
    """Number and name of each action of version 3, and its values: name, bytes, is it a field?"""
    header, size, values = read(folder, "cvsw_fields.h"), sizes(folder), collections.defaultdict(list)
    for name, member, kind in rows(header, "CVSW_ACTION_VALUES"):
        values[name].append((member.split(".")[-1], 4 if kind == "FIELD" else size[member], kind == "FIELD"))
    found = [(int(row[1]), row[0], values[row[0]]) for row in rows(header, "CVSW_ACTIONS")]
    return sorted(found)


def slot_page_list(folder):
    yield "| number | field | bytes |"
    yield "| --- | --- | --- |"
    for number, name, size in slots(folder):
        yield f"| {number} | {name} | {size} |"


def action_page_list(folder):
    yield "| number | action | value (bytes) | length |"
    yield "| --- | --- | --- | --- |"
    for number, name, values in actions(folder):
        told = ", ".join(f"{value} ({size})" for value, size, _ in values)
        yield f"| {number} | {name} | {told} | {sum(size for _, size, _ in values)} |"


def name_script_list(numbers):
    named = " ".join(f'[{number}]="{name}",' for number, name, _ in numbers)
    yield from ("\t" + line.replace("]=", "] = ") for line in textwrap.wrap(named, 80))


def size_script_list(folder):
    named = " ".join(f"[{number}]={size}," for number, _, size in slots(folder))
    yield from ("\t" + line.replace("]=", "] = ") for line in textwrap.wrap(named, 80))


# File, first line of a list, what makes its lines, the line behind it.
LISTS = [
    ("README.md", "<!-- fields -->", page_list, "<!-- end of fields -->"),
    ("VERSION3.md", "<!-- fields -->", slot_page_list, "<!-- end of fields -->"),
    ("VERSION3.md", "<!-- actions -->", action_page_list, "<!-- end of actions -->"),
    ("wireshark/cvsw_flow_mod.lua", "local nxm_names = {", script_list, "}"),
    ("wireshark/cvsw_flow_mod3.lua", "local slots = {", lambda folder: name_script_list(slots(folder)), "}"),
    ("wireshark/cvsw_flow_mod3.lua", "local sizes = {", size_script_list, "}"),
    ("wireshark/cvsw_flow_mod3.lua", "local actions = {", lambda folder: name_script_list(actions(folder)), "}"),
]


def with_list(folder, name, first, lines, last):
    """What a file has to be."""
    text = read(folder, name)
    begin = text.index(first + "\n") + len(first) + 1
    end = text.index("\n" + last + "\n", begin - 1)
    return text[:begin] + "\n".join(lines(folder)) + text[end:]


def main():
    folder = sys.argv[1]
    for name, *one in LISTS:
        text = with_list(folder, name, *one)
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
