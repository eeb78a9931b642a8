package emulators

import "testing"

// NATS returns the path of the nats command, a client of NATS.
func NATS(t testing.TB) string {
	t.Helper()
	return program(t, "nats")
}
