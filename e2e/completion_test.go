package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Each shell gets a command line, and prints with what it would go on.
func TestCompletionInShells(t *testing.T) {
	t.Parallel()
	shells := []struct{ name, script string }{
		{"bash", `
			source <("$1" completion bash)
			COMP_WORDS=("$1" log t) COMP_CWORD=2
			_bleepstore
			printf '%s\n' "${COMPREPLY[@]}"`},
		{"zsh", `
			compdef() { }
			_describe() { print -l ${(P)2} }
			source <("$1" completion zsh)
			words=("$1" log t) CURRENT=3
			_bleepstore`},
		{"fish", `
			$argv[1] completion fish | source
			complete --do-complete 'bleepstore log t'`},
	}
	for _, shell := range shells {
		t.Run(shell.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"-c", shell.script}
			if shell.name != "fish" {
				args = append(args, shell.name) // $0
			}
			run := exec.Command(requireCommand(t, shell.name), append(args, binary)...)
			run.Env = append(cleanEnvironment(), "HOME="+t.TempDir(), "PATH="+filepath.Dir(binary)+":/usr/bin:/bin")
			out, err := run.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			word, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\t")
			word, _, _ = strings.Cut(word, ":")
			want(t, "completion", word, "trim")
		})
	}
}
