#!/bin/sh
# Run when a Debian or RPM package is installed. A first one is neither enabled nor started: it needs its configuration first.
set -e
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers bleepstore.conf
fi
chgrp bleepstore /etc/bleepstore/bleepstore.yaml
if test -d /run/systemd/system; then
	systemctl daemon-reload
	systemctl try-restart bleepstore.service
fi
