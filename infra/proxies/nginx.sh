#!/bin/sh
# nginx as one proxy of the path, one worker, at documented production settings:
#
#   nginx.sh LISTEN UPSTREAM bare|mesh
#
# LISTEN and UPSTREAM are host:port. `mesh` does what the Go sidecar's mesh duties do: a request id, forwarding and
# trace headers, time limits, retries, routes by path. Its configuration is a file without a name, so that nothing is left behind;
# exec makes the pid that of nginx itself, which serves in its one process.
set -eu
listen=$1 upstream=$2 duties=$3

mesh='' routes=''
if [ "$duties" = mesh ]; then
  mesh='
      proxy_set_header X-Request-Id $request_id;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header traceparent $trace;
      proxy_next_upstream error timeout;
      proxy_next_upstream_tries 2;'
  for path in '= /health' '/api/' '/static/'; do
    routes="$routes
    location $path { proxy_pass http://service;$mesh }"
  done
fi

# nginx wants a file whose size it can ask for: one that is open here and has no name any more. Its pid goes there too: nginx
# removes its pid file when it ends, and a link of the kernel's is one that it cannot remove, as it would /dev/null.
configuration=$(mktemp)
exec 3<>"$configuration"
rm "$configuration"
cat >&3 <<EOF
daemon off;
master_process off;
worker_processes 1;
pid /proc/self/fd/3;
error_log stderr error;
events { worker_connections 4000; }
http {
  access_log off;
  keepalive_timeout 15m;
  keepalive_requests 1000000000;
  tcp_nodelay on;
  client_body_temp_path /tmp;
  proxy_temp_path /tmp;
  fastcgi_temp_path /tmp;
  uwsgi_temp_path /tmp;
  scgi_temp_path /tmp;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_connect_timeout 5s;
  proxy_read_timeout 15s;
  map \$http_traceparent \$trace { default \$http_traceparent; "" "00-\$request_id-\${connection}000000000000000-01"; }
  upstream service { server $upstream; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 15m; }
  server {
    listen $listen;
    location / { proxy_pass http://service;$mesh }$routes
  }
}
EOF
exec nginx -e stderr -p /nonexistent/ -c /proc/self/fd/3
