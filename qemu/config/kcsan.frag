# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# flavour: kcsan
# over: machine
# make: KCSAN_SANITIZE=n
# cmdline: watchdog_thresh=30
# slow: 4
# more-memory: 512
#
# Data races. The kernel itself is not instrumented, the modules built for it are: what is reported is
# theirs, and a machine stays quick. Without instrumented barriers in the kernel, its model of weak
# memory would see races where there are none; and the bytes of a copy may change under it, which is
# the user's own doing and what "unknown origin" would tell.

CONFIG_KCSAN=y
CONFIG_KCSAN_STRICT=n
CONFIG_KCSAN_WEAK_MEMORY=n
CONFIG_KCSAN_REPORT_RACE_UNKNOWN_ORIGIN=n
CONFIG_KCSAN_REPORT_ONCE_IN_MS=0
CONFIG_KCSAN_INTERRUPT_WATCHER=y
CONFIG_KCSAN_SELFTEST=n
