/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What there is: the situation's size, and the state of the module's objects. */

#ifndef NT
#define NT 1		/* transfers */
#endif
#ifndef NF
#define NF NT		/* flows, in order of their transfers */
#endif
#ifndef NL
#define NL 1		/* lanes per flow: lane i is worked on by device i, one slot each */
#endif
#ifndef PIECES
#define PIECES 1	/* slices per flow */
#endif
#ifndef IN_FENCES
#define IN_FENCES 0	/* per transfer, 1 at most */
#endif
#define NS (NF * NL)
#ifndef BATCH
#define BATCH NS	/* PUMP_BATCH */
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 1	/* of the slices of one flow together, after the first */
#endif

#define FLOW(s) ((s) / NL)
#define DEV(s) ((s) % NL)
#define TR(f) ((f) * NT / NF)
#define BIT(i) (1 << (i))

/* status; all but OK are errors */
#define OK 0
#define EIO 1
#define ECANCELED 2
#define ENODEV 3
#define EHOSTUNREACH 4
#define ETIMEDOUT 5
#define EFENCE 6

/* enum sn_sched_flow_phase */
#define NEW 0
#define RUNNING 1
#define ENDING 2
#define FINISHED 3
#define REPORTED 4

/* where a copy is, as its backend sees it */
#define NOWHERE 0
#define QUEUED 1
#define WORKING 2
#define ABORTED 3	/* taken off the queue by abort(), still to be ended */

/* struct sn_sched_flow */
byte phase[NF];
byte left[NF] = PIECES;	/* to draw */
byte inflight[NF];
byte arrived[NF];
byte fails[NF];
byte fstatus[NF];

/* edges of the devices' engines; struct sn_device */
bool up[NL] = true;
bool lost[NL];
bool destroyed[NL];
byte dev_inflight[NL];

/* struct sn_slice, and the engine's view of its copy */
bool listed[NS];	/* on dispatcher.inflight */
bool pinned[NS];
bool done_pending[NS];
bool orphan[NS];
bool aborted[NS];
bool waited[NS];	/* its abort has been looked for once */
bool on_done[NS];	/* on dispatcher.done */
byte status[NS];
byte at[NS];
bool overwritten[NS];	/* has been written since it was drawn: one write is all it takes */

/* struct sn_transfer */
byte ref[NT] = 1;	/* the table's and the record's */
byte resources[NT] = 1;	/* the run's */
byte flows_left[NT] = NF / NT;
byte cancel_status[NT];
byte tstatus[NT];
byte done_bytes[NT];
bool started[NT];
bool done[NT];
bool published[NT];
bool signalled[NT];
bool on_all[NT];
bool in_table[NT];
bool freed[NT];		/* its resources are: flows, slices, buffers */
byte fences_left[NT];
bool in_signalled[NT];
bool in_failed[NT];
bool callback[NT];
byte ended[NT];		/* how often */

/* works */
bool kick;
bool overdue;
bool start_pending[NT];
bool start_running[NT];
bool limit_pending[NT];
bool limit_running[NT];
bool release_pending[NT];

/* struct sn_session */
bool posted[NT];	/* on session.records */
byte records;
byte nread;
byte live;
bool closed;
bool close_done;
#ifdef READ
bool sleeping;		/* the reader is on session.wait */
bool woken;
#endif
byte submitted;

#define ALL_ENDED (ended[0] == 1 && ended[NT - 1] == 1)
