//go:build !failpoints

// Package failpoint lets tests kill the process at named points. It does nothing unless the program is built with the tag
// failpoints.
package failpoint

// Hit marks a point at which a crash must lose nothing.
func Hit(string) {}
