# Completion of bleepstore for fish.
function __bleepstore_words
	set -l words (commandline --tokenize --cut-at-cursor --current-process)
	set -l last (commandline --current-token --cut-at-cursor)
	set -l found ($words[1] completion words $words[2..-1] "$last" 2>/dev/null)
	if set -q found[1]
		printf '%s\n' $found
	else
		__fish_complete_path $last
	end
end
complete --command bleepstore --no-files --arguments '(__bleepstore_words)'
