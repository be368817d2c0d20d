#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What users build and install: the binaries' hardening, cvswctl without what only the
# daemon needs, the words for missing packages, what is installed and removed again.
# Prints TAP. Usage: install_test.sh BUILD-FOLDER
set -uo pipefail

build=$(realpath "$1")
top=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d "${TMPDIR:-/tmp}/cvsw-install.XXXXXX")
trap 'rm -rf "$work"' EXIT
suite=install
# shellcheck source=ctrl-agent/tests/lib.sh
source "$(dirname "$0")/lib.sh"

# As a user calls it, whatever make this runs under.
build_with() {
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u WERROR make --no-print-directory -C "$top" "$@"
}

# hardened BINARY: position independent, nothing of its tables writable, no executable
# stack, canaries, and the C library's checking functions.
hardened() {
	local header segments dynamic symbols

	header=$(readelf -hW "$1") segments=$(readelf -lW "$1")
	dynamic=$(readelf -dW "$1") symbols=$(nm -D "$1")
	[[ $header =~ Type:\ *DYN ]] || { echo "not position independent"; return 1; }
	[[ $dynamic =~ FLAGS.*NOW ]] || { echo "not -z now"; return 1; }
	[[ $segments == *GNU_RELRO* ]] || { echo "not -z relro"; return 1; }
	[[ ! $segments =~ GNU_STACK[^$'\n']*RWE ]] || { echo "executable stack"; return 1; }
	[[ $symbols == *__stack_chk_fail* ]] || { echo "no stack protector"; return 1; }
	[[ $symbols =~ __v?snprintf_chk ]] || { echo "no FORTIFY_SOURCE"; return 1; }
}

# Landing pads for indirect branches are x86's and arm64's. In an object: a binary keeps
# the mark only if the C library's own objects have it.
has_landing_pads() {
	local notes

	notes=$(readelf -nW "$1")
	[[ $notes =~ "x86 feature".*IBT.*SHSTK || $notes =~ "AArch64 feature".*BTI ]]
}

# What cvswd needs, and headers that fail: a file that includes one does not compile.
poison() {
	local header

	for header in event2/event.h event2/util.h event2/buffer.h pcap/pcap.h sqlite3.h \
			openssl/evp.h openssl/crypto.h openssl/hmac.h openssl/rand.h; do
		mkdir -p "$(dirname "$work/poison/$header")"
		echo '#error a guest does not have this header' >"$work/poison/$header"
	done
}

# A compiler for which some headers are missing.
make_poor_compiler() {
	cat >"$work/poor" <<-'EOT'
		#!/bin/sh
		text=$(cat)
		case $text in *sqlite3.h* | *pcap.h*) exit 1 ;; esac
		echo "$text" | gcc "$@"
	EOT
	chmod 755 "$work/poor"
}

ctl_builds_alone() {
	poison
	make_poor_compiler
	build_with ctl BUILD="$work/ctl" CPPFLAGS="-I$work/poison" CC="$work/poor" </dev/null &&
		test -x "$work/ctl/bin/cvswctl"
}

ctl_links_alone() {
	local libraries

	libraries=$(ldd "$work/ctl/bin/cvswctl")
	[[ $libraries == *jansson* && ! $libraries =~ event|pcap|sqlite|crypto ]]
}

names_packages() {
	local out
	out=$(build_with agent BUILD="$work/poor-build" CC="$work/poor" 2>&1) && return 1
	echo "$out"
	[[ $out == *"missing: libpcap-dev (pcap/pcap.h)"$'\n'* &&
		$out == *"missing: libsqlite3-dev (sqlite3.h)"$'\n'* &&
		$out == *"apt-get install --no-install-recommends libpcap-dev libsqlite3-dev"* &&
		$out != *"fatal error"* && $out != *pkg-config* ]]
}

# Users' builds go on where a compiler warns; our tests' do not.
warns() {
	echo 'static int unused(void) { return 0; }' >"$work/warns.h"
	build_with "$build_file" BUILD="$work/warns-build" CPPFLAGS="-include $work/warns.h" "$@"
}

files_of() {
	(cd "$1" && find . -type f -o -type l | sort)
}

installs() { # ctl|agent
	rm -rf "$work/root"
	build_with "$1-install" BUILD="$build" DESTDIR="$work/root" && files_of "$work/root"
}

# Everything that was installed goes, with PURGE=1 even what is the administrator's.
uninstalls() {
	mkdir -p "$work/root/var/lib/cvsw" "$work/root/etc/systemd/system/multi-user.target.wants"
	touch "$work/root/var/lib/cvsw/cvswd.db"
	ln -s /lib/systemd/system/cvswd.service /lib/systemd/system/cvswd.socket \
		"$work/root/etc/systemd/system/multi-user.target.wants/"
	build_with agent-uninstall CC=false KDIR=/nonexistent DESTDIR="$work/root" || return
	test "$(files_of "$work/root")" = ./var/lib/cvsw/cvswd.db || { files_of "$work/root"; return 1; }
	build_with agent-uninstall CC=false DESTDIR="$work/root" PURGE=1 || return
	test -z "$(files_of "$work/root")"
}

keeps_options() {
	installs agent || return
	echo 'CVSWD_OPTIONS="--verbose"' >"$work/root/etc/default/cvswd"
	build_with agent-install BUILD="$build" DESTDIR="$work/root" || return
	grep -qx 'CVSWD_OPTIONS="--verbose"' "$work/root/etc/default/cvswd" || return
	build_with agent-uninstall DESTDIR="$work/root" || return
	test "$(files_of "$work/root")" = ./etc/default/cvswd
}

ctl_installs() {
	installs ctl || return
	test "$(files_of "$work/root")" = "$(printf '%s\n' ./usr/sbin/cvswctl \
		./usr/share/bash-completion/completions/cvswctl ./usr/share/man/man8/cvswctl.8)" || return
	build_with ctl-uninstall DESTDIR="$work/root" || return
	test -z "$(files_of "$work/root")"
}

# What scdoc makes of any page is no fault of ours: lines of all lengths, titles as they are written.
manuals_are_clean() {
	local said

	said=$(mandoc -Tlint -Wstyle "$build"/man/*.8 |
		grep -vE 'input text line longer|lower case character in document title|skipping paragraph macro')
	[[ -z $said ]] || { echo "$said"; return 1; }
	grep -q '^\.TH "cvswd" "8"' "$build/man/cvswd.8"
}

lacks_scdoc() {
	local out

	mkdir -p "$work/few"
	ln -sf /usr/bin/* "$work/few/"
	rm -f "$work/few/scdoc"
	out=$(PATH=$work/few "$top/ctrl-agent/needs" ctl 2>&1) && return 1
	echo "$out"
	[[ $out == *"apt-get install --no-install-recommends scdoc" ]]
}

for binary in cvswd cvswctl; do
	check "$binary is hardened" hardened "$build/bin/$binary"
	case $(uname -m) in
	x86_64 | aarch64)
		check "$binary has landing pads" has_landing_pads "$(find "$build/user/agent" -name "$binary.o")"
		;;
	esac
done
check "the check sees a binary that is not hardened" eval \
	'echo "int main(void) { return 0; }" | gcc -no-pie -z norelro -z lazy -x c - -o "$work/plain" &&
	 ! hardened "$work/plain"'
check "cvswctl is built without what only cvswd needs" ctl_builds_alone
check "and is linked without it" ctl_links_alone
check "missing packages are named" names_packages
build_file=$work/warns-build/user/proto/cvsw_fault.o
check "so is scdoc, which makes the manuals" lacks_scdoc
check "mandoc finds nothing wrong with the manuals" manuals_are_clean
check "a warning does not end a user's build" warns
rm -rf "$work/warns-build"
check "it ends that of the tests" eval '! warns WERROR=1'
check "ctl-install, ctl-uninstall" ctl_installs
check "agent-install" installs agent
check "agent-uninstall removes all of it, without headers or compiler" uninstalls
check "the administrator's options stay" keeps_options
exit $failed
