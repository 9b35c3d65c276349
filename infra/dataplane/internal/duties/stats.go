package duties

import (
	"encoding/json"
	"math"
	"math/bits"
	"net/http"
	"sync/atomic"
)

// Latencies are kept in buckets of which each power of two of nanoseconds has 16, so that a bucket is at most 1/16 as
// wide as the latencies in it; what took longer than 137 s (2^37 ns) is in the last.
const (
	linearBits  = 4
	linear      = 1 << linearBits
	longestBits = 37
	buckets     = (longestBits-linearBits)*linear + linear + 1
)

// classes are the first digits of a status; 0 stands for a request that got no answer.
const classes = 6

// routeStats are of one route.
type routeStats struct {
	classes [classes]atomic.Int64
	latency [buckets]atomic.Int64
}

func (s *routeStats) add(status int, latencyNs int64) {
	class := status / 100
	if class < 1 || class >= classes {
		class = 0
	}
	s.classes[class].Add(1)
	s.latency[bucket(latencyNs)].Add(1)
}

// bucket is the index of the bucket that a latency belongs to.
func bucket(latencyNs int64) int {
	if latencyNs < linear {
		return int(max(latencyNs, 0))
	}
	exponent := bits.Len64(uint64(latencyNs)) - 1 - linearBits
	if exponent >= longestBits-linearBits {
		return buckets - 1
	}
	return exponent*linear + int(latencyNs>>exponent)
}

// upperNs is the latency that all of a bucket lie below, or -1 for the last bucket, which has no bound.
func upperNs(index int) int64 {
	switch {
	case index >= buckets-1:
		return -1
	case index < linear:
		return int64(index) + 1
	}
	exponent := index/linear - 1
	return int64(index-exponent*linear+1) << exponent
}

// RouteSnapshot is one route's part in the answer of ServeRoutes, all of it since the process started.
type RouteSnapshot struct {
	Name string `json:"name"`
	// Match is the method, if only one matches, and the path, with * after a prefix.
	Match string `json:"match"`
	// Requests are by class of status: "2xx" and so on, "none" for requests that got no answer. Classes that did not
	// occur are left out.
	Requests map[string]int64 `json:"requests"`
	Latency  LatencySnapshot  `json:"latency"`
}

// LatencySnapshot is a histogram in the form of the admin port's: empty buckets are left out, and counts[i] latencies lie
// below upperNs[i] and in no earlier bucket. A nil upper bound is infinity.
type LatencySnapshot struct {
	UpperNs []*int64 `json:"upperNs"`
	Counts  []int64  `json:"counts"`
}

// Routes reads the statistics of all routes, in the order in which they are tried.
func (d *Duties) Routes() []RouteSnapshot {
	names := [classes]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}
	snapshots := make([]RouteSnapshot, len(routes))
	for index := range routes {
		snapshot := RouteSnapshot{
			Name:     routes[index].name,
			Match:    routes[index].match(),
			Requests: map[string]int64{},
			Latency:  LatencySnapshot{UpperNs: []*int64{}, Counts: []int64{}},
		}
		stats := &d.stats[index]
		for class, name := range names {
			if count := stats.classes[class].Load(); count > 0 {
				snapshot.Requests[name] = count
			}
		}
		for at := range stats.latency {
			count := stats.latency[at].Load()
			if count == 0 {
				continue
			}
			var bound *int64
			if upper := upperNs(at); upper > 0 && upper < math.MaxInt64 {
				bound = &upper
			}
			snapshot.Latency.UpperNs = append(snapshot.Latency.UpperNs, bound)
			snapshot.Latency.Counts = append(snapshot.Latency.Counts, count)
		}
		snapshots[index] = snapshot
	}
	return snapshots
}

// ServeRoutes answers with Routes as JSON: {"routes": [...]}.
func (d *Duties) ServeRoutes(answer http.ResponseWriter, _ *http.Request) {
	answer.Header().Set("Content-Type", "application/json")
	// An asker that has gone away is no fault of ours.
	_ = json.NewEncoder(answer).Encode(map[string]any{"routes": d.Routes()})
}
