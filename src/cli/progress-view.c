// SPDX-License-Identifier: Apache-2.0
#include "cli/progress-view.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/sandbox.h"

enum {
    BAR_INTERVAL_MS = 200,
    LINE_INTERVAL_MS = 30 * 1000,
    BAR_WIDTH = 24,
    DEFAULT_COLUMNS = 80,
    TEXT_SIZE = 200,
};

struct progress_view {
    const struct progress *progress;
    enum progress_words words;
    bool terminal;
    bool running; /* there is a thread */
    pthread_t thread;
    pthread_cond_t ended_changed;

    /* Guarded by output_mutex. */
    bool ended;
    int64_t begun_ns; /* what is being done now; monotonic */
    int64_t begun_at; /* bytes that were done by then */
    int64_t total;    /* that it has; 0: not known */
    bool comparing;   /* that is what is being done */
    bool retries;     /* something has failed, and no byte has moved since */
    bool reconnects;  /* that was a connection */
    int64_t retries_at_ns, moved_until_retry;
};

/* One stderr, one lock; and what a message has to wipe off the line first. */
static pthread_mutex_t output_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool bar_shown;
static struct progress_view *bar; /* that is on the terminal now and then; NULL: none */

static void wipe_bar(void)
{
    if (bar_shown)
        fputs("\r\033[K", stderr);
    bar_shown = false;
}

static const char *format_bytes(double bytes, char text[16])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;

    while (bytes >= 1024 && unit < 4) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, 16, unit == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return text;
}

static void format_bar(char *text, size_t size, double share)
{
    int filled = (int)(share * BAR_WIDTH);

    snprintf(text, size, "[%.*s%.*s] %3d%%  ", filled,
             "========================", BAR_WIDTH - filled, "                        ",
             (int)(share * 100));
}

/* Bytes of the work that is measured: of what the speed, the share and the time left are. */
static int64_t done_bytes(const struct progress_view *view)
{
    const struct progress *progress = view->progress;

    return atomic_load(view->comparing                  ? &progress->bytes_compared
                       : view->words == PROGRESS_COPIES ? &progress->bytes_sent
                                                        : &progress->bytes_read);
}

/* Bytes that connections have carried: where these get more, there is a connection. */
static int64_t moved_bytes(const struct progress_view *view)
{
    const struct progress *progress = view->progress;

    if (view->words == PROGRESS_PULLS || view->words == PROGRESS_READS)
        return atomic_load(&progress->bytes_read);
    return atomic_load(&progress->bytes_sent) + atomic_load(&progress->bytes_again);
}

/* "12 KiB read, 3 KiB sent": what has come to pass. */
static void format_done(const struct progress_view *view, char text[TEXT_SIZE])
{
    int64_t done = done_bytes(view);
    char done_text[16], total_text[16], sent_text[16], share[40];

    format_bytes((double)done, done_text);
    format_bytes((double)view->total, total_text);
    format_bytes((double)atomic_load(&view->progress->bytes_sent), sent_text);
    if (view->total > 0 && view->total >= done)
        snprintf(share, sizeof share, "%s of %s", done_text, total_text);
    else
        snprintf(share, sizeof share, "%s", done_text);
    if (view->comparing)
        snprintf(text, TEXT_SIZE, "%s compared with what is there", done_text);
    else if (view->words == PROGRESS_COPIES)
        snprintf(text, TEXT_SIZE, "%s copied", share);
    else if (view->words == PROGRESS_PULLS)
        snprintf(text, TEXT_SIZE, "%s received, %s written", share, sent_text);
    else if (view->words == PROGRESS_READS)
        snprintf(text, TEXT_SIZE, "%s read", done_text);
    else
        snprintf(text, TEXT_SIZE, "%s read, %s sent", done_text, sent_text);
}

/* How fast, and how long it will take; or that nothing moves at all. */
static void format_speed(const struct progress_view *view, char text[64])
{
    int64_t done = done_bytes(view), now_ns = clock_monotonic_ns();
    double seconds = (double)(now_ns - view->begun_ns) / 1e9;
    double rate = seconds > 0 ? (double)(done - view->begun_at) / seconds : 0;
    char rate_text[16], left[32] = "";

    if (view->retries) {
        snprintf(text, 64, "%s", view->reconnects ? "reconnecting" : "waiting to try again");
        return;
    }
    if (view->total > 0 && rate > 0) {
        int64_t seconds_left =
            done < view->total ? (int64_t)((double)(view->total - done) / rate + 0.5) : 0;

        snprintf(left, sizeof left, ", %" PRId64 ":%02" PRId64 " left", seconds_left / 60,
                 seconds_left % 60);
    }
    snprintf(text, 64, "%s/s%s", format_bytes(rate, rate_text), left);
}

static void format_progress(const struct progress_view *view, bool with_bar, char text[TEXT_SIZE])
{
    double share = view->total > 0 ? (double)done_bytes(view) / (double)view->total : 0;
    char drawn[64] = "", done[TEXT_SIZE], speed[64];

    if (with_bar && view->total > 0)
        format_bar(drawn, sizeof drawn, share < 1 ? share : 1);
    format_done(view, done);
    format_speed(view, speed);
    snprintf(text, TEXT_SIZE, "%s%.*s, %s", drawn, TEXT_SIZE / 2, done, speed);
}

/* A test may shorten it by the environment, see HACKING.md. */
static int line_interval_ms(void)
{
    const char *text = getenv("CKPTOCI_PROGRESS_INTERVAL_MS");
    long ms = text ? strtol(text, NULL, 10) : 0;

    return ms > 0 && ms < LINE_INTERVAL_MS ? (int)ms : LINE_INTERVAL_MS;
}

/* The speed is that of one thing at a time: what comes when all before it is done begins anew. */
static void note_phase(struct progress_view *view)
{
    bool comparing = atomic_load(&view->progress->comparing),
         is_other = comparing != view->comparing;
    int64_t total = atomic_load(&view->progress->bytes_total);

    view->comparing = comparing;
    if (is_other || (total > view->total && done_bytes(view) >= view->total)) {
        view->begun_ns = clock_monotonic_ns();
        view->begun_at = done_bytes(view);
    }
    view->total = total;
    if (view->retries && clock_monotonic_ns() >= view->retries_at_ns &&
        moved_bytes(view) != view->moved_until_retry)
        view->retries = false;
}

static void show_bar(struct progress_view *view)
{
    struct winsize window = {.ws_col = DEFAULT_COLUMNS};
    char text[TEXT_SIZE];

    note_phase(view);
    format_progress(view, true, text);
    ioctl(STDERR_FILENO, TIOCGWINSZ, &window);
    wipe_bar();
    fprintf(stderr, "%.*s", window.ws_col > 1 ? window.ws_col - 1 : DEFAULT_COLUMNS, text);
    fflush(stderr);
    bar_shown = true;
}

static void show_line(struct progress_view *view)
{
    char text[TEXT_SIZE];

    note_phase(view);
    format_progress(view, false, text);
    fprintf(stderr, "ckptoci: %s\n", text);
}

static void *show(void *argument)
{
    struct progress_view *view = argument;
    int interval_ms = view->terminal ? BAR_INTERVAL_MS : line_interval_ms();
    int64_t next_ns = view->begun_ns;

    sandbox_seal_thread();
    pthread_mutex_lock(&output_mutex);
    for (;;) {
        struct timespec next;

        next_ns += interval_ms * INT64_C(1000000);
        next = clock_timespec(next_ns);
        while (!view->ended &&
               pthread_cond_timedwait(&view->ended_changed, &output_mutex, &next) == 0)
            ;
        if (view->ended)
            break;
        if (view->terminal)
            show_bar(view);
        else
            show_line(view);
    }
    wipe_bar();
    bar = NULL;
    pthread_mutex_unlock(&output_mutex);
    return NULL;
}

struct progress_view *progress_view_new(const struct progress *progress, enum progress_words words,
                                        bool quiet)
{
    struct progress_view *view = NEW(struct progress_view);
    pthread_condattr_t attributes;

    view->progress = progress;
    view->words = words;
    view->terminal = isatty(STDERR_FILENO);
    view->begun_ns = clock_monotonic_ns();
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&view->ended_changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (!quiet) {
        bar = view->terminal ? view : NULL;
        if (pthread_create(&view->thread, NULL, show, view) != 0)
            abort();
        view->running = true;
    }
    return view;
}

void progress_view_free(struct progress_view *view)
{
    if (!view)
        return;
    if (view->running) {
        pthread_mutex_lock(&output_mutex);
        view->ended = true;
        pthread_cond_signal(&view->ended_changed);
        pthread_mutex_unlock(&output_mutex);
        pthread_join(view->thread, NULL);
    }
    pthread_cond_destroy(&view->ended_changed);
    free(view);
}

void progress_view_warn(const char *text)
{
    pthread_mutex_lock(&output_mutex);
    wipe_bar();
    fprintf(stderr, "ckptoci: warning: %s\n", text);
    pthread_mutex_unlock(&output_mutex);
}

void progress_view_retry(const struct retry *retry)
{
    pthread_mutex_lock(&output_mutex);
    if (bar) {
        bar->retries = true;
        bar->reconnects = retry->is_break;
        bar->retries_at_ns = clock_monotonic_ns() + retry->delay_ms * 1000000;
        bar->moved_until_retry = moved_bytes(bar);
        show_bar(bar);
    } else {
        fprintf(stderr, "ckptoci: %s\n", retry->text);
    }
    pthread_mutex_unlock(&output_mutex);
}
