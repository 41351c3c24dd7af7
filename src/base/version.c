#include "base/version.h"

#include "base/version_commit.h"

const char *version_commit(void)
{
    return RESUS_COMMIT;
}
