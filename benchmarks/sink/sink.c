/*
 * The server that every contender of the benchmarks talks to: HTTP/1.1 over TLS on one epoll loop.
 *
 * It answers each request `{}` after a set delay, or as it was told to fail, and it knows exactly
 * which events arrived: every benchmark event carries a marker `ev@` and nine digits, and each
 * marker in a body that is accepted is counted once as unique and thereafter as a duplicate. A body
 * that is cut short counts for nothing.
 *
 *   sink --cert leaf.pem --key leaf.key [--port 0]
 *
 * It prints one line of JSON with its port, then obeys lines on standard input, answering each with
 * one line of JSON, and leaves when its standard input ends, so that it cannot outlive its owner:
 *
 *   stats                     the counters
 *   reset                     the counters to nought, all behaviour to its default
 *   set delay_ms=50           milliseconds from the end of a request to its answer
 *   set status=503            answer everything so; retry_after=N adds the header (-1: none)
 *   set fail_every=10         answer 503 to every tenth request
 *   set drop_every=10         accept every tenth request, then close without an answer
 *   set rate=1000             answer 429 to what exceeds so many requests in a second
 *   down ms=10000             reset every connection and listen to nobody for so long
 *   up                        listen again at once
 *
 * Assumed of the clients: no pipelining (a connection that does it is closed and counted in
 * "broken"). Linux only. Build: cc -O2 -o sink *.c -lssl -lcrypto
 *
 * Here: commands and the loop. sockets.c connects, http.c reads and answers, seen.c counts.
 */
#define _GNU_SOURCE
#include "sink.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* ---- commands */

struct script script;

void script_default(void) {
  memset(&script, 0, sizeof script);
  script.status = 200;
  script.retry_after = -1;
}

static int option(const char *line, const char *name, double *value) {
  char key[32];
  snprintf(key, sizeof key, " %s=", name);
  const char *at = strstr(line, key);
  if (at) *value = strtod(at + strlen(key), NULL);
  return at != NULL;
}

static void obey(const char *line) {
  double v;
  if (!strncmp(line, "reset", 5)) forget(), script_default(), come_up();
  if (!strncmp(line, "up", 2)) come_up();
  if (!strncmp(line, "set", 3)) {
    if (option(line, "delay_ms", &v)) script.delay_s = v / 1000;
    if (option(line, "status", &v)) script.status = v;
    if (option(line, "retry_after", &v)) script.retry_after = v;
    if (option(line, "fail_every", &v)) script.fail_every = v;
    if (option(line, "drop_every", &v)) script.drop_every = v;
    if (option(line, "rate", &v)) script.rate = v;
  }
  if (!strncmp(line, "down", 4)) go_down(option(line, "ms", &v) ? v / 1000 : 1);
  say_stats();
}

static void commands(void) {
  static char buffer[4096];
  static size_t len;
  ssize_t n = read(STDIN_FILENO, buffer + len, sizeof buffer - 1 - len);
  if (n <= 0) exit(0);
  len += n;
  for (char *eol; (eol = memchr(buffer, '\n', len));) {
    *eol = 0;
    obey(buffer);
    len -= eol + 1 - buffer;
    memmove(buffer, eol + 1, len);
  }
  if (len == sizeof buffer - 1) len = 0;
}

/* ---- the loop */

int main(int argc, char **argv) {
  const char *cert = NULL, *key = NULL;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--port")) port = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--cert")) cert = argv[i + 1];
    if (!strcmp(argv[i], "--key")) key = argv[i + 1];
  }
  signal(SIGPIPE, SIG_IGN);
  seen_start();
  load_certificate(cert, key);
  epfd = epoll_create1(EPOLL_CLOEXEC);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  watch(timer, EPOLL_CTL_ADD, EPOLLIN);
  watch(STDIN_FILENO, EPOLL_CTL_ADD, EPOLLIN);
  script_default();
  forget();
  listen_again();
  printf("{\"port\":%d}\n", port);
  fflush(stdout);
  for (;;) {
    struct epoll_event events[256];
    int n = epoll_wait(epfd, events, 256, up_again ? 20 : -1);
    if (up_again && now() >= up_again) come_up();
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) commands();
      else if (fd == timer) answer_due();
      else if (fd == listener) accept_all();
      else if (conns[fd]) readable(conns[fd], events[i].events);
    }
  }
}
