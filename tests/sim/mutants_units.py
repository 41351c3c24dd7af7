"""Deliberate mistakes whose moments come once in thousands of seeds, or less often, for mutants.py: the
unit suite beside each has to catch it."""

CORE, ENGINE = "tests/unit/core/test-core-", "tests/unit/engine/test-engine-"
EVIDENCE = "src/core/evidence.c"
SILENCE = "src/core/silence.c"
OPERATE = "src/core/operate.c"
ASKED = "src/engine/evidence.c"
OBSERVE = "src/engine/observe.c"
RESTORE = "src/engine/restore.c"
FLEET = "src/fleet/"
FACTS = "src/engine/operation_facts.c"
FACTS_NOW = "src/engine/recovery_facts.c"

# {suite: [(name, file, exact old text, new text, why it is a mistake)]}
MUTANTS = {
    # Between two looks a lease may be lost and a service owned again.
    CORE + "ownership": [
        ("fleet-permit-of-old-fence", "src/core/ownership.c", "if (!same || !ours || !tenure_holds(t, now))", "if (!ours || !tenure_holds(t, now))",
         "a long change goes on under a right of another tenure"),
    ],
    # On a real etcd: what the tables of core/ownership.c cannot see.
    "tests/unit/fleet/test-fleet-owning": [
        ("fleet-attempts-fall", FLEET + "services.c", "known ? state : NULL, e->fence);", "NULL, e->fence);",
         "the next owner begins with no attempts, and does not know of a stop"),
        ("fleet-stop-unconfirmed", FLEET + "fence.c", "    bool good = answer->good && answer->succeeded;\n    e->storing = false;",
         "    bool good = true;\n    e->storing = false;", "a stop is acknowledged that no other engine knows"),
        ("fleet-ends-others-right", FLEET + "fence.c", "if (right == 0 || e->fencing.right != right)", "if (e->fencing.right == 0)",
         "a command that was refused ends the right of the one under way"),
        ("fleet-hands-over-in-flight", FLEET + "services.c", "||\n                !mono_reached(now.boot, e->arrives_by) ||", "||",
         "a service is handed over while bytes of a change may still arrive"),
        ("fleet-right-outlives-lease", FLEET + "fence.c", "ownership_permit(same, e->shown, &f->tenure, fleet_now(f).boot);",
         "same ? PERMIT_GOOD : PERMIT_OVER;", "a right holds although the lease may have ended"),
    ],
    CORE + "evidence": [
        ("other-process", EVIDENCE,
         ("p->pid > 0 && p->pid == s->unit.main_pid && counts", "if (look->pid == s->unit.main_pid)"),
         ("p->pid > 0 && counts", "if (look->pid > 0)"), "a process is judged by what another one did"),
        ("stopped-long-ago", EVIDENCE, "#define STOPPED_MS 2500", "#define STOPPED_MS 12000",
         "a process that a signal has stopped is restarted although it may go on by now"),
        ("ended-since", SILENCE, "bool ends = p->reply == REPLY_CLOSED || p->reply == REPLY_REFUSED;",
         "bool ends = p->reply == REPLY_CLOSED;",
         "a process that has ended since it answered on its host is called a broken path"),
        ("ended-before", SILENCE, "outlived && still_fails && ran && unit_has_last_word",
         "outlived && still_fails && unit_has_last_word",
         "... also by a look that was under way when it ended"),
        ("deaf-before-look", SILENCE, "enough = enough && (!deaf || s->unit.asked.ms >= refused.ms);", "",
         "a process that has just ended is restarted as one that does not listen"),
    ],
    CORE + "silence": [
        ("looks-far-apart", EVIDENCE, "bool too_far = mono_since(look->asked, now->at) > EVIDENCE_APART_MAX_MS;",
         "bool too_far = false;", "a command that works for seconds is hidden by a long time between two looks"),
    ],
    CORE + "operate": [
        ("not-asked-again", OPERATE, "if (m->o->kind != OPERATE_RELOAD && !m->f->allowed && !m->o->force) {",
         "if (false) {", "a command goes out although what allowed it has changed"),
    ],
    ENGINE + "operating": [
        ("facts-not-asked-again", FACTS, " ||\n                  o->core.phase == OPERATE_INTENT;", ";",
         "... because nobody looks"),
    ],
    ENGINE + "memory": [
        ("ended-again", OBSERVE, "ended_again(old, &new)) /* what", "false) /* what",
         "a unit that has failed again is judged by a refusal from before"),
        ("action-ids-by-clock", RESTORE, "return ports->random(ports->context) >> 12;", "return s->event_seq;",
         "a recovery takes the id of an earlier one"),
    ],
    ENGINE + "guard": [
        ("file-gone", FACTS_NOW, "bool starts = g->unit[0] == '\\0' ||", "bool starts = true ||",
         "a unit that systemd would not start again counts as guarded"),
    ],
    ENGINE + "acting": [
        ("cancelled-forgotten", RESTORE, "    s->observations.start_cancelled = saved->start_cancelled;",
         "", "what an operator stopped in the middle of a start is started by the next daemon, without grace"),
    ],
    ENGINE + "instance": [
        ("new-process-from-asking", OBSERVE, "        observations->unit_same_since = now.mono;",
         "        observations->unit_same_since = asked;",
         "what was asked while a look ran is held against the process that it found"),
    ],
    ENGINE + "evidence": [
        ("newest-refusal", OBSERVE, "if (observations->refusing_since.ms == 0)", "if (true)",
         "where looks take long a refused port is never named"),
        ("look-at-settings", ASKED,
         "    s->observations.process = s->observations.process_before = (struct process_facts){0};\n", "",
         "an old look at a process that may no longer be looked at outweighs newer ones at its unit"),
        ("refusal-then-silence", OBSERVE, "if (silent && !s->watch.failed_silent)", "if (false)",
         "a hang after a refusing path is called a broken path"),
        ("thaw-unseen", OBSERVE, "new.frozen == old->frozen && ", "",
         "silence counts from before a unit was thawed"),
    ],
}
