#!/bin/sh
# HAProxy as one proxy of the path, one worker, at documented production settings:
#
#   haproxy.sh LISTEN UPSTREAM bare|mesh
#
# LISTEN and UPSTREAM are host:port. `mesh` does what the Go sidecar's mesh duties do: a request id, forwarding and
# trace headers, time limits, retries, routes by path with counters of their own. The configuration comes by stdin, so
# that nothing is left behind; exec makes the pid that of HAProxy itself.
set -eu
listen=$1 upstream=$2 duties=$3

mesh_front='' mesh_back=''
if [ "$duties" = mesh ]; then
  mesh_front='
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header traceparent 00-%[rand(4294967295),hex]%[rand(4294967295),hex]-%[rand(4294967295),hex]-01 unless { req.hdr(traceparent) -m found }
  acl is_api path_beg /api/
  acl is_static path_beg /static/
  acl is_health path /health
  use_backend service_health if is_health
  use_backend service_api if is_api
  use_backend service_static if is_static'
  mesh_back='
  retries 2
  option redispatch
  retry-on conn-failure empty-response'
fi

backend() {
  cat <<EOF
backend $1
  http-reuse always$mesh_back
  server upstream $upstream pool-max-conn -1
EOF
}

exec haproxy -db -f /dev/stdin <<EOF
global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 15m
  timeout server 15s
  timeout http-keep-alive 15m
  timeout http-request 60s
frontend sidecar
  bind $listen$mesh_front
  default_backend service
$(backend service)
$(if [ "$duties" = mesh ]; then for name in service_health service_api service_static; do backend $name; done; fi)
EOF
