#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# The n-th copy of an engine fails, hangs, is late, ends twice, does not obey; its device vanishes at
# each step of a transfer.
# modules: supernode sn_host sn_sim sn_test_vendor
# timeout: 400

. /tests/lib.sh

inject_engines > /tmp/figures
while read -r name value; do
	case $name in
	engine-faults)
		figure "fault injection: engines" "copies that failed, hung, were late or ended twice" \
			"$value" faults 100 higher
		;;
	vanish-steps)
		figure "fault injection: engines" "steps at which a device vanished" "$value" steps 60 higher
		;;
	wrong) figure "fault injection: engines" "transfers that ended wrong" "$value" transfers 0 lower ;;
	esac
done < /tmp/figures
