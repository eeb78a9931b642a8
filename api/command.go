package api

import "errors"

// How many commands may be under way at once, from when they ask for their locks until their events are applied. There
// they wait: for others with the same locks, for the disk of the log, or for a store that is behind. Each holds a
// goroutine, a connection and what it has decided. When so many wait, one that came now would hold that in vain.
// Commands that only free space have room of their own behind the others, so that deleting goes on.
const (
	maxCommands = 2048
	maxFreeing  = maxCommands + 512
)

var errNotKept = errors.New("the metadata is not kept up to date any more")

var errManyCommands = errors.New("too many commands are under way")

// enter lets a command begin that is one of at most that many, maxCommands or maxFreeing, and takes its locks. The caller
// leaves when its events are applied. It gives SlowDown, at once, when there are too many, and ServiceUnavailable when the store
// lacks what who had the locks before has decided.
func (s *Service) enter(most int64, claims ...claim) (leave func(), err error) {
	if !s.commands.Take(1, most) {
		return nil, slowDown(errManyCommands)
	}
	release := s.locks.acquire(claims...)
	leave = func() {
		release()
		s.commands.Give(1)
	}
	if s.metadata.now.Load().failed.Load() {
		leave()
		return nil, unavailable(errNotKept)
	}
	return leave, nil
}

// full tells whether a command that takes space would be refused.
func (s *Service) full() bool { return s.commands.InUse() >= maxCommands }

// slowDown is the answer to whom the server cannot serve for now, which clients take for a hint to wait and try again.
func slowDown(cause error) *Error {
	return &Error{Code: SlowDown, Message: SlowDown.message(), Cause: cause}
}
