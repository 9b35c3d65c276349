// Package duties is what a sidecar of a real mesh does for every request besides copying it: it finds the route, gives
// the request an id, says where it came from, joins it to a trace, counts and times it by route, bounds its time and
// its retries, and writes an access log if asked to. A sidecar that only copies bytes would look cheaper than one that
// people run.
//
//	mesh, err := duties.New(duties.Options{Role: "outbound"}, counters)
//	proxy.Transport = mesh.RoundTripper(transport)
//	server.Handler = mesh.Wrap(proxy)
//	adminMux.HandleFunc("GET /routes", mesh.ServeRoutes)
//	defer mesh.Close()
//
// An engine that does not use net/http calls AppendHeaders once a request's head is read, drops the request's own
// headers that Replaces names, asks AllowRetry before it tries again, keeps to Timeout, and calls Done, and Log if
// Logs, at the end. These allocate nothing.
//
// The duties:
//
//   - route: the first of some twenty routes (exact paths, prefixes, methods and a last one that takes everything)
//   - X-Request-Id: kept if there is one that is fit to be kept, else a random UUID
//   - X-Forwarded-For: the address of the connection is appended to what was given
//   - X-Forwarded-Proto: kept if it is http or https, else what the connection is
//   - traceparent (W3C Trace Context): a new parent id in the given trace, or a new trace where none is given
//   - requests by route and class of status, and a histogram of latencies by route
//   - a time limit, after which the client gets 504
//   - retries of requests whose upstream could not be reached, as long as they are few (see retries.go)
//   - an access log, a line of JSON for each request, written out each second
package duties

import (
	"fmt"
	"time"

	"meshmark/dataplane/internal/admin"
)

// Options say how the duties are done. The zero value of each field but Role is its default.
type Options struct {
	// Role names the process in the access log.
	Role string
	// AccessLogFile is appended to; empty for no access log.
	AccessLogFile string
	// RetryBudget is the share of retries in requests that is never exceeded; 0 stands for 0.2.
	RetryBudget float64
	// Timeout is how long a request may take, its answer's body included; 0 stands for 15 s.
	Timeout time.Duration
}

// Duties are done by all goroutines of a process.
type Duties struct {
	options  Options
	counters *admin.Counters
	stats    []routeStats
	budget   *retryBudget
	log      *accessLog
}

// New opens the access log, if there is to be one, and returns an error if it cannot or an option makes no sense.
func New(options Options, counters *admin.Counters) (*Duties, error) {
	if options.RetryBudget == 0 {
		options.RetryBudget = 0.2
	}
	if options.Timeout == 0 {
		options.Timeout = 15 * time.Second
	}
	switch {
	case !(options.RetryBudget >= 0 && options.RetryBudget <= 1):
		return nil, fmt.Errorf("retry budget must lie between 0 and 1, got %g", options.RetryBudget)
	case options.Timeout < 0:
		return nil, fmt.Errorf("timeout must not be negative, got %s", options.Timeout)
	}
	duties := &Duties{
		options:  options,
		counters: counters,
		stats:    make([]routeStats, len(routes)),
		budget:   newRetryBudget(options.RetryBudget),
	}
	if options.AccessLogFile != "" {
		log, err := openAccessLog(options.AccessLogFile, options.Role)
		if err != nil {
			return nil, err
		}
		duties.log = log
	}
	return duties, nil
}

// Timeout is how long a request may take.
func (d *Duties) Timeout() time.Duration { return d.options.Timeout }

// Done counts a request that has ended, with the route that AppendHeaders gave, the status that the client was sent
// and the time from its head read to its answer's last byte written.
func (d *Duties) Done(route int, status int, latencyNs int64) {
	d.stats[route].add(status, latencyNs)
	d.counters.RequestsWithDuties.Add(1)
}

// Close writes out the access log and returns the error of the first write that failed, if any did.
func (d *Duties) Close() error {
	if d.log == nil {
		return nil
	}
	return d.log.close()
}
