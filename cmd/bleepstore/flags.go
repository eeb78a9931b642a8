package main

import (
	"flag"
	"io"
	"os"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// configFlags are the flags of subcommands that need the configuration.
type configFlags struct {
	*flag.FlagSet
	file   *string
	values map[string]string // by key
	enough func() bool       // tells of the flags that were read that no argument is needed
}

func newConfigFlags(name string) *configFlags {
	f := &configFlags{
		FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), values: map[string]string{}, enough: func() bool { return false },
	}
	f.file = f.String("config", "", "read the configuration from the YAML `FILE`")
	f.key("data", "data", "the folder under which everything is kept is `DIR` (default data)")
	return f
}

// key makes a flag that sets a key of the configuration.
func (f *configFlags) key(name, key, usage string) {
	f.Func(name, usage, func(value string) error {
		f.values[key] = value
		return nil
	})
}

// load reads the flags, and the configuration with them.
func (f *configFlags) load(args []string, stderr io.Writer) (*config.Config, error) {
	if err := parse(f.FlagSet, args, stderr); err != nil {
		return nil, err
	}
	return f.config()
}

// loadWith is load where an argument follows the flags, which it returns, unless they are enough. What names it in messages.
func (f *configFlags) loadWith(what string, args []string, stderr io.Writer) (*config.Config, string, error) {
	argument, err := parseWith(f.FlagSet, what, f.enough, args, stderr)
	if err != nil {
		return nil, "", err
	}
	c, err := f.config()
	return c, argument, err
}

func (f *configFlags) config() (*config.Config, error) {
	return config.Load(*f.file, os.Environ(), f.values)
}
