package main

import (
	"runtime/debug"
	"testing"
)

func TestCommitText(t *testing.T) {
	info := func(settings ...debug.BuildSetting) *debug.BuildInfo { return &debug.BuildInfo{Settings: settings} }
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0a1b"}
	time := debug.BuildSetting{Key: "vcs.time", Value: "2026-11-28T14:00:00Z"}
	modified := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	tests := []struct {
		info *debug.BuildInfo
		want string
	}{
		{nil, "commit (unknown) of (unknown)"},
		{info(), "commit (unknown) of (unknown)"},
		{info(revision, time), "commit 0a1b of 2026-11-28T14:00:00Z"},
		{info(revision, time, modified), "commit 0a1b of 2026-11-28T14:00:00Z, with changes that are not committed"},
	}
	for _, test := range tests {
		if got := commitText(test.info); got != test.want {
			t.Errorf("%+v: %q, want %q", test.info, got, test.want)
		}
	}
}
