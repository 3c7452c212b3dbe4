# SPDX-License-Identifier: MIT
# ums-mcp.bash - what bash completes of ums-mcp: commands, options, and for call the names of tools
# and of their arguments, as "ums-mcp tools" gives them.

# Tools that are on.
_ums_mcp_tools() {
	"$@" 2>/dev/null | awk 'NR > 1 && NF == 0 { exit } NR > 1 && /^[^ ]/ && $4 != "-" { print $1 }'
}

# The arguments of a tool, which is the first word.
_ums_mcp_arguments() {
	local tool=$1
	shift
	"$@" -l 2>/dev/null | awk -v tool="$tool" '
		index($0, tool " (") == 1 { inside = 1; next }
		inside && NF == 0 { exit }
		inside && /^    [^ ]/ { print $1 "=" }'
}

_ums_mcp() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command='' tool='' words='' given=' ' i word
	local -a tools=("$1" tools)

	# Which command, which tool, which configuration, which arguments are there already.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-c | --config) tools+=(-c "${COMP_WORDS[++i]}") ;;
		-j | --json | -l | --listen | -w | --workers | --file | --expires | --scopes | \
			-u | --url | -t | --token-file | --ca-file)
			[[ $command == tools ]] || ((i++)) ;;
		-* | =*) ;;
		*)
			if [[ -z $command ]]; then
				command=$word
			elif [[ -z $tool ]]; then
				tool=$word
			else
				given+="${word%%=*}= "
			fi ;;
		esac
	done
	COMPREPLY=()
	[[ $prev == import && $cur == -* ]] && prev=
	case $prev in
	-c | --config | -j | --json | --file | -o | --output | --token-file | --ca-file | import)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	=) return ;;
	esac
	case $command in
	'') words='tools call stdio key doctor import --config --listen --workers --test --print --version --help' ;;
	tools) words='--long --config --help' ;;
	doctor) words='--url --token-file --ca-file --quiet --config --help' ;;
	stdio) words='--config --help' ;;
	import) words='--tag --operation --output --help' ;;
	key)
		words='--file --config'
		case $tool in
		'') words='new list revoke --help' ;;
		new) words+=' --expires --scopes' ;;
		revoke) words+=' --older' ;;
		esac ;;
	call)
		words='--dry-run --verbose --json --config --help'
		if [[ $cur != -* && -z $tool ]]; then
			words=$(_ums_mcp_tools "${tools[@]}")
		elif [[ $cur != -* ]]; then
			words=
			for word in $(_ums_mcp_arguments "$tool" "${tools[@]}"); do
				[[ $given == *" $word "* ]] || words+="$word "
			done
			compopt -o nospace 2>/dev/null
		fi ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _ums_mcp ums-mcp
