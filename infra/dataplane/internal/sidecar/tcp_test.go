package sidecar

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"meshmark/dataplane/internal/processtest"
)

// startTCP serves each connection by the function, which need not close it.
func startTCP(t testing.TB, serve func(*net.TCPConn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				serve(connection.(*net.TCPConn))
			}()
		}
	}()
	return listener.Addr().String()
}

// eachTCP runs the test through one plain sidecar and through two with mutual TLS between them.
func eachTCP(t *testing.T, serve func(*net.TCPConn), test func(t *testing.T, address string)) {
	upstream, authority := startTCP(t, serve), newAuthority(t)
	t.Run("plain", func(t *testing.T) {
		test(t, processtest.StartServer(t, "--listen-protocol", "tcp", "--upstream", upstream).Address)
	})
	for _, version := range []string{"1.2", "1.3"} {
		t.Run("mtls "+version, func(t *testing.T) {
			inbound := processtest.StartServer(t, append(authority.flags(authority.issueFor("inbound")),
				"--listen-protocol", "tcp", "--listen-security", "mtls", "--tls-version", version, "--upstream", upstream)...)
			outbound := processtest.StartServer(t, append(authority.flags(authority.issueFor("outbound")),
				"--listen-protocol", "tcp", "--upstream-security", "mtls", "--tls-version", version, "--upstream", inbound.Address)...)
			test(t, outbound.Address)
		})
	}
}

func dial(t testing.TB, address string) *net.TCPConn {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	_ = connection.SetDeadline(time.Now().Add(60 * time.Second))
	return connection.(*net.TCPConn)
}

func TestHalfClosedStreamCarriesLargeRepliesWhole(t *testing.T) {
	const size = 20 << 20
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(content)
	eachTCP(t, func(connection *net.TCPConn) {
		// Answers only once the request has ended.
		request, _ := io.ReadAll(connection)
		_, _ = connection.Write(request)
	}, func(t *testing.T, address string) {
		client := dial(t, address)
		go func() {
			_, _ = client.Write(content)
			_ = client.CloseWrite()
		}()
		if reply, err := io.ReadAll(client); err != nil || !bytes.Equal(reply, content) {
			t.Errorf("%d of %d bytes, %v", len(reply), size, err)
		}
	})
}

func TestServerThatEndsFirstStillHearsTheClient(t *testing.T) {
	heard := make(chan string, 3)
	eachTCP(t, func(connection *net.TCPConn) {
		_, _ = connection.Write([]byte("greeting"))
		_ = connection.CloseWrite()
		rest, _ := io.ReadAll(connection)
		heard <- string(rest)
	}, func(t *testing.T, address string) {
		client := dial(t, address)
		if greeting, err := io.ReadAll(client); err != nil || string(greeting) != "greeting" {
			t.Fatalf("%q, %v", greeting, err)
		}
		_, _ = client.Write([]byte("late"))
		_ = client.CloseWrite()
		select {
		case got := <-heard:
			if got != "late" {
				t.Errorf("the server heard %q", got)
			}
		case <-time.After(10 * time.Second):
			t.Error("the server heard no end")
		}
	})
}

func TestResetInMidStreamIsPassedOnAsAReset(t *testing.T) {
	eachTCP(t, func(connection *net.TCPConn) {
		_, _ = connection.Write(make([]byte, 1000))
		_, _ = io.ReadFull(connection, make([]byte, 1)) // Until the client has them.
		_ = connection.SetLinger(0)
	}, func(t *testing.T, address string) {
		client := dial(t, address)
		if _, err := io.ReadFull(client, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		_, _ = client.Write([]byte{1})
		if _, err := client.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("got %v, want a reset", err)
		}
	})
}

func TestClientsResetReachesTheServer(t *testing.T) {
	ends := make(chan error, 3)
	eachTCP(t, func(connection *net.TCPConn) {
		_, err := io.Copy(io.Discard, connection)
		ends <- err
	}, func(t *testing.T, address string) {
		client := dial(t, address)
		_, _ = client.Write(make([]byte, 1000))
		time.Sleep(50 * time.Millisecond) // The reset would overtake the bytes, and even the connection's forwarding.
		_ = client.SetLinger(0)
		client.Close()
		select {
		case err := <-ends:
			if err == nil {
				t.Error("the server took a reset for an end")
			}
		case <-time.After(10 * time.Second):
			t.Error("the server still waits")
		}
	})
}
