package admin

import "sync/atomic"

// Counters are the witnesses of one server, cumulative since it started. Every server has all of them; those it
// cannot exercise stay 0.
type Counters struct {
	Requests            atomic.Int64
	ConnectionsAccepted atomic.Int64
	UpstreamDials       atomic.Int64
	// BytesCopied counts body bytes (http1) or payload bytes (tcp) handed to the client side.
	BytesCopied atomic.Int64
	// BytesThroughPool counts those of BytesCopied that lay in a buffer of the pool.
	BytesThroughPool atomic.Int64
	PoolGets         atomic.Int64
	// PoolHits counts the gets that were served by a buffer that had been put back.
	PoolHits atomic.Int64
}

// Witness is what Counters showed at one moment.
type Witness struct {
	Requests            int64 `json:"requests"`
	ConnectionsAccepted int64 `json:"connectionsAccepted"`
	UpstreamDials       int64 `json:"upstreamDials"`
	BytesCopied         int64 `json:"bytesCopied"`
	BytesThroughPool    int64 `json:"bytesThroughPool"`
	PoolGets            int64 `json:"poolGets"`
	PoolHits            int64 `json:"poolHits"`
}

// Read takes the counters one after another; under load they are not of one instant.
func (c *Counters) Read() Witness {
	return Witness{
		Requests:            c.Requests.Load(),
		ConnectionsAccepted: c.ConnectionsAccepted.Load(),
		UpstreamDials:       c.UpstreamDials.Load(),
		BytesCopied:         c.BytesCopied.Load(),
		BytesThroughPool:    c.BytesThroughPool.Load(),
		PoolGets:            c.PoolGets.Load(),
		PoolHits:            c.PoolHits.Load(),
	}
}
