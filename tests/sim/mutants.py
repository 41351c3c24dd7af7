#!/usr/bin/python3
"""The mutation check of the simulator: each deliberate mistake below is made in a copy of the tree,
one at a time; the simulator is built there and has to break a promise, or a unit suite to fail where
no seed comes by (mutants_units.py). A mistake that survives is a gap in the promises
(docs/simulation.md). A text that is not there exactly once is an error: the list
follows the code.

usage: mutants.py FOLDER [NAME...]   (FOLDER keeps the copy, its build and the seeds that caught;
                                      NAME is a mistake, or "sim", "alertsim", "restoresim", "fleetsim" or a
                                      unit suite as "test-core-evidence" for all of one, or "units")
       mutants.py --texts            (are all of them in the code? nothing is built)
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import mutants_alerts
import mutants_fleet
import mutants_restore
import mutants_units

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEEDS = int(os.environ.get("SEEDS", "5000"))
SECONDS_EACH = 240
JOBS = os.environ.get("JOBS", str(os.cpu_count()))

PLAN = "src/core/recovery_plan.c"
STEP = "src/core/recovery_step.c"
MACHINE = "src/core/recovery.c"
OPERATE = "src/core/operate.c"
CAUSE = "src/core/cause.c"
SILENCE = "src/core/silence.c"
EVIDENCE = "src/core/evidence.c"
ASKED = "src/engine/evidence.c"
CAUSE_TABLE = "src/core/cause_table.c"
ENGINE = "src/engine/engine.c"
WATCH = "src/engine/watch.c"
CURRENT = "src/engine/current.c"
PUBLISH = "src/engine/publish.c"
OBSERVE = "src/engine/observe.c"
RESTORE = "src/engine/restore.c"
JUDGE = "src/engine/judge.c"
EXIT_LOG = "src/engine/exit_log.c"
STATE = "src/engine/state.c"
RECOVER = "src/engine/recover.c"
OPERATION = "src/engine/operation.c"
COMMANDS = "src/engine/commands.c"
SNAPSHOT = "src/engine/snapshot.c"

# (name, file, exact old text, new text, why it is a mistake); texts, where a guard stands twice
MUTANTS = [
    # guards
    ("paused", PLAN, "{f->paused, WITHHELD_PAUSED}", "{false, WITHHELD_PAUSED}",
     "a pause is not looked at"),
    ("disabled", PLAN, "{!policy->enabled, WITHHELD_DISABLED}", "{false, WITHHELD_DISABLED}",
     "recovery that was switched off acts"),
    ("operation-running", PLAN, "{f->operation_running, WITHHELD_OPERATION_RUNNING}",
     "{false, WITHHELD_OPERATION_RUNNING}", "recovery acts in the middle of a person's operation"),
    ("failover", PLAN, "{f->failover_running, WITHHELD_FAILOVER_RUNNING}",
     "{false, WITHHELD_FAILOVER_RUNNING}", "a failover is disturbed"),
    ("empty-primary", PLAN, "{f->empty_primary && starts && row->restart == RESTART_HELPS,",
     "{false && starts && row->restart == RESTART_HELPS,", "an empty primary wipes its replicas"),
    ("self-doubt", JUDGE, "observations->tilt = tilt_active(&s->engine->tilt, now.mono);",
     "observations->tilt = false;", "a loop that was held up trusts what it saw"),
    ("late-turn", "src/core/tilt.c", "return TILT_LATE;", "return TILT_NONE;",
     "a stall is no reason for self-doubt"),
    ("clock-jump", "src/core/tilt.c", "return TILT_WALL_JUMP;", "return TILT_NONE;",
     "a clock that was set is no reason for self-doubt"),
    ("suspend", "src/core/tilt.c", "return TILT_SUSPENDED;", "return TILT_NONE;",
     "a suspend is no reason for self-doubt"),
    ("short-self-doubt", "src/core/tilt.h", "#define TILT_REST_MS 30000", "#define TILT_REST_MS 15000",
     "self-doubt ends too early"),
    ("late-look", ENGINE,
     "    engine_look_at_clocks(e, now);\n    struct pending p = request_end(s, id);",
     "    struct pending p = request_end(s, id);",
     "an answer that waited through a suspend is acted on before the clocks are looked at"),
    ("stopped-on-purpose", JUDGE, "observations->stopped_on_purpose = s->saved.stopped_on_purpose;",
     "observations->stopped_on_purpose = false;", "what was stopped on purpose looks stopped by others"),
    ("frozen", SILENCE, "    if (s->unit.frozen)", "    if (false && s->unit.frozen)",
     "a frozen unit is taken for one that hangs"),
    ("in-time-info", CAUSE, "s->info.asked.ms >= s->unit_same_since.ms", "s->info.at.ms >= s->unit_same_since.ms",
     "what the process before had answered is held against the new one"),
    ("proof-asleep", CURRENT, "mono_since(now.boot, s->watch.proven)", "mono_since(now.mono, s->watch.proven)",
     "a proof does not age while the machine sleeps"),
    ("proof-forgotten", SNAPSHOT, "overall == OVERALL_HEALTHY && !current_proof(s, now)", "overall == OVERALL_HEALTHY && false",
     "health is claimed by an answer of long ago"),
    ("proof-published", PUBLISH, "    if (faded(s, now)) {", "    if (false && faded(s, now)) {",
     "health stays published when it is no longer proven"),
    ("start-cancelled", "src/core/cause.c", "    if (s->start_cancelled)", "    if (false && s->start_cancelled)",
     "a stop that ended our own start is undone at once"),
    ("stop-cut", "src/core/cause.c", "    if (cause_stop_was_cut(s))\n", "    if (false && cause_stop_was_cut(s))\n",
     "a stop that systemd cut is undone at once"),
    ("stop-remembered", "src/engine/desired.c", "        return cause_serves(&s->observations);",
     "        return false;", "a stop goes on although Redis serves again"),
    ("start-blocked", "src/core/preflight.c", "ret->blockers[BLOCKER_EMPTY_PRIMARY] = empty && !unit_runs(f->unit->active);",
     "ret->blockers[BLOCKER_EMPTY_PRIMARY] = false;", "a person's start wipes the replicas"),
    ("seen-stopped", "src/engine/desired.c", "|| seen == STOP_UNSEEN ||", "||", "a stop that has not taken place yet is taken back"),
    ("recovery-holds", COMMANDS, "if (recovery_holds(&s->recovery, &facts)) {",
     "if (false && recovery_holds(&s->recovery, &facts)) {",
     "a person's operation runs into an automatic action"),
    ("one-operation", COMMANDS, "    if (operation_running(s)) {\n        refuse(request, 409,",
     "    if (false) {\n        refuse(request, 409,", "two persons' operations at once"),
    ("blocked", OPERATE, ["if (m->f->allowed || m->o->force)", "&& !m->f->allowed && !m->o->force)"], ["if (true)", "&& false)"],
     "the pre-flight's blockers do not block"),
    ("still-wanted", MACHINE,
     "return !s->facts->well && recovery_withheld(s->r, s->policy, s->facts) == WITHHELD_NOT &&",
     "return !s->facts->well &&", "what was withheld while the intent was written is done"),
    ("grace", STEP, "mono_max(mono_add(s->now, s->policy->external_stop_grace_ms), "
     "step_next_attempt_at(s))", "step_next_attempt_at(s)", "a stop by others has no grace"),
    ("stopped-again", MACHINE,
     "return v->confirmed && cause_row(v->cause)->remedy == REMEDY_START && v->cause == r->cause &&",
     "return false && v->confirmed &&",
     "who stops it a second time is not heard"),
    ("old-answer", CAUSE, " || s->unit.asked.ms < s->last_answer.ms)", ")",
     "a unit is judged by a look from before Redis last answered"),
    ("other-verb", PLAN, "if (!ended || !recovery_refused(r, f, action))",
     "if (ended || !recovery_refused(r, f, action))",
     "where sudo refuses one verb the other is not tried"),
    ("port-retried", CAUSE, " && !s->start_tried;", ";",
     "a port that was taken is tried again and again"),
    ("port-not-asked", CAUSE, "return p->reply == REPLY_REFUSED && p->asked.ms >= s->unit_same_since.ms &&",
     "return", "a port is thought to be free because it was once taken"),
    # counters and limits
    ("one-attempt-more", STEP, "if (counts && r->attempts >= s->policy->max_attempts) {",
     "if (counts && r->attempts > s->policy->max_attempts + 1) {", "more attempts than allowed"),
    ("attempts-uncounted", STEP, "        r->attempts++;\n", "", "attempts are not counted"),
    ("forget-too-early", MACHINE, "    } else if (f->verdict.confirmed) {\n        r->well_since = MONO_NEVER;",
     "    } else if (false) {\n        r->well_since = MONO_NEVER;",
     "a moment of health forgets the attempts"),
    ("never-forget", MACHINE, "if (r->attempts > 0 && r->phase == PHASE_IDLE &&",
     "if (false && r->phase == PHASE_IDLE &&",
     "attempts that a restart of the daemon has read are never forgotten"),
    ("breaker-late", "src/core/breaker.c", "< policy->breaker_recoveries)", "<= policy->breaker_recoveries)",
     "the breaker opens one recovery too late"),
    ("breaker-unstepped", STEP, "        r->stepped = true;\n", "",
     "recoveries are not counted for the breaker"),
    ("no-delay", STEP, "    return mono_add(s->r->last_attempt, step_retry_delay_ms(s->policy, s->r->attempts));",
     "    return s->now;", "no delay between attempts"),
    ("refusals-unbounded", MACHINE, "            r->refusals++;\n", "",
     "systemd's start limit is tried without limit"),
    ("one-silence", SILENCE,
     "s->unit.asked.ms >= s->failing_since.ms && s->failed_probes >= s->failure_threshold;",
     "s->unit.asked.ms >= s->failing_since.ms && s->failed_probes >= 1;",
     "one lost packet is a failure"),
    ("quick-silences", OBSERVE, "mono_since(asked, *counted) < s->watch_policy.confirm_interval_ms)",
     "mono_since(asked, *counted) < 1)", "probes of the same moment count as many opinions"),
    ("script-hidden", SILENCE, "bool certain = enough && (deaf || script_shown(s, now));",
     "bool certain = enough;", "a script that runs is taken for a hang"),
    # facts
    ("exit-log", CAUSE, "        return certain_if(s->log_read, CAUSE_UNIT_FAILED);\n    }\n}",
     "        return certain(CAUSE_UNIT_FAILED);\n    }\n}", "the log is not waited for"),
    ("log-dropped", EXIT_LOG, "those lines are dropped. */\n    s->observations.log_read = false;",
     "those lines are dropped. */",
     "an exit log that was dropped counts as read"),
    ("log-missed", EXIT_LOG, "if (!w->log_heard && ++w->log_misses < MISSES_MAX)", "if (false)",
     "an exit log that could not be read counts as read"),
    ("old-facts", CAUSE, "return !probing(s) || asked.ms >= s->probing_since.ms;", "return true;",
     "what was seen of the unit before Redis failed counts"),
    ("old-look", SILENCE, "s->unit.asked.ms >= s->failing_since.ms && s->failed_probes",
     "s->failed_probes", "a look at the unit from before its probes failed counts"),
    ("action-id", MACHINE, "return s->in->action_id == s->r->action_id;", "return true;",
     "the answer of an older action is taken for this one's"),
    ("operation-serial", OPERATION, "    if (p->action_id != s->operation.serial)\n        return false;", "    if (false)\n        return false;",
     "an operation hears the answer of the one before"),
    ("load-progress", MACHINE, "    if (mono_since(s->now, r->progress_at) < RECOVERY_STALL_MS)\n", "    if (false)\n",
     "a load after a start is not waited for"),
    ("standing-load", MACHINE, "int64_t limit =\n        r->waiting_progress == FACT_UNKNOWN ? "
     "RECOVERY_BLIND_WAIT_MS : RECOVERY_STALL_MS;", "int64_t limit = INT64_MAX;",
     "a load that stands is waited for without limit"),
    ("not-asked", WATCH, "next_check(s, &w->full_spread, s->watch_policy.interval_ms, now)",
     "next_check(s, &w->full_spread, 4 * s->watch_policy.interval_ms, now)",
     "Redis is looked at four times too seldom"),
    # order and memory
    ("intent-unwaited", RECOVER, "        write_intent(s, e, now);\n        break;",
     "        write_intent(s, e, now);\n        recover_event(s, EVENT_INTENT_ENDED, e->action_id, "
     "ACTION_DONE, now);\n        break;", "an action does not wait for its intent"),
    ("no-outcome", MACHINE, "    step_tell_outcome(s, false);\n    s->r->last_attempt = s->now;\n"
     "    step_enter(s, PHASE_IDLE, MONO_NEVER);\n    step_end_superseded(s);\n}",
     "    s->r->last_attempt = s->now;\n"
     "    step_enter(s, PHASE_IDLE, MONO_NEVER);\n    step_end_superseded(s);\n}",
     "an action that a person took over from has no outcome line"),
    ("persist-after", STEP, "        r->attempts++;\n        (void)step_emit(s, EFFECT_SAVE);\n",
     "        r->attempts++;\n", "the attempt is not on the disk before the action"),
    ("same-process", OPERATE, "if (!unit_seen_since(m) || same_process(m))", "if (!unit_seen_since(m))",
     "a restart is a success when the process that was to go has answered"),
    ("desired-unwaited", OPERATE, "    enter(m, OPERATE_DESIRING, OPERATE_DISK_LIMIT_MS);\n    (void)emit(m, OPERATE_DESIRE);",
     "    (void)emit(m, OPERATE_DESIRE);\n    write_intent(m);",
     "the command goes out before the desired state is on the disk"),
    ("desired-failed", OPERATION, "a->stored == STORE_DURABLE ? OPERATE_STORED", "a->stored <= STORE_FAILED ? OPERATE_STORED",
     "a desired state that could not be stored is acted on"),
    ("audit-failed", OPERATION, "a->audited == AUDIT_DURABLE ? OPERATE_WRITTEN",
     "a->audited == AUDIT_DURABLE || a->audited == AUDIT_FAILED ? OPERATE_WRITTEN",
     "a person's operation without an audit line"),
    ("desired-kept", OPERATE, "    if (m->o->desired_changed)\n        (void)emit(m, OPERATE_TAKE_BACK);\n", "",
     "an operation that did nothing keeps the desired state that it set"),
    ("attempts-lost", RESTORE, "    r->attempts = saved->attempts;\n", "",
     "a restart of the daemon forgets the attempts"),
    ("breaker-lost", RESTORE, "    r->breaker.open = saved->breaker_open;\n", "",
     "a restart of the daemon closes the breaker"),
    ("exhausted-lost", STATE, "s->saved.exhausted = r->phase == PHASE_EXHAUSTED;", "s->saved.exhausted = false;",
     "a restart of the daemon begins again where recovery had given up"),
    ("empty-lost", "src/engine/recovery_facts.c", "return s->saved.empty_primary || cause_empty_primary(&s->observations.info);",
     "return cause_empty_primary(&s->observations.info);",
     "a restart of the daemon forgets that the primary would come back empty"),
    ("numbers-again", STATE, "s->event_seq = saved->event_seq > apart ? saved->event_seq : apart;",
     "s->event_seq = saved->event_seq;",
     "event numbers are given out twice"),
    ("number-lost", STATE, "    uint64_t seq = ++s->event_seq;\n", "    uint64_t seq = s->event_seq += 2;\n",
     "an event is lost between two numbers"),
    # replicas, lost answers, crashes that nothing else befalls
    ("replica-restarted", CAUSE_TABLE, '"replica_link_down", OVERALL_DEGRADED, RESTART_USELESS,\n'
     "                                 REMEDY_NONE,", '"replica_link_down", OVERALL_DEGRADED, RESTART_HELPS,\n'
     "                                 REMEDY_RESTART,", "a replica that has lost its primary is restarted"),
    ("orphan-loads", CAUSE, "    if (s->unit.active != UNIT_ACTIVATING || !recent(s, s->unit.asked))\n",
     "    if (true)\n", "a replica without its primary loads forever, and no alert is raised"),
    ("orphan-failed", CAUSE, "    return orphan || cause_proven_well(s);", "    return cause_proven_well(s);",
     "a start that has brought a replica back is told as failed"),
    ("crash-to-human", CAUSE_TABLE, '[CAUSE_CRASHED] = {"crashed", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_RESTART,',
     '[CAUSE_CRASHED] = {"crashed", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_HUMAN,',
     "a human is called for a crash that a start cures"),
    ("any-empty", CAUSE, "if (!info->known || info->role != ROLE_PRIMARY || info->connected_replicas <= 0)",
     "if (!info->known || info->connected_replicas <= 0)",
     "a replica that has replicas is not started for fear of an empty primary"),
    # evidence of the process and of the host itself
    ("busy-ignored", SILENCE, "    if (activity == ACTIVITY_WORKING)", "    if (false)", "a process that works is restarted"),
    ("starved-ignored", EVIDENCE, "(work == WORK_RISING || work == WORK_SOME) && fresh", "work == WORK_RISING && fresh",
     "a process that a busy host gives little of its time is restarted"),
    ("disk-ignored", SILENCE, ("    if (activity == ACTIVITY_BLOCKED)", "= evidence_second_fact(there, activity);"),
     ("    if (false)", "= there == THERE_SILENT;"), "a process that waits for a disk is restarted"),
    ("tracer-ignored", EVIDENCE, "    if (p->tracer_pid > 0 || p->state == TASK_TRACED)\n        return ACTIVITY_TRACED;",
     "    if (p->tracer_pid > 0 || p->state == TASK_TRACED)\n        return ACTIVITY_STOPPED;",
     "a process that is being debugged is restarted"),
    ("witness-ignored", ASKED, ("    s->observations.witness = o->facts;\n",
                                "    bool answered = evidence_witness_answered(&o->facts);\n",
                                "    if (answered || evidence_there(&s->observations, now.mono) == THERE_ANSWERS) {\n"),
     ("    s->observations.witness = o->facts;\n    s->observations.witness.reply = REPLY_SILENT;\n", "    bool answered = true;\n", "    if (false) {\n"),
     "a Redis that answers on its own host is restarted"),
    ("blind-wait", SILENCE, "bool blind_over = evidence_blind_over(s, now);", "bool blind_over = true;",
     "silence without evidence is a hang at once"),
    ("blind-stirred", EVIDENCE, "mono_max(since, s->stirred)", "since",
     "a process that was seen at work, or held, is blind again when it cannot be looked at"),
    ("slow-line", SILENCE, "    if (slow_line && !deaf)", "    if (slow_line && !deaf && false)",
     "a slow line is taken for a hang"),
    ("slow-look", ASKED, "        if (look && evidence_slow_look(", "        if (false && look && evidence_slow_look(",
     "a look at the host that takes long is known to be slow only when it ends"),
    ("old-evidence", EVIDENCE, "return asked.ms != 0 && probing && asked.ms >= s->probing_since.ms &&\n"
     "           asked.ms >= s->last_answer.ms;", "return asked.ms != 0 && probing;",
     "evidence from before the silence counts"),
    ("ended-refuses", SILENCE, "(!deaf || s->unit.asked.ms >= refused.ms)", "(!deaf || refused.ms >= 0)",
     "a process that has just ended is restarted as one that does not listen"),
    ("stopped-once", EVIDENCE, "bool still = b->state == TASK_STOPPED && ", "bool still = ",
     "a process that was seen stopped once is restarted"),
    ("refusal-believed", SILENCE, ("return refused_here ? judge_refused(s, enough, now)\n"
     "                        : judge_process(s, p, there, deaf, enough, now);", "evidence_blind_over(s, now)"),
     ("return judge_process(s, p, there, deaf, enough, now);", "evidence_waited(s, now)"),
     "a Redis that refuses us is restarted although nobody could be asked on its host"),
    ("path-restarted", CAUSE_TABLE, '{"path_broken", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,',
     '{"path_broken", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_RESTART,', "a Redis that only we cannot reach is restarted"),
    ("door-ignored", CAUSE, ("    if (s->shut_out > 0)\n        return judge_shut_out(s);\n", "unit_runs(s->unit.active) && s->shut_out == 0;"),
     ("    if (s->shut_out < 0)\n        return judge_shut_out(s);\n", "unit_runs(s->unit.active);"),
     "new connections fail, and it is said to be well"),
    ("hang-observed", CAUSE_TABLE, '{"hung", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_LADDER,',
     '{"hung", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_OBSERVE,', "a hang is not cured"),
    # reloads, and what waits forever
    ("pulse-spins", WATCH, "    w->pulse_due = p->pulse_interval_ms > 0 ? mono_min(w->pulse_due, pulse) : MONO_NEVER;\n",
     "    w->pulse_due = mono_min(w->pulse_due, pulse);\n", "a pulse that a reload has switched off comes at every turn"),
    ("answer-dropped", ENGINE, "    answered(e, service, o->id, &(struct part_answer){.host = o}, now);",
     "    if (o->end == HOST_CANCELLED || o->end == HOST_CUT_OFF)\n        return;\n"
     "    answered(e, service, o->id, &(struct part_answer){.host = o}, now);",
     "a command whose session was closed by a reload is waited for without end"),
    ("endless-load", OPERATE, "bool moves = loads(m) && load_moves(m);",
     "bool moves = loads(m);",
     "an operation waits for a load that systemd ends and begins again"),
    ("history-lost", RECOVER, "    recover_save_history(s, recovery_end_word(e->end), seconds, s->recovering.actions);\n", "", "a recovery that has ended is not in the history"),
    ("healed-lost", "src/engine/other_restart.c", "    s->engine->ports.record(s->engine->ports.context, &record);\n", "",
     "a crash that systemd healed is not in the history"),
    # people
    ("alert-again", STEP, "    if (s->r->alerted == cause)\n        return;\n    s->r->alerted = cause;",
     "    s->r->alerted = cause;", "a human is called at every look"),
    ("alert-never", STEP, "    return remedy == REMEDY_HUMAN || remedy == REMEDY_BGSAVE || ",
     "    return ", "no human is called for what only a human can fix"),
    ("human-uncalled", STEP, "    end_recovery(s, END_HUMAN);\n    step_call_human(s, cause);\n",
     "    end_recovery(s, END_HUMAN);\n", "a recovery ends for a human, who is not called"),
    ("exhausted-silent", MACHINE, "if (!hopes && s->r->alerted == CAUSE_NONE &&",
     "if (false && s->r->alerted == CAUSE_NONE &&",
     "a failure after recovery has given up, and after a time of health, is told to nobody"),
    ("alert-stays", MACHINE, "        r->needs_human = r->needs_human && r->phase == PHASE_EXHAUSTED;\n", "",
     "a human is said to be needed when the cause is gone"),
    ("script-useless", PLAN, "    case REMEDY_KILL_SCRIPT:\n        *ret_level = LEVEL_SOFT;\n        return ACTION_KILL_SCRIPT;",
     "    case REMEDY_KILL_SCRIPT:\n        *ret_level = LEVEL_HARD;\n        return ACTION_RESTART;",
     "a script is answered with a restart"),
    ("restart-harmful", CAUSE, "return s->unit.active == UNIT_DEACTIVATING && recent(s, s->unit.asked) &&\n"
     "                       s->unit.notice == NOTICE_CANNOT_EXIT\n"
     "                   ? certain(CAUSE_STOP_HANGING)\n"
     "                   : certain(CAUSE_PERSISTENCE_FAILING);", "return certain(CAUSE_UNIT_FAILED);",
     "a Redis that cannot save is restarted"),
]


def copy_tree(to):
    """The tracked files, so that the mistakes are made far from the tree itself."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True,
                           text=True).stdout.split("\n")
    for name in filter(None, files):
        source, target = ROOT / name, to / name
        if not source.is_file():
            continue
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


# Each simulator, and the mistakes that it has to catch.
SIM, ALERTSIM, RESTORESIM, FLEETSIM = (f"tests/sim/{name}" for name in ("sim", "alertsim", "restoresim", "fleetsim"))
GROUPS = [(SIM, MUTANTS), (ALERTSIM, mutants_alerts.MUTANTS), (RESTORESIM, mutants_restore.MUTANTS),
          (FLEETSIM, mutants_fleet.MUTANTS), *mutants_units.MUTANTS.items()]


def compile_in(folder, program):
    return subprocess.run(["ninja", "-C", str(folder / "build"), "-j", JOBS, program],
                          capture_output=True, text=True)


def hint_of(folder, name):
    """The seed that caught it the last time: most often it still does."""
    path = folder / "caught" / name
    return path.read_text() if path.exists() else None


def keep_hint(folder, name, seen):
    seed = re.match(r"seed (\d+):", seen)
    if seed is not None:
        (folder / "caught").mkdir(exist_ok=True)
        (folder / "caught" / name).write_text(seed.group(1))


def run(folder, program, first="1", seeds=SEEDS):
    """(caught, what was seen)."""
    environment = dict(os.environ, SEEDS=str(seeds), FROM=first, STOP="1", RESUS_SOURCE=str(folder))
    try:
        done = subprocess.run([str(folder / "build" / program)], env=environment,
                              capture_output=True, text=True, timeout=SECONDS_EACH)
    except subprocess.TimeoutExpired:
        return False, f"no violation within {SECONDS_EACH} s"
    if done.returncode < 0:
        return True, "an assertion: " + done.stderr.strip().split("\n")[-1]
    first = re.search(r"^(seed .*|not ok .*|\[  FAILED  \] [a-z].*)$", done.stdout + done.stderr, re.MULTILINE)
    if program in mutants_units.MUTANTS and (done.returncode == 0 or first is None):
        return False, "no test fails"
    if done.returncode == 0 or first is None:
        return False, f"no violation in {SEEDS} seeds"
    return True, first.group(0)


def mutated(text, mutant):
    name, file, old, new, _ = mutant
    for was, becomes in [(old, new)] if isinstance(old, str) else zip(old, new, strict=True):
        if text.count(was) != 1:
            raise SystemExit(f"mutant {name}: {was!r} is {text.count(was)} times in {file}, not once")
        text = text.replace(was, becomes)
    return text


def check(folder, program, mutant):
    name, file, _, _, why = mutant
    path = folder / file
    text = path.read_text()
    path.write_text(mutated(text, mutant))
    try:
        built = compile_in(folder, program)
        if built.returncode != 0:
            raise SystemExit(f"mutant {name} does not compile:\n{built.stdout}")
        begin = time.monotonic()
        hint = hint_of(folder, name)
        caught, seen = run(folder, program, hint, 1) if hint is not None else (False, "")
        if not caught:
            caught, seen = run(folder, program)
        keep_hint(folder, name, seen)
        seconds = time.monotonic() - begin
    finally:
        path.write_text(text)
    print(f"{'caught' if caught else 'SURVIVED'}  {name} ({why}): {seen} [{seconds:.1f} s]", flush=True)
    return caught


def main():
    if sys.argv[1:] == ["--texts"]:
        for _, mutants in GROUPS:
            for mutant in mutants:
                mutated((ROOT / mutant[1]).read_text(), mutant)
        return 0
    folder = pathlib.Path(sys.argv[1]).resolve()
    wanted = set(sys.argv[2:])
    mutants = [(program, m) for program, group in GROUPS for m in group
               if not wanted or m[0] in wanted or program.endswith("/" + " ".join(wanted))
               or (wanted == {"units"} and program in mutants_units.MUTANTS)]
    copy_tree(folder)
    if not (folder / "build/build.ninja").exists():
        # A mistake may leave something unused: that is no reason not to compile.
        subprocess.run(["meson", "setup", "build", "-Dwerror=false"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
    for program in {program for program, _ in mutants}:
        built = compile_in(folder, program)
        if built.returncode != 0:
            raise SystemExit(built.stdout)
        caught, seen = run(folder, program) if not wanted else (False, "")
        if caught:
            raise SystemExit(f"the tree itself breaks a promise: {seen}")
    begin = time.monotonic()
    count = sum(check(folder, program, mutant) for program, mutant in mutants)
    print(f"{count} of {len(mutants)} mutants caught in {time.monotonic() - begin:.0f} s")
    return 0 if count == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
