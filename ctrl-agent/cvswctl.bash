# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion for cvswctl(8), which knows best what it takes.

_cvswctl() {
	local line=${COMP_LINE:0:COMP_POINT} breaks=${COMP_WORDBREAKS//[^:=]/} cur kept
	local -a words

	# Bash would split MAC addresses at their colons.
	read -ra words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=('')
	cur=${words[-1]}
	mapfile -t COMPREPLY < <("$1" --complete "${words[@]:1}" 2>/dev/null)
	if [[ " ${COMPREPLY[*]} " == *' :files '* ]]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	elif [[ ${COMPREPLY[0]-} == *= ]]; then
		compopt -o nospace
	fi
	# Bash replaces only what is behind the last of its word breaks.
	if [[ $breaks && $cur == *[$breaks]* ]]; then
		kept=${cur%"${cur##*["$breaks"]}"}
		COMPREPLY=("${COMPREPLY[@]#"$kept"}")
	fi
}

complete -F _cvswctl cvswctl
