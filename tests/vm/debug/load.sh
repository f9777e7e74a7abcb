#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# The mixed load: all commands at once from several processes and threads, while engines fail,
# devices vanish, clients are killed and modules come and go. Three minutes; for longer, by hand:
#
#   tests/vm/run.sh --timeout 4000 debug append="sn.load=3600 sn.seed=1" debug/load
#
# modules: supernode sn_host sn_sim sn_test_fence
# timeout: 86400

. /tests/lib.sh

# argument NAME DEFAULT: of the kernel's command line
argument() {
	_given=$(tr ' ' '\n' < /proc/cmdline | sed -n "s/^$1=//p")
	echo "${_given:-$2}"
}

seed=$(argument sn.seed "$(hexdump -n 4 -e '1/4 "%u"' /dev/urandom)")
show "seed $seed"
status=0
command load "$(argument sn.load 180)" "$seed" /tmp/figures || status=$?

figures load /tmp/figures
[ "$status" -eq 0 ] || die "the load failed (seed $seed)"
