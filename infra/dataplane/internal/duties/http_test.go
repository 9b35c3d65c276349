package duties

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"meshmark/dataplane/internal/admin"
)

// startProxy is a proxy with all duties in front of the upstream at that address.
func startProxy(t *testing.T, options Options, upstream string) (address string, counters *admin.Counters, duties *Duties) {
	t.Helper()
	duties, counters = newDuties(t, options)
	target := &url.URL{Scheme: "http", Host: upstream}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(request *httputil.ProxyRequest) { request.SetURL(target) },
		Transport: duties.RoundTripper(transport),
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	server := httptest.NewServer(duties.Wrap(proxy))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), counters, duties
}

func ask(t *testing.T, method, url, body string) (status int, answered string) {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	request, err := http.NewRequest(method, url, reader)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestAnUpstreamThatHangsGives504AndOneThatSays502StaysSo(t *testing.T) {
	hang := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/hang" {
			<-hang
		}
		answer.WriteHeader(http.StatusBadGateway)
	}))
	defer upstream.Close()
	defer close(hang)
	address, counters, _ := startProxy(t, Options{Timeout: 200 * time.Millisecond}, upstream.Listener.Addr().String())
	if status, _ := ask(t, "GET", "http://"+address+"/hang", ""); status != http.StatusGatewayTimeout {
		t.Errorf("status %d of a request that took too long", status)
	}
	if status, _ := ask(t, "GET", "http://"+address+"/", ""); status != http.StatusBadGateway {
		t.Errorf("status %d where the upstream said 502", status)
	}
	if retries := counters.Retries.Load(); retries != 0 {
		t.Errorf("%d retries of requests that reached the upstream", retries)
	}
}

func TestAHandlerThatAnswersNothingInTimeGives504(t *testing.T) {
	duties, _ := newDuties(t, Options{Timeout: 50 * time.Millisecond})
	server := httptest.NewServer(duties.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		<-request.Context().Done()
	})))
	defer server.Close()
	if status, _ := ask(t, "GET", server.URL, ""); status != http.StatusGatewayTimeout {
		t.Errorf("status %d", status)
	}
}

// startBreaking is an upstream that answers a path's first requests by closing the connection, after the bytes in the
// query, and properly from then on. Each request has a connection of its own, so that the transport does not retry.
func startBreaking(t *testing.T, breaks int64) (address string, requests *atomic.Int64) {
	t.Helper()
	requests = &atomic.Int64{}
	upstream := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("Connection", "close")
		if requests.Add(1) > breaks {
			_, _ = io.WriteString(answer, "well")
			return
		}
		connection, _, err := http.NewResponseController(answer).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(connection, request.URL.Query().Get("first"))
		if request.URL.Path == "/reset" {
			_ = connection.(*net.TCPConn).SetLinger(0)
		}
		connection.Close()
	}))
	t.Cleanup(upstream.Close)
	return upstream.Listener.Addr().String(), requests
}

func TestOnlySafeRequestsAreRetriedAndOnlyBeforeTheFirstByte(t *testing.T) {
	for _, test := range []struct {
		name, method, path, body string
		wantStatus               int
		wantRetries              int64
	}{
		{"GET is sent again", "GET", "/", "", 200, 2},
		{"also if the connection is reset", "GET", "/reset", "", 200, 2},
		{"DELETE is sent again", "DELETE", "/", "", 200, 2},
		{"POST is not", "POST", "/", "", 502, 0},
		{"PUT with a body is not", "PUT", "/", "body", 502, 0},
		{"nor GET of which a byte was answered", "GET", "/?first=H", "", 502, 0},
		{"nor one of which a byte was before a reset", "GET", "/reset?first=H", "", 502, 0},
		{"nor one of which half the head was", "GET", "/?first=HTTP/1.1+200+OK%0d%0aContent-", "", 502, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			upstream, requests := startBreaking(t, 2)
			address, counters, duties := startProxy(t, Options{RetryBudget: 1}, upstream)
			// So that the budget is no obstacle.
			for range 10 {
				duties.AppendHeaders(nil, Incoming{}, nowNs())
			}
			status, _ := ask(t, test.method, "http://"+address+test.path, test.body)
			if retries := counters.Retries.Load(); status != test.wantStatus || retries != test.wantRetries {
				t.Errorf("status %d after %d retries", status, retries)
			}
			if seen := requests.Load(); seen != test.wantRetries+1 {
				t.Errorf("the upstream saw %d requests", seen)
			}
		})
	}
}

func TestAConnectionRefusedIsRetriedWithinTheBudget(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := nobody.Addr().String()
	nobody.Close()
	proxy, counters, _ := startProxy(t, Options{RetryBudget: 0.2}, address)
	for range 50 {
		if status, _ := ask(t, "GET", "http://"+proxy+"/", ""); status != http.StatusBadGateway {
			t.Fatalf("status %d", status)
		}
	}
	if retries := counters.Retries.Load(); retries == 0 || retries > 10 {
		t.Errorf("%d retries of 50 requests, with a budget of a fifth", retries)
	}
}

func TestAConnectionRefusedOnceIsMadeGoodByARetry(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(answer, "well")
	}))
	defer upstream.Close()
	duties, counters := newDuties(t, Options{RetryBudget: 1})
	var dials atomic.Int64
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			address = "127.0.0.1:1"
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	defer transport.CloseIdleConnections()
	duties.AppendHeaders(nil, Incoming{}, nowNs())
	request, _ := http.NewRequest("GET", upstream.URL, nil)
	answer, err := duties.RoundTripper(transport).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if counters.Retries.Load() != 1 || dials.Load() != 2 {
		t.Errorf("%d retries, %d dials", counters.Retries.Load(), dials.Load())
	}
}

func TestErrorsThatMayComeAfterTheFirstByteAreNotRetried(t *testing.T) {
	broken := &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	for _, err := range []error{
		errors.New("EOF"), fmt.Errorf("transport connection broken: %w", broken), io.ErrUnexpectedEOF,
		fmt.Errorf("transport connection broken: %w", io.EOF), &net.OpError{Op: "write", Err: errors.New("broken pipe")},
	} {
		if unanswered(err) {
			t.Errorf("%v would be retried", err)
		}
	}
}

func TestEveryRequestIsCountedOnceByRouteAndStatus(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if strings.HasPrefix(request.URL.Path, "/api/") {
			answer.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(answer, "body")
	}))
	defer upstream.Close()
	address, counters, duties := startProxy(t, Options{}, upstream.Listener.Addr().String())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 25 {
				ask(t, "GET", "http://"+address+"/", "")
				ask(t, "GET", "http://"+address+"/api/v1/x", "")
			}
		})
	}
	all.Wait()
	// The handler ends after the client has its answer.
	for deadline := time.Now().Add(5 * time.Second); counters.RequestsWithDuties.Load() < 200; {
		if time.Now().After(deadline) {
			t.Fatalf("%d of 200 requests counted", counters.RequestsWithDuties.Load())
		}
		time.Sleep(time.Millisecond)
	}
	recorder := httptest.NewRecorder()
	duties.ServeRoutes(recorder, nil)
	var answer struct{ Routes []RouteSnapshot }
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, route := range answer.Routes {
		var timed int64
		for _, count := range route.Latency.Counts {
			timed += count
		}
		if len(route.Requests) > 0 {
			got[route.Name] = fmt.Sprint(route.Requests, timed)
		}
	}
	if want := map[string]string{"default": "map[2xx:100] 100", "api-v1": "map[4xx:100] 100"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestASwitchOfProtocolsPassesAndOutlivesTheTimeLimit(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Connection", "Upgrade")
		answer.Header().Set("Upgrade", "echo")
		answer.WriteHeader(http.StatusSwitchingProtocols)
		connection, buffered, err := http.NewResponseController(answer).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer connection.Close()
		_, _ = io.Copy(connection, buffered)
	}))
	defer upstream.Close()
	address, _, duties := startProxy(t, Options{Timeout: 50 * time.Millisecond}, upstream.Listener.Addr().String())
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	reader := bufio.NewReader(connection)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v %v", answer, err)
	}
	time.Sleep(150 * time.Millisecond)
	fmt.Fprint(connection, "still here\n")
	if line, err := reader.ReadString('\n'); line != "still here\n" {
		t.Errorf("%q %v", line, err)
	}
	connection.Close()
	for deadline := time.Now().Add(5 * time.Second); duties.Routes()[len(routes)-1].Requests["1xx"] != 1; {
		if time.Now().After(deadline) {
			t.Fatalf("counted as %v", duties.Routes()[len(routes)-1].Requests)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestARequestThatPanicsIsCountedWithoutAnAnswer(t *testing.T) {
	duties, counters := newDuties(t, Options{})
	server := httptest.NewServer(duties.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	})))
	defer server.Close()
	if _, err := http.Post(server.URL, "", nil); err == nil {
		t.Error("an aborted request was answered")
	}
	server.Close()
	if counters.RequestsWithDuties.Load() != 1 || duties.Routes()[len(routes)-1].Requests["none"] != 1 {
		t.Errorf("%+v", duties.Routes()[len(routes)-1])
	}
}
