/* See run.h. */
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "frontends/run.h"

struct run_trace {
    pthread_mutex_t lock;
    FILE *out;
};

bool run_trace_open(const char *path, struct run_trace **trace, char why[RUN_WHY_SIZE]) {
    struct run_trace *t = calloc(1, sizeof *t);
    if (t != NULL) t->out = fopen(path, "we");
    if (t != NULL && t->out != NULL && pthread_mutex_init(&t->lock, NULL) == 0) {
        *trace = t;
        return true;
    }
    (void)snprintf(why, RUN_WHY_SIZE, "%s: %s", path, strerror(errno));
    if (t != NULL && t->out != NULL) (void)fclose(t->out);
    free(t);
    return false;
}

bool run_trace_close(struct run_trace *trace) {
    if (trace == NULL) return true;
    const bool bad = ferror(trace->out) != 0;
    const bool ok = fclose(trace->out) == 0 && !bad;
    (void)pthread_mutex_destroy(&trace->lock);
    free(trace);
    return ok;
}

static void time_text(char out[48]) {
    struct timespec now = {0};
    struct tm parts;
    char seconds[24];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &parts);
    (void)strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(out, 48, "%s.%06ldZ", seconds, now.tv_nsec / 1000);
}

/* A whole line at once, so that a trace that is cut short still ends with one. */
static void write_line(struct run_trace *trace, const json_t *line) {
    if (pthread_mutex_lock(&trace->lock) != 0) abort();
    (void)json_dumpf(line, trace->out, JSON_COMPACT);
    (void)fputc('\n', trace->out);
    (void)fflush(trace->out);
    (void)pthread_mutex_unlock(&trace->lock);
}

void run_trace_event(struct run_trace *trace, const char *event, json_t *members) {
    if (trace != NULL) {
        char now[48];
        time_text(now);
        json_t *line = json_pack("{ss ss}", "event", event, "time", now);
        (void)json_object_update(line, members);
        write_line(trace, line);
        json_decref(line);
    }
    json_decref(members);
}
