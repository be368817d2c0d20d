#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What other people's tools find in CVSW's code.

    check-upstream.py BUILD [TOOL...]

Without TOOL all of them run. A finding that stays is in upstream-accepted, with the reason; an
entry there that matches nothing any more is a failure, too. Prints TAP. All that is built is
under BUILD/upstream. A tool whose package is missing is skipped.
"""
import concurrent.futures
import fcntl
import fnmatch
import functools
import glob
import os
import re
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
ACCEPTED = os.path.join(HERE, "upstream-accepted")
BUILD = os.path.join(os.path.abspath(sys.argv[1]), "upstream")
CACHE = os.environ.get("CVSW_CACHE") or os.path.expanduser("~/.cache/cvsw")
CPUS = len(os.sched_getaffinity(0))
SHOWN = 40                      # findings of one tool
COLUMNS = 110                   # of a line of C, which the kernel's 100 would break in odd places

# What goes into the module: its own code, and the formats.
DRIVER = ("drivers/", "proto/cvsw_")

SOURCES = "/usr/src/linux-source-6.1.tar.xz"
# file:line[:column]: [warning:] what
FINDING = re.compile(r"(?:mandoc: )?([^\s:]+):(\d+):(?:[\d-]+:)? (?:(?:warning|error|note|style): )?(.*)")


class Broken(Exception):
    """The tool itself did not work."""


def run(*argv, good=(0, 1), cwd=TOP, **more):
    """What a tool says, on both ways; Broken if it ends with another status than these."""
    done = subprocess.run(argv, cwd=cwd, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    if done.returncode not in good:
        raise Broken(f"{argv[0]} ended with {done.returncode}:\n{done.stdout[-1500:]}")
    return done.stdout


def tree():
    """The repository's files, as paths from its top."""
    for folder, folders, names in os.walk(TOP):
        folders[:] = sorted(set(folders) - {"build", ".git", "__pycache__"})
        yield from (os.path.relpath(os.path.join(folder, name), TOP) for name in sorted(names))


def read(path):
    with open(path, errors="replace") as file:
        return file.read()


def under(folders, *suffixes):
    return [path for path in tree() if path.startswith(folders) and path.endswith(suffixes)]


def scripts_with(interpreter, suffix):
    """Files that end so, or whose first line names the interpreter."""
    for path in tree():
        if path.endswith(suffix):
            yield path
        elif "." not in os.path.basename(path):
            with open(os.path.join(TOP, path), "rb") as file:
                if re.match(rb"#!.*\b" + interpreter + rb"\b", file.readline(100)):
                    yield path


def kernel_scripts():
    """scripts/ of Debian's kernel sources; the cache keeps it."""
    version = run("dpkg-query", "-W", "-f", "${Version}", "linux-source-6.1", good=(0,))
    folder = f"{CACHE}/scripts-6.1-{version}"
    os.makedirs(CACHE, exist_ok=True)
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(folder):
            work = folder + ".new"
            shutil.rmtree(work, ignore_errors=True)
            os.mkdir(work)
            run("tar", "-C", work, "--strip-components=1", "-xf", SOURCES, "-I", "xz -T0",
                "--wildcards", "linux-source-*/scripts/*", good=(0,))
            os.rename(work, folder)
    return folder + "/scripts"


def findings(text):
    """(file, line, what) of the lines that are findings."""
    for line in text.splitlines():
        if found := FINDING.fullmatch(line):
            path = os.path.normpath(found[1].split("/farm/")[-1])
            yield os.path.relpath(path, TOP) if os.path.isabs(path) else path, int(found[2]), found[3]


def make(*argv):
    """What a build says."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    env.pop("WERROR", None)
    return run("make", "--no-print-directory", f"-j{CPUS}", *argv, good=(0,), env=env)


# ---- the tools ----

def checkpatch():
    paths = [os.path.join(TOP, path) for path in under(DRIVER, ".c", ".h")]
    # It leaves a file where it is run.
    return findings(run("perl", kernel_scripts() + "/checkpatch.pl", "--strict", "--no-tree", "--terse", "--show-types",
                        f"--max-line-length={COLUMNS}", "--color=never", "-f", *paths, cwd=BUILD))


def kernel_doc():
    return findings(run("perl", kernel_scripts() + "/kernel-doc", "-none", *under(DRIVER, ".c", ".h"), good=range(100)))


MODULES = ("modules", "OUT=" + BUILD + "/mod", "W=1", "CVSW_ANY_KERNEL=1")
building = threading.Lock()


@functools.cache
def build_modules():
    shutil.rmtree(BUILD + "/mod", ignore_errors=True)
    return make(*MODULES)


def ours(found):
    """Without the kernel's headers, and its virtio_net.c."""
    return (finding for finding in found
            if not finding[0].startswith(("..", "/")) and os.path.basename(finding[0]) != "cvsw_virtio_net.c")


def warnings():
    """The compiler's, with the kernel's W=1."""
    with building:
        return ours(findings(build_modules()))


def sparse():
    """Kbuild runs it on each file, also where the object is there already."""
    with building:
        build_modules()
        text = make(*MODULES, "C=2", "CHECK=sparse")
    if "CHECK " not in text:
        raise Broken("sparse did not run:\n" + text[-1500:])
    return ours(findings(text))


def coccinelle():
    """The kernel's own semantic patches; two of them need a compiler of OCaml."""
    # One file at a time: with all of them at once some would take minutes.
    groups = BUILD + "/files"
    with open(groups, "w") as file:
        file.write("\n\n".join(under(DRIVER, ".c")))

    def one(path):
        options = re.findall(r"^// Options:(.*)", read(path), re.MULTILINE)
        return run("timeout", "300", "spatch", "--very-quiet", "-D", "report", "--no-show-diff", *" ".join(options).split(),
                   "--cocci-file", path, "--file-groups", groups, good=(0,))
    paths = [path for path in sorted(glob.glob(kernel_scripts() + "/coccinelle/*/*.cocci"))
             if "virtual report" in read(path) and "ocaml" not in read(path)]
    with concurrent.futures.ThreadPoolExecutor(CPUS) as pool:
        return findings("".join(pool.map(one, paths)))


def analyzer():
    """gcc -fanalyzer, on all that users run."""
    out = BUILD + "/user"
    shutil.rmtree(out, ignore_errors=True)
    return findings(make("agent", "BUILD=" + out, "CFLAGS=-O2 -g -fanalyzer -fdiagnostics-path-format=none "
                         "-ftrack-macro-expansion=0"))


def cppcheck():
    include = "/usr/include/" + run("gcc", "-print-multiarch", good=(0,)).strip()
    return findings(run("cppcheck", f"-j{CPUS}", "-q", "--enable=warning,portability,performance", "--std=c11",
                        "--inline-suppr", "--suppress=missingIncludeSystem", "--template={file}:{line}: {id}: {message}",
                        "-D_GNU_SOURCE", "-Iproto", "-Ictrl-agent", "-I/usr/include", "-I" + include,
                        *under(("ctrl-agent/", "proto/"), ".c"), good=(0,)))


def shellcheck():
    return findings(run("shellcheck", "-x", "-f", "gcc", *scripts_with(b"(ba|)sh", ".sh")))


def pyflakes():
    return findings(run("pyflakes3", *scripts_with(b"python3", ".py")))


def mandoc():
    """On what scdoc makes of them: FILE is the manual's source, the line is of the page."""
    for path in under("ctrl-agent/", ".scd"):
        with open(os.path.join(TOP, path)) as source:
            page = subprocess.run(["scdoc"], stdin=source, stdout=subprocess.PIPE, text=True, check=True).stdout
        done = subprocess.run(["mandoc", "-Tlint", "-Wwarning"], input=page, stdout=subprocess.PIPE, text=True, check=False)
        yield from findings(done.stdout.replace("(stdin)", "<stdin>").replace("<stdin>", path))


#    name            function      the packages that it needs
TOOLS = {
    "checkpatch":    (checkpatch,   ("perl", "linux-source-6.1")),
    "kernel-doc":    (kernel_doc,   ("perl", "linux-source-6.1")),
    "shellcheck":    (shellcheck,   ("shellcheck",)),
    "pyflakes":      (pyflakes,     ("pyflakes3",)),
    "mandoc":        (mandoc,       ("mandoc", "scdoc")),
    "cppcheck":      (cppcheck,     ("cppcheck",)),
    "warnings":      (warnings,     ("gcc",)),
    "sparse":        (sparse,       ("sparse",)),
    "analyzer":      (analyzer,     ("gcc",)),
    "coccinelle":    (coccinelle,   ("coccinelle", "linux-source-6.1")),
}


def is_installed(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout == "installed"


class Accepted:
    """One line of the file: globs of tool, file and text."""

    def __init__(self, line, number):
        self.tool, self.path, self.text = line.split(maxsplit=2)
        self.number, self.hits = number, 0
        if self.tool not in TOOLS:
            sys.exit(f"{ACCEPTED}:{number}: no such tool: {self.tool}")

    def fits(self, tool, path, text):
        return tool == self.tool and fnmatch.fnmatchcase(path, self.path) and fnmatch.fnmatchcase(text, self.text)


def read_accepted():
    """The entries; each paragraph begins with its reason."""
    entries, reason = [], False
    with open(ACCEPTED) as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if not line:
                reason = False
            elif line.startswith("#"):
                reason = True
            elif not reason:
                sys.exit(f"{ACCEPTED}:{number}: an entry without a reason above it")
            else:
                entries.append(Accepted(line, number))
    return entries


def examine(name):
    """(name, findings or None, why not, seconds)"""
    function, packages = TOOLS[name]
    begin = time.monotonic()
    if lacking := [package for package in packages if not is_installed(package)]:
        return name, None, lacking[0], 0
    try:
        return name, sorted(set(function())), None, time.monotonic() - begin
    except (Broken, OSError) as why:
        return name, None, why, time.monotonic() - begin


def report(name, found, why, seconds, entries):
    """Prints one tool's line; True if it is good."""
    if isinstance(why, str):
        print(f"ok - upstream: {name} # SKIP {why} is not installed")
        return True
    if why:
        print(f"not ok - upstream: {name} works\n# " + str(why).replace("\n", "\n# "))
        return False
    left = []
    for path, line, text in found:
        fitting = [entry for entry in entries if entry.fits(name, path, text)]
        for entry in fitting:
            entry.hits += 1
        if not fitting:
            left.append(f"# {path}:{line}: {text}")
    print(f"{'not ok' if left else 'ok'} - upstream: {name}: no finding beside those accepted")
    print(f"# {len(left)} findings, {len(found) - len(left)} accepted, {seconds:.0f} s")
    print("\n".join(left[:SHOWN] + [f"# and {len(left) - SHOWN} more"] * (len(left) > SHOWN)), end="\n" * bool(left))
    return not left


def main():
    sys.stdout.reconfigure(line_buffering=True)
    names = sys.argv[2:] or list(TOOLS)
    if unknown := [name for name in names if name not in TOOLS]:
        sys.exit(f"no such tool: {unknown[0]}; there are {', '.join(TOOLS)}")
    entries, good, ran = read_accepted(), True, set()
    os.makedirs(BUILD, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(CPUS) as pool:
        for name, found, why, seconds in pool.map(examine, names):
            good &= report(name, found, why, seconds, entries)
            ran.update([name] * (found is not None))
    stale = [entry for entry in entries if entry.tool in ran and not entry.hits]
    print(f"{'not ok' if stale else 'ok'} - upstream: what is accepted still occurs")
    for entry in stale:
        print(f"# upstream-accepted:{entry.number}: {entry.tool} {entry.path} {entry.text}")
    sys.exit(not good or bool(stale))


main()
