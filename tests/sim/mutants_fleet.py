"""Deliberate mistakes in the tenure of an engine and the fence of its actions, for mutants.py: build/tests/sim/fleetsim has to catch each."""

TENURE, OWNERSHIP = "src/core/tenure.c", "src/core/ownership.c"

# (name, file, exact old text, new text, why it is a mistake)
MUTANTS = [
    ("fleet-no-margin", TENURE, "answer->ttl_ms - TENURE_MARGIN_MS", "answer->ttl_ms + TENURE_MARGIN_MS",
     "the lease is believed to live longer than it was given"),
    ("fleet-from-the-answer", TENURE, "        note_good(t, answer);",
     "        note_good(t, answer), t->until = mono_add(now, answer->ttl_ms - TENURE_MARGIN_MS);",
     "time counts from the answer, which may be late"),
    ("fleet-old-term", TENURE, "if (!answer->understood || (answer->term != 0 && answer->term < t->term))",
     "if (!answer->understood)", "a leader of the past keeps a lease alive"),
    ("fleet-gone-is-good", TENURE, "return answer->ttl_ms > 0 ? TENURE_RENEWED : TENURE_GONE;", "return TENURE_RENEWED;",
     "a lease that is gone is renewed forever"),
    ("fleet-no-time-to-arrive", TENURE, "t->until.ms - now.ms >= TENURE_ACT_MS;", "t->until.ms - now.ms >= 0;",
     "a command may arrive when another engine owns the service"),
    ("fleet-unsure-acts", TENURE, "return t->phase == TENURE_HELD && t->until.ms - now.ms >= TENURE_ACT_MS;",
     "return t->phase == TENURE_HELD || t->phase == TENURE_UNSURE;", "who does not know its lease acts"),
    ("fleet-no-transaction", OWNERSHIP, "[FENCE_ENOUGH] = {FENCE_WRITING, FENCE_WRITE},",
     "[FENCE_ENOUGH] = {FENCE_RENEWING, FENCE_RENEW},", "no comparison with the key: a view that is old is believed"),
    ("fleet-no-renewal", OWNERSHIP, "[FENCE_WRITTEN] = {FENCE_RENEWING, FENCE_RENEW},",
     "[FENCE_WRITTEN] = {FENCE_LOOKING, FENCE_SEND},", "a machine that stood still has less time than it believes"),
    ("fleet-unknown-acts", OWNERSHIP, "[FENCE_UNKNOWN] = {FENCE_LOOKING, FENCE_HANDS_OFF},\n        },\n    [FENCE_RENEWING]",
     "[FENCE_UNKNOWN] = {FENCE_RENEWING, FENCE_RENEW},\n        },\n    [FENCE_RENEWING]", "an intent of unknown outcome is good enough"),
    ("fleet-refused-acts", OWNERSHIP, "[FENCE_REFUSED] = {FENCE_LOOKING, FENCE_HANDS_OFF},\n            [FENCE_UNKNOWN] = {FENCE_LOOKING, FENCE_HANDS_OFF},\n        },\n    [FENCE_RENEWING]",
     "[FENCE_REFUSED] = {FENCE_RENEWING, FENCE_RENEW},\n            [FENCE_UNKNOWN] = {FENCE_LOOKING, FENCE_HANDS_OFF},\n        },\n    [FENCE_RENEWING]",
     "another tenure has begun, and it acts"),
    ("fleet-late-is-enough", OWNERSHIP, "[FENCE_TOO_LATE] = {FENCE_LOOKING, FENCE_HANDS_OFF},\n            [FENCE_WRITTEN] = {FENCE_LOOKING, FENCE_HANDS_OFF},\n            [FENCE_REFUSED] = {FENCE_LOOKING, FENCE_HANDS_OFF},\n            [FENCE_UNKNOWN] = {FENCE_LOOKING, FENCE_HANDS_OFF},\n        },\n};",
     "[FENCE_TOO_LATE] = {FENCE_LOOKING, FENCE_SEND},\n            [FENCE_WRITTEN] = {FENCE_LOOKING, FENCE_HANDS_OFF},\n            [FENCE_REFUSED] = {FENCE_LOOKING, FENCE_HANDS_OFF},\n            [FENCE_UNKNOWN] = {FENCE_LOOKING, FENCE_HANDS_OFF},\n        },\n};",
     "the last look does not count"),
    ("fleet-hands-over-busy", OWNERSHIP, "better_elsewhere(f) && !f->busy", "better_elsewhere(f)",
     "a service is handed over in the middle of an action"),
    ("fleet-keeps-when-drained", OWNERSHIP, "return !f->able || f->drained ||", "return !f->able ||", "a drained engine keeps its services"),
    ("fleet-claims-when-drained", OWNERSHIP, "return f->able && !f->drained;", "return f->able;", "a drained engine takes services again"),
    ("fleet-never-again", TENURE, "[TENURE_GONE] = {TENURE_NONE, TENURE_FORGET},\n            [TENURE_LAPSED] = {TENURE_UNSURE, TENURE_NO_ACT},\n            [TENURE_LEAVE] = {TENURE_LEAVING, TENURE_REVOKE},\n        },\n    /* A store without",
     "[TENURE_GONE] = {TENURE_HELD, TENURE_NO_ACT},\n            [TENURE_LAPSED] = {TENURE_UNSURE, TENURE_NO_ACT},\n            [TENURE_LEAVE] = {TENURE_LEAVING, TENURE_REVOKE},\n        },\n    /* A store without",
     "a lease that is gone is still held"),
]
