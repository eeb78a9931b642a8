package eventlog

// LogRestored says that the log begins with the state that another one had made at a position, or as much of it as was
// left in a metadata store. It is the first event of its log. The state is not in the log, but in a snapshot as of the
// event's commit.
type LogRestored struct {
	From Position `json:"from"`
}

// EventType implements Data.
func (*LogRestored) EventType() string { return "log.restored" }

// EventVersion implements Data.
func (*LogRestored) EventVersion() int { return 1 }
