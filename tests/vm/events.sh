#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Events of the topology, buffers, transfers and faults, and who does not get to hear of them.
# modules: supernode sn_host sn_sim
# timeout: 60

. /tests/lib.sh

events
