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
 * "broken"). Linux only. Build: cc -O2 -o sink sink.c -lssl -lcrypto
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX (16 * 1024)
#define CHUNK (64 * 1024) /* more than one TLS record, so that nothing stays behind in OpenSSL */
#define FD_MAX 8192
#define MARKERS (1u << 24)
#define MARKER_LEN 12
#define SIZES_KEPT (1u << 16) /* body sizes remembered for the median */

/* ------------------------------------------------------------------ what it was told to do */

static struct {
  double delay_s;
  int status, retry_after;
  long fail_every, drop_every, rate;
} script;

static void script_default(void) {
  memset(&script, 0, sizeof script);
  script.status = 200;
  script.retry_after = -1;
}

/* ------------------------------------------------------------------ what it has seen */

static struct {
  uint64_t requests, ok, failed, dropped, broken, bytes, max_body;
  uint64_t unique, duplicates, connections, handshakes, in_flight, max_in_flight;
  double first, last, cpu_from;
} seen;
static uint8_t *marker_seen;
static uint32_t *body_size;
static uint64_t open_now, max_open;
static double rate_window;
static long rate_used;

static double now(void) {
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

static void forget(void) {
  uint64_t in_flight = seen.in_flight;
  memset(&seen, 0, sizeof seen);
  memset(marker_seen, 0, MARKERS);
  seen.in_flight = in_flight;
  seen.cpu_from = cpu_used();
  max_open = open_now;
  rate_window = 0;
  rate_used = 0;
}

/* ------------------------------------------------------------------ one connection */

enum state { HEAD, BODY, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, ANSWERING };
enum verdict { ACCEPT, FAIL, DROP };

struct conn {
  int fd, shaken, muted, last_request;
  uint32_t generation; /* tells a reused file descriptor from the one a timer was set for */
  SSL *ssl;
  enum state state;
  enum verdict verdict;
  int status;
  char head[HEAD_MAX + 1];
  int head_len;
  uint64_t left, body; /* of this body or chunk; of the whole body so far */
  char tail[MARKER_LEN]; /* a marker may be cut by the end of a read */
  int tail_len;
  uint32_t *found; /* the markers of this body, counted when it is whole */
  size_t found_len, found_cap;
};

static struct conn *conns[FD_MAX];
static uint32_t generations;
static int epfd, listener = -1, timer, port;
static SSL_CTX *tls;

static void watch(int fd, int op, uint32_t events) {
  struct epoll_event e = {.events = events, .data.fd = fd};
  epoll_ctl(epfd, op, fd, &e);
}

static void close_conn(struct conn *c) {
  if (c->state == ANSWERING) seen.in_flight--;
  SSL_free(c->ssl);
  conns[c->fd] = NULL;
  close(c->fd);
  free(c->found);
  free(c);
  open_now--;
}

/* ------------------------------------------------------------------ markers */

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
static void scan(struct conn *c, const char *p, size_t n) {
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

static void count_markers(struct conn *c) {
  for (size_t i = 0; i < c->found_len; i++) {
    uint8_t *mark = &marker_seen[c->found[i]];
    if (*mark) seen.duplicates++;
    else seen.unique++, *mark = 1;
  }
  c->found_len = 0;
}

/* ------------------------------------------------------------------ answers */

struct due {
  double at;
  int fd;
  uint32_t generation;
};
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
  if (script.rate) {
    if (t - rate_window >= 1) rate_window = t, rate_used = 0;
    if (++rate_used > script.rate) c->status = 429, c->verdict = FAIL;
  }
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
  body_size[(seen.requests - 1) % SIZES_KEPT] = c->body;
  seen.bytes += c->body;
  if (c->body > seen.max_body) seen.max_body = c->body;
  count_markers(c);
  c->state = ANSWERING;
  if (++seen.in_flight > seen.max_in_flight) seen.max_in_flight = seen.in_flight;
  if (script.delay_s <= 0) return answer(c);
  answer_later(c);
  return 1;
}

static void answer_due(void) {
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

/* ------------------------------------------------------------------ requests, byte by byte */

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
static int feed(struct conn *c, const char *p, size_t n) {
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

/* ------------------------------------------------------------------ sockets */

static void listen_again(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  socklen_t len = sizeof a;
  int one = 1;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 1024)) {
    perror("sink: listen");
    exit(1);
  }
  getsockname(listener, (struct sockaddr *)&a, &len);
  port = ntohs(a.sin_port);
  watch(listener, EPOLL_CTL_ADD, EPOLLIN);
}

static void accept_all(void) {
  int fd, one = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    if (fd >= FD_MAX) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct conn *c = calloc(1, sizeof *c);
    c->fd = fd;
    c->generation = ++generations;
    c->ssl = SSL_new(tls);
    SSL_set_fd(c->ssl, fd);
    SSL_set_accept_state(c->ssl);
    conns[fd] = c;
    seen.connections++;
    if (++open_now > max_open) max_open = open_now;
    watch(fd, EPOLL_CTL_ADD, EPOLLIN);
  }
}

static void readable(struct conn *c, uint32_t events) {
  static char chunk[CHUNK];
  if (c->state == ANSWERING) {
    /* Nothing is read before its answer; a peer that goes meanwhile must not keep us busy. */
    if (events & (EPOLLHUP | EPOLLERR)) close_conn(c);
    else c->muted = 1, watch(c->fd, EPOLL_CTL_MOD, 0);
    return;
  }
  if (!c->shaken) {
    int r = SSL_accept(c->ssl);
    if (r != 1) {
      if (SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_READ) ERR_clear_error(), close_conn(c);
      return;
    }
    c->shaken = 1;
    seen.handshakes++;
  }
  while (c->state != ANSWERING) {
    int r = SSL_read(c->ssl, chunk, sizeof chunk);
    if (r <= 0) {
      if (SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_READ) ERR_clear_error(), close_conn(c);
      return;
    }
    if (!feed(c, chunk, r)) return;
  }
}

static double up_again;

static void go_down(double seconds) {
  struct linger abort_it = {1, 0};
  up_again = now() + seconds;
  if (listener >= 0) close(listener), listener = -1;
  for (int fd = 0; fd < FD_MAX; fd++)
    if (conns[fd]) {
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it);
      close_conn(conns[fd]);
    }
}

static void come_up(void) {
  up_again = 0;
  if (listener < 0) listen_again();
}

/* ------------------------------------------------------------------ commands */

static void say_stats(void) {
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

/* ------------------------------------------------------------------ the loop */

static void load_certificate(const char *cert, const char *key) {
  tls = SSL_CTX_new(TLS_server_method());
  if (!cert || !key || SSL_CTX_use_certificate_chain_file(tls, cert) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
    fprintf(stderr, "sink: --cert and --key must name PEM files that belong together\n");
    ERR_print_errors_fp(stderr);
    exit(2);
  }
}

int main(int argc, char **argv) {
  const char *cert = NULL, *key = NULL;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--port")) port = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--cert")) cert = argv[i + 1];
    if (!strcmp(argv[i], "--key")) key = argv[i + 1];
  }
  signal(SIGPIPE, SIG_IGN);
  marker_seen = calloc(MARKERS, 1);
  body_size = calloc(SIZES_KEPT, sizeof *body_size);
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
