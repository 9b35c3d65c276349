package loadgen

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"time"

	"meshmark/dataplane/internal/identity"
)

// longestAnswer bounds what Ask keeps.
const longestAnswer = 1 << 30

// headerFlag is an option that may be given many times, as name=value.
type headerFlag map[string]string

func (h headerFlag) String() string { return "" }

func (h headerFlag) Set(given string) error {
	name, value, found := bytes.Cut([]byte(given), []byte("="))
	if !found || len(name) == 0 {
		return errors.New("must be name=value")
	}
	h[string(name)] = string(value)
	return nil
}

type askedAnswer struct {
	Status     int                 `json:"status"`
	Headers    map[string][]string `json:"headers"`
	BodyBase64 string              `json:"bodyBase64"`
}

// Ask is `dataplane ask`: one HTTP/3 request, its body from stdin, and its whole answer as one line of JSON on stdout. It is
// how the harness, which speaks no HTTP/3 itself, sees whether a server is ready and what it answers.
func Ask(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("ask", flag.ContinueOnError)
	flags.SetOutput(stderr)
	spec := targetSpec{ID: "asked", Protocol: protocolH3, Connections: 1, TimeoutMs: 1}
	headers := make(headerFlag)
	flags.StringVar(&spec.Address, "address", "", "`host:port` that is asked")
	flags.StringVar(&spec.Method, "method", "GET", "`method` of the request")
	flags.StringVar(&spec.Path, "path", "/", "`path` of the request")
	flags.Var(headers, "header", "`name=value` of a header; may be given again")
	flags.StringVar(&spec.Certificate, "certificate", "", "PEM `file` of the client's certificate")
	flags.StringVar(&spec.Key, "key", "", "PEM `file` of its key")
	flags.StringVar(&spec.Authority, "ca", "", "PEM `file` of the authority that the server is checked against")
	limit := flags.Duration("limit", 5*time.Second, "how long it may take")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	spec.Headers = headers
	if err := checkTargets([]targetSpec{spec}, 0); err != nil {
		fmt.Fprintf(stderr, "dataplane ask: %v\n", err)
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	answer, err := askOnce(ctx, spec, stdin)
	if err == nil {
		err = json.NewEncoder(stdout).Encode(answer)
	}
	if err != nil {
		fmt.Fprintf(stderr, "dataplane ask: %v\n", err)
		return 1
	}
	return 0
}

func askOnce(ctx context.Context, spec targetSpec, stdin io.Reader) (askedAnswer, error) {
	var none askedAnswer
	body, err := io.ReadAll(stdin)
	if err != nil {
		return none, fmt.Errorf("read the body: %w", err)
	}
	client, err := newH3Client(identity.Files{Certificate: spec.Certificate, Key: spec.Key, Authority: spec.Authority})
	if err != nil {
		return none, err
	}
	connection, err := client.dial(ctx, spec.Address, longestDial)
	if err != nil {
		return none, err
	}
	defer connection.Close()
	request := newH3Request(spec, body).with(ctx)
	response, err := connection.client.RoundTrip(request)
	if err != nil {
		return none, err
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if err != nil {
		return none, fmt.Errorf("read the answer: %w", err)
	}
	return askedAnswer{response.StatusCode, response.Header, base64.StdEncoding.EncodeToString(content)}, nil
}

// longestDial is above any limit that the caller's own context has.
const longestDial = time.Hour

// with is the request with a body of its own, in that context.
func (r *h3Request) with(ctx context.Context) *http.Request {
	request := r.template.WithContext(ctx)
	if len(r.body) > 0 {
		request.Body = io.NopCloser(bytes.NewReader(r.body))
	}
	return request
}
