/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What NICs and controllers of version 3 remember, for spin: proto/VERSION3.md, "When the
 * ends disagree".
 *
 * Each step is a whole exchange: a record and its answer, or a handshake.  What the
 * network can do in between is v3.pml's matter, but for an answer that is lost.  For a
 * while somebody copies NICs, puts back snapshots of NICs and of controllers (with their
 * counters and streams), starts either anew, and has another controller take over.  Then it is
 * calm: one NIC and one controller are left, and another table is wanted.
 *
 * Checked: every run ends, in a finite number of sessions, with the request answered: the
 * NIC has the table that is wanted, and the controller says so.  As all runs from
 * all states are tried, this is "from some time on every request is answered".
 *
 * Each of these must make spin find a mistake (run.sh tries):
 *	-DNO_TICKET	a controller goes on with any NIC that remembers a conversation
 *	-DNO_LOOK	a NIC does not look whether its controller goes on
 *	-DNO_TAGS	two records with one counter are the same record
 *	-DNO_KNOWN	an ECHO does not say how many records are known
 *	-DNO_LIST	a controller does not ask what is in the table
 *	-DDROPS		what proves that the ends disagree is only dropped
 */

#ifndef STEPS
#define STEPS		3	/* of whoever disturbs */
#endif
#ifndef TALKS
#define TALKS		3	/* exchanges before it is calm */
#endif
#define SESSIONS	15
#define COUNTERS	8	/* a session is not older, here */
#define TABLES		3
#define TAGS		1	/* of the newest records are remembered */

#define NICS		2
#define CTLS		2
#define IMAGE		2	/* of either: a snapshot */

/* @life: another one whenever memory comes to life once more; the seals' tags */
typedef Nic {
	bool alive;
	byte life;
	byte session;		/* which is the ticket, too */
	byte sent;		/* records under it */
	byte seen;		/* one more than the highest counter received */
	byte taken;		/* requests of the conversation */
	byte table
};

typedef Ctl {
	byte life;
	byte session;
	byte sent, seen;
	byte told;		/* requests taken, as the newest record has it */
	byte asked, done;	/* requests of the conversation */
	byte asks;		/* for which table */
	byte has;		/* the table that the NIC is said to have */
	byte want
};

Nic nics[3];
Ctl ctls[3];
byte tags[COUNTERS * (CTLS + 1)];	/* whose records a controller has received */
byte replies[COUNTERS * (NICS + 1)];	/* and a NIC */
bool have_nic, have_ctl;
byte image_of;				/* controller */
byte master;			/* the controller that is connected */
byte n_sessions, n_lives = 4;
byte steps, talks;
bool calm;
bool due[NICS];

#define TAG(c, n)	tags[(c) * COUNTERS + (n)]
#define REPLY(i, n)	replies[(i) * COUNTERS + (n)]

inline copy_nic(to, from)
{
	nics[to].alive = nics[from].alive;
	nics[to].session = nics[from].session;
	nics[to].sent = nics[from].sent;
	nics[to].seen = nics[from].seen;
	nics[to].taken = nics[from].taken;
	nics[to].table = nics[from].table;
	nics[to].life = nics[from].life;
	for (k : 0 .. COUNTERS - 1) {
		REPLY(to, k) = REPLY(from, k)
	}
}

inline copy_ctl(to, from)
{
	ctls[to].session = ctls[from].session;
	ctls[to].sent = ctls[from].sent;
	ctls[to].seen = ctls[from].seen;
	ctls[to].told = ctls[from].told;
	ctls[to].asked = ctls[from].asked;
	ctls[to].done = ctls[from].done;
	ctls[to].asks = ctls[from].asks;
	ctls[to].has = ctls[from].has;
	ctls[to].want = ctls[from].want;
	ctls[to].life = ctls[from].life;
	for (k : 0 .. COUNTERS - 1) {
		TAG(to, k) = TAG(from, k)
	}
}

/* Another life: its records differ from those of the one before. */
inline live(x)
{
	n_lives++;
	x.life = n_lives
}

#ifdef DROPS
#define DISAGREE(x)	skip
#else
#define DISAGREE(x)	x.session = 0
#endif

#ifdef NO_TICKET
#define GOES_ON		(N.session && C.session)
#else
#define GOES_ON		(N.session && N.session == C.session)
#endif

#ifdef NO_LOOK
#define NIC_GOES_ON	(N.session)
#else
#define NIC_GOES_ON	goes_on
#endif

#ifdef NO_TAGS
#define IS_ANOTHER(tag, life, counter, next)	false
#else
#define IS_ANOTHER(tag, life, counter, next)	((counter) + TAGS >= (next) && (tag) != (life))
#endif

#ifdef NO_KNOWN
#define CTL_KNOWS_MORE		false
#define NIC_KNOWS_MORE		false
#else
#define CTL_KNOWS_MORE		(C.seen > N.sent)
#define NIC_KNOWS_MORE		(N.seen > C.sent)
#endif

#define N	nics[i]
#define C	ctls[master]

/* Its controller knows the session not, or it has none. */
inline handshake()
{
	goes_on = GOES_ON;
	assert(n_sessions < SESSIONS);	/* or they never settle */
	n_sessions++;
	if
	:: !goes_on ->
		C.asked = 0;
		C.done = 0;
#ifdef NO_LIST
		C.has = C.want
#else
		C.has = N.table
#endif
	:: else
	fi;
	C.session = n_sessions;
	C.sent = 0; C.seen = 0; C.told = 0;
	if
	:: true ->
		if
		:: !(NIC_GOES_ON) -> N.taken = 0
		:: else
		fi;
		N.session = n_sessions;
		N.sent = 0; N.seen = 0
	/* The controller has changed, and its answers are lost. */
	:: !calm -> skip
	fi;
	changed = true
}

/* What a record of the NIC's says: how many requests it has taken. */
inline ctl_takes()
{
	C.seen = N.sent + 1;
	TAG(master, N.sent) = N.life;
	if
	:: NIC_KNOWS_MORE || N.taken < C.told || N.taken > C.asked -> DISAGREE(C); changed = true
	:: else ->
		C.told = N.taken;
		if
		:: N.taken > C.done ->
			C.done = N.taken;
			C.has = C.asks;
			changed = true
		:: else
		fi;
		if
		:: C.done == C.asked && C.has != C.want ->
			C.asked++;
			C.asks = C.want;
			changed = true
		:: else
		fi
	fi
}

/* The answer, with the request that is under way. */
inline nic_takes()
{
	if
	:: C.sent < N.seen ->
		if
		:: IS_ANOTHER(REPLY(i, C.sent), C.life, C.sent, N.seen) -> DISAGREE(N); changed = true
		:: else
		fi
	:: else ->
		N.seen = C.sent + 1;
		REPLY(i, C.sent) = C.life;
		if
		:: CTL_KNOWS_MORE || C.asked > N.taken + 1 -> DISAGREE(N); changed = true
		:: C.asked == N.taken + 1 ->
			N.taken++;
			N.table = C.asks;
			changed = true
		:: else
		fi
	fi;
	if
	:: C.sent < COUNTERS - 1 -> C.sent++
	:: else
	fi
}

/* An ECHO of each, or whatever else there is to say. */
inline exchange()
{
	if
	:: N.sent < C.seen ->
		if
		:: IS_ANOTHER(TAG(master, N.sent), N.life, N.sent, C.seen) -> DISAGREE(C); changed = true
		:: else
		fi;
		N.sent++;
		/* It hears nothing: its own ECHO comes. */
		if
		:: C.session == N.session -> nic_takes()
		:: else
		fi
	:: else ->
		ctl_takes();
		N.sent++;
		if
		:: C.session != N.session
		:: C.session == N.session -> nic_takes()
		:: C.session == N.session && !calm -> changed = true	/* it is lost */
		fi
	fi
}

/* Whatever changes makes another exchange due. */
inline talk()
{
	changed = false;
	if
	:: N.session && N.session == C.session && N.sent < COUNTERS -> exchange()
	/* Also when the keys are worn out. */
	:: else -> handshake()
	fi;
	due[i] = changed;
	talks = (calm -> talks : talks + 1);
	goes_on = false; changed = false; k = 0
}

active proctype Talk()
{
	byte i, k;
	bool changed, goes_on;

end:	do
	:: atomic { nics[0].alive && due[0] && (calm || talks < TALKS) -> i = 0; talk() }
	:: atomic { nics[1].alive && due[1] && (calm || talks < TALKS) -> i = 1; talk() }
	od
}

inline all_due()
{
	due[0] = true;
	due[1] = true
}

active proctype Disturb()
{
	byte k, x, y;

	atomic {
		nics[0].alive = true;
		nics[0].life = 1;
		nics[1].life = 2;
		ctls[0].life = 3;
		ctls[1].life = 4;
		ctls[0].want = 1;
		ctls[1].want = 1;
		all_due()
	};
	do
	:: atomic { steps < STEPS ->
		steps++;
		if
		:: x = 0
		:: x = 1
		fi;
		if
		:: nics[x].alive -> copy_nic(IMAGE, x); have_nic = true
		:: have_nic -> copy_nic(x, IMAGE); live(nics[x])	/* put back, or a copy */
		:: nics[x].alive -> copy_nic(1 - x, x); live(nics[1 - x])
		/* Its driver is loaded. */
		:: nics[x].alive = true; nics[x].session = 0; nics[x].table = 0; nics[x].taken = 0;
		   live(nics[x])
		:: copy_ctl(IMAGE, x); have_ctl = true; image_of = x
		:: have_ctl && image_of == x -> y = ctls[x].want; copy_ctl(x, IMAGE); live(ctls[x])
		:: ctls[x].session = 0; ctls[x].has = 0; live(ctls[x])
		:: master = 1 - master
		:: ctls[master].want = (ctls[master].want + 1) % TABLES
		fi;
		all_due();
		x = 0; y = 0; k = 0
	   }
	:: atomic { !calm ->
		/* One stays, and its table is to be another. */
		if
		:: nics[0].alive -> nics[1].alive = false
		:: nics[1].alive -> nics[0].alive = false
		fi;
		ctls[master].want = (ctls[master].want + 1) % TABLES;
		steps = STEPS;
		calm = true;
		all_due();
		break
	   }
	od
}

active proctype Judge()
{
	timeout ->
	assert(calm);
	assert(ctls[master].has == ctls[master].want);
	assert(nics[0].alive || nics[1].alive);
	assert(!nics[0].alive || nics[0].table == ctls[master].want);
	assert(!nics[1].alive || nics[1].table == ctls[master].want)
}
