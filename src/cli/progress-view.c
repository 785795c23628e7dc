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
    bool terminal;
    bool running; /* there is a thread */
    pthread_t thread;
    int64_t begun_ns; /* what is being done now; monotonic */
    bool comparing;   /* that is what is being done */
    pthread_cond_t ended_changed;
    bool ended; /* guarded by output_mutex */
};

/* One stderr, one lock; and what a message has to wipe off the line first. */
static pthread_mutex_t output_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool bar_shown;

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

static void format_progress(const struct progress_view *view, bool with_bar, char text[TEXT_SIZE])
{
    double total = (double)atomic_load(&view->progress->bytes_total);
    double read = (double)atomic_load(&view->progress->bytes_read);
    double sent = (double)atomic_load(&view->progress->bytes_sent);
    double seconds = (double)(clock_monotonic_ns() - view->begun_ns) / 1e9,
           rate = seconds > 0 ? read / seconds : 0;
    char bar[64] = "", left[48] = "", read_text[16], sent_text[16], rate_text[16];

    if (with_bar && total > 0)
        format_bar(bar, sizeof bar, read < total ? read / total : 1);
    if (total > 0 && rate > 0) {
        int64_t seconds_left = read < total ? (int64_t)((total - read) / rate + 0.5) : 0;

        snprintf(left, sizeof left, ", %" PRId64 ":%02" PRId64 " left", seconds_left / 60,
                 seconds_left % 60);
    }
    format_bytes(read, read_text);
    format_bytes(rate, rate_text);
    if (view->comparing)
        snprintf(text, TEXT_SIZE, "%s%s compared with what is there, %s/s%s", bar, read_text,
                 rate_text, left);
    else
        snprintf(text, TEXT_SIZE, "%s%s read, %s sent, %s/s%s", bar, read_text,
                 format_bytes(sent, sent_text), rate_text, left);
}

/* A test may shorten it by the environment, see HACKING.md. */
static int line_interval_ms(void)
{
    const char *text = getenv("CKPTOCI_PROGRESS_INTERVAL_MS");
    long ms = text ? strtol(text, NULL, 10) : 0;

    return ms > 0 && ms < LINE_INTERVAL_MS ? (int)ms : LINE_INTERVAL_MS;
}

/* The speed is that of one thing at a time. */
static void note_phase(struct progress_view *view)
{
    bool comparing = atomic_load(&view->progress->comparing);

    if (comparing != view->comparing)
        view->begun_ns = clock_monotonic_ns();
    view->comparing = comparing;
}

static void show_bar(const struct progress_view *view)
{
    struct winsize window = {.ws_col = DEFAULT_COLUMNS};
    char text[TEXT_SIZE];

    format_progress(view, true, text);
    ioctl(STDERR_FILENO, TIOCGWINSZ, &window);
    wipe_bar();
    fprintf(stderr, "%.*s", window.ws_col > 1 ? window.ws_col - 1 : DEFAULT_COLUMNS, text);
    fflush(stderr);
    bar_shown = true;
}

static void show_line(const struct progress_view *view)
{
    char text[TEXT_SIZE];

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
        note_phase(view);
        if (view->terminal)
            show_bar(view);
        else
            show_line(view);
    }
    wipe_bar();
    pthread_mutex_unlock(&output_mutex);
    return NULL;
}

struct progress_view *progress_view_new(const struct progress *progress, bool quiet)
{
    struct progress_view *view = NEW(struct progress_view);
    pthread_condattr_t attributes;

    view->progress = progress;
    view->terminal = isatty(STDERR_FILENO);
    view->begun_ns = clock_monotonic_ns();
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&view->ended_changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (!quiet) {
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
