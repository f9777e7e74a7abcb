#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# More than a hundred malformed requests, those beyond a limit, and all that needs an administrator
# from those who are none: each is refused with its errno and its sentence, and leaves nothing behind.
# modules: supernode sn_host sn_sim
# timeout: 120

. /tests/lib.sh

# What the kernel's own attribute parser says of a malformed message.
allow_log 'netlink: .*attribute type [0-9]+ has an invalid length'
allow_log 'netlink: [0-9]+ bytes leftover after parsing attributes'

refusals malformed
refusals privileges
