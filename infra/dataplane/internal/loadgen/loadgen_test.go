package loadgen

import (
	"encoding/json"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

func TestAStopEndsTheSliceAndDropsTheRest(t *testing.T) {
	address := serve(t, func(http.ResponseWriter, *http.Request) {})
	s := startSession(t)
	s.targets(targetAt(address, 2, 2000))
	for _, slice := range []string{
		`{"seq":0,"target":"t","model":"closed","durationMs":20000}`,
		`{"seq":0,"target":"t","model":"open","ratePerSecond":500,"arrivals":"poisson","seed":1,"durationMs":20000}`,
		`{"seq":0,"target":"t","model":"open","ratePerSecond":0.01,"arrivals":"constant","durationMs":20000}`,
	} {
		s.say(`{"id":7,"op":"slices","slices":[` + slice + `,{"seq":1,"target":"t","model":"closed","requests":5}]}`)
		time.Sleep(150 * time.Millisecond)
		begun := time.Now()
		s.say(`{"id":8,"op":"stop"}`)
		event := s.slice()
		if failureOf(event) != "stopped" || event.ID != 7 || (event.Requests == 0 && !strings.Contains(slice, "0.01")) {
			t.Errorf("event %+v failed %q", event, failureOf(event))
		}
		if done := s.event(); done["event"] != "done" || done["id"] != 7.0 {
			t.Errorf("after a stop came %v", done)
		}
		if took := time.Since(begun); took > 200*time.Millisecond {
			t.Errorf("stopping took %v", took)
		}
	}
	if event := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 5})[0]; event.Requests != 5 || event.Failed != nil {
		t.Errorf("after a stop a slice ends %q with %d requests", failureOf(event), event.Requests)
	}
}

func TestTheEndOfStdinEndsTheEngineInTheMiddleOfASlice(t *testing.T) {
	address := serve(t, func(http.ResponseWriter, *http.Request) {})
	before := runtime.NumGoroutine()
	s := startSession(t)
	s.targets(targetAt(address, 2, 2000))
	s.say(`{"id":2,"op":"slices","slices":[{"seq":0,"target":"t","model":"closed","durationMs":60000}]}`)
	time.Sleep(100 * time.Millisecond)
	begun := time.Now()
	if code := s.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(begun); took > 300*time.Millisecond {
		t.Errorf("ending took %v", took)
	}
	goroutinesSettle(t, before+4) // The server's own, two a connection, end a little later.
}

func TestNewTargetsLeaveNothingOfTheOldBehind(t *testing.T) {
	address := serve(t, func(http.ResponseWriter, *http.Request) {})
	s := startSession(t)
	once := func() {
		s.targets(targetAt(address, 4, 1000))
		s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 20},
			sliceSpec{Target: "t", Model: modelOpen, RatePerSecond: 1000, Arrivals: arrivalsConst, DurationMs: 20})
	}
	once()
	before := runtime.NumGoroutine()
	for range 5 {
		once()
	}
	goroutinesSettle(t, before)
}

func TestTargetsThatCannotBeReachedAreNamedAndTheOthersStand(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := targetAt(listener.Addr().String(), 2, 1000)
	gone.ID = "gone"
	_ = listener.Close()
	s := startSession(t)
	done := s.targets(gone, targetAt(serve(t, func(http.ResponseWriter, *http.Request) {}), 2, 1000))
	want := map[string]any{"gone": "connect " + gone.Address + ": connection refused"}
	if got, _ := json.Marshal(done["failed"]); string(got) != string(must(json.Marshal(want))) {
		t.Errorf("failed is %s", got)
	}
	if event := s.run(sliceSpec{Target: "t", Model: modelClosed, Requests: 5})[0]; event.Requests != 5 {
		t.Errorf("the other target answered %d of 5", event.Requests)
	}
}

func TestACommandThatCannotBeUnderstoodIsRefusedWithItsID(t *testing.T) {
	s := startSession(t)
	for line, id := range map[string]float64{
		`nonsense`:              0,
		`{"id":3,"op":"dance"}`: 3,
		`{"id":4,"op":"slices","slices":[{"seq":0,"target":"t","model":"open","durationMs":5}]}`:                                        4,
		`{"id":5,"op":"slices","slices":[{"seq":0,"target":"t","model":"closed"}]}`:                                                     5,
		`{"id":6,"op":"targets","targets":[{"id":"a","address":"127.0.0.1:1","connections":0,"timeoutMs":5}]}`:                          6,
		`{"id":8,"op":"slices","slices":[{"seq":0,"target":"t","model":"open","ratePerSecond":9,"arrivals":"bursty","durationMs":50}]}`: 8,
	} {
		s.say(line)
		if event := s.event(); event["event"] != "error" || event["id"] != id || event["message"] == "" {
			t.Errorf("%s was answered by %v", line, event)
		}
	}
}

func TestAReadingHasTheGeneratorTheTargetsProcessesAndTheCores(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other processes' clocks can only be read on Linux")
	}
	s := startSession(t)
	spec := targetAt(serve(t, func(http.ResponseWriter, *http.Request) {}), 1, 1000)
	spec.Processes = []processSpec{{Role: "outbound", PID: os.Getpid()}, {Role: "inbound", PID: 1 << 30}}
	s.targets(spec)
	s.say(`{"id":3,"op":"read"}`)
	var event readingEvent
	s.events.Scan()
	if err := json.Unmarshal(s.events.Bytes(), &event); err != nil || event.Event != "reading" || event.ID != 3 {
		t.Fatalf("answered by %s", s.events.Text())
	}
	if len(event.Processes) != 3 || len(event.Cores) < 1 {
		t.Fatalf("%d processes, %d cores", len(event.Processes), len(event.Cores))
	}
	own, dead, generator := event.Processes[0], event.Processes[1], event.Processes[2]
	if own.Target != "t" || own.CPUNs == nil || *own.CPUNs <= 0 || own.RSSPeakBytes == nil || own.VoluntarySwitches == nil {
		t.Errorf("own process reads %+v", own)
	}
	if dead.CPUNs != nil || dead.UserMicros != nil || dead.VoluntarySwitches != nil || dead.RSSBytes != nil {
		t.Errorf("a dead process reads %+v", dead)
	}
	if generator.Target != "" || generator.Role != roleGenerator || generator.PID != os.Getpid() {
		t.Errorf("the generator reads %+v", generator)
	}
	if off := math.Abs(float64(event.AtMicros - time.Now().UnixMicro())); off > 2e6 {
		t.Errorf("the reading's time is %f µs off", off)
	}
}

func TestASlicesClocksAreReadAtItsThreeEdges(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other processes' clocks can only be read on Linux")
	}
	s := startSession(t)
	spec := targetAt(serve(t, func(http.ResponseWriter, *http.Request) {}), 4, 1000)
	spec.Processes = []processSpec{{Role: "outbound", PID: os.Getpid()}, {Role: "inbound", PID: 1 << 30}}
	s.targets(spec)
	for _, slice := range []sliceSpec{
		{Target: "t", Model: modelClosed, Requests: 300, WarmupRequests: 100},
		{Target: "t", Model: modelClosed, DurationMs: 60, WarmupMs: 30},
		{Target: "t", Model: modelOpen, RatePerSecond: 1000, Arrivals: arrivalsConst, DurationMs: 60, WarmupMs: 30},
	} {
		event := s.run(slice)[0]
		if len(event.CPU) != 3 {
			t.Fatalf("%d clocks", len(event.CPU))
		}
		own, dead, generator := event.CPU[0], event.CPU[1], event.CPU[2]
		if own.Role != "outbound" || !(*own.WarmupStartNs < *own.StartNs && *own.StartNs < *own.EndNs) {
			t.Errorf("%s: edges %d %d %d", slice.Model, *own.WarmupStartNs, *own.StartNs, *own.EndNs)
		}
		if dead.WarmupStartNs != nil || dead.StartNs != nil || dead.EndNs != nil {
			t.Error("a dead process has a clock")
		}
		if generator.Role != roleGenerator || *event.Generator.CPUNs != *generator.EndNs-*generator.StartNs {
			t.Errorf("generator %+v, used %d", generator, *event.Generator.CPUNs)
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestConstantSchedulesAreExact(t *testing.T) {
	schedule := appendSchedule(nil, sliceSpec{Arrivals: arrivalsConst, RatePerSecond: 3000}, 1_000_000_000)
	if len(schedule) != 3000 {
		t.Fatalf("%d requests in 1 s at 3000/s", len(schedule))
	}
	for i, at := range schedule {
		if want := int64(math.Round(float64(i) * 1e9 / 3000)); at != want {
			t.Fatalf("request %d is due at %d, not %d", i, at, want)
		}
	}
}

func TestBurstsAreExactEvenlySpacedAndOfTheSameMeanRate(t *testing.T) {
	spec := sliceSpec{Arrivals: arrivalsBursts, RatePerSecond: 2000, Burst: 50}
	schedule := appendSchedule(nil, spec, 1_000_000_000)
	if len(schedule) != 2000 {
		t.Fatalf("%d requests in 1 s at 2000/s", len(schedule))
	}
	for i, at := range schedule {
		if want := int64(i/50) * 25_000_000; at != want {
			t.Fatalf("request %d is due at %d, not %d", i, at, want)
		}
	}
	spec.Seed = 9
	if again := appendSchedule(nil, spec, 1_000_000_000); !slices.Equal(again, schedule) {
		t.Error("a seed changes bursts, in which there is no chance")
	}
	spec.RatePerSecond, spec.Burst = 3000, 7
	if last := appendSchedule(nil, spec, 1_000_000_000); len(last) != 3003 || last[3002] != int64(math.Round(2996*1e9/3000)) {
		t.Errorf("%d requests, the last due at %d", len(last), last[len(last)-1])
	}
}

func TestPoissonSchedulesRepeatBySeedAndHaveTheMomentsOfAnExponential(t *testing.T) {
	const total = 100_000_000_000
	seeded := func(seed uint64) []int64 {
		return appendSchedule(nil, sliceSpec{Arrivals: arrivalsPoisson, RatePerSecond: 1000, Seed: seed}, total)
	}
	schedule, again, other := seeded(42), seeded(42), seeded(43)
	if len(schedule) != len(again) || schedule[0] != again[0] || schedule[len(schedule)-1] != again[len(again)-1] {
		t.Error("the same seed gives two schedules")
	}
	if schedule[0] == other[0] && schedule[1] == other[1] {
		t.Error("two seeds give one schedule")
	}
	// 100,000 expected, standard deviation √100000 = 316: five of them.
	if n := len(schedule); n < 100_000-1581 || n > 100_000+1581 {
		t.Errorf("%d requests, 100000 expected", n)
	}
	var squares float64
	previous := int64(0)
	for _, at := range schedule {
		gap := float64(at-previous) / 1e6
		squares += gap * gap
		previous = at
	}
	// The second moment of an exponential of mean 1 is 2.
	if second := squares / float64(len(schedule)); second < 1.9 || second > 2.1 {
		t.Errorf("the gaps' second moment is %f, that of an exponential 2", second)
	}
}

var recorded = []int64{1, 7, 2047, 2048, 2049, 4096, 999_999, 1_000_000, 1<<31 - 1, 1 << 31, 5_000_000_000, 5_000_000_000, highestNs, 2 * highestNs}

func TestHistogramsCountInTheBucketsOfHdrHistogram(t *testing.T) {
	ours := &histogram{}
	theirs := hdr.New(lowestNs, highestNs, digits)
	for _, value := range recorded {
		ours.record(value)
		if err := theirs.RecordValue(min(value, highestNs)); err != nil {
			t.Fatal(err)
		}
	}
	var encoder histogramEncoder
	for range 2 { // The second use of the buffers gives the same.
		decoded := decode(t, encoder.encode(ours))
		if !decoded.Equals(theirs) || decoded.TotalCount() != int64(len(recorded)) {
			t.Error("decoded, the histogram differs from HdrHistogram's own")
		}
	}
	ours.reset()
	if encoder.encode(ours) != nil || *ours != (histogram{}) {
		t.Error("a reset histogram is not empty")
	}
}

func TestTheJavaScriptLibraryReadsWhatWeEncode(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	root, _ := filepath.Abs("../../../..")
	if _, err := os.Stat(filepath.Join(root, "node_modules", "hdr-histogram-js")); err != nil {
		t.Skip("hdr-histogram-js is not installed in the checkout")
	}
	h := &histogram{}
	for _, value := range recorded {
		h.record(value)
	}
	var encoder histogramEncoder
	script := `const hdr = require('hdr-histogram-js');
const h = hdr.decodeFromCompressedBase64(process.argv[1]);
const top = [50, 80, 99.9].map((p) => h.getValueAtPercentile(p));
console.log(JSON.stringify([h.totalCount, h.minNonZeroValue, h.maxValue, ...top]));`
	command := exec.Command(node, "-e", script, *encoder.encode(h))
	command.Dir = root
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, output)
	}
	var read []float64
	if err := json.Unmarshal(output, &read); err != nil {
		t.Fatalf("node said %s", output)
	}
	want := []float64{14, 1, highestNs, 1_000_000, 5e9, highestNs}
	for i, value := range want {
		if math.Abs(read[i]-value) > value/1000 {
			t.Errorf("read %v, recorded %v", read, want)
			break
		}
	}
}
