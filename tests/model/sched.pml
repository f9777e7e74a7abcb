/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* core/sched as its header promises it: one piece of a flow per slot. Under the dispatcher's lock. */

#if NL == 1
#define LIVE_PATHS (up[0])
#else
#define LIVE_PATHS (up[0] || up[1])
#endif

inline finish(f)
{
	assert(phase[f] < FINISHED);
	phase[f] = FINISHED;
	if
	:: arrived[f] == PIECES -> fstatus[f] = OK
	:: else
	fi
}

/* sn_sched_flow_end() */
inline flow_end(f, why)
{
	phase[f] = ENDING;
	fstatus[f] = why;
	left[f] = 0;
#ifdef BUG_END_EARLY
	finish(f);
#else
	if
	:: !inflight[f] -> finish(f)
	:: else
	fi
#endif
}

/* sn_sched_flow_settle() */
inline settle(f)
{
	if
	:: phase[f] == RUNNING && arrived[f] == PIECES -> finish(f)
	:: else ->
		if
		:: phase[f] == RUNNING && left[f] && !LIVE_PATHS -> flow_end(f, EHOSTUNREACH)
		:: else ->
			if
			:: phase[f] == ENDING && !inflight[f] -> finish(f)
			:: else
			fi
		fi
	fi
}

/* sn_sched_complete() */
inline complete(s, why, again)
{
	inflight[FLOW(s)]--;
	if
	:: why == OK -> arrived[FLOW(s)]++
	:: else ->
		if
		:: again && phase[FLOW(s)] == RUNNING && LIVE_PATHS && fails[FLOW(s)] < ATTEMPTS ->
			fails[FLOW(s)]++;
			left[FLOW(s)]++
		:: else ->
			if
			:: phase[FLOW(s)] == RUNNING -> flow_end(FLOW(s), why)
			:: else
			fi
		fi
	fi;
	settle(FLOW(s))
}

/* sn_sched_edge_set(): with it down, flows without another way end */
inline edge_down(d, f)
{
	up[d] = false;
	f = 0;
	do
	:: f < NF -> settle(f); f++
	:: else -> break
	od;
	f = 0
}

/* __sn_dispatcher_cancel_flows() */
inline cancel_flows(t, f)
{
	f = 0;
	do
	:: f < NF ->
		if
		:: TR(f) == t && phase[f] < ENDING -> flow_end(f, ECANCELED)
		:: else
		fi;
		f++
	:: else -> break
	od;
	f = 0
}
