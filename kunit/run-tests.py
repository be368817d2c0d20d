#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run every test whose name contains a text, in any suite: run-tests.py BUILD TEXT

The name of a test begins with its program's, as "daemon_test: echo". Names are read from the
sources: nothing is built before it is known what matches. Upper and lower case are the same.
Exits with 2 if nothing matches.
"""
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CASE = re.compile(r"\bKUNIT_CASE(?:_PARAM)?\((\w+)")
CASES = re.compile(r"\bstruct kunit_case (\w+)\[\] = \{\n(.*?)^\};", re.DOTALL | re.MULTILINE)
SUITE = re.compile(r'\bstruct kunit_suite .*?\.name = "([^"]+)".*?\.test_cases = (\w+),', re.DOTALL)
TAP = re.compile(r'^\t+\{ "((?:[^"\\]|\\.)+)",', re.MULTILINE)
TAPS = re.compile(r"\bstruct tap_test \w+\[\] = \{\n(.*?)^\t?\};", re.DOTALL | re.MULTILINE)


def texts(*patterns):
    """(name without suffix, content) of the files that match."""
    for path in sorted(sum((glob.glob(os.path.join(TOP, pattern)) for pattern in patterns), [])):
        with open(path, encoding="utf-8") as file:
            yield os.path.basename(path).split(".")[0], file.read()


def listed(*argv):
    """What a program prints that can list its tests."""
    done = subprocess.run(["python3", "-B", *argv, "--list"], cwd=TOP, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


def units():
    """Of proto/ and of the daemon."""
    for program, text in texts("proto/tests/test_*.c", "ctrl-agent/tests/test_*.c"):
        of_daemon = "int main(" in text
        for name in TAP.findall("".join(TAPS.findall(text))):
            yield ((program.replace("test_", "agent-unit-"), f"{program}: {name}") if of_daemon else
                   ("proto-test-units", f"proto-test: {name}"))


def targets():
    """Tests that run as a whole."""
    for makefile in "proto/proto.mk", "kunit/kunit.mk":
        with open(os.path.join(TOP, makefile), encoding="utf-8") as file:
            for name in re.findall(r"^((?:proto-test|check)-(?:\w+)):", file.read(), re.MULTILINE):
                if name not in ("proto-test-units", "check-kunit", "check-wire"):
                    yield name, name
    for name, _ in texts("proto/fuzz/fuzz_*.c"):
        target = name.replace("fuzz_", "proto-fuzz-")
        yield target, target


def scripts():
    """Of the daemon."""
    for path in sorted(glob.glob(os.path.join(TOP, "ctrl-agent/tests/*_test.*"))):
        program, suffix = os.path.basename(path).split(".")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if "run_tests(" in text:
            names = listed(path, BUILD)
        elif suffix == "sh":
            names = re.findall(r'check(?:_stop)? "([^"]+)"', text)
        else:
            names = [""]
        for name in names:
            yield "agent-test-" + program.replace("_test", ""), f"{program}: {name}"


def kunit():
    for _, text in texts("kunit/*_test.c"):
        tables = dict(CASES.findall(text))
        for suite, table in SUITE.findall(text):
            for case in CASE.findall(tables[table]):
                yield "check-kunit-plain", f"{suite}.{case}"


def wire():
    for name in listed("kunit/wire_test/run.py"):
        yield "check-wire-plain", f"wire: {name}"


def machines():
    for name in listed("vm-images/check.py"):
        yield "check-vm", name


def find(text):
    """{make target: [names]}, the cheap ones first."""
    found = {}
    for source in units, targets, scripts, kunit, wire, machines:
        for target, name in source():
            if text.lower() in name.lower():
                found.setdefault(target, []).append(name)
    return found


def main(text):
    found = find(text) if text else sys.exit("run-tests: T= is missing: make test T='part of a name'")
    if not found:
        print(f"run-tests: no test has {text!r} in its name")
        return 2
    print(f"{sum(map(len, found.values()))} tests have {text!r} in their names:")
    for target, names in found.items():
        print(f"  {target:22} {names[0]}" + (f", and {len(names) - 1} more" if names[1:] else ""), flush=True)
    suites = {name.split(".")[0] for name in found.get("check-kunit-plain", [])}
    globs = (suite if text.lower() in suite else f"{suite}.*{text.split('.')[-1].lower()}*" for suite in sorted(suites))
    # VMs of one variant.
    machine = [name.split() for name in found.get("check-vm", [])]
    chosen = {"ONLY": text,
              "KUNIT_PARAMS": "suites=" + ",".join(globs),
              "VM_TESTS": " ".join(machine[0][:1] + [name for variant, name in machine if variant == machine[0][0]])
                          if machine else ""}
    return subprocess.call([os.path.join(TOP, "kunit/check.sh"), *found], env={**os.environ, **chosen})


BUILD = sys.argv[1]
sys.exit(main(sys.argv[2]))
