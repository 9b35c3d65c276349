package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"meshmark/dataplane/internal/policy/policypb"
)

// Version names the rules that a server process has in force. The zero Version is none.
type Version struct {
	// Instance is of the process: versions of two processes cannot be compared.
	Instance uint64
	Number   uint64
}

// Decision is the answer to a check.
type Decision struct {
	Allowed bool
	Rules   Version
}

// Client asks a policy server. It may be used by many goroutines, which share one connection.
type Client struct {
	connection *grpc.ClientConn
	service    policypb.PolicyClient
}

const (
	// firstRetry and lastRetry bound the pauses between attempts to connect, which double.
	firstRetry = 20 * time.Millisecond
	lastRetry  = time.Second
)

// Dial begins to connect to the server at host:port and returns at once. A server that cannot be reached fails checks
// and is tried again and again.
func Dial(address string) (*Client, error) {
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		// The server is of the mesh: what the environment says about the way out of it is not for it.
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: firstRetry, Multiplier: 2, Jitter: 0.2, MaxDelay: lastRetry},
			MinConnectTimeout: lastRetry,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: time.Second}),
	)
	if err != nil {
		return nil, fmt.Errorf("policy server %s: %w", address, err)
	}
	connection.Connect()
	return &Client{connection: connection, service: policypb.NewPolicyClient(connection)}, nil
}

// Close ends all calls and closes the connection.
func (c *Client) Close() error { return c.connection.Close() }

// Check asks whether the identity may send such a request. Anything but an answer is an error.
func (c *Client) Check(ctx context.Context, identity, method, path string) (Decision, error) {
	answer, err := c.service.Check(ctx, &policypb.CheckRequest{Identity: identity, Method: method, Path: path})
	if err != nil {
		return Decision{}, fmt.Errorf("policy check: %w", err)
	}
	return Decision{Allowed: answer.GetAllowed(), Rules: versionOf(answer.GetRules())}, nil
}

// Watch calls told with the version in force when the stream stands, and with each later one, until ctx is done. A
// stream that breaks is reported to lost, once for each time that it stood or could not be opened first, and opened anew.
func (c *Client) Watch(ctx context.Context, told func(Version), lost func(error)) {
	pause := firstRetry
	stood := true
	for ctx.Err() == nil {
		err := c.watchOnce(ctx, func(version Version) {
			pause, stood = firstRetry, true
			told(version)
		})
		if ctx.Err() != nil {
			return
		}
		if stood {
			stood = false
			lost(fmt.Errorf("policy watch: %w", err))
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, lastRetry)
	}
}

func (c *Client) watchOnce(ctx context.Context, told func(Version)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.service.Watch(ctx, &policypb.WatchRequest{})
	if err != nil {
		return err
	}
	for {
		version, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return errors.New("the server ended the stream")
		}
		if err != nil {
			return err
		}
		told(versionOf(version))
	}
}

func versionOf(named *policypb.RulesVersion) Version {
	return Version{Instance: named.GetInstance(), Number: named.GetVersion()}
}
