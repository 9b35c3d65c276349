package service

import (
	"context"
	"math"
	"net"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"meshmark/dataplane/internal/clock"
	"meshmark/dataplane/internal/service/echo"
)

var (
	// gRPC's metadata names are lower-case.
	receivedMetadata = strings.ToLower(receivedHeader)
	sentMetadata     = strings.ToLower(sentHeader)

	errFault = status.Error(codes.Unavailable, "a fault was asked for")
)

// serveGRPC serves Echo and the standard health service. Delay, stall and faults are for every call, whichever it is.
func (s *service) serveGRPC(listener net.Listener) error {
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(math.MaxInt32),
		grpc.MaxSendMsgSize(math.MaxInt32),
		grpc.UnaryInterceptor(s.answerUnary),
		grpc.StreamInterceptor(s.answerStream),
	)
	echo.RegisterEchoServer(server, &echoServer{service: s})
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	return server.Serve(listener)
}

func (s *service) answerUnary(
	ctx context.Context, asked any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler,
) (any, error) {
	r := s.received()
	s.counters.RequestsH2.Add(1)
	var answer any
	err := errFault
	if !s.keep(r) {
		answer, err = handle(context.WithValue(ctx, requestKey{}, r), asked)
	}
	_ = grpc.SetHeader(ctx, metadata.Pairs(receivedMetadata, formatNs(r.receivedNs), sentMetadata, formatNs(s.sentNow(r))))
	return answer, err
}

func (s *service) answerStream(
	server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler,
) error {
	r := s.received()
	s.counters.RequestsH2.Add(1)
	_ = stream.SetHeader(metadata.Pairs(receivedMetadata, formatNs(r.receivedNs)))
	timed := &timedStream{ServerStream: stream, request: r}
	err := errFault
	if !s.keep(r) {
		err = handle(server, timed)
	}
	if timed.sentNs == 0 {
		timed.sentNs = clock.MonotonicNs()
	}
	s.served(r, timed.sentNs)
	stream.SetTrailer(metadata.Pairs(sentMetadata, formatNs(timed.sentNs)))
	return err
}

// timedStream remembers when its last message was handed over to be sent.
type timedStream struct {
	grpc.ServerStream
	request request
	sentNs  int64
}

func (t *timedStream) SendMsg(message any) error {
	t.sentNs = clock.MonotonicNs()
	return t.ServerStream.SendMsg(message)
}

func (t *timedStream) Context() context.Context {
	return context.WithValue(t.ServerStream.Context(), requestKey{}, t.request)
}

type requestKey struct{}

func formatNs(ns int64) string { return strconv.FormatInt(ns, 10) }

type echoServer struct {
	echo.UnimplementedEchoServer
	service *service
}

// bodyOf is the body that the request's serial number draws.
func (e *echoServer) bodyOf(ctx context.Context) []byte {
	r, _ := ctx.Value(requestKey{}).(request)
	return e.service.bodyOf(r)
}

func (e *echoServer) Get(ctx context.Context, _ *echo.Request) (*echo.Answer, error) {
	return &echo.Answer{Body: e.bodyOf(ctx)}, nil
}

func (e *echoServer) List(_ *echo.Request, stream grpc.ServerStreamingServer[echo.Answer]) error {
	answer := &echo.Answer{Body: e.bodyOf(stream.Context())}
	for index := range max(1, e.service.options.StreamChunks) {
		if index > 0 && e.service.options.StreamInterval > 0 {
			time.Sleep(e.service.options.StreamInterval)
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
	return nil
}
