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

// StorageRebased says that the blobs of the log are in another storage from now on. Which one it is changes nothing of what
// they are: it is for who wants to know when it was.
type StorageRebased struct {
	From  string `json:"from"` // where they were: a URL or a folder
	To    string `json:"to"`
	Blobs int64  `json:"blobs"` // that the last run of the move has copied
	Bytes int64  `json:"bytes"`
}

// EventType implements Data.
func (*StorageRebased) EventType() string { return "storage.rebased" }

// EventVersion implements Data.
func (*StorageRebased) EventVersion() int { return 1 }
