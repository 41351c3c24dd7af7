#include "cli/verb.h"

#include "base/attr.h"
#include "base/str.h"

#define BIT(name) OPTION_BIT(OPTION_##name)

static const char *const preflight_subs[] = {"start", "restart", "stop", NULL};
static const char *const recovery_subs[] = {"status", "history", "enable", "disable",
                                            "reset",  "explain", "set",    NULL};
static const char *const audit_subs[] = {"list", "report", "verify", "summary", "key", NULL};
static const char *const inspect_subs[] = {"info",    "slowlog",      "clients",
                                           "bigkeys", "commandstats", NULL};
static const char *const user_subs[] = {"add",    "list",     "role", "disable",
                                        "enable", "password", "totp", NULL};
static const char *const token_subs[] = {"create", "list", "revoke", NULL};
static const char *const access_subs[] = {"list", "approve", "reject", "request", NULL};
static const char *const alert_subs[] = {"list", "show", "ack", NULL};
static const char *const incident_subs[] = {
    "list", "show", "open", "take", "note", "update", "set", "ack", "resolve", "postmortem", NULL};
static const char *const notify_subs[] = {"test", "emergency", "users", NULL};
static const char *const fleet_subs[] = {"status", "drain", "undrain", "remove", "diff", NULL};
static const char *const maintenance_subs[] = {"list",   "show",   "plan",  "begin", "end",
                                               "extend", "cancel", "check", NULL};
static const char *const backup_subs[] = {
    "create", "list",     "show", "status", "verify", "pin",   "unpin",  "accept",        "delete",
    "prune",  "overview", "copy", "fetch",  "unseal", "drill", "drills", "rebuild-sheet", NULL};
static const char *const procedure_subs[] = {"update", "config", "list",   "show",  "go", "recheck",
                                             "accept", "undo",   "cancel", "check", NULL};
static const char *const restore_subs[] = {"list", "show", "undo", "resume", "cancel", NULL};
static const char *const completion_subs[] = {"bash", "zsh", "fish", NULL};
static const char *const state_subs[] = {"backup", "restore", NULL};
static const char *const context_subs[] = {"list", "add", "use", "remove", NULL};
static const char *const key_subs[] = {"check", "rotate", "backup", NULL};

const struct verb_group_row verb_groups[GROUP_COUNT] = {
    [GROUP_WATCH] = {"watch", "Look", "see what services do and what is wrong with them"},
    [GROUP_OPERATE] = {"operate", "Act",
                       "start, stop and restart services, and steer auto-recovery"},
    [GROUP_ALERTS] = {"alerts", "Alerts, incidents, maintenance",
                      "who is notified of trouble, and who is working on it"},
    [GROUP_BACKUPS] = {"backups", "Backups and procedures",
                       "make and prove backups, bring data back, update Redis"},
    [GROUP_ACCOUNTS] = {"accounts", "Accounts and audit", "who may do what, and who did what"},
    [GROUP_SETUP] = {"setup", "Set up and run",
                     "set Resus up, run it, and look after its own state"},
};

const struct verb verbs[] = {
    {"status", GROUP_WATCH, "status [SERVICE | --state STATE,STATE --group NAME --tag TAG]",
     "what a service does now; of several, the worst first",
     "Without SERVICE and with several configured: one line each, as `resus list`.\n",
     .service = true, .options = BIT(STATE) | BIT(GROUP) | BIT(TAG), .run = verb_status},
    {"health", GROUP_WATCH, "health [SERVICE]",
     "its checks, their figures and limits, and what they mean", .service = true,
     .run = verb_health},
    {"list", GROUP_WATCH, "list [TEXT] [--state STATE,STATE] [--group NAME] [--tag TAG]",
     "every service on one line, the worst first",
     "TEXT is a part of the id, name, group, tag or cause. Columns that do not fit the\n"
     "terminal are left out.\n",
     .free_word = true, .options = BIT(STATE) | BIT(GROUP) | BIT(TAG), .run = verb_list},
    {"services", GROUP_WATCH, "services [TEXT] [--state STATE,STATE] [--group NAME] [--tag TAG]",
     "another name of `list`", .free_word = true, .options = BIT(STATE) | BIT(GROUP) | BIT(TAG),
     .run = verb_list},
    {"top", GROUP_WATCH, "top [TEXT] [--state STATE,STATE] [--group NAME] [--tag TAG]",
     "a live list, the worst first, with key figures",
     "Keys: q quits; arrows, Page Up, Page Down, Home and End scroll. Where standard\n"
     "output is no terminal the list is printed once.\n",
     .free_word = true, .options = BIT(STATE) | BIT(GROUP) | BIT(TAG), .run = verb_top},
    {"check", GROUP_WATCH, "check [SERVICE | --group NAME --tag TAG] [-t SECONDS]",
     "one line in the form of a monitoring plugin",
     "Without SERVICE and with several configured: the worst of all, and how many are\n"
     "in which state. Exit status: 0 healthy; 1 degraded, stopped on purpose, not\n"
     "guarded, or down in a maintenance window; 2 critical; 3 unknown and every error.\n"
     "The line is there in each case.\n",
     .service = true, .options = BIT(TIMEOUT) | BIT(GROUP) | BIT(TAG), .run = verb_check},
    {"refresh", GROUP_WATCH, "refresh [SERVICE]", "check now, then show the status",
     .service = true, .run = verb_refresh},
    {"start", GROUP_OPERATE, "start [SERVICE] [--reason TEXT] [--force]",
     "start it and wait until it answers", "While it loads its data the progress is shown.\n",
     .service = true, .options = BIT(REASON) | BIT(FORCE), .run = verb_start},
    {"stop", GROUP_OPERATE,
     "stop [SERVICE] --confirm STOP [--force] [--reason TEXT] [--emergency --message TEXT]",
     "save, then stop it; auto-recovery leaves it stopped",
     "Without --confirm STOP nothing is done; the answer names the services that\n"
     "depend on it.\n",
     .service = true,
     .options = BIT(CONFIRM) | BIT(FORCE) | BIT(REASON) | BIT(EMERGENCY) | BIT(MESSAGE),
     .run = verb_stop},
    {"restart", GROUP_OPERATE, "restart [SERVICE] [--reason TEXT] [--force]",
     "save, restart it and wait until it answers", .service = true,
     .options = BIT(REASON) | BIT(FORCE), .run = verb_restart},
    {"reload", GROUP_OPERATE, "reload [SERVICE] [--reason TEXT]",
     "have it read its configuration again", .service = true, .options = BIT(REASON),
     .run = verb_reload},
    {"preflight", GROUP_OPERATE, "preflight start|restart|stop [SERVICE]",
     "what a start, restart or stop would cost now", .subs = preflight_subs, .service = true,
     .run = verb_preflight},
    {"logs", GROUP_WATCH, "logs [SERVICE] [-n N] [--since TIME] [--level error|warning|info] [-f]",
     "its log lines, the newest last", .service = true,
     .options = BIT(LINES) | BIT(SINCE) | BIT(LEVEL) | BIT(FOLLOW), .run = verb_logs},
    {"events", GROUP_WATCH, "events [SERVICE] [-n N | -f]",
     "what happened: changes, operations, recoveries",
     "Without SERVICE: to all of them. -f with several configured needs one.\n", .service = true,
     .options = BIT(LINES) | BIT(FOLLOW), .run = verb_events},
    {"recovery", GROUP_OPERATE,
     "recovery status|history|enable|disable|reset|explain|set [SERVICE] [KEY=VALUE ...] "
     "[--reason TEXT]",
     "auto-recovery: see it, change it, ask it why",
     "  status   state, attempts, circuit breaker\n"
     "  history  what was done and how it ended\n"
     "  explain  what it would do now and why\n"
     "  enable, disable\n"
     "  reset    closes the circuit breaker and gives the attempts back\n"
     "  set      enabled, max_attempts, retry_delay_seconds, backoff_multiplier,\n"
     "           failure_threshold, external_stop, external_stop_grace_seconds\n",
     .subs = recovery_subs, .service = true, .assignments = true, .options = BIT(REASON),
     .run = verb_recovery},
    {"pause", GROUP_OPERATE, "pause [SERVICE] [--for DURATION] --reason TEXT",
     "no automatic action for a while; it ends by itself",
     "Two hours unless --for says otherwise.\n", .service = true, .options = BIT(FOR) | BIT(REASON),
     .run = verb_pause},
    {"resume", GROUP_OPERATE, "resume [SERVICE] [--reason TEXT]", "end a pause", .service = true,
     .options = BIT(REASON), .run = verb_resume},
    {"doctor", GROUP_WATCH, "doctor [SERVICE]",
     "check the set-up itself and print the fix for each finding",
     "Without SERVICE: all, one after the other. Exit status: 0 nothing found,\n"
     "1 findings.\n",
     .service = true, .run = verb_doctor},
    {"diagnose", GROUP_WATCH, "diagnose [SERVICE]",
     "walk the runbook's decision trees: what is wrong, why, what to do",
     "Exit status: 0 nothing found, 1 findings.\n", .service = true, .run = verb_diagnose},
    {"bundle", GROUP_WATCH, "bundle [SERVICE] -o FILE [--with-arguments]",
     "all that support asks for in one file, without secrets and values",
     "Exit status: 0 nothing found, 1 the diagnosis in it has findings.\n", .service = true,
     .options = BIT(OUTPUT) | BIT(WITH_ARGUMENTS), .run = verb_bundle},
    {"slo", GROUP_WATCH, "slo [SERVICE]", "service levels and what is left of the error budget",
     .service = true, .run = verb_slo},
    {"inspect", GROUP_WATCH,
     "inspect info|slowlog|clients|bigkeys|commandstats [SERVICE] [--with-arguments]",
     "look into Redis (reading only, bounded)",
     "slowlog shows a command's name and first key; with --with-arguments all of it.\n",
     .subs = inspect_subs, .service = true, .options = BIT(WITH_ARGUMENTS), .run = verb_inspect},
    {"audit", GROUP_ACCOUNTS,
     "audit list|report|summary [--since TIME] [--until TIME] [--user NAME] [--operation NAME] "
     "[--failed] [-n N] | verify [--from SEQ:HASH] [--key FILE] | key",
     "read the audit log, verify it, seal it",
     "  list, report, summary\n"
     "  verify  checks the hash chain and the last line recorded in the state\n"
     "          database. --from also checks a line reported to syslog or to the\n"
     "          journal (journalctl -u resus -g audit-head), --key the seals. Exit\n"
     "          status: 0 intact; 1 broken, and the first bad line or the missing part\n"
     "          is reported\n"
     "  key     starts a new seal chain and prints its initial key once. Store it on\n"
     "          another machine\n"
     "The file is read directly; no daemon is needed. Users who cannot read it get it\n"
     "from the daemon, with --url from the remote one. Intent lines and --key need\n"
     "the file.\n",
     .subs = audit_subs,
     .options = BIT(SINCE) | BIT(UNTIL) | BIT(USER) | BIT(OPERATION) | BIT(FAILED) | BIT(LINES) |
                BIT(FROM) | BIT(KEY),
     .run = verb_audit},
    {"alert", GROUP_ALERTS,
     "alert list [open|resolved|all] [-n N] | show N | ack N [--reason TEXT]",
     "trouble that people are told of, and what became of the messages",
     "  list  the open ones, unless told otherwise\n"
     "  show  one of them: what was seen and done, and what became of its messages\n"
     "  ack   you are working on it: no further calls for a while\n",
     .subs = alert_subs, .words = true, .options = BIT(LINES) | BIT(REASON), .run = verb_alert},
    {"incident", GROUP_ALERTS,
     "incident list [open|all] | show N | open [SERVICE] --severity P2 --title TEXT | take N | "
     "note N TEXT | update N TEXT | set N KEY=VALUE | ack N [--reason TEXT] | resolve N | "
     "postmortem N",
     "trouble that people have in hand: command, timeline, post-mortem",
     "  open        by hand; Resus opens them by itself when an alert fires\n"
     "  take        command is yours from now on\n"
     "  note        into the timeline\n"
     "  update      a status update: into the timeline and to the channels\n"
     "  set         severity, status (mitigated, resolved, closed), title, impact,\n"
     "              summary, root_cause, resolution, preventive_measures\n"
     "  ack         you are working on it: no further calls for a while\n"
     "  postmortem  prints it as Markdown\n",
     .subs = incident_subs, .words = true, .options = BIT(SEVERITY) | BIT(TITLE) | BIT(REASON),
     .run = verb_incident},
    {"notify", GROUP_ALERTS,
     "notify test [CHANNEL] | emergency MESSAGE --reason TEXT | users MESSAGE",
     "send a message by hand",
     "  test       to one channel, or to all, and print what each one answers\n"
     "  emergency  to every channel, past every hold\n"
     "  users      a banner in the console, for everybody\n"
     "Exit status: 0 every channel has it, 1 one has not.\n",
     .subs = notify_subs, .words = true, .options = BIT(REASON), .run = verb_notify},
    {"user", GROUP_ACCOUNTS,
     "user add EMAIL --role ROLE [--password-file FILE] | list | role EMAIL ROLE | "
     "disable|enable|totp EMAIL [--own-password FILE] [--totp CODE] | password EMAIL "
     "[--password-file FILE]",
     "who may log in, and as what",
     "  add       asks for the password, or reads the first line of --password-file\n"
     "  role      viewer, operator or admin\n"
     "  disable, enable\n"
     "  password  sets a new one; the user's logins end\n"
     "  totp      switches two-factor login off (a lost phone)\n"
     "With --url, a change of your own account takes your password (asked for on a\n"
     "terminal, else --own-password FILE) and, with two-factor login, --totp CODE.\n",
     .subs = user_subs, .words = true,
     .options = BIT(ROLE) | BIT(PASSWORD_FILE) | BIT(OWN_PASSWORD) | BIT(TOTP), .run = verb_user},
    {"token", GROUP_ACCOUNTS,
     "token create NAME --role ROLE [--services ID,ID] [--expires DURATION|never] | list | revoke "
     "N",
     "API tokens for programs", "create prints the token, this once.\n", .subs = token_subs,
     .words = true, .options = BIT(ROLE) | BIT(SERVICES) | BIT(EXPIRES), .run = verb_token},
    {"access", GROUP_ACCOUNTS,
     "access list | approve|reject N [--reason TEXT] | request --role ROLE --for DURATION "
     "--reason TEXT",
     "requests for a higher role for a while",
     "request is for users that log in (with --url). On the control socket of\n"
     "this machine the Unix group is the role.\n",
     .subs = access_subs, .words = true, .options = BIT(ROLE) | BIT(FOR) | BIT(REASON),
     .run = verb_access},
    {"maintenance", GROUP_ALERTS,
     "maintenance list | show N | plan TITLE --at TIME --for DURATION [--services ID,ID] [--impact "
     "WORD] | begin|end|cancel N [--reason TEXT] | extend N MINUTES [--reason TEXT] | check N ITEM "
     "[--note TEXT] [--undo]",
     "maintenance windows: no automatic recovery while one is open",
     "  list    those to come, then those that are over\n"
     "  show    one with its checklist and results\n"
     "  plan    a window of your own, beside those of the settings\n"
     "  begin   opens it now, for its planned length\n"
     "  end     the work is done: checks the services, then recovery resumes\n"
     "  extend  at most twice its length in all; without it the window ends by itself\n"
     "  cancel  one that has not begun\n"
     "  check   ticks an item of the checklist\n",
     .subs = maintenance_subs, .words = true,
     .options =
         BIT(AT) | BIT(FOR) | BIT(SERVICES) | BIT(IMPACT) | BIT(REASON) | BIT(NOTE) | BIT(UNDO),
     .run = verb_maintenance},
    {"fleet", GROUP_OPERATE, "fleet status | diff | drain|undrain|remove ENGINE [--reason TEXT]",
     "several engines: who is there, which services each of them owns",
     "  status   the engines, and the owner of each service\n"
     "  diff     where their settings differ from those here\n"
     "  drain    the engine hands over its services, before its upgrade\n"
     "  undrain  it takes services again\n"
     "  remove   forgets an engine that is gone for good\n",
     .subs = fleet_subs, .words = true, .options = BIT(REASON), .run = verb_fleet},
    {"backup", GROUP_BACKUPS,
     "backup create|list|status|copy|drills [SERVICE] | drill|rebuild-sheet [SERVICE] [BACKUP] | "
     "show|verify|accept|pin|unpin|delete [SERVICE] BACKUP | "
     "prune [SERVICE] | overview [--reason TEXT] [--for DURATION] [--confirm WORD] | fetch "
     "[SERVICE] "
     "[BACKUP] [--place NAME] | unseal FILE --key FILE -o FILE",
     "backups: make, prove, keep, copy and remove them",
     "  create  a backup now; status 0: proved, 4: made but not provable here\n"
     "  verify  proves one again by loading it, the newest proved one unless named\n"
     "  accept  a suspicious one: fewer data were meant, and later ones are compared\n"
     "          with it\n"
     "  pin     keeps one for --for (90d unless given), whatever the rules say\n"
     "  delete  needs --confirm and the BACKUP once more\n"
     "  prune   shows what no rule keeps; --confirm PRUNE removes it\n"
     "  copy    visits the places of backup.copies now; status 0: all is there\n"
     "  overview  one line a service: newest proved, next, what is wrong\n"
     "  fetch   lists the copies at --place NAME; with a BACKUP, brings that one back\n"
     "          and proves it\n"
     "  drill   loads the newest proved one, or BACKUP, and measures the time\n"
     "  drills  what those measured\n"
     "  rebuild-sheet  for a lost host: what is out of reach, and the steps to build\n"
     "          it again with what the backup knows; print it before you need it\n"
     "  unseal  opens a sealed backup (its folder or its file) with the secret key in\n"
     "          --key FILE, into -o FILE; asks no daemon\n",
     .subs = backup_subs, .words = true,
     .options = BIT(REASON) | BIT(FOR) | BIT(CONFIRM) | BIT(KEY) | BIT(OUTPUT) | BIT(PLACE),
     .run = verb_backup},
    {"procedure", GROUP_BACKUPS,
     "procedure update [SERVICE] | config [SERVICE] NAME VALUE | list [SERVICE] | "
     "show|go|recheck|accept|undo|cancel [SERVICE] N | check [SERVICE] N ITEM [--note TEXT] "
     "[--undo] [--reason TEXT]",
     "guided updates of Redis and changes of its settings",
     "  update   checks, a safety backup, and a rehearsal by backup.next_server\n"
     "  config   the same for one setting, without a rehearsal\n"
     "  go       config: sets it and has Redis write it into its file;\n"
     "           update: you have installed it. Then it is verified and watched\n"
     "  recheck  looks again\n"
     "  accept   goes on all the same, or ends the watch\n"
     "  undo     config: the value of before; update: you have gone back\n"
     "  cancel   as long as nothing was changed\n"
     "  check    ticks an item of the checklist\n"
     "Exit status 1 when something stands in the way or is wrong.\n",
     .subs = procedure_subs, .words = true, .options = BIT(REASON) | BIT(NOTE) | BIT(UNDO),
     .run = verb_procedure},
    {"state", GROUP_SETUP, "state backup -o DIR | restore DIR",
     "copy Resus' own state while it runs, and put a copy back",
     "  backup   users, tokens, history, settings of the run time, keys and\n"
     "           certificate, into a new folder. It holds secrets\n"
     "  restore  verifies the copy and fills the state folder, which must be empty\n"
     "           (stop Resus and move the old one away)\n"
     "Not in it: backups of Redis, the audit log and its sealing key, the settings.\n",
     .subs = state_subs, .words = true, .options = BIT(OUTPUT), .local = true, .run = verb_state},
    {"restore", GROUP_BACKUPS,
     "restore [SERVICE] BACKUP [--method file|keys] [--to SERVICE] [--mode "
     "exact|overwrite|missing] "
     "[--db N] [--match GLOB] [--dry-run] [--unguarded] [--unproved] [--reason TEXT] --confirm "
     "SERVICE "
     "| list [SERVICE] | show|undo|resume|cancel [SERVICE] [N]",
     "bring the data of a backup back",
     "  --dry-run shows what would be done and what stands in the way.\n"
     "  file    Redis stops, the backup takes the place of its files, Redis starts;\n"
     "          the old files are kept. For `control: process`, and over SSH with\n"
     "          `restore_helper`\n"
     "  keys    copied into Redis as it runs, whatever way Resus reaches it\n"
     "  exact      keys that the backup does not have are removed after the copy\n"
     "  overwrite  keys of the backup replace those that are there\n"
     "  missing    keys that are there stay as they are\n"
     "A safety backup is made first.\n"
     "  list    restores, the newest first\n"
     "  undo    brings the data from before the newest restore by file back\n"
     "  resume  goes on with one that waits for a person\n"
     "  cancel  ends one that has not exchanged the files yet, or that copies keys\n",
     .subs = restore_subs, .sub_may_lack = true, .words = true,
     .options = BIT(METHOD) | BIT(TO) | BIT(MODE) | BIT(DB) | BIT(MATCH) | BIT(DRY_RUN) |
                BIT(UNGUARDED) | BIT(UNPROVED) | BIT(REASON) | BIT(CONFIRM),
     .run = verb_restore},
    {"sudoers", GROUP_SETUP, "sudoers [SERVICE] [--user NAME]",
     "print the sudoers file for the Redis host",
     "Exact lines only, no wildcard, for the account that Resus logs in as (on its own\n"
     "machine: resus) unless --user names another. Install it on the service's host:\n"
     "  resus sudoers > resus.sudoers && visudo -cf resus.sudoers\n"
     "  install -m 0440 resus.sudoers /etc/sudoers.d/resus\n",
     .service = true, .options = BIT(USER), .local = true, .run = verb_sudoers},
    {"key", GROUP_SETUP,
     "key check|rotate [SERVICE|HOST] [--type ed25519|rsa] [--continue] | backup [-o FOLDER]",
     "check or exchange SSH keys, make keys for backups",
     "  check   owner, mode, kind and size, of the files on this machine\n"
     "  rotate  makes a new key beside the old one and prints the line for\n"
     "          authorized_keys on each host. Once it is installed, --continue logs in\n"
     "          with the new key on every host, and if that works puts it in the old\n"
     "          one's place for every service that uses it. The old key is kept for a\n"
     "          day, and removed when no host accepts it.\n"
     "  backup  makes the two keys that backups are sealed for, in FOLDER or\n"
     "          /etc/resus/keys. The recovery key is printed once: its end has to be\n"
     "          typed, to show that it is kept elsewhere\n",
     .subs = key_subs, .service = true, .options = BIT(CONTINUE) | BIT(TYPE) | BIT(OUTPUT),
     .run = verb_key},
    {"replay", GROUP_OPERATE, "replay FILE",
     "run a recorded incident through this program's decisions again",
     "Reads a file of STATE_DIR/incidents. Exit status: 0 every decision is as it was;\n"
     "1 one is not, and the first such is shown. The daemon need not run.\n",
     .free_word = true, .local = true, .run = verb_replay},
    {"setup", GROUP_SETUP,
     "setup [USER@HOST] [--unit UNIT] [--user NAME] [--fingerprint SHA256:...]",
     "write the first settings: Redis on another host, by SSH",
     "Asks for what is not given, shows the host's key and every file that it is going\n"
     "to write, and writes after a yes: a new SSH key, the line of known_hosts, the\n"
     "settings. Prints what is to be run on the host, and the next command. Settings\n"
     "that are there are never changed. HOST:PORT where sshd is not on port 22. With\n"
     "--fingerprint it asks nothing, and writes only if the host shows that key.\n",
     .free_word = true, .options = BIT(UNIT) | BIT(USER) | BIT(FINGERPRINT), .local = true,
     .run = verb_setup},
    {"serve", GROUP_SETUP, "serve [--check]", "run the daemon in the foreground",
     "--check reads the configuration, reports what is wrong with it (exit status 2)\n"
     "and ends.\n",
     .options = BIT(CHECK), .local = true, .run = verb_serve},
    {"demo", GROUP_SETUP, "demo [--port N] [--dir DIR]", "a private Redis under Resus, to look at",
     .options = BIT(PORT) | BIT(DIR), .local = true, .run = verb_demo},
    {"context", GROUP_SETUP,
     "context list | add NAME --url URL [--token-file FILE] [--ca-file FILE | --pin PIN] | "
     "use NAME|local | remove NAME",
     "names for daemons elsewhere, and which one is asked",
     "  list    those that are written down; * is asked when nothing else is said\n"
     "  add     writes one down, or changes it: its URL and the files, never a secret\n"
     "  use     asks it from now on; local is the daemon of this machine\n"
     "  remove  forgets it\n"
     "The file is ~/.config/resus/contexts.json, or in $XDG_CONFIG_HOME/resus. What\n"
     "is asked: --url or --context; with --config the daemon of this machine; else\n"
     "$RESUS_URL (with $RESUS_TOKEN_FILE, $RESUS_CA_FILE, $RESUS_PIN), then\n"
     "$RESUS_CONTEXT, then the daemon of $RESUS_CONFIG, then what `use` chose.\n",
     .subs = context_subs, .words = true, .run = verb_context},
    {"version", GROUP_SETUP, "version", "versions of this program and of the daemon",
     "Exit status: 0 both are known, 3 the daemon cannot be reached.\n", .run = verb_version},
    {"completion", GROUP_SETUP, "completion bash|zsh|fish",
     "print the script that completes this in a shell",
     "The package installs all three. For this shell alone:\n"
     "  source <(resus completion bash)\n"
     "  source <(resus completion zsh)\n"
     "  resus completion fish | source\n",
     .subs = completion_subs, .local = true, .run = verb_completion},
    {"help", GROUP_SETUP, "help [VERB]", "this list, or all about one verb", .free_word = true,
     .local = true, .run = verb_help},
};
const size_t verb_count = ARRAY_LENGTH(verbs);

const struct verb *verb_by_name(const char *name)
{
    for (size_t i = 0; i < verb_count; i++)
        if (str_equal(verbs[i].name, name))
            return &verbs[i];
    return NULL;
}

const char *verb_nearest(const char *name)
{
    const char *names[ARRAY_LENGTH(verbs)];
    for (size_t i = 0; i < verb_count; i++)
        names[i] = verbs[i].name;
    return str_nearest(names, verb_count, name);
}
