/* The scripts with which a shell completes the command line, made from the tables of verbs and
 * options. */
#ifndef RESUS_CLI_COMPLETION_H
#define RESUS_CLI_COMPLETION_H

#include "cli/page.h"

void completion_bash(struct page *p);
void completion_zsh(struct page *p);
void completion_fish(struct page *p);

#endif
