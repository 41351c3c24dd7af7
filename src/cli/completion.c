#include "cli/completion.h"

#include "base/str.h"
#include "cli/arguments.h"
#include "cli/verb.h"

/* What follows an option. */
enum value_kind { VALUE_NONE, VALUE_FILE, VALUE_FOLDER, VALUE_WORDS, VALUE_TEXT };

static enum value_kind kind_of(const char *argument, const char *values)
{
    if (argument == NULL)
        return VALUE_NONE;
    if (values != NULL)
        return VALUE_WORDS;
    if (str_equal(argument, "FILE"))
        return VALUE_FILE;
    return str_equal(argument, "DIR") ? VALUE_FOLDER : VALUE_TEXT;
}

/* The names of all options of a kind, as one pattern of a case: "--output | -o | --config". */
static void pattern(struct page *p, enum value_kind kind, bool only_global)
{
    const char *between = "";
    for (size_t i = 0; i < GLOBAL_COUNT; i++) {
        enum value_kind its = kind_of(global_rows[i].argument, NULL);
        if (only_global ? its == VALUE_NONE : its != kind)
            continue;
        page_put(p, "%s%s", between, global_rows[i].name);
        between = " | ";
    }
    for (int id = 0; !only_global && id < OPTION_COUNT; id++) {
        const struct option_row *row = &option_rows[id];
        if (kind_of(row->argument, row->values) != kind)
            continue;
        page_put(p, "%s%s", between, row->name);
        if (row->letter != NULL)
            page_put(p, " | %s", row->letter);
        between = " | ";
    }
}

static void verb_names(struct page *p)
{
    for (size_t i = 0; i < verb_count(); i++)
        page_put(p, "%s%s", i == 0 ? "" : " ", verb_at(i)->name);
}

static void own_words(struct page *p, const struct verb *verb)
{
    const char *between = "";
    for (size_t i = 0; verb->subs != NULL && verb->subs[i] != NULL; i++, between = " ")
        page_put(p, "%s%s", between, verb->subs[i]);
    for (int id = 0; id < OPTION_COUNT; id++) {
        if ((verb->options & OPTION_BIT(id)) == 0)
            continue;
        page_put(p, "%s%s", between, option_rows[id].name);
        between = " ";
    }
    for (size_t i = 0; i < GLOBAL_COUNT; i++) {
        if (verb->local && global_rows[i].remote)
            continue;
        page_put(p, "%s%s", between, global_rows[i].name);
        between = " ";
    }
}

/* The part in which bash and zsh agree; "case", then the verb's words and whether it takes a
 * service. */
static void verb_cases(struct page *p)
{
    page_put(p, "    case $verb in\n");
    for (size_t i = 0; i < verb_count(); i++) {
        page_put(p, "    %s) offered=\"", verb_at(i)->name);
        if (str_equal(verb_at(i)->name, "help")) {
            verb_names(p);
            page_put(p, " ");
        }
        own_words(p, verb_at(i));
        page_put(p, "\"%s ;;\n", verb_at(i)->service ? " service=y" : "");
    }
    page_put(p, "    *) offered=\"");
    verb_names(p);
    for (size_t i = 0; i < GLOBAL_COUNT; i++)
        page_put(p, " %s", global_rows[i].name);
    page_put(p, "\" ;;\n    esac\n");
}

static void value_cases(struct page *p, const char *files, const char *folders, const char *before,
                        const char *after)
{
    page_put(p, "    case $previous in\n    ");
    pattern(p, VALUE_FILE, false);
    page_put(p, ") %s; return ;;\n    ", files);
    pattern(p, VALUE_FOLDER, false);
    page_put(p, ") %s; return ;;\n", folders);
    for (int id = 0; id < OPTION_COUNT; id++)
        if (option_rows[id].values != NULL)
            page_put(p, "    %s) %s%s%s; return ;;\n", option_rows[id].name, before,
                     option_rows[id].values, after);
    page_put(p, "    ");
    pattern(p, VALUE_TEXT, false);
    page_put(p, ") return ;;\n    esac\n");
}

/* Ids of the configured services, when the daemon answers. */
#define SERVICES                                                                                   \
    "resus services --json 2>/dev/null | grep -o '\"id\": *\"[^\"]*\"' | "                         \
    "sed 's/.*\"\\([^\"]*\\)\"$/\\1/'"

void completion_bash(struct page *p)
{
    page_put(p, "# bash completion for resus, printed by `resus completion bash`\n\n"
                "_resus()\n{\n"
                "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - "
                "1]}\n"
                "    local verb= offered= service= i\n"
                "    COMPREPLY=()\n");
    value_cases(p, "COMPREPLY=($(compgen -f -- \"$current\"))",
                "COMPREPLY=($(compgen -d -- \"$current\"))", "COMPREPLY=($(compgen -W \"",
                "\" -- \"$current\"))");
    page_put(p, "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                "        case ${COMP_WORDS[i]} in\n        ");
    pattern(p, VALUE_TEXT, true);
    page_put(p, ") ((i++)) ;;\n"
                "        -*) ;;\n"
                "        *) verb=${COMP_WORDS[i]}; break ;;\n"
                "        esac\n    done\n");
    verb_cases(p);
    page_put(p, "    if [[ -n $service && $current != -* ]]; then\n"
                "        offered=\"$offered $(" SERVICES ")\"\n"
                "    fi\n"
                "    COMPREPLY=($(compgen -W \"$offered\" -- \"$current\"))\n"
                "    if [[ $verb == replay && $current != -* ]]; then\n"
                "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
                "    fi\n"
                "}\n"
                "complete -F _resus resus\n");
}

void completion_zsh(struct page *p)
{
    page_put(p, "#compdef resus\n# zsh completion for resus, printed by `resus completion zsh`\n\n"
                "_resus()\n{\n"
                "    local current=$words[CURRENT] previous=$words[CURRENT-1]\n"
                "    local verb= offered= service= i\n");
    value_cases(p, "_files", "_files -/", "compadd -- ", "");
    page_put(p, "    for ((i = 2; i < CURRENT; i++)); do\n"
                "        case $words[i] in\n        ");
    pattern(p, VALUE_TEXT, true);
    page_put(p, ") ((i++)) ;;\n"
                "        -*) ;;\n"
                "        *) verb=$words[i]; break ;;\n"
                "        esac\n    done\n");
    verb_cases(p);
    page_put(p, "    if [[ -n $service && $current != -* ]]; then\n"
                "        offered=\"$offered $(" SERVICES ")\"\n"
                "    fi\n"
                "    if [[ $verb == replay && $current != -* ]]; then\n"
                "        _files\n"
                "    else\n"
                "        compadd -- ${=offered}\n"
                "    fi\n"
                "}\n"
                "compdef _resus resus\n");
}

static void fish_text(struct page *p, const char *text)
{
    page_put(p, " -d '");
    for (const char *c = text; *c != '\0'; c++)
        page_put(p, *c == '\'' || *c == '\\' ? "\\%c" : "%c", *c);
    page_put(p, "'");
}

static void fish_option(struct page *p, const char *name, const char *argument, const char *values,
                        const char *help)
{
    page_put(p, " -l %s", name + 2);
    switch (kind_of(argument, values)) {
    case VALUE_NONE:
        break;
    case VALUE_FILE:
        page_put(p, " -r -F");
        break;
    case VALUE_FOLDER:
        page_put(p, " -x -a '(__fish_complete_directories)'");
        break;
    case VALUE_WORDS:
        page_put(p, " -x -a '%s'", values);
        break;
    case VALUE_TEXT:
        page_put(p, " -x");
        break;
    }
    if (help[0] != '\0')
        fish_text(p, help);
    page_put(p, "\n");
}

static void fish_verb(struct page *p, const struct verb *verb)
{
    page_put(p, "complete -c resus -n __fish_use_subcommand -a %s", verb->name);
    fish_text(p, verb->summary);
    page_put(p, "\n");
    char when[96];
    (void)str_format(when, sizeof when, "complete -c resus -n '__fish_seen_subcommand_from %s'",
                     verb->name);
    for (size_t i = 0; verb->subs != NULL && verb->subs[i] != NULL; i++)
        page_put(p, "%s -a %s\n", when, verb->subs[i]);
    if (verb->service)
        page_put(p, "%s -a '(__resus_services)'\n", when);
    if (str_equal(verb->name, "replay"))
        page_put(p, "%s -F\n", when);
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_row *row = &option_rows[id];
        if ((verb->options & OPTION_BIT(id)) == 0)
            continue;
        page_put(p, "%s", when);
        if (row->letter != NULL)
            page_put(p, " -s %s", row->letter + 1);
        fish_option(p, row->name, row->argument, row->values, row->help);
    }
}

void completion_fish(struct page *p)
{
    page_put(p, "# fish completion for resus, printed by `resus completion fish`\n\n"
                "function __resus_services\n    " SERVICES "\nend\n\n"
                "complete -c resus -f\n");
    for (size_t i = 0; i < GLOBAL_COUNT; i++) {
        page_put(p, "complete -c resus");
        fish_option(p, global_rows[i].name, global_rows[i].argument, NULL, global_rows[i].help);
    }
    for (size_t i = 0; i < verb_count(); i++)
        fish_verb(p, verb_at(i));
    page_put(p, "complete -c resus -n '__fish_seen_subcommand_from help' -a '");
    verb_names(p);
    page_put(p, "'\n");
}
