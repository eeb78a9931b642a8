// Package crash ends the process where carrying on could lose what was acknowledged. Every start is a recovery.
package crash

import (
	"fmt"
	"runtime/debug"
)

// With ends the process with a panic for a cause, and does not return. The panic is in a goroutine of its own: in that of
// a request it would be recovered, as net/http does, and the process would go on.
func With(cause any) {
	message := fmt.Sprintf("%v\n%s", cause, debug.Stack())
	go panic(message)
	select {}
}
