#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Transactions: dry runs, aborts, rivals, removals by force; link states, and each reason for no path.
# modules: supernode sn_host sn_sim
# timeout: 60

. /tests/lib.sh

transactions
