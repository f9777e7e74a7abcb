/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What probe.sh compiles first. On a kernel without what 6.1 brought nothing else is compiled, so
 * that this is all there is to read.
 */
#ifndef HAVE_BASELINE
#error "supernode needs Linux 6.1 or later"
#endif
