package duties

import "strings"

// route matches requests by method and path, as a VirtualService of Istio does.
type route struct {
	name string
	// method is empty for any.
	method string
	// path is compared without the query: the whole of it, or its beginning if prefix is set.
	path   string
	prefix bool
}

// routes are tried in this order; the last one takes what no other took. Their number and mix are those of a service
// with a few versions of an API, static files and operators' paths.
var routes = [...]route{
	{name: "liveness", method: "GET", path: "/healthz"},
	{name: "readiness", method: "GET", path: "/readyz"},
	{name: "metrics", method: "GET", path: "/metrics"},
	{name: "favicon", method: "GET", path: "/favicon.ico"},
	{name: "robots", method: "GET", path: "/robots.txt"},
	{name: "checkout", method: "POST", path: "/api/v2/checkout"},
	{name: "orders-create", method: "POST", path: "/api/v2/orders"},
	{name: "orders-read", method: "GET", path: "/api/v2/orders/", prefix: true},
	{name: "cart", path: "/api/v2/cart/", prefix: true},
	{name: "catalogue-search", method: "GET", path: "/api/v2/catalogue/search"},
	{name: "catalogue", method: "GET", path: "/api/v2/catalogue/", prefix: true},
	{name: "users", path: "/api/v2/users/", prefix: true},
	{name: "sessions", path: "/api/v2/sessions/", prefix: true},
	{name: "api-v1", path: "/api/v1/", prefix: true},
	{name: "api-other", path: "/api/", prefix: true},
	{name: "images", method: "GET", path: "/static/images/", prefix: true},
	{name: "static", method: "GET", path: "/static/", prefix: true},
	{name: "grpc-echo", method: "POST", path: "/meshmark.v1.Echo/", prefix: true},
	{name: "grpc-health", method: "POST", path: "/grpc.health.v1.Health/", prefix: true},
	{name: "default", path: "/", prefix: true},
}

// matchRoute returns the index in routes of the first that matches. A path that begins with no slash (that of OPTIONS *
// or CONNECT) belongs to the last.
func matchRoute[text string | []byte](method, path text) int {
	for index := range routes[:len(routes)-1] {
		route := &routes[index]
		if route.prefix {
			if len(path) < len(route.path) || string(path[:len(route.path)]) != route.path {
				continue
			}
		} else if string(path) != route.path {
			continue
		}
		if route.method == "" || string(method) == route.method {
			return index
		}
	}
	return len(routes) - 1
}

// match is how the route is written in GET /routes.
func (r *route) match() string {
	var text strings.Builder
	if r.method != "" {
		text.WriteString(r.method + " ")
	}
	text.WriteString(r.path)
	if r.prefix {
		text.WriteString("*")
	}
	return text.String()
}
