#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# A device that is lost while its backend creates it is destroyed, and leaves the topology.
# modules: supernode sn_host sn_test_vendor
# timeout: 60

. /tests/lib.sh

parameters=/sys/module/sn_test_vendor/parameters
control=/sys/kernel/debug/sn_test_vendor/control

settled() {
	[ "$(cat $parameters/created)" = 0 ] && [ "$(json length device list)" = "$devices" ]
}

devices=$(json length device list)
echo backend > $control
apply() {
	snctl topology apply - <<-'YAML'
	name: stillborn
	devices:
	  - {name: npu0, kind: npu, backend: vendor, regions: [{kind: hbm, bytes: 16MiB}], engines: [{}]}
	YAML
}

# One that lives, to see that the count counts.
check "create a device" apply
equal "devices created" "$(cat $parameters/created)" 1
check "remove it" snctl device del npu0
wait_until 10 settled

echo 1 > $parameters/stillborn
apply || true
wait_until 10 settled
echo nobackend > $control
