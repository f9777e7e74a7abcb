#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Engines that fail once, fail always, hang, vanish in the middle of a copy, or do not obey.
# modules: supernode sn_host sn_sim
# timeout: 60

. /tests/lib.sh

loss
