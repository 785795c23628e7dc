// SPDX-License-Identifier: Apache-2.0
#include "base/backoff.h"

#include <sys/random.h>

int64_t backoff_delay_ms(const struct backoff *backoff, unsigned failures)
{
    int64_t delay_ms = backoff->delay_ms;

    for (unsigned i = 1; i < failures && delay_ms < BACKOFF_MAX_MS; i++)
        delay_ms *= 2;
    return delay_ms < BACKOFF_MAX_MS ? delay_ms : BACKOFF_MAX_MS;
}

static int64_t jitter(int64_t delay_ms)
{
    uint32_t random = 0;

    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        return delay_ms;
    return delay_ms - (int64_t)(random % (uint32_t)(delay_ms / 2 + 1));
}

int backoff_wait(const struct backoff *backoff, unsigned failures, int64_t asked_ms,
                 const struct cancel *cancel, struct error *error)
{
    int64_t delay_ms = jitter(backoff_delay_ms(backoff, failures));

    if (asked_ms > BACKOFF_ASKED_MAX_MS)
        asked_ms = BACKOFF_ASKED_MAX_MS;
    cancel_wait(cancel, delay_ms > asked_ms ? delay_ms : asked_ms);
    return cancel_check(cancel, error);
}
