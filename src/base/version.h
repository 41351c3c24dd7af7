/* Which build this is. The version alone is RESUS_VERSION. */
#ifndef RESUS_BASE_VERSION_H
#define RESUS_BASE_VERSION_H

/* As `git describe` gives it, "-dirty" behind it when files differed; "" for a build from a source
 * package. */
const char *version_commit(void);

#endif
