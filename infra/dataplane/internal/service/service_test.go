package service

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"meshmark/dataplane/internal/clock"
	"meshmark/dataplane/internal/processtest"
)

func TestMain(m *testing.M) { processtest.Main(m, Main) }

type answer struct {
	status    int
	body      []byte
	residence time.Duration
	sentNs    int64
}

func ask(t *testing.T, server *processtest.Server) answer {
	t.Helper()
	response, err := http.Get("http://" + server.Address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	received, err1 := strconv.ParseInt(response.Header.Get("X-Meshmark-Received-Ns"), 10, 64)
	sent, err2 := strconv.ParseInt(response.Header.Get("X-Meshmark-Sent-Ns"), 10, 64)
	if err1 != nil || err2 != nil {
		t.Fatalf("timestamps: %v, %v", err1, err2)
	}
	if response.ContentLength != int64(len(body)) {
		t.Errorf("Content-Length %d for %d bytes", response.ContentLength, len(body))
	}
	return answer{response.StatusCode, body, time.Duration(sent - received), sent}
}

func TestAnswersWithThePatternAndThisMachinesTime(t *testing.T) {
	server := processtest.StartServer(t, "--response-bytes", "16384")
	before := clock.MonotonicNs()
	got := ask(t, server)
	if got.status != 200 || !bytes.Equal(got.body, Pattern(16384)) {
		t.Errorf("status %d, %d bytes", got.status, len(got.body))
	}
	if got.residence < 0 || got.residence > time.Second {
		t.Errorf("residence time %s", got.residence)
	}
	if got.sentNs < before-50_000 || got.sentNs > clock.MonotonicNs()+50_000 {
		t.Errorf("sent at %d, asked at %d", got.sentNs, before)
	}
	if witness := server.Snapshot().Witness; witness.Requests != 1 || witness.ConnectionsAccepted != 1 {
		t.Errorf("counted %+v", witness)
	}
	if code, log := server.Stop(); code != 0 || log != "" {
		t.Errorf("exit code %d, log %q", code, log)
	}
}

func TestSizesAreUniformBetweenTheTwoAndFaultsComeAtTheirRate(t *testing.T) {
	server := processtest.StartServer(t,
		"--response-bytes", "100", "--response-bytes-max", "199", "--fault-rate", "0.2", "--seed", "7")
	const requests = 2000
	faults, bytesSeen := 0, 0
	for range requests {
		switch got := ask(t, server); {
		case got.status == http.StatusServiceUnavailable:
			faults++
		case len(got.body) < 100 || len(got.body) > 199 || !bytes.Equal(got.body, Pattern(len(got.body))):
			t.Fatalf("a body of %d bytes", len(got.body))
		default:
			bytesSeen += len(got.body)
		}
	}
	// Four standard deviations either way.
	if faults < 328 || faults > 472 {
		t.Errorf("%d faults of %d at a rate of 0.2", faults, requests)
	}
	if mean := float64(bytesSeen) / float64(requests-faults); mean < 146.6 || mean > 152.4 {
		t.Errorf("mean size %.1f, want 149.5", mean)
	}
}

func TestResidenceTimeHoldsTheDelay(t *testing.T) {
	server := processtest.StartServer(t, "--delay", "20ms")
	if got := ask(t, server); got.residence < 20*time.Millisecond {
		t.Errorf("residence time %s with a delay of 20 ms", got.residence)
	}
}

func TestStallHoldsRequestsInProgressAndArriving(t *testing.T) {
	server := processtest.StartServer(t, "--delay", "100ms")
	inProgress := make(chan answer)
	go func() { inProgress <- ask(t, server) }()
	time.Sleep(30 * time.Millisecond)
	stalledAt := clock.MonotonicNs()
	response, err := http.Post("http://"+server.Admin+"/stall?ms=400", "", nil)
	if err != nil || response.StatusCode != http.StatusNoContent {
		t.Fatalf("%v, %v", response, err)
	}
	response.Body.Close()
	arriving := ask(t, server)
	for name, got := range map[string]answer{"in progress": <-inProgress, "arriving": arriving} {
		if wait := time.Duration(got.sentNs - stalledAt); wait < 400*time.Millisecond || got.residence < 300*time.Millisecond {
			t.Errorf("the request %s was answered %s after the stall began, residence %s", name, wait, got.residence)
		}
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"--response-bytes", "-1"},
		{"--response-bytes", "10", "--response-bytes-max", "5"},
		{"--fault-rate", "NaN"},
		{"--delay", "-1s"},
		{"--keep-requests", "-1"},
		{"--capacity", "-1"},
		{"--protocol", "h3"},
		{"--stream-chunks", "-1"},
		{"--stream-interval", "1ms"},
		{"--stream-chunks", "20", "--response-bytes", "10"},
	} {
		if code := Main(args, nil, io.Discard, io.Discard); code != 2 {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
}

func TestHandsOverTheTimesOfTheRequestsThatItKept(t *testing.T) {
	server := processtest.StartServer(t, "--keep-requests", "3", "--delay", "2ms")
	handOver := func() (kept struct{ ReceivedNs, ResidenceNs []int64 }) {
		response, err := http.Post("http://"+server.Admin+"/requests", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if err := json.NewDecoder(response.Body).Decode(&kept); err != nil {
			t.Fatal(err)
		}
		return kept
	}
	first, second := ask(t, server), ask(t, server)
	kept := handOver()
	if len(kept.ReceivedNs) != 2 || time.Duration(kept.ResidenceNs[0]) != first.residence ||
		kept.ReceivedNs[1]+kept.ResidenceNs[1] != second.sentNs {
		t.Errorf("kept %+v of %+v and %+v", kept, first, second)
	}
	for range 5 {
		ask(t, server)
	}
	if kept := handOver(); len(kept.ReceivedNs) != 3 {
		t.Errorf("kept %d requests, with room for 3", len(kept.ReceivedNs))
	}
}

func TestServesOneRequestAfterAnotherWhereItsCapacityIsBounded(t *testing.T) {
	const requests, perSecond = 40, 200
	server := processtest.StartServer(t, "--capacity", strconv.Itoa(perSecond))
	start := time.Now()
	answered := make(chan error, requests)
	for range requests {
		go func() {
			response, err := http.Get("http://" + server.Address + "/")
			if err == nil {
				err = response.Body.Close()
			}
			answered <- err
		}()
	}
	for range requests {
		if err := <-answered; err != nil {
			t.Error(err)
		}
	}
	// The last of those that came at once has waited for all others.
	if took, least := time.Since(start), requests*time.Second/perSecond; took < least || took > least+time.Second {
		t.Errorf("%d requests took %s, want at least %s", requests, took, least)
	}
}

func TestTakesItsTurnsByItsOwnClock(t *testing.T) {
	queue := &server{serviceTime: time.Hour}
	first := queue.admit()
	if second := queue.admit(); second-first != int64(time.Hour) {
		t.Errorf("the second is served %s after the first", time.Duration(second-first))
	}
}
