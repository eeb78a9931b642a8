# Completion of bleepstore for bash.
_bleepstore() {
	local IFS=$'\n'
	# Each line is a word, a tabulator, and what it means, for which bash has no place. Where there is none, it is a path.
	COMPREPLY=($("${COMP_WORDS[0]}" completion words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
}
complete -o bashdefault -o default -F _bleepstore bleepstore
