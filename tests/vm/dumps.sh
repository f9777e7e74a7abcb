#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Dumps while devices, links, buffers and transfers come and go.
# modules: supernode sn_host sn_sim
# timeout: 60

. /tests/lib.sh

dumps 6
