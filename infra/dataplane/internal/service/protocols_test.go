package service

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"meshmark/dataplane/internal/processtest"
	"meshmark/dataplane/internal/service/echo"
)

// clientOf speaks that protocol and no other.
func clientOf(t *testing.T, protocol string) *http.Client {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(protocol == "http1")
	transport.Protocols.SetUnencryptedHTTP2(protocol == "h2")
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func do(t *testing.T, client *http.Client, method, url string, body io.Reader) (*http.Response, []byte) {
	t.Helper()
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, content
}

func residenceIn(t *testing.T, received, sent string) time.Duration {
	t.Helper()
	from, err1 := strconv.ParseInt(received, 10, 64)
	to, err2 := strconv.ParseInt(sent, 10, 64)
	if err1 != nil || err2 != nil {
		t.Fatalf("timestamps: %v, %v", err1, err2)
	}
	return time.Duration(to - from)
}

func TestH2AnswersWithThePatternAndKeepsRequestsForTheDelay(t *testing.T) {
	server := processtest.StartServer(t, "--protocol", "h2", "--response-bytes", "100000", "--delay", "20ms")
	client := clientOf(t, "h2")
	for range 3 {
		response, body := do(t, client, "GET", "http://"+server.Address+"/", nil)
		if response.StatusCode != 200 || response.ProtoMajor != 2 || !bytes.Equal(body, Pattern(100000)) {
			t.Errorf("status %d, %s, %d bytes", response.StatusCode, response.Proto, len(body))
		}
		kept := residenceIn(t, response.Header.Get(receivedHeader), response.Header.Get(sentHeader))
		if kept < 20*time.Millisecond || kept > 2*time.Second {
			t.Errorf("residence time %s", kept)
		}
	}
	witness := server.Snapshot().Witness
	if witness.Requests != 3 || witness.RequestsH2 != 3 || witness.RequestsHTTP1 != 0 || witness.ConnectionsAccepted != 1 {
		t.Errorf("counted %+v", witness)
	}
	if code, log := server.Stop(); code != 0 || log != "" {
		t.Errorf("exit code %d, log %q", code, log)
	}
}

func TestBodiesOfAnySizeAreReadToTheirEndAndEchoedByteForByte(t *testing.T) {
	for _, protocol := range []string{"http1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			server := processtest.StartServer(t, "--protocol", protocol, "--response-bytes", "10")
			client := clientOf(t, protocol)
			// The second sum shows that a body left nothing in the connection for the next request to trip over.
			for _, size := range []int{0, 1, 8 << 10, 64 << 10, 64<<10 + 1, 20 << 20} {
				body := make([]byte, size)
				for index := range body {
					body[index] = byte(index>>8 ^ index)
				}
				for _, known := range []bool{true, false} {
					reader := func() io.Reader {
						if known {
							return bytes.NewReader(body)
						}
						return struct{ io.Reader }{bytes.NewReader(body)}
					}
					_, sink := do(t, client, "POST", "http://"+server.Address+"/other", reader())
					if string(sink) != string(Pattern(10)) {
						t.Fatalf("%d bytes posted were answered by %d", size, len(sink))
					}
					response, back := do(t, client, "POST", "http://"+server.Address+"/echo", reader())
					if response.StatusCode != 200 || sha256.Sum256(back) != sha256.Sum256(body) {
						t.Fatalf("%d bytes, length known %v: status %d, %d bytes back", size, known, response.StatusCode, len(back))
					}
				}
			}
			if n := server.Snapshot().Witness.ConnectionsAccepted; n != 1 {
				t.Errorf("%d connections were needed", n)
			}
		})
	}
}

func TestAnEchoComesBackWhileItsRequestIsStillBeingSent(t *testing.T) {
	server := processtest.StartServer(t, "--protocol", "h2")
	read, write := io.Pipe()
	request, err := http.NewRequest("POST", "http://"+server.Address+"/echo", read)
	if err != nil {
		t.Fatal(err)
	}
	response, err := clientOf(t, "h2").Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for index := range 3 {
		said := fmt.Sprintf("line %d", index)
		if _, err := io.WriteString(write, said); err != nil {
			t.Fatal(err)
		}
		heard := make([]byte, len(said))
		if _, err := io.ReadFull(response.Body, heard); err != nil || string(heard) != said {
			t.Fatalf("%q, %v", heard, err)
		}
	}
	write.Close()
}

func TestAStreamedBodyComesInPiecesApart(t *testing.T) {
	for _, protocol := range []string{"http1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			server := processtest.StartServer(t, "--protocol", protocol,
				"--response-bytes", "1003", "--stream-chunks", "4", "--stream-interval", "40ms")
			begun := time.Now()
			response, err := clientOf(t, protocol).Get("http://" + server.Address + "/")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var sizes []int
			var body []byte
			var first time.Duration
			piece := make([]byte, 4096)
			for {
				n, err := response.Body.Read(piece)
				if n > 0 {
					sizes = append(sizes, n)
					body = append(body, piece[:n]...)
				}
				if len(sizes) == 1 && first == 0 {
					first = time.Since(begun)
				}
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			last := time.Since(begun)
			if fmt.Sprint(sizes) != "[251 251 251 250]" || !bytes.Equal(body, Pattern(1003)) {
				t.Errorf("pieces of %v bytes", sizes)
			}
			if last < 120*time.Millisecond || last-first < 80*time.Millisecond {
				t.Errorf("first piece after %s, last after %s", first, last)
			}
		})
	}
}

func TestH2FaultsAreAnsweredWith503(t *testing.T) {
	server := processtest.StartServer(t, "--protocol", "h2", "--fault-rate", "1")
	response, body := do(t, clientOf(t, "h2"), "POST", "http://"+server.Address+"/echo", strings.NewReader("x"))
	if response.StatusCode != 503 || len(body) != 0 || response.Header.Get(sentHeader) == "" {
		t.Errorf("status %d, %d bytes", response.StatusCode, len(body))
	}
}

func dialGRPC(t *testing.T, server *processtest.Server) *grpc.ClientConn {
	t.Helper()
	connection, err := grpc.NewClient(server.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func TestGRPCAnswersCallsAndSaysItsTimesInMetadata(t *testing.T) {
	server := processtest.StartServer(t, "--protocol", "grpc", "--response-bytes", "3000", "--delay", "20ms")
	connection := dialGRPC(t, server)
	var header metadata.MD
	big := &echo.Request{Body: make([]byte, 9<<20)} // Beyond the default limit of a message.
	answer, err := echo.NewEchoClient(connection).Get(deadline(t), big, grpc.Header(&header))
	if err != nil || !bytes.Equal(answer.Body, Pattern(3000)) {
		t.Fatalf("%d bytes, %v", len(answer.GetBody()), err)
	}
	if kept := residenceIn(t, first(header[receivedMetadata]), first(header[sentMetadata])); kept < 20*time.Millisecond {
		t.Errorf("residence time %s", kept)
	}
	checked, err := grpc_health_v1.NewHealthClient(connection).Check(deadline(t), &grpc_health_v1.HealthCheckRequest{})
	if err != nil || checked.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("health %v, %v", checked, err)
	}
	watch, err := grpc_health_v1.NewHealthClient(connection).Watch(deadline(t), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if seen, err := watch.Recv(); err != nil || seen.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("watched %v, %v", seen, err)
	}
	if witness := server.Snapshot().Witness; witness.Requests != 3 || witness.RequestsH2 != 3 {
		t.Errorf("counted %+v", witness)
	}
	if code, log := server.Stop(); code != 0 || log != "" {
		t.Errorf("exit code %d, log %q", code, log)
	}
}

func TestGRPCStreamsItsMessagesApartAndTimesTheLast(t *testing.T) {
	server := processtest.StartServer(t, "--protocol", "grpc",
		"--response-bytes", "500", "--stream-chunks", "3", "--stream-interval", "30ms")
	stream, err := echo.NewEchoClient(dialGRPC(t, server)).List(deadline(t), &echo.Request{})
	if err != nil {
		t.Fatal(err)
	}
	messages := 0
	for {
		answer, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil || !bytes.Equal(answer.Body, Pattern(500)) {
			t.Fatalf("%d bytes, %v", len(answer.GetBody()), err)
		}
		messages++
	}
	header, err := stream.Header()
	if err != nil {
		t.Fatal(err)
	}
	kept := residenceIn(t, first(header[receivedMetadata]), first(stream.Trailer()[sentMetadata]))
	if messages != 3 || kept < 60*time.Millisecond || len(header[sentMetadata]) != 0 {
		t.Errorf("%d messages, residence time %s", messages, kept)
	}
}

func TestGRPCFaultsAreUnavailableAndStallsHoldCalls(t *testing.T) {
	server := processtest.StartServer(t, "--protocol", "grpc", "--fault-rate", "1", "--stream-chunks", "2")
	client := echo.NewEchoClient(dialGRPC(t, server))
	if _, err := client.Get(deadline(t), &echo.Request{}); status.Code(err) != codes.Unavailable {
		t.Errorf("a call of which all fail said %v", err)
	}
	response, err := http.Post("http://"+server.Admin+"/stall?ms=300", "", nil)
	if err != nil || response.StatusCode != http.StatusNoContent {
		t.Fatalf("%v, %v", response, err)
	}
	response.Body.Close()
	begun := time.Now()
	stream, err := client.List(deadline(t), &echo.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("a stream of which all fail said %v", err)
	}
	if took := time.Since(begun); took < 250*time.Millisecond {
		t.Errorf("a stall of 300 ms held a call for %s", took)
	}
}

func TestTheTimesOfAnswersAddUpToWhatTheServiceCounts(t *testing.T) {
	for _, protocol := range []string{"http1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			server := processtest.StartServer(t, "--protocol", protocol, "--delay", "3ms")
			client := clientOf(t, protocol)
			var sum time.Duration
			for range 5 {
				response, _ := do(t, client, "GET", "http://"+server.Address+"/", nil)
				sum += residenceIn(t, response.Header.Get(receivedHeader), response.Header.Get(sentHeader))
			}
			witness := server.Snapshot().Witness
			if witness.TimedRequests != 5 || witness.ServedNs != int64(sum) {
				t.Errorf("%d requests in %d ns, the answers say %d ns", witness.TimedRequests, witness.ServedNs, sum)
			}
		})
	}
}
