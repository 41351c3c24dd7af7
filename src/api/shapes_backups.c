/* Shapes of backups. */
#include "api/shape_words.h"
#include "api/shapes.h"

#define TASK_WORDS "=create|verify|pin|unpin|accept|delete|prune|fetch|drill|rehearse"

const struct shape_member shape_backup[] = {
    {"id", "text", "When it began, such as 20261129T023000Z; its folder has that name."},
    {"kind", "=daily|manual", "daily: by the schedule; rules remove these only"},
    {"reason", "text?", NULL},
    {"by", "text?", "null: the schedule"},
    {"source", "BackupSource?", "null: its manifest cannot be read"},
    {"started_at", "time?", NULL},
    {"finished_at", "time?", NULL},
    {"bytes", "whole", NULL},
    {"keys", "whole", NULL},
    {"proved", "=no|file|structure|loaded", "The highest level that it was proved at."},
    {"latest", "truth", "The newest that was loaded and is not suspicious."},
    {"checked_at", "time?", NULL},
    {"check_result", "=good|bad|cannot_tell?", "Of the last check."},
    {"check_reason", "text?", "Why it cannot be proved, such as needs_newer_server."},
    {"check_text", "text?", NULL},
    {"suspicious", "[text]", "now_empty, fewer_keys, fewer_bytes, outside_live"},
    {"accepted_at", "time?", "A person confirmed that fewer data were meant."},
    {"pinned_until", "time?", NULL},
    {"kept_by", "[text]", "The rules of retention that keep it."},
    {"sealed", "truth", "Only the key of a recipient opens it."},
    {"copies", "[BackupCopy]", "At each place of `backup.copies`."},
    {"folder", "text", "On the machine that Resus runs on."},
    END};
const struct shape_member shape_backup_source[] = {
    {"address", "text", NULL},
    {"role", "text", "As INFO has it: master or slave."},
    {"server", "text", "redis or valkey"},
    {"version", "text", NULL},
    END};
const struct shape_member shape_backup_copy[] = {
    {"target", "text", "The place's name."},
    {"state", "=copied|removed|waiting|copying|failing|none",
     "removed: by the rules of `keep`; none: damaged backups are not copied"},
    {"at", "time?", "Of copied and removed."},
    END};
const struct shape_member shape_backup_place[] = {
    {"target", "text", "The place's name."},
    {"state", "=up_to_date|waiting|copying|failing", NULL},
    {"waiting", "whole", "Backups without a copy there."},
    {"waiting_since", "time?", "The end of the oldest of them."},
    {"last_success_at", "time?", "Since the start of the daemon."},
    {"failing_since", "time?", NULL},
    {"failures", "whole", "In a row."},
    {"next_at", "time?", "The next visit; null while one runs."},
    {"problem", "text?", "Why the last visit failed."},
    {"note", "text?", "What works, but is not as it should be."},
    END};
const struct shape_member shape_backup_there[] = {
    {"id", "text", NULL},
    {"kind", "=daily|manual", NULL},
    {"reason", "text?", NULL},
    {"started_at", "time?", NULL},
    {"bytes", "whole", NULL},
    {"keys", "whole", NULL},
    {"proved", "=no|file|structure|loaded", "When it was copied."},
    {"suspicious", "truth", NULL},
    {"sealed", "truth", NULL},
    END};
const struct shape_member shape_backups_elsewhere[] = {
    {"target", "text", "The place's name."},
    {"items", "[BackupThere]", "Whole copies, newest first, at most 200."},
    END};
const struct shape_member shape_backups[] = {
    {"items", "[Backup]", NULL}, {"next_cursor", "text?", NULL}, END};
const struct shape_member shape_backup_task[] = {
    {"number", "whole", "`last.number` of the status when it has ended."},
    {"task", TASK_WORDS, NULL},
    {"status", "BackupStatus", NULL},
    END};
const struct shape_member shape_backup_job[] = {{"number", "whole", NULL},
                                                {"task", TASK_WORDS, NULL},
                                                {"backup", "text?", NULL},
                                                {"stage", "text",
                                                 "waiting, opening, looking, pulling, counting, "
                                                 "proving, sealing, publishing, cleaning, "
                                                 "fetching, working"},
                                                {"waits_for", "text?", NULL},
                                                {"bytes", "whole", "Copied so far."},
                                                {"user", "text", NULL},
                                                {"since", "time", NULL},
                                                END};
const struct shape_member shape_backup_last[] = {
    {"number", "whole", NULL},
    {"task", TASK_WORDS, NULL},
    {"backup", "text?", NULL},
    {"result", "=proved|not_proved|suspicious|good|bad|cannot_tell|done|failed|cancelled", NULL},
    {"cause", "text?", "Of a copy that failed, such as unreachable or no_right."},
    {"message", "text", NULL},
    {"user", "text", NULL},
    {"ended_at", "time", NULL},
    {"duration_seconds", "number", NULL},
    END};
const struct shape_member shape_rebuild_part[] = {{"part", "=host|ssh|redis", NULL},
                                                  {"reached", "=yes|no|unknown", NULL},
                                                  {"text", "text", NULL},
                                                  END};
const struct shape_member shape_rebuild_step[] = {
    {"title", "text", NULL},
    {"on", "=resus|host", "On which machine the commands run."},
    {"text", "text", NULL},
    {"commands", "[text]", "To be copied, in this order."},
    END};
const struct shape_member shape_rebuild[] = {
    {"service", "text", NULL},
    {"name", "text", NULL},
    {"at", "time", NULL},
    {"backup", "Backup", "What the sheet was made from."},
    {"parts", "[RebuildPart]", NULL},
    {"acting", "truth", "Would recovery act now?"},
    {"withheld", "Withheld?", "Why it does not."},
    {"problem", "text?", "What was not known when the backup was made."},
    {"steps", "[RebuildStep]", NULL},
    END};
const struct shape_member shape_drill[] = {
    {"number", "whole", NULL},
    {"backup", "text", "Which one was loaded."},
    {"backup_at", "time?", "When that one began."},
    {"started_at", "time", NULL},
    {"ended_at", "time", NULL},
    {"result", "=good|bad|cannot_tell|failed|cancelled", "good: it passed."},
    {"check_reason", "text?", "Why it could not be loaded here, such as key_absent."},
    {"message", "text", NULL},
    {"user", "text", "system: the schedule."},
    {"bytes", "whole", NULL},
    {"keys", "whole?", NULL},
    {"read_seconds", "number?", "Opened, if it is sealed, and compared with its manifest."},
    {"load_seconds", "number?", "Loaded by a server, until it served."},
    {"rto_seconds", "number?", "Both together; null: it did not pass."},
    {"rpo_seconds", "number?", "The age of the data when the drill began."},
    END};
const struct shape_member shape_drills[] = {{"items", "[BackupDrill]", "Newest first, at most 60."},
                                            END};
const struct shape_member shape_drilling[] = {
    {"every_seconds", "whole?", "null: by hand only"},
    {"next_at", "time?", NULL},
    {"overdue", "truth", "None has passed for a period and a seventh."},
    {"last", "BackupDrill?", "The newest."},
    {"passed", "BackupDrill?", "The newest that passed."},
    END};
const struct shape_member shape_backup_status[] = {
    {"service", "text", NULL},
    {"schedule", "text?", "null: on demand only"},
    {"next_at", "time?", NULL},
    {"last_at", "time?", "When the newest backup began."},
    {"last_proved_at", "time?", NULL},
    {"last_proved", "text?", "Its id."},
    {"count", "whole", NULL},
    {"proved_count", "whole", "Loaded, and not suspicious."},
    {"bytes", "whole", "Of all."},
    {"removable_count", "whole", "Those that no rule keeps."},
    {"free_bytes", "whole?", "Free on the disk of the directory, when a task ended last."},
    {"overdue", "truth", "The newest proved one is older than a period and a twelfth."},
    {"problem", "text?", NULL},
    {"directory", "text", NULL},
    {"drill", "BackupDrilling", NULL},
    {"copies", "[BackupPlace]", "Places outside of `directory`."},
    {"job", "BackupJob?", NULL},
    {"last", "BackupLast?", "Since the start of the daemon."},
    {"failure", "BackupLast?", "The newest attempt to make a backup, if it failed."},
    END};
const struct shape_member shape_backup_overview[] = {
    {"items", "[BackupStatus]", "In the order of the settings."}, END};
const struct shape_member shape_prunable[] = {
    {"items", "[Backup]", NULL},
    {"bytes", "whole", "Of all."},
    {"needs_confirmation", "truth", "More than half would go: only when a person orders it."},
    END};

/* ── guided procedures ── */

const struct shape_member shape_procedure[] = {
    {"number", "whole", NULL},
    {"service", "text", NULL},
    {"kind", "=update|config", NULL},
    {"phase",
     "=checking|blocked|guarding|rehearsing|ready|applying|verifying|watching|needs_human|undoing|"
     "done|undone|cancelled",
     NULL},
    {"text", "text?", "What the last step found."},
    {"notes", "text?", "What to mind."},
    {"name", "text?", "Of the setting that is changed."},
    {"value", "text?", "What it is to be."},
    {"before", "text?", "What it was."},
    {"after", "text?", "What Redis made of the value."},
    {"written", "truth", "Redis has written it into its file."},
    {"server", "text?", "redis or valkey"},
    {"from", "text?", "The version before."},
    {"to", "text?", "The version that was rehearsed."},
    {"safety", "text?", "The safety backup."},
    {"rehearsed", "truth", "The new version has loaded the safety backup."},
    {"user", "text?", "Who ordered last."},
    {"reason", "text?", NULL},
    {"started_at", "time?", NULL},
    {"ended_at", "time?", NULL},
    {"watched_until", "time?", "While it is watched."},
    {"orders", "[text]", "Those that fit now: go, recheck, accept, undo, cancel."},
    {"checklist", "[ChecklistItem]", NULL},
    {"steps", "[RebuildStep]", "What people do, with lines to copy."},
    {"way_back", "[RebuildStep]", "Likewise."},
    END};
const struct shape_member shape_procedures[] = {{"items", "[Procedure]", "Newest first."}, END};
