package lean

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// large is what a body of 100 MiB repeats.
const large = 100 << 20

func TestLargeBodiesPassByteForByteBothWays(t *testing.T) {
	block := pattern(1 << 20)
	inEveryMode(t, func(t *testing.T, mode string) {
		for _, chunked := range []bool{false, true} {
			hashed := make(chan [32]byte, 1)
			proxy := startProxy(t, mode, startService(t, func(answer http.ResponseWriter, request *http.Request) {
				hash := sha256.New()
				_, _ = io.Copy(hash, request.Body)
				hashed <- [32]byte(hash.Sum(nil))
				if !chunked {
					answer.Header().Set("Content-Length", fmt.Sprint(large))
				}
				for range large / len(block) {
					_, _ = answer.Write(block)
				}
			}))
			want, got := sha256.New(), sha256.New()
			var pieces []io.Reader
			for range large / len(block) {
				pieces = append(pieces, bytes.NewReader(block))
				want.Write(block)
			}
			request, _ := http.NewRequest("POST", "http://"+proxy.address, io.MultiReader(pieces...))
			if !chunked {
				request.ContentLength = large
			}
			transport := &http.Transport{}
			answer, err := transport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			count, err := io.Copy(got, answer.Body)
			answer.Body.Close()
			transport.CloseIdleConnections()
			if count != large || err != nil || !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
				t.Errorf("chunked %v: the client got %d bytes, %v", chunked, count, err)
			}
			if seen := <-hashed; !bytes.Equal(seen[:], want.Sum(nil)) {
				t.Errorf("chunked %v: the service got something else", chunked)
			}
			if copied := proxy.counters.BytesCopied.Load(); copied != large {
				t.Errorf("chunked %v: %d bytes counted", chunked, copied)
			}
		}
	})
}

func TestBothWaysCanBeFullAtOnce(t *testing.T) {
	// An echo of more than all buffers hold stands still if the request has to be whole before the answer is read.
	inEveryMode(t, func(t *testing.T, mode string) {
		proxy := startProxy(t, mode, startService(t, echo))
		want := pattern(32 << 20)
		connection, reader := proxy.connect(t)
		go func() {
			_, _ = fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", len(want))
			_, _ = connection.Write(want)
		}()
		if _, body := receive(t, reader, "POST"); body != string(want) {
			t.Errorf("got %d bytes", len(body))
		}
	})
}

func TestASlowClientHoldsTheUpstreamBack(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		const total = 64 << 20
		var written atomic.Int64
		block := pattern(64 << 10)
		proxy := startProxy(t, mode, rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
			_ = connection.SetWriteBuffer(64 << 10)
			_, _ = readHead(reader)
			_, _ = fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", total)
			for range total / len(block) {
				count, err := connection.Write(block)
				if written.Add(int64(count)); err != nil {
					return
				}
			}
		}))
		connection, reader := proxy.connect(t)
		_ = connection.SetReadBuffer(64 << 10)
		send(t, connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		// Until nothing moves any more.
		for before := int64(-1); before != written.Load(); time.Sleep(200 * time.Millisecond) {
			before = written.Load()
		}
		if stuck := written.Load(); stuck >= total/2 {
			t.Errorf("the upstream could write %d MiB that nobody has read", stuck>>20)
		}
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(block))
		for range total / len(block) {
			if _, err := io.ReadFull(answer.Body, got); err != nil || !bytes.Equal(got, block) {
				t.Fatalf("after the pause: %v", err)
			}
		}
	})
}

func TestASlowUpstreamHoldsTheClientBack(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		const total = 64 << 20
		goOn := make(chan struct{})
		proxy := startProxy(t, mode, rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
			_ = connection.SetReadBuffer(64 << 10)
			_, _ = readHead(reader)
			<-goOn
			_, _ = io.CopyN(io.Discard, reader, total)
			_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}))
		connection, reader := proxy.connect(t)
		_ = connection.SetWriteBuffer(64 << 10)
		var written atomic.Int64
		go func() {
			_, _ = fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", total)
			for block := make([]byte, 64<<10); written.Load() < total; {
				count, err := connection.Write(block)
				if written.Add(int64(count)); err != nil {
					return
				}
			}
		}()
		for before := int64(-1); before != written.Load(); time.Sleep(200 * time.Millisecond) {
			before = written.Load()
		}
		if stuck := written.Load(); stuck >= total/2 {
			t.Errorf("the client could write %d MiB that nobody has read", stuck>>20)
		}
		close(goOn)
		if _, body := receive(t, reader, "POST"); body != "ok" {
			t.Errorf("body %q", body)
		}
	})
}

// trickle writes a few bytes at a time.
func trickle(connection net.Conn, text string, step int) {
	for at := 0; at < len(text); at += step {
		if _, err := io.WriteString(connection, text[at:min(at+step, len(text))]); err != nil {
			return
		}
		time.Sleep(200 * time.Microsecond)
	}
}

func TestMessagesMayComeInPiecesOfAnySize(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		for _, step := range []int{1, 2, 7} {
			proxy := startProxy(t, mode, rawService(t, func(connection *net.TCPConn, reader *bufio.Reader) {
				for {
					request, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					body, _ := io.ReadAll(request.Body)
					trickle(connection, fmt.Sprintf("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x;x=y\r\n%s\r\n0\r\nSum: 1\r\n\r\n", len(body), body), step)
				}
			}))
			connection, reader := proxy.connect(t)
			go trickle(connection, "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;q\r\nhello\r\n0\r\n\r\n"+
				"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nworld", step)
			for _, want := range []string{"hello", "world"} {
				if answer, _ := receive(t, reader, "POST"); answer.StatusCode != 100 {
					t.Errorf("status %d", answer.StatusCode)
				}
				if answer, body := receive(t, reader, "POST"); body != want || answer.Trailer.Get("Sum") != "1" {
					t.Errorf("in pieces of %d: %q, %v", step, body, answer.Trailer)
				}
			}
		}
	})
}

func TestAClientThatHasSaidAllIsStillAnswered(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		proxy := startProxy(t, mode, startService(t, func(answer http.ResponseWriter, _ *http.Request) {
			time.Sleep(50 * time.Millisecond)
			_, _ = answer.Write(pattern(500_000))
		}))
		connection, reader := proxy.connect(t)
		send(t, connection, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
		if err := connection.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, body := receive(t, reader, "GET"); len(body) != 500_000 {
				t.Errorf("%d bytes", len(body))
			}
		}
		if _, err := reader.ReadByte(); err != io.EOF {
			t.Errorf("the connection did not end: %v", err)
		}
	})
}

func TestManyClientsAtOnceGetTheirOwnAnswers(t *testing.T) {
	inEveryMode(t, func(t *testing.T, mode string) {
		proxy := startProxy(t, mode, startService(t, echo), func(o *Options) { o.Workers, o.IdleUpstreamConnections = 4, 8 })
		var all sync.WaitGroup
		for client := range 24 {
			all.Go(func() {
				connection, err := net.Dial("tcp", proxy.address)
				if err != nil {
					t.Error(err)
					return
				}
				defer connection.Close()
				_ = connection.SetDeadline(time.Now().Add(30 * time.Second))
				reader := bufio.NewReader(connection)
				for i := range 100 {
					body := pattern(client*1000 + i*37)
					_, _ = fmt.Fprintf(connection, "POST /%d/%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", client, i, len(body), body)
					answer, err := http.ReadResponse(reader, nil)
					if err != nil {
						t.Errorf("client %d, request %d: %v", client, i, err)
						return
					}
					got, err := io.ReadAll(answer.Body)
					if want := fmt.Sprintf("POST /%d/%d a %d", client, i, len(body)); err != nil || answer.Header.Get("Seen") != want || !bytes.Equal(got, body) {
						t.Errorf("got the answer to %q with %d bytes, want %q; %v", answer.Header.Get("Seen"), len(got), want, err)
						return
					}
				}
			})
		}
		all.Wait()
		witness := proxy.counters.Read()
		if witness.Requests != 2400 {
			t.Errorf("%d requests", witness.Requests)
		}
		switch mode {
		case "worker-pool":
			if witness.RequestsByWorkers != 2400 || witness.WorkersBound != 4 || witness.WorkersPeak < 1 || witness.WorkersPeak > 4 {
				t.Errorf("%+v", witness)
			}
			if witness.ConnectionsAccepted != 24 {
				t.Errorf("%d accepted", witness.ConnectionsAccepted)
			}
		case "event-loop":
			if witness.RequestsByLoop != 2400 || witness.ConnectionsAccepted != 24 {
				t.Errorf("%+v", witness)
			}
		}
	})
}
