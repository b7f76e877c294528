/* Requests byte by byte, and their answers, each after the set delay. */
#define _GNU_SOURCE
#include "sink.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* ---- answers */

struct due {
  double at;
  int fd;
  uint32_t generation;
};
int timer;
static struct due *queue; /* a ring; in order of time, since one delay holds for all of a run */
static size_t queue_first, queue_len, queue_cap;

static void arm_timer(void) {
  struct itimerspec t = {0};
  if (queue_len) {
    double wait = queue[queue_first].at - now();
    if (wait < 1e-6) wait = 1e-6;
    t.it_value.tv_sec = (time_t)wait;
    t.it_value.tv_nsec = (wait - (time_t)wait) * 1e9;
  }
  timerfd_settime(timer, 0, &t, NULL);
}

static void answer_later(struct conn *c) {
  if (queue_len == queue_cap) {
    size_t cap = queue_cap ? queue_cap * 2 : 1024;
    struct due *grown = malloc(cap * sizeof *grown);
    for (size_t i = 0; i < queue_len; i++) grown[i] = queue[(queue_first + i) % queue_cap];
    free(queue);
    queue = grown, queue_first = 0, queue_cap = cap;
  }
  queue[(queue_first + queue_len++) % queue_cap] =
      (struct due){now() + script.delay_s, c->fd, c->generation};
  if (queue_len == 1) arm_timer();
}

/* Decide at the head, before any byte of the body, so that a refused body is never counted. */
static void judge(struct conn *c) {
  double t = now();
  uint64_t nth = ++seen.requests;
  if (!seen.first) seen.first = t;
  c->status = script.status;
  c->verdict = c->status == 200 ? ACCEPT : FAIL;
  if (over_the_rate(t)) c->status = 429, c->verdict = FAIL;
  if (script.fail_every && nth % script.fail_every == 0) c->status = 503, c->verdict = FAIL;
  if (c->verdict == ACCEPT && script.drop_every && nth % script.drop_every == 0) c->verdict = DROP;
}

/* Returns 0 when the connection is gone. */
static int answer(struct conn *c) {
  char out[256], extra[64] = "";
  if (c->verdict == DROP) {
    seen.dropped++;
    close_conn(c);
    return 0;
  }
  if (c->verdict == FAIL && script.retry_after >= 0)
    snprintf(extra, sizeof extra, "Retry-After: %d\r\n", script.retry_after);
  int n = snprintf(out, sizeof out,
                   "HTTP/1.1 %d %s\r\nContent-Type: application/json; charset=utf-8\r\n%s%s"
                   "Content-Length: 3\r\n\r\n{}\n",
                   c->status, c->status == 200 ? "OK" : "Refused", extra,
                   c->last_request ? "Connection: close\r\n" : "");
  *(c->verdict == ACCEPT ? &seen.ok : &seen.failed) += 1;
  seen.last = now();
  /* So short an answer always fits the empty buffer of a socket that waits for it. */
  if (SSL_write(c->ssl, out, n) != n || c->last_request) {
    close_conn(c);
    return 0;
  }
  seen.in_flight--;
  c->state = HEAD;
  c->head_len = c->tail_len = 0;
  if (c->muted) c->muted = 0, watch(c->fd, EPOLL_CTL_MOD, EPOLLIN);
  return 1;
}

/* The request is whole. Returns 0 when the connection is gone. */
static int request_done(struct conn *c) {
  keep_size(c->body);
  count_markers(c);
  c->state = ANSWERING;
  if (++seen.in_flight > seen.max_in_flight) seen.max_in_flight = seen.in_flight;
  if (script.delay_s <= 0) return answer(c);
  answer_later(c);
  return 1;
}

void answer_due(void) {
  uint64_t ticks;
  if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) perror("timer");
  while (queue_len && queue[queue_first].at <= now()) {
    struct due d = queue[queue_first];
    queue_first = (queue_first + 1) % queue_cap;
    queue_len--;
    struct conn *c = conns[d.fd];
    if (c && c->generation == d.generation && c->state == ANSWERING) answer(c);
  }
  arm_timer();
}

/* ---- requests */

/* The head is whole: learn how its body is framed. */
static int head_done(struct conn *c) {
  const char *length = strcasestr(c->head, "\r\ncontent-length:");
  const char *coding = strcasestr(c->head, "\r\ntransfer-encoding:");
  if (strcasestr(c->head, "\r\nconnection: close")) c->last_request = 1;
  if (strcasestr(c->head, "\r\nexpect: 100-continue"))
    if (SSL_write(c->ssl, "HTTP/1.1 100 Continue\r\n\r\n", 25) != 25) return 0;
  judge(c);
  c->body = 0;
  c->left = length ? strtoull(length + 17, NULL, 10) : 0;
  c->state = coding && strcasestr(coding, "chunked") ? CHUNK_SIZE : BODY;
  return 1;
}

static size_t take_body(struct conn *c, const char *p, size_t n) {
  if (n > c->left) n = c->left;
  scan(c, p, n);
  c->left -= n;
  c->body += n;
  return n;
}

/* Collect one line of the chunked coding in head[]; returns 1 when it is whole. */
static int take_line(struct conn *c, char byte) {
  if (c->head_len < HEAD_MAX) c->head[c->head_len++] = byte;
  if (byte != '\n') return 0;
  c->head[c->head_len] = 0;
  c->head_len = 0;
  return 1;
}

/* Feed what was read. Returns 0 when the connection is gone. */
int feed(struct conn *c, const char *p, size_t n) {
  const char *end = p + n;
  while (p < end || (c->state == BODY && !c->left)) {
    switch (c->state) {
    case HEAD:
      c->head[c->head_len++] = *p++;
      if (c->head_len >= 4 && !memcmp(c->head + c->head_len - 4, "\r\n\r\n", 4)) {
        c->head[c->head_len] = 0;
        c->head_len = 0;
        if (!head_done(c)) goto broken;
      } else if (c->head_len == HEAD_MAX) {
        goto broken;
      }
      break;
    case BODY:
      p += take_body(c, p, end - p);
      if (!c->left && !request_done(c)) return 0;
      break;
    case CHUNK_SIZE:
      if (!take_line(c, *p++)) break;
      c->left = strtoull(c->head, NULL, 16);
      c->state = c->left ? CHUNK_DATA : TRAILER;
      break;
    case CHUNK_DATA:
      p += take_body(c, p, end - p);
      if (!c->left) c->state = CHUNK_END;
      break;
    case CHUNK_END:
      if (take_line(c, *p++)) c->state = CHUNK_SIZE;
      break;
    case TRAILER:
      if (take_line(c, *p++) && c->head[0] == '\r' && !request_done(c)) return 0;
      break;
    case ANSWERING:
      goto broken;
    }
  }
  return 1;
broken:
  seen.broken++;
  close_conn(c);
  return 0;
}
