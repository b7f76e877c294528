/* What the parts of the sink share: one connection, what it was told to do, what it has seen. */
#ifndef SINK_H
#define SINK_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

#define HEAD_MAX (16 * 1024)
#define CHUNK (64 * 1024) /* more than one TLS record, so that nothing stays behind in OpenSSL */
#define FD_MAX 8192
#define MARKER_LEN 12

/* ---- sink.c: what it was told to do */

struct script {
  double delay_s;
  int status, retry_after;
  long fail_every, drop_every, rate;
};
extern struct script script;
void script_default(void);

/* ---- seen.c: what is counted */

struct seen {
  uint64_t requests, ok, failed, dropped, broken, bytes, max_body;
  uint64_t unique, duplicates, connections, handshakes, in_flight, max_in_flight;
  double first, last, cpu_from;
};
extern struct seen seen;
extern uint64_t open_now, max_open;

double now(void);
void seen_start(void);
void forget(void);
int over_the_rate(double t);
void keep_size(uint64_t body);
void say_stats(void);

/* ---- one connection */

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

void scan(struct conn *c, const char *p, size_t n);
void count_markers(struct conn *c);

/* ---- http.c: requests and answers */

extern int timer;
int feed(struct conn *c, const char *p, size_t n);
void answer_due(void);

/* ---- sockets.c */

extern struct conn *conns[FD_MAX];
extern int epfd, listener, port;
extern double up_again;

void watch(int fd, int op, uint32_t events);
void close_conn(struct conn *c);
void load_certificate(const char *cert, const char *key);
void listen_again(void);
void accept_all(void);
void readable(struct conn *c, uint32_t events);
void go_down(double seconds);
void come_up(void);

#endif
