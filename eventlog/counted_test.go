package eventlog

import "testing"

// The ring forgets the oldest commits, each of which counts as one event then.
func TestCountedForgets(t *testing.T) {
	var c counted
	const before, n, each = 7, 3 * maxCounted, 5
	for seq := uint64(before + 1); seq <= before+n; seq++ {
		c.add(seq, each)
	}
	const head = before + n
	for _, behind := range []uint64{0, 1, 2, maxCounted - 2, maxCounted - 1, maxCounted, maxCounted + 1, n, n + before} {
		want := behind * each
		if behind >= maxCounted {
			want = (maxCounted-1)*each + behind - (maxCounted - 1)
		}
		if got := c.since(head-behind, head); got != want {
			t.Errorf("%d commits behind: %d events, want %d", behind, got, want)
		}
	}
}
