# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion for cvswctl(8): commands, options, and the NICs that cvswd knows.

_cvswctl_nics() {
	cvswctl "$@" -j show 2>/dev/null |
		sed -n 's/^ *"\(mac\|port_name\)": "\(.*\)",\{0,1\}$/\2/p'
}

_cvswctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} word command='' at=0 local_mode=0 i
	local -a socket=()

	# Bash splits MAC addresses at their colons; complete them whole.
	if declare -F _get_comp_words_by_ref >/dev/null; then
		local -a words=()
		local cword
		_get_comp_words_by_ref -n : cur words cword
		COMP_WORDS=("${words[@]}") COMP_CWORD=$cword
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--socket) socket=(--socket "${COMP_WORDS[++i]}") ;;
		--timeout | --file | --vni | --underlay-pool | --underlay-mtu | --rekey) i=$((i + 1)) ;;
		--local) local_mode=1 ;;
		-*) ;;
		*)
			at=$((at + 1))
			[ -n "$command" ] || command=$word
			;;
		esac
	done
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--socket | --file)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--timeout | --vni | --underlay-pool | --underlay-mtu | --rekey)
		return
		;;
	esac
	local choices=''
	if [[ $cur == -* ]]; then
		choices='--json --local --socket --no-wait --timeout --version --help'
		case $command in
		overlay) choices+=' --new --vni --encrypt --udp-encap --underlay-pool --underlay-mtu --ipv4-only --rekey' ;;
		add-flow | add-flows | replace-flows) choices+=' --dry-run --new' ;;
		mod-flows) choices+=' --dry-run --strict --new' ;;
		del-flows) choices+=' --dry-run --strict --take-over' ;;
		set-mtu | set-offload) choices+=' --new' ;;
		set-key | key) choices+=' --file' ;;
		esac
	elif [ $at = 0 ] && [ $local_mode = 1 ]; then
		choices='show dump-flows stats sa key forget-key'
	elif [ $at = 0 ]; then
		choices='show add-flow add-flows mod-flows del-flows replace-flows diff-flows dump-flows set-mtu set-offload forget'
		choices+=' set-key del-key overlay key monitor stats trace help'
	elif [ $at = 1 ] && [ $local_mode = 1 ]; then
		choices=$(ls /sys/class/net)
	elif [ "$command" = overlay ]; then
		case $at in
		1) choices='add del join leave renew show' ;;
		2) choices=$(cvswctl "${socket[@]}" -j overlay show 2>/dev/null |
			sed -n 's/^ *"name": "\(.*\)",\{0,1\}$/\1/p') ;;
		*) choices=$(_cvswctl_nics "${socket[@]}") ;;
		esac
	elif [ "$command" = key ]; then
		case $at in
		1) choices='add del list' ;;
		2) choices=$(_cvswctl_nics "${socket[@]}") ;;
		esac
	elif [ $at -gt 1 ] && [[ $command == *-key ]]; then
		choices='spi= dir=in dir=out alg=aes-gcm-128 alg=aes-gcm-256 udp'
	elif [ $at = 1 ] && [ "$command" != show ] && [ "$command" != monitor ] && [ "$command" != help ]; then
		choices=$(_cvswctl_nics "${socket[@]}")
	elif [ $at = 2 ] && [[ $command =~ ^(add|replace|diff)-flows$ ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	elif [ $at = 2 ] && [ "$command" = set-offload ]; then
		choices='csum csum,tso csum,tso,gso,gro csum,tso,gso,gro,inner-csum none auto'
	elif [ $at = 2 ] && [ "$command" = set-mtu ]; then
		choices='auto'
	fi
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
	if declare -F __ltrim_colon_completions >/dev/null; then
		__ltrim_colon_completions "$cur"
	fi
}

complete -F _cvswctl cvswctl
