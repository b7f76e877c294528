/* What the sink has seen: counters, and which events arrived, by their markers. */
#define _GNU_SOURCE
#include "sink.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define MARKERS (1u << 24)
#define SIZES_KEPT (1u << 16) /* body sizes remembered for the median */

struct seen seen;
static uint8_t *marker_seen;
static uint32_t *body_size;
uint64_t open_now, max_open;
static double rate_window;
static long rate_used;

double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static double cpu_used(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static uint32_t median_body(void) {
  size_t n = seen.requests < SIZES_KEPT ? seen.requests : SIZES_KEPT;
  if (!n) return 0;
  uint32_t *sorted = malloc(n * sizeof *sorted);
  memcpy(sorted, body_size, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, by_size);
  uint32_t middle = sorted[n / 2];
  free(sorted);
  return middle;
}

void forget(void) {
  uint64_t in_flight = seen.in_flight;
  memset(&seen, 0, sizeof seen);
  memset(marker_seen, 0, MARKERS);
  seen.in_flight = in_flight;
  seen.cpu_from = cpu_used();
  max_open = open_now;
  rate_window = 0;
  rate_used = 0;
}

void seen_start(void) {
  marker_seen = calloc(MARKERS, 1);
  body_size = calloc(SIZES_KEPT, sizeof *body_size);
  if (!marker_seen || !body_size) abort();
}

/* Whether a request at this moment exceeds what the script allows in a second. */
int over_the_rate(double t) {
  if (!script.rate) return 0;
  if (t - rate_window >= 1) rate_window = t, rate_used = 0;
  return ++rate_used > script.rate;
}

void keep_size(uint64_t body) {
  body_size[(seen.requests - 1) % SIZES_KEPT] = body;
  seen.bytes += body;
  if (body > seen.max_body) seen.max_body = body;
}

static void note(struct conn *c, uint32_t id) {
  if (c->found_len == c->found_cap) {
    c->found_cap = c->found_cap ? c->found_cap * 2 : 64;
    c->found = realloc(c->found, c->found_cap * sizeof *c->found);
    if (!c->found) abort();
  }
  c->found[c->found_len++] = id;
}

/* Note the markers that lie whole in `p[0..n)`; return the end of the last one. */
static const char *find_markers(struct conn *c, const char *p, size_t n) {
  const char *end = p + n, *after = p;
  while ((p = memmem(p, end - p, "ev@", 3)) && p + MARKER_LEN <= end) {
    uint32_t id = 0;
    int k = 3;
    for (; k < MARKER_LEN && p[k] >= '0' && p[k] <= '9'; k++) id = id * 10 + (p[k] - '0');
    if (k == MARKER_LEN && id < MARKERS) {
      note(c, id);
      p += MARKER_LEN;
      after = p;
    } else {
      p += 3;
    }
  }
  return after;
}

/* Look through a body that comes in pieces: what may be half a marker waits for the next piece. */
void scan(struct conn *c, const char *p, size_t n) {
  static char joined[CHUNK + MARKER_LEN];
  if (c->verdict == FAIL || !n) return;
  if (c->tail_len) {
    memcpy(joined, c->tail, c->tail_len);
    memcpy(joined + c->tail_len, p, n);
    p = joined;
    n += c->tail_len;
  }
  size_t rest = p + n - find_markers(c, p, n);
  if (rest > MARKER_LEN - 1) rest = MARKER_LEN - 1;
  memcpy(c->tail, p + n - rest, rest);
  c->tail_len = rest;
}

void count_markers(struct conn *c) {
  for (size_t i = 0; i < c->found_len; i++) {
    uint8_t *mark = &marker_seen[c->found[i]];
    if (*mark) seen.duplicates++;
    else seen.unique++, *mark = 1;
  }
  c->found_len = 0;
}

void say_stats(void) {
  printf("{\"requests\":%lu,\"ok\":%lu,\"failed\":%lu,\"dropped\":%lu,\"broken\":%lu,"
         "\"bytes\":%lu,\"max_body\":%lu,\"median_body\":%u,\"unique\":%lu,\"duplicates\":%lu,"
         "\"connections\":%lu,\"handshakes\":%lu,\"open\":%lu,\"max_open\":%lu,"
         "\"max_in_flight\":%lu,\"span\":%.6f,\"cpu\":%.6f}\n",
         seen.requests, seen.ok, seen.failed, seen.dropped, seen.broken, seen.bytes, seen.max_body,
         median_body(), seen.unique, seen.duplicates, seen.connections, seen.handshakes, open_now,
         max_open, seen.max_in_flight, seen.last > seen.first ? seen.last - seen.first : 0.0,
         cpu_used() - seen.cpu_from);
  fflush(stdout);
}
