/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The life of transfers, as kmod/transfer.c, dispatcher.c, dispatcher_table.c, session.c and
 * device.c live it: submit, in-fence, slices, completion, failure, cancel, abort, an engine that
 * lets nothing go, device loss, session close, the reader, the release of what was held.
 *
 * What a spinlock protects is one atomic step here. What happens between locks is a step each, so
 * that everything that may come between does. Works are processes that wait for their flag. Time
 * passes when it likes: a limit may be reached at any moment after it was set.
 *
 * Each inline and process names the function that it is. core/sched is what its header promises:
 * how pieces of a flow become dispatches, and when the flow has finished.
 *
 * check.sh compiles this once per situation (-DHANG, -DCANCEL, ...) and once per planted mistake
 * (-DBUG_...), each of which must be found.
 */

#include "state.pml"
#include "sched.pml"
#include "calls.pml"

/* sn_nl_transfer_submit(): reply_and_submit(), sn_transfer_submit(), arm_in_fences() */
active proctype submitter()
{
	PUMP_LOCALS;
	byte t;
	bool now;

	do
	:: t < NT ->
		/* sn_nl_reply_with_fd() makes the fence visible: no way back from here */
		published[t] = true;
		d_step {
			ref[t] = ref[t] + 2;	/* the caller's, the resources' */
			live++;
			in_table[t] = true;
			on_all[t] = true;
#ifndef BUG_NO_ARM_HOLD
			resources[t]++		/* for the arming */
#endif
		};
#ifdef LIMIT
		limit_pending[t] = true;
#endif
		assert(!freed[t]);
		fences_left[t] = 1 + IN_FENCES;	/* and one until it is armed */
#if IN_FENCES
		d_step {
			/* dma_fence_add_callback() */
			if
			:: in_signalled[t] -> fences_left[t]--
			:: else -> callback[t] = true
			fi
		};
#endif
		d_step { assert(!freed[t]); fences_left[t]--; now = !fences_left[t] };
		if
		:: now -> start(t)
		:: else
		fi;
#ifndef BUG_NO_ARM_HOLD
		drop_resources(t);
#endif
		atomic { skip; d_step { now = false; put(t); submitted++; t++ } }
	:: else -> break
	od
}

#if IN_FENCES
/* whoever signals the in-fence; in_fence_signalled() when it is armed */
proctype in_fence(byte t)
{
	if
	:: in_failed[t] = true
	:: true
	fi;
	d_step {
		in_signalled[t] = true;
		if
		:: callback[t] ->
			callback[t] = false;
			assert(!freed[t]);
			fences_left[t]--;
			if
			:: !fences_left[t] -> start_pending[t] = true
			:: else
			fi
		:: else
		fi
	}
}

/* start_work() */
proctype start_work(byte t)
{
	PUMP_LOCALS;

end:	do
	:: d_step { start_pending[t] -> start_pending[t] = false; start_running[t] = true };
		start(t);
		start_running[t] = false
	od
}
#endif

/* a channel of an engine: kmod/backends/sim/engine.c, one per slot */
proctype engine(byte x)
{
	PUMP_LOCALS;
	byte how;

end:	do
	:: d_step { at[x] == QUEUED -> at[x] = WORKING };
		if
		:: how = EIO
#ifdef HANG
		/* hang(): ends when it is aborted, or later, or never */
		:: d_step { aborted[x] -> how = ECANCELED }
		:: d_step { orphan[x] -> how = ECANCELED }
#ifndef NO_FOREVER
		:: goto forever
#endif
#endif
		:: d_step {
			/* sn_copy_by_cpu(): destinations are written while somebody waits for them */
			!aborted[x] ->
			assert(listed[x] || orphan[x]);
			assert(!freed[TR(FLOW(x))]);
			assert(!signalled[TR(FLOW(x))]);
			overwritten[x] = true
		   };
			if
			:: aborted[x] -> how = ECANCELED
			:: how = OK
#ifdef HANG
			/* too late to be believed: into pages that are still there */
			:: d_step {
				orphan[x] ->
				assert(!freed[TR(FLOW(x))]);
				how = OK
			   }
#endif
			fi
		fi;
		/* it promised: one call for each copy */
		assert(at[x] == WORKING);
		copy_done(x, how);
#ifdef BUG_TWICE
		/* and it breaks the promise, which sn_copy_done() would not notice */
		atomic { skip; d_step { add_done(x); kick = true } };
#endif
		how = 0
	:: d_step { at[x] == ABORTED -> at[x] = WORKING };
		copy_done(x, ECANCELED)
	od;
#ifdef HANG
end_forever:
forever:
	false
#endif
}

/* sn_dispatcher_kick_work() */
active proctype kick_work()
{
	PUMP_LOCALS;

end:	do
	:: d_step { kick -> kick = false };
		pump()
	od
}

#ifdef HANG
/* sn_dispatcher_overdue_work(), orphan(): time may have passed, and has at the second look */
active proctype overdue_work()
{
	PUMP_LOCALS;
	byte x;
	bool waiting, found;

end:	do
	:: d_step { overdue -> overdue = false };
		do
		:: atomic {
			waiting = false;
			found = false;
			x = 0;
			do
			:: x < NS && !found ->
				if
				:: listed[x] && aborted[x] -> waiting = true
				:: else
				fi;
				if
				:: listed[x] && aborted[x] && !pinned[x] ->
					if
					:: !waited[x] -> waited[x] = true
					:: waited[x] || at[x] == WORKING ->
						orphan[x] = true;
						listed[x] = false;
#ifndef BUG_ORPHAN_LETS_GO
						resources[TR(FLOW(x))]++;
#endif
						complete(x, EIO, false);
						up[DEV(x)] = false;
						f = 0;
						do
						:: f < NF -> settle(f); f++
						:: else -> break
						od;
						f = 0;
						found = true
					fi
				:: else
				fi;
				if
				:: !found -> x++
				:: else
				fi
			:: else -> break
			od
		   };
			if
			:: found ->
				pump();
				/* sn_device_lost() */
				atomic { skip; d_step { lost[DEV(x)] = true; kick = true } }
			:: else -> break
			fi
		od;
		atomic { skip; d_step {
			overdue = overdue || waiting;
			waiting = false;
			found = false;
			x = 0
		} }
	od
}
#endif

/* release_work(), one of them at a time */
active proctype release_work()
{
	byte t, s;

end:	do
	:: d_step {
		release_pending[0] || release_pending[NT - 1] ->
		if
		:: release_pending[0] -> t = 0
		:: else -> t = NT - 1
		fi;
		release_pending[t] = false
	   };
		callback[t] = false;			/* dma_fence_remove_callback() */
		start_pending[t] = false;		/* cancel_work_sync() */
		!start_running[t];
		limit_pending[t] = false;		/* cancel_delayed_work_sync() */
		!limit_running[t];
		on_all[t] = false;
		d_step {
			/* sn_transfer_free_resources() */
			assert(done[t] && !freed[t] && !start_pending[t]);
			s = 0;
			do
			:: s < NS ->
				assert(TR(FLOW(s)) != t ||
				       (at[s] == NOWHERE && !listed[s] && !orphan[s] &&
					!pinned[s] && !on_done[s]));
				s++
			:: else -> break
			od;
			s = 0;
			freed[t] = true
		};
		live--;
		d_step { put(t); t = 0 }
	od
}

#ifdef LIMIT
/* limit_work() */
proctype limit_work(byte t)
{
	PUMP_LOCALS;

end:	do
	:: d_step { limit_pending[t] -> limit_pending[t] = false; limit_running[t] = true };
		transfer_cancel(t, ETIMEDOUT);
		limit_running[t] = false
	od
}
#endif

#ifdef CANCEL
/* sn_nl_transfer_cancel(): sn_transfer_find(), sn_transfer_cancel() */
active proctype canceller()
{
	PUMP_LOCALS;
	byte t;
	bool found;

	do
	:: t < NT ->
		d_step {
			submitted > t || in_table[t] ->
			found = in_table[t];
			if
			:: found -> assert(ref[t]); ref[t]++
			:: else
			fi
		};
		if
		:: found -> transfer_cancel(t, ECANCELED); put(t)
		:: else
		fi;
		t++
	:: else -> break
	od
}
#endif

#if defined(CLOSE) || defined(LOSS)
/* find_victim(), cancel_all() */
inline cancel_all(why)
{
	do
	:: d_step {
		t = 0;
		do
		:: t < NT && !(on_all[t] && !cancel_status[t] && !done[t]) -> t++
		:: else -> break
		od;
		if
		:: t < NT -> assert(ref[t]); ref[t]++
		:: else
		fi
	   };
		if
		:: t < NT -> transfer_cancel(t, why); atomic { skip; d_step { put(t); t = 0 } }
		:: else -> break
		fi
	od;
	t = 0
}
#endif

#ifdef CLOSE
/* session_release(): nobody reads or submits any more */
active proctype closer()
{
	PUMP_LOCALS;
	byte t;

	submitted == NT;
	closed = true;
	do
	:: d_step {
		records ->
		records--;
		if
		:: posted[0] -> posted[0] = false; record_release(0)
		:: else -> posted[NT - 1] = false; record_release(NT - 1)
		fi
	   }
	:: !records -> break
	od;
	cancel_all(ECANCELED);
	/* wait_event_timeout(): until then, or long enough */
	if
	:: !live
	:: true
	fi;
	close_done = true
}
#endif

#ifdef READ
/* session_read(): wait_event_interruptible() looks again after it is on the queue */
active proctype reader()
{
	byte t;

	do
	:: nread == NT -> break
	:: d_step {
		nread < NT && records ->
		records--;
		if
		:: posted[0] -> t = 0
		:: else -> t = NT - 1
		fi;
		posted[t] = false;
		assert(done[t] && signalled[t]);
		record_release(t);
		nread++;
		t = 0
	   }
	:: nread < NT && !records ->
#ifdef BUG_SLEEP_BLIND
		d_step { sleeping = true; woken = false };
		woken;
#else
		d_step { sleeping = true; woken = false };
		if
		:: records
		:: !records -> woken
		fi;
#endif
		sleeping = false
	od
}
#endif

#ifdef LOSS
/* sn_device_lost(), lost_work_fn(): sn_topology_withdraw(), sn_device_stop() of device 0 */
active proctype loss()
{
	PUMP_LOCALS;
	byte t;

	d_step { lost[0] = true; edge_down(0, f); kick = true };
	/* what reads or writes its memory ends; what its engines do for others goes another way */
	if
	:: cancel_all(ENODEV)
#if NL > 1
	:: true
#endif
	fi;
	abort_slices(NT, 0);
	/* until then, for ever if it never lets go */
end_drain:
	!dev_inflight[0];
	destroyed[0] = true
}
#endif

init
{
	atomic {
		run engine(0);
#if IN_FENCES
		run in_fence(0);
		run start_work(0);
#if NT > 1
		run in_fence(1);
		run start_work(1);
#endif
#endif
#if NS > 1
		run engine(1);
#endif
#ifdef LIMIT
		run limit_work(0);
#if NT > 1
		run limit_work(1);
#endif
#endif
	}
}

/* Nothing moves any more: then everything has ended, or waits for an engine that was given up. */
#if NS == 1
#define HELD(t) (orphan[0])
#elif NS == NT
#define HELD(t) (orphan[t])
#else
#define HELD(t) (orphan[0] || orphan[1])
#endif

active proctype quiet()
{
	timeout ->
	assert(ALL_ENDED);
	assert(signalled[0] && signalled[NT - 1]);
#ifdef CLOSE
	assert(close_done);
#endif
#ifdef READ
	assert(nread == NT);
#endif
#if defined(CLOSE) || defined(READ)
	assert(!records && !in_table[0] && !in_table[NT - 1]);
#else
	assert(records == NT);
#endif
	assert(freed[0] || HELD(0));
	assert(freed[NT - 1] || HELD(NT - 1));
	assert(!freed[0] || (ref[0] == in_table[0] && !resources[0]));
	assert(!freed[NT - 1] || (ref[NT - 1] == in_table[NT - 1] && !resources[NT - 1]))
}

ltl ends { <> (ALL_ENDED && signalled[0] && signalled[NT - 1]) }
#ifdef READ
ltl read { <> (nread == NT) }
#endif
