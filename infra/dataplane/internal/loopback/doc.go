// Package loopback measures what a request over loopback takes when nothing is at either end of it: two threads, one at
// each end of a TCP connection, that read and write by plain system calls. What a generator adds to a latency without a
// proxy is at least that.
//
//	dataplane loopback --cpus 0,1 --answer-bytes 1024 --round-trips 5000
package loopback
