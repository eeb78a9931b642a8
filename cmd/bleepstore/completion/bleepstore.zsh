#compdef bleepstore
# Completion of bleepstore for zsh.
_bleepstore() {
	local line
	local -a found
	for line in ${(f)"$("${words[1]}" completion words "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
		# A colon divides a word from what it means.
		found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
	done
	if (( $#found )); then
		_describe bleepstore found
	else
		_files
	fi
}
if [[ ${funcstack[1]} == _bleepstore ]]; then
	_bleepstore "$@" # loaded from a folder of fpath, as this function
else
	compdef _bleepstore bleepstore
fi
