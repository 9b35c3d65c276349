package sidecar

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"meshmark/dataplane/internal/processtest"
)

func TestEachMessageOfAStreamArrivesBeforeTheNextIsSent(t *testing.T) {
	authority := newAuthority(t)
	eachPair(t, func(t *testing.T, listen, upstream side) {
		path := newPath(t, authority, listen, upstream, service())
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		reader, writer := io.Pipe()
		request, _ := http.NewRequestWithContext(ctx, http.MethodPost, path.url+"/echo", reader)
		answers := make(chan *http.Response, 1)
		go func() {
			defer close(answers)
			answer, err := path.client.RoundTrip(request)
			if err != nil {
				t.Error(err)
				return
			}
			answers <- answer
		}()
		// Over HTTP/1.1 a client sends the head with the first bytes of the body.
		if _, err := writer.Write([]byte("message 0")); err != nil {
			t.Fatal(err)
		}
		answer := <-answers
		if answer == nil {
			t.FailNow()
		}
		defer answer.Body.Close()
		for index := range 20 {
			want := fmt.Sprintf("message %d", index)
			if index > 0 {
				if _, err := writer.Write([]byte(want)); err != nil {
					t.Fatal(err)
				}
			}
			got := make([]byte, len(want))
			if _, err := io.ReadFull(answer.Body, got); err != nil || string(got) != want {
				t.Fatalf("%q, %v", got, err)
			}
		}
		writer.Close()
		if rest, err := io.ReadAll(answer.Body); err != nil || len(rest) > 0 {
			t.Errorf("%q, %v", rest, err)
		}
	})
}

func TestClientThatGivesUpEndsTheRequestAtTheService(t *testing.T) {
	authority := newAuthority(t)
	eachPair(t, func(t *testing.T, listen, upstream side) {
		arrived, ended := make(chan struct{}), make(chan struct{})
		path := newPath(t, authority, listen, upstream, http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
			answer.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(answer).Flush()
			close(arrived)
			<-request.Context().Done()
			close(ended)
		}))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, path.url+"/", nil)
		answer, err := path.client.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		<-arrived
		cancel()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Error("the service goes on")
		}
	})
}

// grpcPath is a real gRPC server behind a sidecar and a client before it.
func grpcPath(t *testing.T, options ...string) (healthpb.HealthClient, *health.Server, *processtest.Server) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, checks := grpc.NewServer(), health.NewServer()
	healthpb.RegisterHealthServer(server, checks)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	sidecar := processtest.StartServer(t, append([]string{"--upstream", listener.Addr().String(), "--listen-protocol", "h2"}, options...)...)
	connection, err := grpc.NewClient("passthrough:///"+sidecar.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return healthpb.NewHealthClient(connection), checks, sidecar
}

func TestGRPCPassesWithItsStatusesStreamsAndCancellations(t *testing.T) {
	for _, options := range [][]string{
		{}, {"--buffers", "pooled"}, {"--upstream-connections", "fresh"}, {"--duties", "mesh"},
	} {
		t.Run(fmt.Sprint(options), func(t *testing.T) {
			client, checks, sidecar := grpcPath(t, options...)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			for range 20 {
				answer, err := client.Check(ctx, &healthpb.HealthCheckRequest{})
				if err != nil || answer.Status != healthpb.HealthCheckResponse_SERVING {
					t.Fatal(answer, err)
				}
			}
			// An answer that is nothing but trailers.
			if _, err := client.Check(ctx, &healthpb.HealthCheckRequest{Service: "unknown"}); status.Code(err) != codes.NotFound {
				t.Errorf("status %v", err)
			}
			if witness := sidecar.Snapshot().Witness; witness.RequestsH2 != 21 || witness.UpstreamH2 != 21 {
				t.Errorf("%+v", witness)
			}
			watching, stop := context.WithCancel(ctx)
			defer stop()
			watch, err := client.Watch(watching, &healthpb.HealthCheckRequest{})
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []healthpb.HealthCheckResponse_ServingStatus{
				healthpb.HealthCheckResponse_SERVING, healthpb.HealthCheckResponse_NOT_SERVING, healthpb.HealthCheckResponse_SERVING,
			} {
				checks.SetServingStatus("", want)
				if answer, err := watch.Recv(); err != nil || answer.Status != want {
					t.Fatal(answer, err)
				}
			}
			stop()
			if _, err := watch.Recv(); status.Code(err) != codes.Canceled {
				t.Errorf("after cancelling: %v", err)
			}
			late, end := context.WithTimeout(ctx, 50*time.Millisecond)
			defer end()
			waiting, err := client.Watch(late, &healthpb.HealthCheckRequest{Service: "never"})
			for err == nil {
				_, err = waiting.Recv()
			}
			// The service's time is up at the same moment, and net/http passes its reset on as an internal error.
			if code := status.Code(err); code != codes.DeadlineExceeded && code != codes.Internal {
				t.Errorf("after the deadline: %v", err)
			}
		})
	}
}

func TestUpgradedConnectionCarriesBytesBothWays(t *testing.T) {
	authority := newAuthority(t)
	for _, listen := range []side{{"http1", "plain"}, {"http1", "mtls"}} {
		for _, upstream := range []side{{"http1", "plain"}, {"http1", "mtls"}} {
			for _, options := range [][]string{{}, {"--duties", "mesh"}, {"--upstream-connections", "fresh"}} {
				t.Run(fmt.Sprint(listen, " ", upstream, options), func(t *testing.T) {
					path := newPath(t, authority, listen, upstream, http.HandlerFunc(upgradeToUpper), options...)
					request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, path.url+"/", nil)
					request.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"upper"}}
					answer, err := path.client.RoundTrip(request)
					if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
						t.Fatal(answer, err)
					}
					connection := answer.Body.(io.ReadWriteCloser)
					defer connection.Close()
					lines := bufio.NewReader(connection)
					for range 5 {
						fmt.Fprintln(connection, "hello")
						if line, err := lines.ReadString('\n'); err != nil || line != "HELLO\n" {
							t.Fatalf("%q, %v", line, err)
						}
					}
				})
			}
		}
	}
}

func upgradeToUpper(answer http.ResponseWriter, request *http.Request) {
	if request.Header.Get("Upgrade") != "upper" {
		answer.WriteHeader(http.StatusBadRequest)
		return
	}
	connection, buffered, err := http.NewResponseController(answer).Hijack()
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	fmt.Fprint(buffered, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: upper\r\n\r\n")
	_ = buffered.Flush()
	for {
		line, err := buffered.ReadString('\n')
		if err != nil {
			return
		}
		_, _ = buffered.WriteString(strings.ToUpper(line))
		_ = buffered.Flush()
	}
}

func TestServiceDecidesAboutABodyThatTheClientAsksLeaveToSend(t *testing.T) {
	read := make(chan bool, 1)
	upstream := startService(t, nil, side{"http1", "plain"}, http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/no" {
			answer.WriteHeader(http.StatusExpectationFailed)
			read <- false
			return
		}
		body, err := io.ReadAll(request.Body)
		_, _ = answer.Write(body)
		read <- err == nil
	}))
	sidecar := processtest.StartServer(t, "--upstream", upstream)
	for path, want := range map[string]string{"/yes": "HTTP/1.1 200 OK", "/no": "HTTP/1.1 417 Expectation Failed"} {
		client, err := net.Dial("tcp", sidecar.Address)
		if err != nil {
			t.Fatal(err)
		}
		_ = client.SetDeadline(time.Now().Add(5 * time.Second))
		fmt.Fprintf(client, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", path)
		lines := bufio.NewReader(client)
		first, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if path == "/yes" {
			if first != "HTTP/1.1 100 Continue\r\n" {
				t.Fatalf("%q", first)
			}
			_, _ = lines.ReadString('\n')
			fmt.Fprint(client, "hello")
			first, _ = lines.ReadString('\n')
		}
		if strings.TrimSpace(first) != want {
			t.Errorf("%s: %q, want %q", path, first, want)
		}
		if <-read != (path == "/yes") {
			t.Errorf("%s: what the service did with the body is wrong", path)
		}
		client.Close()
	}
}

func TestInformationalAnswersPass(t *testing.T) {
	authority := newAuthority(t)
	upstream := startService(t, authority, side{"http1", "plain"}, http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Link", "</style.css>; rel=preload")
		answer.WriteHeader(http.StatusEarlyHints)
		answer.WriteHeader(http.StatusOK)
	}))
	sidecar := processtest.StartServer(t, "--upstream", upstream)
	client, err := net.Dial("tcp", sidecar.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_ = client.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprint(client, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	all, err := io.ReadAll(client)
	if err != nil && !errors.Is(err, io.EOF) || !strings.HasPrefix(string(all), "HTTP/1.1 103 Early Hints\r\nLink: </style.css>") ||
		!strings.Contains(string(all), "HTTP/1.1 200 OK") {
		t.Errorf("%q, %v", all, err)
	}
}
