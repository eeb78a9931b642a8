package eventlog

import "time"

// Appended tells of a commit that became durable.
type Appended struct {
	Events int
	Bytes  int           // of the commit
	Took   time.Duration // from when it was handed to JetStream until it was written and synced to disk
}

// tell tells of a commit that became durable.
func (l *Log) tell(a Appended) {
	if l.appended != nil {
		l.appended(a)
	}
}
