/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The functions that several processes call, from session.c up to transfer.c. */

/* ---- session.c ---- */

/* sn_transfer_put() */
inline put(t)
{
	assert(ref[t]);
	ref[t]--
}

/* record_release() */
inline record_release(t)
{
	assert(in_table[t]);
	in_table[t] = false;
	put(t)
}

inline wake_reader()
{
#ifdef READ
	if
	:: sleeping -> woken = true
	:: else
	fi
#else
	skip
#endif
}

/* sn_session_post() */
inline post(t)
{
#ifdef BUG_WAKE_FIRST
	wake_reader();
#endif
#ifdef BUG_CLOSED_UNLOCKED
	if
	:: closed -> d_step { record_release(t) }
	:: else -> d_step { assert(!posted[t]); posted[t] = true; records++ }
	fi;
#else
	d_step {
		if
		:: closed -> record_release(t)
		:: else -> assert(!posted[t]); posted[t] = true; records++
		fi
	};
#endif
#ifndef BUG_WAKE_FIRST
	d_step { wake_reader() }
#endif
}

/* ---- transfer.c ---- */

/* sn_transfer_drop_resources() */
inline drop_resources(t)
{
	d_step {
		assert(resources[t]);
		resources[t]--;
		if
		:: !resources[t] -> assert(!release_pending[t] && !freed[t]); release_pending[t] = true
		:: else
		fi
	}
}

/* sn_transfer_end() */
inline transfer_end(t)
{
	d_step {
		assert(ref[t] && resources[t] && !freed[t]);
		assert(!done[t]);
		ended[t]++;
		/* "all arrived" and "an error" exclude each other */
		assert(done_bytes[t] == PIECES * NF / NT || cancel_status[t] || tstatus[t]);
		done[t] = true;
		assert(published[t] && !signalled[t]);
		signalled[t] = true
	};
	post(t);
	drop_resources(t)
}

/* ---- dispatcher.c ---- */

/* llist_add(&slice->done, &sn_dispatcher.done): twice would destroy the list */
inline add_done(s)
{
	assert(!on_done[s]);
	on_done[s] = true
}

/* reap() */
inline reap(s, rel)
{
	on_done[s] = false;
#ifdef BUG_NO_PIN
	if
	:: false
#else
	if
	:: pinned[s] -> done_pending[s] = true
#endif
	:: else ->
		assert(ref[TR(FLOW(s))] && !freed[TR(FLOW(s))]);
		assert(at[s] == NOWHERE);
		dev_inflight[DEV(s)]--;
		if
		:: orphan[s] ->
			orphan[s] = false;
			rel = rel | BIT(s)
		:: else ->
			assert(listed[s]);
			listed[s] = false;
			if
			:: status[s] && !cancel_status[TR(FLOW(s))] ->
				if
				:: aborted[s] || status[s] == ENODEV -> status[s] = EHOSTUNREACH
				:: else
				fi;
				complete(s, status[s], true)
			:: else -> complete(s, status[s], false)
			fi
		fi
	fi
}

/* draw(), for whom sn_sched_next() picked */
inline draw(s, drawn, ndrawn)
{
	if
	:: ndrawn < BATCH && phase[FLOW(s)] == RUNNING && left[FLOW(s)] && up[DEV(s)] &&
	   !listed[s] ->
		/* nobody has anything of this slot any more */
		assert(!orphan[s] && !pinned[s] && !on_done[s] && at[s] == NOWHERE);
		assert(!destroyed[DEV(s)]);
		left[FLOW(s)]--;
		inflight[FLOW(s)]++;
		dev_inflight[DEV(s)]++;
		listed[s] = true;
		pinned[s] = true;
		done_pending[s] = false;
		aborted[s] = false;
		waited[s] = false;
		overwritten[s] = false;
		status[s] = OK;
		drawn = drawn | BIT(s);
		ndrawn++
	:: else
	fi
}

/* collect_finished() */
inline collect(f, i, ends)
{
	f = 0;
	do
	:: f < NF ->
		if
		:: phase[f] == FINISHED ->
			phase[f] = REPORTED;
			done_bytes[TR(f)] = done_bytes[TR(f)] + arrived[f];
			if
			:: fstatus[f] && !tstatus[TR(f)] ->
				tstatus[TR(f)] = fstatus[f];
				cancel_flows(TR(f), i)
			:: else
			fi;
			flows_left[TR(f)]--;
#ifdef BUG_END_TWICE
			ends = ends | BIT(TR(f));
#else
			if
			:: !flows_left[TR(f)] -> ends = ends | BIT(TR(f))
			:: else
			fi;
#endif
			f = 0	/* the list may have grown */
		:: else -> f++
		fi
	:: else -> break
	od;
	f = 0
}

/* unpin() */
inline unpin(s)
{
	pinned[s] = false;
#ifndef BUG_UNPIN_FORGETS
	if
	:: done_pending[s] ->
#ifndef BUG_PENDING_STAYS
		done_pending[s] = false;
#endif
		add_done(s)
	:: else
	fi
#endif
}

/* call_abort(), and abort() of a backend: what is queued is taken off, what is in work sees its flag */
inline call_abort(s)
{
	assert(pinned[s] && !destroyed[DEV(s)]);
	if
	:: at[s] == QUEUED -> at[s] = ABORTED
	:: else
	fi
}

/* abort_pinned() */
inline abort_pinned(aborts, s)
{
	if
	:: aborts ->
		s = 0;
		do
		:: s < NS ->
			d_step {
				if
				:: aborts & BIT(s) -> call_abort(s)
				:: else
				fi;
				s++
			}
		:: else -> break
		od;
		atomic { skip; d_step {
			s = 0;
			do
			:: s < NS ->
				if
				:: aborts & BIT(s) -> unpin(s)
				:: else
				fi;
				s++
			:: else -> break
			od;
			s = 0;
			aborts = 0
		} }
	:: else
	fi
}

/* submit(); a device that vanished refuses */
inline submit(s, f)
{
	d_step {
		assert(!destroyed[DEV(s)]);
		if
		:: lost[DEV(s)] ->
			edge_down(DEV(s), f);
			kick = true;
			status[s] = ENODEV;
			add_done(s)
		:: else ->
			assert(at[s] == NOWHERE);
			at[s] = QUEUED
		fi
	}
}

/* submit_all() */
inline submit_all(drawn, aborts, s, f)
{
	if
	:: drawn ->
		s = 0;
		do
		:: s < NS ->
			if
			:: drawn & BIT(s) -> submit(s, f)
			:: else
			fi;
			s++
		:: else -> break
		od;
		atomic { skip; d_step {
			s = 0;
			do
			:: s < NS ->
				if
				:: drawn & BIT(s) ->
					if
					:: aborted[s] && !done_pending[s] -> aborts = aborts | BIT(s)
					:: else -> unpin(s)
					fi
				:: else
				fi;
				s++
			:: else -> break
			od;
			s = 0;
			drawn = 0
		} };
		abort_pinned(aborts, s)
	:: else
	fi
}

#define PUMP_LOCALS byte drawn, ndrawn, ends, rel, aborts, s, f, i; bool more, any

#if NS == 1
#define DRAW draw(0, drawn, ndrawn)
#define ANY_DONE (on_done[0])
#elif NS == 2
#define DRAW draw(0, drawn, ndrawn); draw(1, drawn, ndrawn)
#define ANY_DONE (on_done[0] || on_done[1])
#endif

/* pump_once() under sn_dispatcher_pump() */
inline pump()
{
	more = true;
	do
	:: more ->
		d_step {
			s = 0;
			do
			:: s < NS ->
				if
				:: on_done[s] -> reap(s, rel)
				:: else
				fi;
				s++
			:: else -> break
			od;
			s = 0;
			ndrawn = 0;
			DRAW;
			collect(f, i, ends);
			more = (drawn || ends || rel)
		};
		if
		:: more ->
		submit_all(drawn, aborts, s, f);
		i = 0;
		do
		:: i < NT && ends ->
			if
			:: ends & BIT(i) -> transfer_end(i)
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < NS && rel ->
			if
			:: rel & BIT(i) -> drop_resources(TR(FLOW(i)))
			:: else
			fi;
			i++
		:: else -> break
		od;
		atomic { skip; d_step {
			i = 0;
			ends = 0;
			rel = 0;
			more = (ndrawn == BATCH || ANY_DONE);
			ndrawn = 0
		} }
		:: else
		fi
	:: else -> break
	od
}

/* sn_copy_done(): pumps where it may, else has the work do it */
inline copy_done(x, how)
{
	d_step {
		/* struct sn_copy is the core's again from here on */
		at[x] = NOWHERE;
		status[x] = how;
		add_done(x)
	};
#if defined(PUMP)
	pump()
#elif defined(KICK)
	kick = true
#else
	if
	:: pump()
#ifdef BUG_NO_KICK
	:: true
#else
	:: kick = true
#endif
	fi
#endif
}

/* abort_slices(); t == NT stands for all, d == NL for any */
inline abort_slices(t, d)
{
	d_step {
		any = false;
		s = 0;
		do
		:: s < NS ->
			if
			:: listed[s] && !aborted[s] && (t == NT || TR(FLOW(s)) == t) &&
			   (d == NL || DEV(s) == d) ->
				assert(!freed[TR(FLOW(s))]);
				aborted[s] = true;
				any = true;
				if
				:: !pinned[s] -> pinned[s] = true; aborts = aborts | BIT(s)
				:: else
				fi
			:: else
			fi;
			s++
		:: else -> break
		od;
		s = 0
	};
	abort_pinned(aborts, s);
	d_step {
		if
		:: any -> overdue = true
		:: else
		fi;
		any = false
	};
	pump()
}

/* sn_transfer_cancel(), sn_dispatcher_cancel() */
inline transfer_cancel(t, why)
{
	d_step {
		assert(ref[t]);
		if
		:: !cancel_status[t] -> cancel_status[t] = why
		:: else
		fi
	};
	d_step {
		if
		:: flows_left[t] -> assert(!freed[t]); cancel_flows(t, f)
		:: else
		fi
	};
	abort_slices(t, NL)
}

/* sn_dispatcher_start() */
inline dispatcher_start(t)
{
	d_step {
		if
		:: !cancel_status[t] && !started[t] ->
			started[t] = true;
			f = 0;
			do
			:: f < NF ->
				if
				:: TR(f) == t ->
					assert(phase[f] == NEW);
					phase[f] = RUNNING;
					settle(f)
				:: else
				fi;
				f++
			:: else -> break
			od;
			f = 0
		:: else
		fi
	};
	pump()
}

/* start() */
inline start(t)
{
	assert(!freed[t]);
	if
	:: in_failed[t] -> transfer_cancel(t, EFENCE)
	:: else -> dispatcher_start(t)
	fi
}
