package admin

import "sync/atomic"

// Counters are the witnesses of one server, cumulative since it started. Every server has all of them; those it
// cannot exercise stay 0.
type Counters struct {
	Requests            atomic.Int64
	ConnectionsAccepted atomic.Int64
	// UpstreamDials counts attempts to connect, also those that fail.
	UpstreamDials atomic.Int64
	// BytesCopied counts body bytes (http) or payload bytes (tcp) handed to the client side.
	BytesCopied atomic.Int64
	// BytesThroughPool counts those of BytesCopied that lay in a buffer of the pool.
	BytesThroughPool atomic.Int64
	PoolGets         atomic.Int64
	// PoolHits counts the gets that were served by a buffer that had been put back.
	PoolHits atomic.Int64
	// RequestsHTTP1, RequestsH2 and RequestsH3 count requests by the protocol that they came in.
	RequestsHTTP1 atomic.Int64
	RequestsH2    atomic.Int64
	RequestsH3    atomic.Int64
	// UpstreamHTTP1, UpstreamH2 and UpstreamH3 count answers by the protocol that the upstream spoke.
	UpstreamHTTP1 atomic.Int64
	UpstreamH2    atomic.Int64
	UpstreamH3    atomic.Int64
	// RequestsLean counts requests forwarded by the lean HTTP implementation.
	RequestsLean atomic.Int64
	// RequestsByWorkers counts requests that a goroutine of the bounded pool forwarded.
	RequestsByWorkers atomic.Int64
	// RequestsByLoop counts requests that an event loop forwarded.
	RequestsByLoop atomic.Int64
	// RequestsSerialised counts requests that went through the one channel of all.
	RequestsSerialised atomic.Int64
	// SerialisedWaitNs is the time that they waited for their turn, added up.
	SerialisedWaitNs atomic.Int64
	// WorkersPeak is the most goroutines of the bounded pool that were busy at once; WorkersBound their bound.
	WorkersPeak  atomic.Int64
	WorkersBound atomic.Int64
	// RequestsVerified counts requests (tcp: connections) that came over mutual TLS with a verified peer.
	RequestsVerified atomic.Int64
	// UpstreamVerified counts requests (tcp: connections) sent on over mutual TLS to a verified peer.
	UpstreamVerified atomic.Int64
	// UpstreamKeyRSA and UpstreamKeyECDSA count them by the key in the peer's certificate.
	UpstreamKeyRSA   atomic.Int64
	UpstreamKeyECDSA atomic.Int64
	// UpstreamAESGCM and UpstreamChaCha20 count them by the cipher that was negotiated.
	UpstreamAESGCM   atomic.Int64
	UpstreamChaCha20 atomic.Int64
	// UpstreamTLS12 and UpstreamTLS13 count them by version.
	UpstreamTLS12 atomic.Int64
	UpstreamTLS13 atomic.Int64
	// Handshakes counts TLS handshakes completed as the client of the upstream; HandshakesResumed those that resumed a
	// session, HandshakesEarly those whose early data was accepted.
	Handshakes        atomic.Int64
	HandshakesResumed atomic.Int64
	HandshakesEarly   atomic.Int64
	// HandshakesRefused counts handshakes that failed on the listening side, for want of a trusted certificate or else.
	HandshakesRefused atomic.Int64
	// PolicyChecks counts requests whose permission was decided; PolicyCalls the calls to the policy server,
	// PolicyCacheHits the decisions found in the cache, PolicyDenied the requests refused, PolicyPushes the changes told.
	PolicyChecks    atomic.Int64
	PolicyCalls     atomic.Int64
	PolicyCacheHits atomic.Int64
	PolicyDenied    atomic.Int64
	PolicyPushes    atomic.Int64
	// RequestsWithDuties counts requests for which every duty of a mesh was done.
	RequestsWithDuties atomic.Int64
	Retries            atomic.Int64
	// TimedRequests counts requests whose times are in ServedNs (head read to last byte written) and UpstreamNs
	// (handed to the upstream to last byte read).
	TimedRequests atomic.Int64
	ServedNs      atomic.Int64
	UpstreamNs    atomic.Int64
	// BytesForwardedInKernel counts payload bytes of answers that the kernel sent on from socket to socket, which are none
	// of BytesCopied; RequestBytesForwardedInKernel those of requests.
	BytesForwardedInKernel        atomic.Int64
	RequestBytesForwardedInKernel atomic.Int64
	// ConnectionsHandedOver counts connections that the kernel may forward in; ConnectionsNotHandedOver those that it was to
	// and could not.
	ConnectionsHandedOver    atomic.Int64
	ConnectionsNotHandedOver atomic.Int64
	// ProgramsExpected is how many programs the server has in the kernel, ProgramsAttached how many of them the kernel says
	// are still attached. They are gauges.
	ProgramsExpected atomic.Int64
	ProgramsAttached atomic.Int64
	// ConnectionsIntercepted counts accepted connections that had been meant for another address than they came to;
	// ConnectionsNotIntercepted those of which no such address is known.
	ConnectionsIntercepted    atomic.Int64
	ConnectionsNotIntercepted atomic.Int64
	// ConnectionsFromOwnHost counts those of ConnectionsAccepted that came from this host's own addresses, as a proxy beside
	// the server makes them. Only the service counts it.
	ConnectionsFromOwnHost atomic.Int64

	// onRead are called before the counters are read.
	onRead []func()
}

// OnRead has a function bring counters up to date that are kept elsewhere, each time before they are read. It is to be
// called before the server serves.
func (c *Counters) OnRead(update func()) { c.onRead = append(c.onRead, update) }

// Witness is what Counters showed at one moment.
type Witness struct {
	Requests            int64 `json:"requests"`
	ConnectionsAccepted int64 `json:"connectionsAccepted"`
	UpstreamDials       int64 `json:"upstreamDials"`
	BytesCopied         int64 `json:"bytesCopied"`
	BytesThroughPool    int64 `json:"bytesThroughPool"`
	PoolGets            int64 `json:"poolGets"`
	PoolHits            int64 `json:"poolHits"`
	RequestsHTTP1       int64 `json:"requestsHttp1"`
	RequestsH2          int64 `json:"requestsH2"`
	RequestsH3          int64 `json:"requestsH3"`
	UpstreamHTTP1       int64 `json:"upstreamHttp1"`
	UpstreamH2          int64 `json:"upstreamH2"`
	UpstreamH3          int64 `json:"upstreamH3"`
	RequestsLean        int64 `json:"requestsLean"`
	RequestsByWorkers   int64 `json:"requestsByWorkers"`
	RequestsByLoop      int64 `json:"requestsByLoop"`
	RequestsSerialised  int64 `json:"requestsSerialised"`
	SerialisedWaitNs    int64 `json:"serialisedWaitNs"`
	WorkersPeak         int64 `json:"workersPeak"`
	WorkersBound        int64 `json:"workersBound"`
	RequestsVerified    int64 `json:"requestsVerified"`
	UpstreamVerified    int64 `json:"upstreamVerified"`
	UpstreamKeyRSA      int64 `json:"upstreamKeyRsa"`
	UpstreamKeyECDSA    int64 `json:"upstreamKeyEcdsa"`
	UpstreamAESGCM      int64 `json:"upstreamAesGcm"`
	UpstreamChaCha20    int64 `json:"upstreamChacha20"`
	UpstreamTLS12       int64 `json:"upstreamTls12"`
	UpstreamTLS13       int64 `json:"upstreamTls13"`
	Handshakes          int64 `json:"handshakes"`
	HandshakesResumed   int64 `json:"handshakesResumed"`
	HandshakesEarly     int64 `json:"handshakesEarly"`
	HandshakesRefused   int64 `json:"handshakesRefused"`
	PolicyChecks        int64 `json:"policyChecks"`
	PolicyCalls         int64 `json:"policyCalls"`
	PolicyCacheHits     int64 `json:"policyCacheHits"`
	PolicyDenied        int64 `json:"policyDenied"`
	PolicyPushes        int64 `json:"policyPushes"`
	RequestsWithDuties  int64 `json:"requestsWithDuties"`
	Retries             int64 `json:"retries"`
	TimedRequests       int64 `json:"timedRequests"`
	ServedNs            int64 `json:"servedNs"`
	UpstreamNs          int64 `json:"upstreamNs"`

	BytesForwardedInKernel        int64 `json:"bytesForwardedInKernel"`
	RequestBytesForwardedInKernel int64 `json:"requestBytesForwardedInKernel"`
	ConnectionsHandedOver         int64 `json:"connectionsHandedOver"`
	ConnectionsNotHandedOver      int64 `json:"connectionsNotHandedOver"`
	ProgramsExpected              int64 `json:"programsExpected"`
	ProgramsAttached              int64 `json:"programsAttached"`
	ConnectionsIntercepted        int64 `json:"connectionsIntercepted"`
	ConnectionsNotIntercepted     int64 `json:"connectionsNotIntercepted"`
	ConnectionsFromOwnHost        int64 `json:"connectionsFromOwnHost"`

	// BuiltWithRace and BuiltUnoptimised are 1 in a binary that must not be measured, and 0 in any other.
	BuiltWithRace    int64 `json:"builtWithRace"`
	BuiltUnoptimised int64 `json:"builtUnoptimised"`
}

// Read takes the counters one after another; under load they are not of one instant.
func (c *Counters) Read() Witness {
	for _, update := range c.onRead {
		update()
	}
	return Witness{
		Requests:            c.Requests.Load(),
		ConnectionsAccepted: c.ConnectionsAccepted.Load(),
		UpstreamDials:       c.UpstreamDials.Load(),
		BytesCopied:         c.BytesCopied.Load(),
		BytesThroughPool:    c.BytesThroughPool.Load(),
		PoolGets:            c.PoolGets.Load(),
		PoolHits:            c.PoolHits.Load(),
		RequestsHTTP1:       c.RequestsHTTP1.Load(),
		RequestsH2:          c.RequestsH2.Load(),
		RequestsH3:          c.RequestsH3.Load(),
		UpstreamHTTP1:       c.UpstreamHTTP1.Load(),
		UpstreamH2:          c.UpstreamH2.Load(),
		UpstreamH3:          c.UpstreamH3.Load(),
		RequestsLean:        c.RequestsLean.Load(),
		RequestsByWorkers:   c.RequestsByWorkers.Load(),
		RequestsByLoop:      c.RequestsByLoop.Load(),
		RequestsSerialised:  c.RequestsSerialised.Load(),
		SerialisedWaitNs:    c.SerialisedWaitNs.Load(),
		WorkersPeak:         c.WorkersPeak.Load(),
		WorkersBound:        c.WorkersBound.Load(),
		RequestsVerified:    c.RequestsVerified.Load(),
		UpstreamVerified:    c.UpstreamVerified.Load(),
		UpstreamKeyRSA:      c.UpstreamKeyRSA.Load(),
		UpstreamKeyECDSA:    c.UpstreamKeyECDSA.Load(),
		UpstreamAESGCM:      c.UpstreamAESGCM.Load(),
		UpstreamChaCha20:    c.UpstreamChaCha20.Load(),
		UpstreamTLS12:       c.UpstreamTLS12.Load(),
		UpstreamTLS13:       c.UpstreamTLS13.Load(),
		Handshakes:          c.Handshakes.Load(),
		HandshakesResumed:   c.HandshakesResumed.Load(),
		HandshakesEarly:     c.HandshakesEarly.Load(),
		HandshakesRefused:   c.HandshakesRefused.Load(),
		PolicyChecks:        c.PolicyChecks.Load(),
		PolicyCalls:         c.PolicyCalls.Load(),
		PolicyCacheHits:     c.PolicyCacheHits.Load(),
		PolicyDenied:        c.PolicyDenied.Load(),
		PolicyPushes:        c.PolicyPushes.Load(),
		RequestsWithDuties:  c.RequestsWithDuties.Load(),
		Retries:             c.Retries.Load(),
		TimedRequests:       c.TimedRequests.Load(),
		ServedNs:            c.ServedNs.Load(),
		UpstreamNs:          c.UpstreamNs.Load(),

		BytesForwardedInKernel:        c.BytesForwardedInKernel.Load(),
		RequestBytesForwardedInKernel: c.RequestBytesForwardedInKernel.Load(),
		ConnectionsHandedOver:         c.ConnectionsHandedOver.Load(),
		ConnectionsNotHandedOver:      c.ConnectionsNotHandedOver.Load(),
		ProgramsExpected:              c.ProgramsExpected.Load(),
		ProgramsAttached:              c.ProgramsAttached.Load(),
		ConnectionsIntercepted:        c.ConnectionsIntercepted.Load(),
		ConnectionsNotIntercepted:     c.ConnectionsNotIntercepted.Load(),
		ConnectionsFromOwnHost:        c.ConnectionsFromOwnHost.Load(),

		BuiltWithRace:    build.withRace,
		BuiltUnoptimised: build.unoptimised,
	}
}

// Raise makes a counter at least value, for peaks.
func Raise(counter *atomic.Int64, value int64) {
	for {
		seen := counter.Load()
		if seen >= value || counter.CompareAndSwap(seen, value) {
			return
		}
	}
}
