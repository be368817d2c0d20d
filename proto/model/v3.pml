/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The handshake of version 3 and its replay windows, for spin: proto/VERSION3.md.
 *
 * The network is the attacker: all that was ever sent lies in sets, out of which
 * anything is delivered any number of times, in any order, or never.  What the
 * attacker cannot do is make keys: a record is under the keys of two ephemeral
 * ones, (e1, e2), numbered in the order in which they are made; 0 is none.  What
 * would change nothing is left out, so that every run comes to an end.
 *
 * Each end may also die, once, and come back remembering nothing.  What ends do that
 * were put back or copied is v3_agree.pml's matter.
 *
 * Checked: nobody takes a record twice; a controller changes to keys only when the
 * NIC has them, a NIC only when the controller has changed; when a NIC takes keys, its
 * conversation is the controller's, which goes on at both or begins at both; wherever a run
 * ends, both have the same keys and the same conversation.
 *
 * Each of these must make spin find a mistake (run.sh tries):
 *	-DNO_WINDOW	a record's counter is not looked at
 *	-DNO_CONFIRM	a controller takes new keys when it has answered a REGISTER
 *	-DNO_WAIT	a NIC takes new keys when it has got an ACCEPT
 *	-DFORGETFUL	a controller makes the same keys again for the same REGISTER
 *	-DSTUBBORN	a NIC does not give up keys that the controller has forgotten
 *	-DHASTY		a controller that takes new keys wipes newer ones, too
 *	-DNAMELESS	a controller goes on with whatever conversation a NIC has
 */

#define N1	3	/* ephemeral keys that the NIC makes */
#define N2	4	/* and the controller */
#define RECORDS	2	/* a direction of a session */

#define KEYS(e1, e2)	((e1) * (N2 + 1) + (e2))
#define N_KEYS		((N1 + 1) * (N2 + 1))
#define E1(keys)	((keys) / (N2 + 1))
#define E2(keys)	((keys) % (N2 + 1))

/* Records to the NIC, and to the controller: two boxes for each pair of keys. */
#define TO_NIC		0
#define TO_CTL		N_KEYS

/* ---- the network ---- */
bool registers[N1 + 1];
bool accepts[N_KEYS];
byte sent[2 * N_KEYS];			/* records of counters 0 to that, without it */
byte ticket[N1 + 1];			/* keys that a REGISTER names */
byte from[N_KEYS];			/* keys whose conversation an ACCEPT says to continue */

/* ---- what each end remembers ---- */
byte made1, made2;			/* ephemeral keys so far */
byte begun;				/* NIC: of the REGISTER that waits */
byte nic_pending, nic;			/* NIC: keys */
byte older_pending, newer_pending, ctl;	/* controller: keys */
byte window[2 * N_KEYS];		/* bits: counters received */
byte nic_last, ctl_last, ctl_from;	/* the last current keys, and what they went on from */
byte nic_talk, ctl_talk;		/* the conversation: the keys it began with */

/* ---- what only the judge knows ---- */
byte taken[2 * N_KEYS];
bool nic_had[N_KEYS], ctl_took[N_KEYS];
bool last_answered, nic_died, ctl_died;
byte talk_of[N_KEYS];			/* the controller's, when it took these keys */

#define CAN_SEND(box)	(sent[box] < RECORDS)

#ifdef NO_WINDOW
#define IS_NEW(box, counter)	true
#else
#define IS_NEW(box, counter)	!(window[box] & (1 << (counter)))
#endif

#define CAN_TAKE(keys, to, counter) \
	((keys) && (counter) < sent[to + keys] && IS_NEW(to + keys, counter))

inline take(box, counter)
{
	assert(!(taken[box] & (1 << counter)));
	window[box] = window[box] | (1 << counter);
	taken[box] = taken[box] | (1 << counter)
}

/* An answer, unless this session has said all that the model lets it say. */
inline answer(box)
{
	if
	:: CAN_SEND(box) -> sent[box]++
	:: else
	fi
}

/* New keys: the conversation goes on, or another begins. */
inline converse(talk, keys)
{
	if
	:: !from[keys] -> talk = keys
	:: else
	fi
}

/* ---- the NIC ---- */

inline nic_takes(keys)
{
	assert(ctl_took[keys]);
	nic = keys;
	nic_last = keys;
	converse(nic_talk, nic);
	assert(nic_talk == talk_of[nic]);
	nic_pending = 0
}

#ifdef STUBBORN
#define CAN_BEGIN	(made1 < N1 && !nic_pending)
#else
#define CAN_BEGIN	(made1 < N1)
#endif

#ifdef NO_WAIT
#define ON_ACCEPT	nic_takes(nic_pending)
#else
#define ON_ACCEPT	skip
#endif

#define NIC_ACCEPT(e2) \
	:: d_step { begun && accepts[KEYS(begun, e2)] -> \
		nic_pending = KEYS(begun, e2); \
		nic_had[nic_pending] = true; \
		begun = 0; \
		answer(TO_CTL + nic_pending); \
		ON_ACCEPT \
	   }

#define NIC_RECORD(counter) \
	:: d_step { CAN_TAKE(nic_pending, TO_NIC, counter) -> \
		take(TO_NIC + nic_pending, counter); \
		nic_takes(nic_pending) \
	   } \
	:: d_step { CAN_TAKE(nic, TO_NIC, counter) -> take(TO_NIC + nic, counter) }

active proctype Nic()
{
end:	do
	/*
	 * A handshake begins: there is no session, or it ages, is silent, or a HELLO
	 * came; or the pending keys are given up.  The model does it at any time.
	 */
	:: d_step { CAN_BEGIN ->
		made1++;
		begun = made1;
		ticket[made1] = nic_last;
		nic_pending = 0;
		registers[made1] = true
	   }
	NIC_ACCEPT(1)
	NIC_ACCEPT(2)
	NIC_ACCEPT(3)
	NIC_ACCEPT(4)
	/* The ECHO again, and whatever it says under the current keys. */
	:: d_step { nic_pending && CAN_SEND(TO_CTL + nic_pending) ->
		sent[TO_CTL + nic_pending]++
	   }
	:: d_step { nic && CAN_SEND(TO_CTL + nic) -> sent[TO_CTL + nic]++ }
	NIC_RECORD(0)
	NIC_RECORD(1)
	/* Its keys are gone, and so are the windows of their records. */
	:: d_step { !nic_died && made1 < N1 ->
		nic_died = true;
		nic = 0; nic_pending = 0; nic_last = 0; nic_talk = 0; begun = 0
	   }
	od
}

/* ---- the controller ---- */

/* What was made before is wiped; what was made since may be what the NIC is about to use. */
inline ctl_takes(keys)
{
	assert(nic_had[keys]);
	ctl = keys;
	converse(ctl_talk, ctl);
	talk_of[ctl] = ctl_talk;
	ctl_last = ctl;
	ctl_from = from[ctl];
	ctl_took[ctl] = true;
	older_pending = 0;
#ifdef HASTY
	newer_pending = 0
#else
	if
	:: newer_pending == ctl -> newer_pending = 0
	:: else
	fi
#endif
}

/*
 * Rates and cookies, as far as they matter here: the NIC's last try is answered,
 * and then no replay uses up what the controller can do.
 */
#define MAY_ANSWER(e1)	(!last_answered && (e1 == N1 || made2 < N2 - 1))
#define IS_KNOWN(e1)	((ctl && E1(ctl) == e1) || E1(older_pending) == e1 || \
			 E1(newer_pending) == e1)

#ifdef NAMELESS
#define GOES_ON(e1)	(ticket[e1] && ctl_last)
#else
#define GOES_ON(e1)	(ticket[e1] && ticket[e1] == ctl_last)
#endif

inline pend(e1, keys)
{
	last_answered = (e1 == N1);
	from[keys] = (GOES_ON(e1) -> ticket[e1] : 0);
	if
	:: newer_pending -> older_pending = newer_pending
	:: else
	fi;
	newer_pending = keys;
	accepts[newer_pending] = true;
#ifdef FORGETFUL
	window[TO_CTL + newer_pending] = 0;
#endif
#ifdef NO_CONFIRM
	ctl_takes(newer_pending);
#endif
}

#ifdef FORGETFUL
#define CTL_REGISTER(e1) \
	:: d_step { registers[e1] && !IS_KNOWN(e1) && MAY_ANSWER(e1) -> \
		made2++; \
		pend(e1, KEYS(e1, 1)) \
	   }
#else
#define CTL_REGISTER(e1) \
	:: d_step { registers[e1] && !IS_KNOWN(e1) && MAY_ANSWER(e1) -> \
		made2++; \
		pend(e1, KEYS(e1, made2)) \
	   }
#endif

#define CTL_RECORD(counter) \
	:: d_step { CAN_TAKE(older_pending, TO_CTL, counter) && CONTINUES(older_pending) -> \
		take(TO_CTL + older_pending, counter); \
		ctl_takes(older_pending); \
		answer(TO_NIC + ctl) \
	   } \
	:: d_step { CAN_TAKE(newer_pending, TO_CTL, counter) && CONTINUES(newer_pending) -> \
		take(TO_CTL + newer_pending, counter); \
		ctl_takes(newer_pending); \
		answer(TO_NIC + ctl) \
	   } \
	:: d_step { CAN_TAKE(ctl, TO_CTL, counter) -> \
		take(TO_CTL + ctl, counter); \
		answer(TO_NIC + ctl) \
	   }

/* What it continues is what we have, or the NIC gave up the keys between them. */
#define CONTINUES(keys)	(!from[keys] || from[keys] == ctl_last || from[keys] == ctl_from)

active proctype Controller()
{
end:	do
	CTL_REGISTER(1)
	CTL_REGISTER(2)
	CTL_REGISTER(3)
	CTL_RECORD(0)
	CTL_RECORD(1)
	/* A pending session expires; those of the NIC's last try do not. */
	:: d_step { older_pending && E1(older_pending) != N1 -> older_pending = 0 }
	:: d_step { newer_pending && E1(newer_pending) != N1 ->
		newer_pending = older_pending;
		older_pending = 0
	   }
	:: d_step { ctl && CAN_SEND(TO_NIC + ctl) -> sent[TO_NIC + ctl]++ }
	/* While the NIC has a try left: it will miss a word. */
	:: d_step { !ctl_died && made1 < N1 ->
		ctl_died = true;
		ctl = 0; older_pending = 0; newer_pending = 0; ctl_last = 0; ctl_from = 0; ctl_talk = 0
	   }
	od
}

/* ---- when nothing more can happen ---- */

active proctype Judge()
{
	timeout ->
	assert(nic && nic == ctl && nic_talk == ctl_talk)
}
