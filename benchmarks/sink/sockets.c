/* Connections: TLS, accepting, reading, and being down. */
#define _GNU_SOURCE
#include "sink.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct conn *conns[FD_MAX];
static uint32_t generations;
int epfd, listener = -1, port;
double up_again;
static SSL_CTX *tls;

void watch(int fd, int op, uint32_t events) {
  struct epoll_event e = {.events = events, .data.fd = fd};
  epoll_ctl(epfd, op, fd, &e);
}

void close_conn(struct conn *c) {
  if (c->state == ANSWERING) seen.in_flight--;
  SSL_free(c->ssl);
  conns[c->fd] = NULL;
  close(c->fd);
  free(c->found);
  free(c);
  open_now--;
}

void load_certificate(const char *cert, const char *key) {
  tls = SSL_CTX_new(TLS_server_method());
  if (!cert || !key || SSL_CTX_use_certificate_chain_file(tls, cert) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
    fprintf(stderr, "sink: --cert and --key must name PEM files that belong together\n");
    ERR_print_errors_fp(stderr);
    exit(2);
  }
}

void listen_again(void) {
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

void accept_all(void) {
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

void readable(struct conn *c, uint32_t events) {
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

void go_down(double seconds) {
  struct linger abort_it = {1, 0};
  up_again = now() + seconds;
  if (listener >= 0) close(listener), listener = -1;
  for (int fd = 0; fd < FD_MAX; fd++)
    if (conns[fd]) {
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it);
      close_conn(conns[fd]);
    }
}

void come_up(void) {
  up_again = 0;
  if (listener < 0) listen_again();
}
