package loadgen

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"meshmark/dataplane/internal/identity/identitytest"
)

func TestAskTellsAWholeAnswerOverHTTP3(t *testing.T) {
	authority := identitytest.New(t)
	server := startH3(t, authority.Issue(serviceURI), "--response-bytes", "40000")
	own := authority.Issue(clientURI)
	args := []string{"--address", server.Address, "--certificate", own.Certificate, "--key", own.Key, "--ca", own.Authority}
	var stdout, stderr bytes.Buffer
	// The service sends the body of this request back.
	code := Ask(append(args, "--method", "POST", "--path", "/echo", "--header", "X-A=b=c"), strings.NewReader("hello"), &stdout, &stderr)
	var found askedAnswer
	if err := json.Unmarshal(stdout.Bytes(), &found); err != nil || code != 0 {
		t.Fatalf("code %d, %v, %s", code, err, stderr.String())
	}
	if body, _ := base64.StdEncoding.DecodeString(found.BodyBase64); found.Status != 200 || string(body) != "hello" ||
		len(found.Headers["X-Meshmark-Sent-Ns"]) != 1 {
		t.Errorf("%+v", found)
	}
	stdout.Reset()
	if code := Ask(args, strings.NewReader(""), &stdout, &stderr); code != 0 || stdout.Len() < 53_000 {
		t.Errorf("code %d, %d bytes", code, stdout.Len())
	}
}

func TestAskSaysWhyThereIsNoAnswer(t *testing.T) {
	authority := identitytest.New(t)
	own := authority.Issue(clientURI)
	files := []string{"--certificate", own.Certificate, "--key", own.Key, "--ca", own.Authority}
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nobody there":   {append(files, "--address", "127.0.0.1:9", "--limit", "200ms"), 1, "connect 127.0.0.1:9"},
		"no certificate": {[]string{"--address", "127.0.0.1:9"}, 2, "needs certificate"},
		"a bad header":   {append(files, "--address", "127.0.0.1:9", "--header", "a"), 2, "name=value"},
	} {
		var stdout, stderr bytes.Buffer
		if code := Ask(test.args, strings.NewReader(""), &stdout, &stderr); code != test.code ||
			!strings.Contains(stderr.String(), test.want) || stdout.Len() > 0 {
			t.Errorf("%s: code %d, %q", name, code, stderr.String())
		}
	}
}
