package policy

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"meshmark/dataplane/internal/admin"
	"meshmark/dataplane/internal/policy/policypb"
	"meshmark/dataplane/internal/serving"
)

// largestRules is as much as PUT /rules reads.
const largestRules = 4 << 20

// Main runs the policy server until SIGTERM and returns the process's exit code.
func Main(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("policy", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := serving.AddFlags(flags)
	file := flags.String("rules", "", "JSON `file` of the rules")
	latency := flags.Duration("latency", 0, "added to each answer of Check")
	if code, ok := serving.Parse(flags, args); !ok {
		return code
	}
	rules, err := readRules(*file)
	if err == nil && *latency < 0 {
		err = fmt.Errorf("--latency must not be negative, got %s", *latency)
	}
	if err != nil {
		fmt.Fprintf(stderr, "dataplane policy: %v\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, listen, rules, *latency, stdout); err != nil {
		fmt.Fprintf(stderr, "dataplane policy: %v\n", err)
		return 1
	}
	return 0
}

func readRules(file string) ([]Rule, error) {
	if file == "" {
		return nil, errors.New("--rules is missing")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--rules: %w", err)
	}
	rules, err := ParseRules(text)
	if err != nil {
		return nil, fmt.Errorf("--rules %s: %w", file, err)
	}
	return rules, nil
}

func run(ctx context.Context, listen *serving.Options, rules []Rule, latency time.Duration, stdout io.Writer) error {
	rulesInForce, err := newStore(rules)
	if err != nil {
		return err
	}
	answers := &server{rules: rulesInForce, latency: latency}
	sockets, err := serving.Listen(ctx, listen, &answers.counters.ConnectionsAccepted)
	if err != nil {
		return err
	}
	grpcServer := grpc.NewServer(
		// Sidecars ask whether the server is still there on connections that are otherwise silent.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
	)
	// Not gracefully, as a watch never ends by itself.
	defer grpcServer.Stop()
	policypb.RegisterPolicyServer(grpcServer, answers)
	state := health.NewServer()
	state.SetServingStatus(policypb.Policy_ServiceDesc.ServiceName, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(grpcServer, state)
	handler := admin.Handler("policy", &answers.counters)
	handler.HandleFunc("GET /rules", answers.showRules)
	handler.HandleFunc("PUT /rules", answers.replaceRules)
	return serving.Run(ctx, sockets, stdout, func(l net.Listener) error { return grpcServer.Serve(l) }, handler)
}

// server answers Check and Watch, and shows and replaces the rules on the admin port.
type server struct {
	policypb.UnimplementedPolicyServer
	rules    *store
	latency  time.Duration
	counters admin.Counters
}

// Check implements the service.
func (s *server) Check(ctx context.Context, request *policypb.CheckRequest) (*policypb.CheckResponse, error) {
	if err := checkable(request.GetIdentity(), request.GetMethod(), request.GetPath()); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if s.latency > 0 {
		timer := time.NewTimer(s.latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
	allowed, version, err := s.rules.check(request.GetIdentity(), request.GetMethod(), request.GetPath())
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	s.counters.Requests.Add(1)
	return &policypb.CheckResponse{Allowed: allowed, Rules: s.named(version)}, nil
}

// Watch implements the service. Of changes that follow each other faster than they can be sent, the last is told.
func (s *server) Watch(_ *policypb.WatchRequest, stream grpc.ServerStreamingServer[policypb.RulesVersion]) error {
	for {
		set := s.rules.current.Load()
		if err := stream.Send(s.named(set.version)); err != nil {
			return err
		}
		select {
		case <-set.replaced:
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		}
	}
}

func (s *server) named(version uint64) *policypb.RulesVersion {
	return &policypb.RulesVersion{Version: version, Instance: s.rules.instance}
}

func (s *server) showRules(answer http.ResponseWriter, _ *http.Request) {
	set := s.rules.current.Load()
	answerJSON(answer, map[string]any{"version": set.version, "rules": set.rules})
}

func (s *server) replaceRules(answer http.ResponseWriter, request *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(answer, request.Body, largestRules))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		http.Error(answer, fmt.Sprintf("rules are larger than %d bytes", largestRules), http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(answer, "rules broken off: "+err.Error(), http.StatusBadRequest)
		return
	}
	rules, err := ParseRules(text)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	version, err := s.rules.replace(rules)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusInternalServerError)
		return
	}
	answerJSON(answer, map[string]any{"version": version})
}

func answerJSON(answer http.ResponseWriter, value any) {
	answer.Header().Set("Content-Type", "application/json")
	// An asker that has gone away is no fault of ours.
	_ = json.NewEncoder(answer).Encode(value)
}
