#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# modules: none
. /tests/lib.sh
# nothing in the machine can end these: only the host can
(load sn_test_misbehave how=hang) &
sleep 1
sleep 200
