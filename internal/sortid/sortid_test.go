package sortid

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestRoundTrip(t *testing.T) {
	before := time.Now().Truncate(time.Millisecond)
	id := New()
	after := time.Now()

	if err := Check(id); err != nil {
		t.Fatal(err)
	}
	if made := Time(id); made.Before(before) || made.After(after) || made.Location() != time.UTC {
		t.Errorf("Time() = %v, want a time in UTC from %v to %v", made, before, after)
	}
}

func TestIDsAscend(t *testing.T) {
	ids := make([]string, 10_000)
	for i := range ids {
		ids[i] = New()
	}
	if !slices.IsSorted(ids) {
		t.Error("ids made one after the other don't sort in that order")
	}
	if distinct := len(slices.Compact(ids)); distinct != cap(ids) {
		t.Errorf("%d of %d ids are distinct", distinct, cap(ids))
	}
}

func TestCheckRefuses(t *testing.T) {
	id := New()
	version4 := encoding.EncodeToString([]byte("\xf4\x7a\xc1\x0b\x58\xcc\x43\x72\xa5\x67\x0e\x02\xb2\xc3\xd4\x79"))
	// 26 characters hold 130 bits, so the last two of them are always zero in a canonical text.
	stray := id[:25] + string("0123456789abcdefghijklmnopqrstuv"[strings.IndexByte("0123456789abcdefghijklmnopqrstuv", id[25])|1])

	tests := map[string]string{
		"empty":        "",
		"short":        id[:25],
		"long":         id + "0",
		"upper case":   strings.ToUpper(id[:25]) + "G",
		"padding":      id + "======",
		"line break":   id[:13] + "\n" + id[13:],
		"foreign":      id[:25] + "z",
		"a path":       "../" + id[3:],
		"stray bits":   stray,
		"not a v7":     version4,
		"a plain uuid": "f47ac10b-58cc-4372-a567-0e02b2c3d479",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			if Check(text) == nil {
				t.Errorf("Check(%q) = nil, want an error", text)
			}
		})
	}
}

func TestTimeOfNoID(t *testing.T) {
	for _, id := range []string{"", "nonsense", strings.Repeat("0", 26)} {
		if made := Time(id); !made.IsZero() {
			t.Errorf("Time(%q) = %v, want the zero time", id, made)
		}
	}
}

func TestAfterIsGreaterWhateverTheClockSays(t *testing.T) {
	previous := encode(uuid.UUID{0: 0xff, 6: 0x7f, 8: 0xbf, 15: 0xff}) // some 8,900 years ahead
	for range 1000 {
		next := After(previous)
		if next <= previous {
			t.Fatalf("After(%q) = %q, which is not greater", previous, next)
		}
		if err := Check(next); err != nil {
			t.Fatal(err)
		}
		previous = next
	}
}
