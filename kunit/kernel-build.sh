#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build a kernel for tests from Debian's kernel sources.
#
#   kernel-build.sh LINK FRAGMENT...
#
# LINK (.../NAME/kernel) becomes a link to the build folder: LINK/linux is the
# kernel (LINK/arch/x86/boot/bzImage, if KERNEL_ARCH=x86), and LINK serves as
# KDIR of modules (ARCH=$KERNEL_ARCH, um without it), which are built in
# .../NAME/mod and go when the kernel does.  The folder lives in
# $CVSW_CACHE/uml, named by what went into it: source version, configuration
# and compiler.  UML_SOURCE names another tarball of sources.
set -euo pipefail

link=$1
name=$(basename "$(dirname "$link")")
shift
cache=${CVSW_CACHE:?}/uml
tarball=${UML_SOURCE:-/usr/src/linux-source-6.1.tar.xz}
jobs=${UML_JOBS:-$(nproc)}
arch=${KERNEL_ARCH:-um}

die() { echo "kernel-build: $*" >&2; exit 1; }
say() { echo "kernel-build: $*"; }

# The package's version where the tarball is a package's, for a security
# update keeps the tarball's name.
source_version() {
	local package
	package=$(dpkg-query -S "$(realpath "$tarball")" 2>/dev/null | cut -d: -f1 | head -1) || true
	if [[ $package ]]; then
		echo "$package-$(dpkg-query -W -f '${Version}' "$package")"
	else
		basename "$tarball" | sed 's/\.tar.*//' | tr '\n' '-'
		sha256sum "$tarball" | cut -c1-12
	fi
}

# Whoever comes second waits, and finds it done.
take_lock() {
	exec 9> "$1.lock"
	flock -n 9 || { say "waiting for another build of $(basename "$1")"; flock 9; }
}

unpack() {
	[[ -e $source/.unpacked ]] && return
	take_lock "$source"
	[[ -e $source/.unpacked ]] && return
	say "unpacking $(basename "$tarball") into the cache"
	rm -rf "$source"
	mkdir -p "$source"
	tar -C "$source" --strip-components=1 -xf "$tarball" -I 'xz -T0'
	touch "$source/.unpacked"
}

# Kconfig drops a line whose dependencies are not met without a word.
check_config() {
	local line bad=0
	while read -r line; do
		case $line in
		''|'#'*) continue ;;
		*=n) grep -q "^${line%=n}=" "$out/.config" || continue ;;
		*) grep -qxF "$line" "$out/.config" && continue ;;
		esac
		echo "kernel-build: Kconfig did not take: $line" >&2
		bad=1
	done < "$out/fragment"
	[[ $bad == 0 ]] || die "see the lines above"
}

# A line a second at most, so that a log shows where the build is.
progress() {
	awk -v name="$name" '
		/^ +(CC|LD|AR|LINK) / { if (systime() >= last + 10) {
			last = systime(); printf "kernel-build: %s: %d objects, %s\n", name, n, $NF; fflush() } n++ }'
}

build() {
	say "building $name with $jobs jobs (log: ${out#"$cache"/}/build.log in the cache)"
	rm -rf "$out"
	mkdir -p "$out"
	cat "${fragments[@]}" > "$out/fragment"
	local make=(make -C "$source" O="$out" ARCH="$arch" CC=gcc)
	KCONFIG_ALLCONFIG="$out/fragment" "${make[@]}" allnoconfig > "$out/build.log" 2>&1 ||
		{ tail -20 "$out/build.log" >&2; die "configuration failed"; }
	check_config
	"${make[@]}" -j"$jobs" all 2>&1 | tee -a "$out/build.log" | progress ||
		{ tail -30 "$out/build.log" >&2; die "build failed"; }
	touch "$out/.built"
}

[[ -r $tarball ]] || die "$tarball is missing: apt-get install linux-source-6.1, or name one by UML_SOURCE"
fragments=("$@")
version=$(source_version)
key=$( { echo "$version"; gcc --version | head -1; grep -hv '^\(#\|$\)' "${fragments[@]}"; } |
	sha256sum | cut -c1-12)
source=$cache/$version
out=$cache/$version-$key

mkdir -p "$cache" "$(dirname "$link")"
if [[ ! -e $out/.built ]]; then
	unpack
	take_lock "$out"
	if [[ ! -e $out/.built ]]; then
		start=$SECONDS
		build
		say "$name took $((SECONDS - start)) s"
	fi
fi
# To Kbuild, objects made for another kernel are as good as new; to insmod they are not.
[[ $(readlink "$link") == "$out" ]] || rm -rf "$(dirname "$link")/mod"
ln -sfn "$out" "$link"
