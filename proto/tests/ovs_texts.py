#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""The flows in Open vSwitch's own tests and manuals: which of them we read, and do we mean the same?

usage: ovs_texts.py FLOWTOOL FOLDER [LIST]

FOLDER gets the source package of the Open vSwitch that is installed, by apt's own sources; who has it unpacked names
it: OVS_SOURCE=folder.  LIST gets a line for each text: why it is refused, or what was shown.

Every text that the installed ovs-ofctl takes is one of these, and the last three are faults:
  taken        ovs-ofctl shows what we show just as it shows the text
  not had      what a NIC has not, and says so by its name
  port         a port that a NIC has not; the text is then tried again with HOST and NET in its place
  meant        we refuse what ovs-ofctl reads and means something else by (proto/README.md, "Flows as text")
  spelling     refused, and the words are to blame
  other        ovs-ofctl shows something else
  lost         what we show ovs-ofctl does not take
"""
import collections
import concurrent.futures
import glob
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile

import test_ovs

PROTOCOLS = "OXM-OpenFlow15", "NXM+table_id", "OXM-OpenFlow13"
VERSIONS = ",".join(f"OpenFlow1{minor}" for minor in range(6))
FILES = ("tests/*.at", "lib/*.xml", "lib/*.man", "utilities/*.in", "vswitchd/*.xml", "ofproto/*.man",
         "Documentation/**/*.rst")
FAULTS = "spelling", "other", "lost"
CHUNK = 60

# What our messages say, and what that is.
CAUSES = (
    (r"a NIC has no port ", "port"),
    (r"a NIC has no ", "not had"),
    (r"to 4294967295 for tun_id", "not had"),
    (r"contradicts|given before|the protocol named has no|needs a protocol|multiple of 4|always has priority|expected a VLAN id|untagged", "meant"),
    (r"a tag without 0x1000|no frame has that|stands alone|needs an action|unknown action drop", "meant"),
)


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)


def fetch(folder):
    """The source package, by deb-src lines made from apt's own deb lines, beside the system's lists."""
    lists = os.path.join(os.path.abspath(folder), "apt")
    for name in ("lists/partial", "cache/archives/partial", "parts"):
        os.makedirs(os.path.join(lists, name), exist_ok=True)
    for path in glob.glob("/etc/apt/sources.list.d/*.sources") + glob.glob("/etc/apt/sources.list.d/*.list") + [
            "/etc/apt/sources.list"]:
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"^(Types:.*)\bdeb\b(?!-)(?!.*deb-src)", r"\1deb-src", file.read(), flags=re.MULTILINE)
        if "debian" in text.lower():
            with open(os.path.join(lists, "parts", os.path.basename(path)), "w", encoding="utf-8") as file:
                file.write(re.sub(r"^deb\b(?!-)", "deb-src", text, flags=re.MULTILINE))
    own = [word for name, where in (("Etc::SourceList", "/dev/null"), ("Etc::SourceParts", f"{lists}/parts"),
                                    ("State::Lists", f"{lists}/lists"), ("Cache", f"{lists}/cache"))
           for word in ("-o", f"Dir::{name}={where}")]
    run("apt-get", *own, "-o", "APT::Sandbox::User=root", "update", cwd=folder)
    done = run("apt-get", *own, "-o", "APT::Sandbox::User=root", "source", "openvswitch", cwd=folder)
    return done.stderr.strip().splitlines()[-1:]


def source(folder):
    """Where it is unpacked; or None, and why."""
    given = os.environ.get("OVS_SOURCE")
    if given:
        return given, None
    os.makedirs(folder, exist_ok=True)
    find = os.path.join(folder, "openvswitch-*", "tests")
    why = None if glob.glob(find) else fetch(folder)
    found = glob.glob(find)
    return (os.path.dirname(found[0]), None) if found else (None, why)


def candidates_of(line):
    """Whatever in a line may be a flow."""
    yield line
    for quote in "'\"`":
        yield from (part for part in line.split(quote) if "action" in part)
    yield from (part for part in line.split() if "action" in part)
    # "ovs-ofctl add-flow br0 FLOW", and what ofp-print shows in front of a flow.
    yield from re.findall(r"(?:add-flow|mod-flows|parse-flow|replace-flows)\S* (?:-\S+ )*(?:\S+ )?(.*action.*)", line)
    yield from re.findall(r"\): (?:ADD|MOD|MOD_STRICT) (.*action.*)", line)
    yield from re.findall(r"<code>(.*?action.*?)</code>", line)


def candidates(folder):
    found = {}
    for pattern in FILES:
        for path in sorted(glob.glob(os.path.join(folder, pattern), recursive=True)):
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read().replace("\\\n", "")
            if path.endswith(".xml"):
                text = html.unescape(text)
            for line in text.splitlines():
                if "action" not in line:
                    continue
                # What m4 makes of it in AT_CHECK; a text in AT_DATA has no such brackets twice.
                for one in candidates_of(line.replace("[[", "[").replace("]]", "]").replace("\\", "")):
                    one = one.partition("#")[0].strip(" \t,'\"`")
                    if (re.search(r"actions?=", one) and one.count("(") == one.count(")") and one.isprintable()
                            and not re.search(r"ovs-|AT_", one)):
                        found.setdefault(one, os.path.basename(path))
    return found


def parse(some, protocol):
    """What ovs-ofctl shows of each of them, as it would be sent in this protocol; None: not all of them can be."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.writelines(text + "\n" for text in some)
        file.flush()
        done = run("ovs-ofctl", "-O", VERSIONS, *(["-F", protocol] if protocol else []), "parse-flows", file.name)
    lines = re.findall(r"^(?:OFPT|NXT)_FLOW_MOD (?:\(OF1..\) )?\(xid=0x[0-9a-f]+\): (.*)", done.stdout, re.MULTILINE)
    wrong = re.search(rf"{re.escape(file.name)}:(\d+): ", done.stderr)
    if done.returncode == 0 and len(lines) == len(some):
        return [None if "decode error" in line else line for line in lines], None
    return None, int(wrong.group(1)) - 1 if wrong else None


def shown(some, protocol):
    """Likewise, None for each that it does not take."""
    if not some:
        return []
    lines, wrong = parse(some, protocol)
    if lines:
        return lines
    if len(some) == 1:
        return [None]
    if wrong is None:
        middle = len(some) // 2
        return shown(some[:middle], protocol) + shown(some[middle:], protocol)
    return shown(some[:wrong], protocol) + [None] + shown(some[wrong + 1:], protocol)


def tag(found):
    """A tag that has more than 0x1000 has this as well."""
    value, mask = int(found[1], 16), int(found[2], 16)
    if mask == 0x1000 or not mask:
        return found[0]
    value, mask = value | 0x1000, mask | 0x1000
    return f"dl_vlan={value & 0xfff}" if mask == 0x1fff else f"vlan_tci={value:#06x}/{mask:#06x}"


def loads(found):
    """What write_metadata does, as the loads that do it."""
    value, mask = int(found[1], 0), int(found[2] or "0xffffffffffffffff", 0)
    runs = [run.span() for run in re.finditer("1+", f"{mask:064b}"[::-1])]
    return ",".join(f"load:{value >> first & (1 << end - first) - 1:#x}->OXM_OF_METADATA[{first}..{end - 1}]"
                    .replace("0x0->", "0->").replace("[0..63]", "[]") for first, end in runs)


def plain(line):
    """Without what the two say in different words, and mean the same by (proto/README.md has the list)."""
    line = re.sub(r"^ADD table:255", "ADD", line)
    line = re.sub(r"vlan_tci=(0x\w+)/(0x\w+)", tag, line)
    line = re.sub(r"set_field:(0x1\w\w\w)/0x1fff->vlan_tci", lambda found: f"set_field:{int(found[1], 16)}->vlan_vid", line)
    return re.sub(r"write_metadata:(0x\w+)(?:/(0x\w+))?", loads, line)


def shown_everywhere(some, protocols=PROTOCOLS):
    """Of each text, what ovs-ofctl shows in each protocol."""
    chunks = [some[at:at + CHUNK] for at in range(0, len(some), CHUNK)]
    tasks = [(chunk, protocol) for protocol in protocols for chunk in chunks]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(lambda task: shown(*task), tasks))
    lines = [line for chunk in done for line in chunk]
    return list(zip(*(lines[at:at + len(some)] for at in range(0, len(lines), len(some)))))


def texts(folder, cache):
    """Of all that ovs-ofctl takes: the text, its file, and what is shown of it in each protocol."""
    if os.path.exists(cache):
        with open(cache, encoding="utf-8") as file:
            return [row[:2] + [[line or None for line in row[2:]]]
                    for row in (line.rstrip("\n").split("\t") for line in file)]
    found = candidates(folder)
    some = [text for text, lines in zip(found, shown_everywhere(list(found), [None])) if any(lines)]
    rows = [[text, found[text], lines] for text, lines in zip(some, shown_everywhere(some)) if any(lines)]
    with open(cache, "w", encoding="utf-8") as file:
        file.writelines("\t".join([text, path, *(line or "" for line in lines)]) + "\n" for text, path, lines in rows)
    return rows


def cause_of(error):
    for pattern, cause in CAUSES:
        if re.search(pattern, error):
            return cause
    return "spelling"


def judge(ours, lines, theirs):
    """@ours: our text, or an error; @lines: what ovs-ofctl shows of it, and @theirs: of the text itself."""
    if ours.startswith("error: "):
        return cause_of(ours), ours
    if not any(lines):
        return "lost", ours
    # It writes mod_vlan_vid so.
    if "push_vlan" not in ours:
        lines = [line and line.replace("push_vlan:0x8100,set_field", "set_field") for line in lines]
    pairs = [(plain(line), plain(other)) for line, other in zip(lines, theirs) if line and other]
    if any(line == other for line, other in pairs):
        return "taken", ours
    return "other", "   BUT   ".join(pairs[0]) if pairs else f"{ours}   BUT in no protocol of   {theirs}"


def read_by_us(tool, some):
    """Our text of each, or an error."""
    return run(tool, "format", input="".join(text + "\n" for text in some)).stdout.splitlines()


def judge_all(tool, some, theirs):
    ours = read_by_us(tool, some)
    lines = iter(shown_everywhere([test_ovs.to_ovs(text) for text in ours if not text.startswith("error: ")]))
    return [judge(text, () if text.startswith("error: ") else next(lines), other) for text, other in zip(ours, theirs)]


def with_our_ports(tool, some):
    """The same flows with HOST and NET in the place of ports that a NIC has not."""
    for _ in range(64):
        errors = read_by_us(tool, some)
        found = [re.match(r"error: column (\d+): (.*): a NIC has no port of that", error) for error in errors]
        if not any(found):
            break
        some = [text[:int(one[1]) - 1] + str(1 + sum(map(ord, one[2])) % 2) + text[int(one[1]) - 1 + len(one[2]):]
                if one else text for text, one in zip(some, found)]
    return some


def tell(what, verdicts):
    count = collections.Counter(verdict for verdict, _ in verdicts)
    had = count["taken"] + sum(count[fault] for fault in FAULTS)
    print(f"# {len(verdicts)} {what}: {count['taken']} taken ({100 * count['taken'] / max(len(verdicts), 1):.1f} %); "
          f"of {had} that a NIC has all of, {100 * count['taken'] / max(had, 1):.1f} %")
    print("#   " + ", ".join(f"{many} {verdict}" for verdict, many in count.most_common()))


def main():
    tool, folder = sys.argv[1:3]
    name = "the flows in Open vSwitch's tests and manuals"
    where, why = source(folder)
    if not where or not shutil.which("ovs-ofctl"):
        print(f"ok - proto: {name} # SKIP {why or 'ovs-ofctl is not installed'}")
        return 0
    os.makedirs(folder, exist_ok=True)
    rows = texts(where, os.path.join(folder, "texts"))
    some = [row[0] for row in rows]
    judged = judge_all(tool, some, [row[2] for row in rows])
    tell("texts", judged)
    moved = with_our_ports(tool, [text for text, (verdict, _) in zip(some, judged) if verdict == "port"])
    again = judge_all(tool, moved, shown_everywhere(moved))
    tell("of these with HOST and NET for ports that a NIC has not", again)
    everything = list(zip(some + moved, judged + again))
    if len(sys.argv) > 3:
        with open(sys.argv[3], "w", encoding="utf-8") as file:
            file.writelines(f"{verdict}\t{text}\t{detail}\n" for text, (verdict, detail) in everything)
    return test_ovs.report(name, [f"{verdict}: {text}: {detail}" for text, (verdict, detail) in everything
                                  if verdict in FAULTS])


if __name__ == "__main__":
    sys.exit(main())
