"""Deliberate mistakes in the restore by file, for mutants.py: build/tests/sim/restoresim has to catch each."""

RESTORE = "src/core/restore.c"

# (name, file, exact old text, new text, why it is a mistake)
MUTANTS = [
    ("place-unstaged", RESTORE, "[RESTORE_BEGIN_UNGUARDED] = {RESTORE_STAGING, RESTORE_ACT_STAGE},",
     "[RESTORE_BEGIN_UNGUARDED] = {RESTORE_STOPPING, RESTORE_ACT_STOP},", "a server that is down gets what was never staged"),
    ("stage-failed", RESTORE, "{RESTORE_STAGING, RESTORE_REFUSE_BUSY},\n                [RESTORE_OK] = {RESTORE_STOPPING, RESTORE_ACT_STOP},"
     "\n                [RESTORE_FAILED] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},",
     "{RESTORE_STAGING, RESTORE_REFUSE_BUSY},\n                [RESTORE_OK] = {RESTORE_STOPPING, RESTORE_ACT_STOP},"
     "\n                [RESTORE_FAILED] = {RESTORE_STOPPING, RESTORE_ACT_STOP},", "a copy that failed is placed"),
    ("place-failed", RESTORE, "[RESTORE_OK] = {RESTORE_STARTING, RESTORE_ACT_START},\n                [RESTORE_FAILED] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},",
     "[RESTORE_OK] = {RESTORE_STARTING, RESTORE_ACT_START},\n                [RESTORE_FAILED] = {RESTORE_RETURNING, RESTORE_ACT_START_OLD},",
     "files that are half placed are taken for the old ones"),
    ("place-unknown", RESTORE, "[RESTORE_UNKNOWN] = {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},\n                [RESTORE_RESTARTED] = {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},\n                [RESTORE_RESUME] = {RESTORE_PLACING,",
     "[RESTORE_UNKNOWN] = {RESTORE_STARTING, RESTORE_ACT_START},\n                [RESTORE_RESTARTED] = {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},\n                [RESTORE_RESUME] = {RESTORE_PLACING,",
     "the server is started without knowing what is in place"),
    ("place-restarted", RESTORE, "[RESTORE_RESTARTED] = {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},\n                [RESTORE_RESUME] = {RESTORE_PLACING,",
     "[RESTORE_RESTARTED] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},\n                [RESTORE_RESUME] = {RESTORE_PLACING,",
     "a restart of Resus forgets files that are half placed"),
    ("resume-forgets", RESTORE, "[RESTORE_OK] = {RESTORE_PLACING, RESTORE_ACT_PLACE},\n                [RESTORE_FAILED] = {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},",
     "[RESTORE_OK] = {RESTORE_PLACING, RESTORE_ACT_PLACE},\n                [RESTORE_FAILED] = {RESTORE_RETURNING, RESTORE_ACT_START_OLD},",
     "a stop that fails while placing is resumed releases the service"),
    ("resume-skips-place", RESTORE, "[RESTORE_RESUME] = {RESTORE_RESUMING, RESTORE_ACT_STOP},",
     "[RESTORE_RESUME] = {RESTORE_STARTING, RESTORE_ACT_START},", "resume starts without the rest of the placing"),
    ("proof-failed", RESTORE, "[RESTORE_OK] = {RESTORE_DONE, RESTORE_ACT_FINISH},\n                [RESTORE_FAILED] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},",
     "[RESTORE_OK] = {RESTORE_DONE, RESTORE_ACT_FINISH},\n                [RESTORE_FAILED] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},",
     "keys that are missing are no reason to undo"),
    ("undo-without-stop", RESTORE, "[RESTORE_RESUME] = {RESTORE_DONE, RESTORE_REFUSE_OVER},\n                [RESTORE_UNDO] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},",
     "[RESTORE_RESUME] = {RESTORE_DONE, RESTORE_REFUSE_OVER},\n                [RESTORE_UNDO] = {RESTORE_UNDO_STARTING, RESTORE_ACT_START_OLD},",
     "an undo starts the server without the old files"),
    ("undo-failed", RESTORE, "[RESTORE_OK] = {RESTORE_UNDO_STARTING, RESTORE_ACT_START_OLD},\n                [RESTORE_FAILED] = {RESTORE_NEEDS_HUMAN, RESTORE_ACT_CALL},",
     "[RESTORE_OK] = {RESTORE_UNDO_STARTING, RESTORE_ACT_START_OLD},\n                [RESTORE_FAILED] = {RESTORE_UNDO_STARTING, RESTORE_ACT_START_OLD},",
     "an undo that failed is taken for done"),
    ("undo-stop-failed", RESTORE, "[RESTORE_OK] = {RESTORE_UNDOING, RESTORE_ACT_UNDO},\n                [RESTORE_FAILED] = {RESTORE_NEEDS_HUMAN, RESTORE_ACT_CALL},",
     "[RESTORE_OK] = {RESTORE_UNDOING, RESTORE_ACT_UNDO},\n                [RESTORE_FAILED] = {RESTORE_UNDONE, RESTORE_ACT_UNDONE},",
     "an undo ends because the server does not stop"),
    ("human-stuck", RESTORE, "[RESTORE_UNDO] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},\n                [RESTORE_CANCEL] = {RESTORE_NEEDS_HUMAN,",
     "[RESTORE_UNDO] = {RESTORE_NEEDS_HUMAN, RESTORE_REFUSE_BUSY},\n                [RESTORE_CANCEL] = {RESTORE_NEEDS_HUMAN,",
     "after a failed undo no order helps"),
]
