package sidecar

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
)

func TestEveryPairOfProtocolsCarriesEveryKindOfAnswer(t *testing.T) {
	authority := newAuthority(t)
	eachPair(t, func(t *testing.T, listen, upstream side) {
		for _, duties := range []string{"bare", "mesh"} {
			path := newPath(t, authority, listen, upstream, service(), "--duties", duties)
			carriesEveryKindOfAnswer(t, path, listen, upstream)
			witness := path.sidecar.Snapshot().Witness
			if got := witness.RequestsWithDuties; duties == "bare" && got != 0 || duties == "mesh" && got < witness.Requests-1 {
				t.Errorf("%s: %d of %d requests with duties", duties, got, witness.Requests)
			}
		}
	})
}

func carriesEveryKindOfAnswer(t *testing.T, path *path, listen, upstream side) {
	for _, kind := range []string{"/size/0", "/size/10", "/size/100000", "/stream/0", "/stream/100000"} {
		var size int
		fmt.Sscanf(kind[strings.LastIndex(kind, "/")+1:], "%d", &size)
		answer, body, err := path.get(t, kind)
		if err != nil || answer.StatusCode != 200 || !bytes.Equal(body, pattern(size)) {
			t.Fatalf("%s: %v, %v, %d bytes", kind, err, answer, len(body))
		}
		if answer.ProtoMajor != listen.major() {
			t.Errorf("answered by %s", answer.Proto)
		}
	}
	answer, body, err := path.send(t, http.MethodHead, "/size/1234", nil)
	if err != nil || answer.ContentLength != 1234 || len(body) != 0 {
		t.Errorf("HEAD: %v, %+v", err, answer)
	}
	for _, status := range []int{204, 304, 404, 503} {
		answer, body, err := path.get(t, fmt.Sprintf("/status/%d", status))
		if err != nil || answer.StatusCode != status || len(body) != 0 {
			t.Errorf("%d: %v, %+v", status, err, answer)
		}
		// A GET stays one without a body, whatever carried it.
		if err == nil && upstream.protocol != "h3" && answer.Header.Get("Seen-Length") != "0" {
			t.Errorf("the service saw a body of length %s", answer.Header.Get("Seen-Length"))
		}
	}
	trailersPass(t, path)
	checkWitness(t, path.sidecar.Snapshot().Witness, listen, upstream)
	brokenAnswersStayBroken(t, path)
}

func brokenAnswersStayBroken(t *testing.T, path *path) {
	for _, kind := range []string{"/break/100000", "/cut/100000", "/break/10", "/cut/10"} {
		answer, body, err := path.get(t, kind)
		if err == nil && answer.StatusCode == 200 {
			t.Errorf("%s: the client took %d bytes for a whole answer", kind, len(body))
		}
	}
}

func trailersPass(t *testing.T, path *path) {
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, path.url+"/trailers", nil)
	request.Trailer = http.Header{"Checksum": nil}
	request.Body = io.NopCloser(&trailing{strings.NewReader("content"), request})
	request.ContentLength = -1
	answer, err := path.client.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || string(body) != "body" {
		t.Errorf("%q, %v", body, err)
	}
	if got := answer.Trailer.Get("Sum"); got != "saw 42" {
		t.Errorf("trailers %v", answer.Trailer)
	}
	if got := answer.Trailer.Get("Unannounced"); got != "as well" {
		t.Errorf("trailers %v", answer.Trailer)
	}
}

// trailing sets the trailer once the body has ended.
type trailing struct {
	io.Reader
	request *http.Request
}

func (b *trailing) Read(buffer []byte) (int, error) {
	count, err := b.Reader.Read(buffer)
	if err == io.EOF {
		b.request.Trailer.Set("Checksum", "42")
	}
	return count, err
}

// checkWitness holds for a path on which every request was answered over its own protocols.
func checkWitness(t *testing.T, witness admin.Witness, listen, upstream side) {
	t.Helper()
	requests := witness.Requests
	if requests == 0 {
		t.Error("no requests counted")
	}
	only := func(what string, counts [4]int64, major int) {
		for index := 1; index < len(counts); index++ {
			if want := requests; index == major && counts[index] != want || index != major && counts[index] != 0 {
				t.Errorf("%s by version %v of %d requests, want all in %d", what, counts[1:], requests, major)
			}
		}
	}
	only("requests", [4]int64{0, witness.RequestsHTTP1, witness.RequestsH2, witness.RequestsH3}, listen.major())
	only("answers", [4]int64{0, witness.UpstreamHTTP1, witness.UpstreamH2, witness.UpstreamH3}, upstream.major())
	all := func(what string, got int64, on bool) {
		if on && got != requests || !on && got != 0 {
			t.Errorf("%s %d of %d requests, on: %t", what, got, requests, on)
		}
	}
	listens, sends := listen.security == "mtls", upstream.security == "mtls"
	all("verified", witness.RequestsVerified, listens)
	all("upstream verified", witness.UpstreamVerified, sends)
	all("ECDSA", witness.UpstreamKeyECDSA, sends)
	all("RSA", witness.UpstreamKeyRSA, false)
	all("TLS 1.3", witness.UpstreamTLS13, sends)
	all("TLS 1.2", witness.UpstreamTLS12, false)
	all("ciphers", witness.UpstreamAESGCM+witness.UpstreamChaCha20, sends)
	if (witness.Handshakes > 0) != sends || witness.Handshakes > witness.UpstreamDials {
		t.Errorf("%d handshakes in %d dials", witness.Handshakes, witness.UpstreamDials)
	}
	if witness.ConnectionsAccepted == 0 || witness.HandshakesRefused != 0 || witness.HandshakesEarly != 0 {
		t.Errorf("%+v", witness)
	}
	// The last requests may be counted a moment after their answers have been read.
	if witness.TimedRequests < requests-1 || witness.UpstreamNs <= 0 || witness.ServedNs < witness.UpstreamNs/2 {
		t.Errorf("%d of %d timed, %d ns served, %d ns upstream", witness.TimedRequests, requests, witness.ServedNs, witness.UpstreamNs)
	}
}

// mebibytesOfLargeBodies is small for most pairs, so that all can be tried.
func mebibytesOfLargeBodies(listen, upstream side) int {
	many := map[string]bool{"http1-plain to http1-plain": true, "h2-plain to h3-mtls": true}
	if !testing.Short() {
		many["h2-plain to h2-plain"] = true
		many["h3-mtls to http1-mtls"] = true
	}
	if many[listen.String()+" to "+upstream.String()] {
		return 100
	}
	return 3
}

func TestLargeBodiesPassByteForByteBothWaysAtOnce(t *testing.T) {
	authority := newAuthority(t)
	eachPair(t, func(t *testing.T, listen, upstream side) {
		for _, buffers := range []string{"fresh", "pooled"} {
			path := newPath(t, authority, listen, upstream, service(), "--buffers", buffers)
			size := int64(mebibytesOfLargeBodies(listen, upstream)) << 20
			if buffers == "pooled" {
				size = 3 << 20
			}
			sent, got := sha256.New(), sha256.New()
			ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
			defer cancel()
			request, _ := http.NewRequestWithContext(ctx, http.MethodPost, path.url+"/echo",
				io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{1}), size), sent))
			request.ContentLength = size
			answer, err := path.client.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			count, err := io.Copy(got, answer.Body)
			answer.Body.Close()
			if err != nil || count != size || !bytes.Equal(sent.Sum(nil), got.Sum(nil)) {
				t.Errorf("%s: %d of %d bytes came back, %v", buffers, count, size, err)
			}
			witness := path.sidecar.Snapshot().Witness
			wantPooled := int64(0)
			if buffers == "pooled" {
				wantPooled = size
			}
			if witness.BytesCopied != size || witness.BytesThroughPool != wantPooled {
				t.Errorf("%s: %d bytes copied, %d through the pool", buffers, witness.BytesCopied, witness.BytesThroughPool)
			}
		}
	})
}

func TestUploadWithoutALengthArrivesWhole(t *testing.T) {
	authority := newAuthority(t)
	content := pattern(300_000)
	digest := sha256.Sum256(content)
	want := fmt.Sprintf("%d %s <nil>", len(content), hex.EncodeToString(digest[:]))
	eachPair(t, func(t *testing.T, listen, upstream side) {
		path := newPath(t, authority, listen, upstream, service())
		_, body, err := path.send(t, http.MethodPost, "/digest", io.MultiReader(bytes.NewReader(content)))
		if err != nil || string(body) != want {
			t.Errorf("%s, %v", body, err)
		}
	})
}

func TestUploadBrokenOffIsNotTakenForAWholeOne(t *testing.T) {
	authority := newAuthority(t)
	eachPair(t, func(t *testing.T, listen, upstream side) {
		arrived, ends := make(chan struct{}), make(chan error, 1)
		path := newPath(t, authority, listen, upstream, http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
			_, err := io.ReadFull(request.Body, make([]byte, 1))
			close(arrived)
			if err == nil {
				_, err = io.Copy(io.Discard, request.Body)
			}
			ends <- err
		}))
		reader, writer := io.Pipe()
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, path.url+"/", reader)
		go func() {
			_, _ = writer.Write(pattern(100_000))
			<-arrived // Otherwise the request may be given up before it is sent on at all.
			writer.CloseWithError(io.ErrUnexpectedEOF)
		}()
		if answer, err := path.client.RoundTrip(request); err == nil {
			answer.Body.Close()
		}
		select {
		case err := <-ends:
			if err == nil {
				t.Error("the service took half a body for a whole one")
			}
		case <-time.After(10 * time.Second):
			t.Error("the service still waits")
		}
	})
}

func TestSlowReaderGetsEverything(t *testing.T) {
	authority := newAuthority(t)
	const size = 6 << 20
	eachPair(t, func(t *testing.T, listen, upstream side) {
		path := newPath(t, authority, listen, upstream, service())
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/size/%d", path.url, size), nil)
		answer, err := path.client.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		time.Sleep(200 * time.Millisecond) // Everything on the way is full by now.
		var all bytes.Buffer
		for err == nil {
			_, err = io.CopyN(&all, answer.Body, 1<<20)
			time.Sleep(10 * time.Millisecond)
		}
		if err != io.EOF || !bytes.Equal(all.Bytes(), pattern(size)) {
			t.Errorf("%d of %d bytes, %v", all.Len(), size, err)
		}
	})
}

func TestUpstreamThatIsGoneGives502(t *testing.T) {
	authority := newAuthority(t)
	eachPair(t, func(t *testing.T, listen, upstream side) {
		if upstream.protocol == "h3" && listen.protocol != "http1" {
			t.Skip("a QUIC handshake with nobody takes seconds to give up")
		}
		path := newPath(t, authority, listen, upstream, service(), "--upstream", unused(t))
		answer, _, err := path.get(t, "/size/1")
		if err != nil || answer.StatusCode != http.StatusBadGateway {
			t.Errorf("%+v, %v", answer, err)
		}
	})
}
