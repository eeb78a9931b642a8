package eventlog

// Commit is what one append wrote: the events of one or more decisions, in the order in which they were made.
type Commit struct {
	Position Position
	Events   []Event
}
