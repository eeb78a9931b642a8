package eventlog

import (
	"errors"
	"testing"
)

// An append whose acknowledgement was lost is sent again.
func TestAppendAgain(t *testing.T) {
	s, state, err := openStream(t.Context(), t.TempDir(), streamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if state.last != 0 {
		t.Errorf("a new stream ends at %d", state.last)
	}
	commit, other := []byte("commit"), []byte("another commit")
	for range 3 {
		if err := s.append(t.Context(), 1, hash(commit), commit); err != nil {
			t.Fatalf("append: %v", err)
		}
	}
	if err := s.append(t.Context(), 1, hash(other), other); !errors.Is(err, ErrFenced) {
		t.Errorf("append of another commit in its place: %v, want ErrFenced", err)
	}
	if err := s.append(t.Context(), 3, hash(other), other); !errors.Is(err, ErrFenced) {
		t.Errorf("append behind a gap: %v, want ErrFenced", err)
	}
	if err := s.append(t.Context(), 2, hash(other), other); err != nil {
		t.Errorf("append behind it: %v", err)
	}
	info, err := s.handle.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.State.LastSeq != 2 || info.State.Msgs != 2 {
		t.Errorf("the stream holds %d messages and ends at %d, want 2", info.State.Msgs, info.State.LastSeq)
	}
	for seq, want := range map[uint64][]byte{1: commit, 2: other} {
		if got, err := s.get(t.Context(), seq); err != nil || string(got) != string(want) {
			t.Errorf("message %d is %q, %v; want %q", seq, got, err, want)
		}
	}
	if _, err := s.get(t.Context(), 3); !errors.Is(err, errNoMessage) {
		t.Errorf("message 3: %v, want errNoMessage", err)
	}
}

func TestStreamSettings(t *testing.T) {
	s, _, err := openStream(t.Context(), t.TempDir(), streamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.append(t.Context(), 1, "hash", []byte("commit")); err != nil {
		t.Fatal(err)
	}
	if err := s.handle.DeleteMsg(t.Context(), 1); err == nil {
		t.Error("a single message can be deleted")
	}
	if s.server.Addr() != nil {
		t.Errorf("the server listens at %v", s.server.Addr())
	}
}
