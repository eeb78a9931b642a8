package eventlog

import "time"

// BlobsReaped says that blobs that nothing named any more are gone, their bytes included. The event follows their
// removal, so after a crash they may be gone without it.
type BlobsReaped struct {
	Blobs []ReapedBlob `json:"blobs"`
}

// ReapedBlob is a blob that is gone, and since when nothing had named it.
type ReapedBlob struct {
	FreeBlob
	Since time.Time `json:"since"`
}

// EventType implements Data.
func (*BlobsReaped) EventType() string { return "blobs.reaped" }

// EventVersion implements Data.
func (*BlobsReaped) EventVersion() int { return 1 }
