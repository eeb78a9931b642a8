#!/bin/sh
# Run before a Debian or RPM package goes: with "remove" or 0, unless a newer one takes its place. The data stays.
set -e
case "$1" in
remove | 0)
	if test -d /run/systemd/system; then
		systemctl disable --now bleepstore.service
	fi
	;;
esac
