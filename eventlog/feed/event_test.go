package feed

import "testing"

func TestParseID(t *testing.T) {
	for text, want := range map[string]ID{"17-0": {17, 0}, "17": {17, 0}, "18446744073709551615-1023": {1<<64 - 1, 1023}, "0": {}} {
		if got, err := ParseID(text); err != nil || got != want {
			t.Errorf("ParseID(%q) is %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-", "x", "1-", "-1", "1-2-3", "1-70000", "18446744073709551616", " 1"} {
		if got, err := ParseID(text); err == nil {
			t.Errorf("ParseID(%q) is %v, want an error", text, got)
		}
	}
}

func TestSequencersSortAsEvents(t *testing.T) {
	ordered := []ID{{}, {1, 0}, {1, 1}, {1, 1023}, {2, 0}, {15, 16}, {16, 0}, {1 << 60, 0}}
	for i, a := range ordered {
		for _, b := range ordered[i+1:] {
			if a.Compare(b) >= 0 || a.Sequencer() >= b.Sequencer() || len(a.Sequencer()) != len(b.Sequencer()) {
				t.Errorf("%v, %s, and %v, %s, are not in order", a, a.Sequencer(), b, b.Sequencer())
			}
		}
	}
}
