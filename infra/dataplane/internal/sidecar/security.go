package sidecar

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"meshmark/dataplane/internal/admin"
	peers "meshmark/dataplane/internal/identity"
)

// What Go lets one choose. Under TLS 1.2 the cipher is chosen by tls.Config.CipherSuites. Under TLS 1.3 nothing is:
// both sides prefer AES-128-GCM where the processor has instructions for it and ChaCha20-Poly1305 where it has not, and
// the server lets the less able side have its way. So "chacha20-poly1305" under 1.3 works in a process that was started
// with GODEBUG=cpu.pclmulqdq=off (amd64) or cpu.pmull=off (arm64), which makes crypto/tls believe that the instructions
// are missing; it is enough on one side. The counters say what was negotiated, whatever was asked for.
// The key exchange is Go's default, a hybrid of X25519 and ML-KEM-768 under 1.3.

const (
	// sessionsKept is the size of the cache of sessions to resume. All are with one peer, so that one entry is used.
	sessionsKept = 64
	// handshakeLimit is short, as dialLimit is.
	handshakeLimit = 5 * time.Second
)

// identity is what this workload proves about itself, and whom it trusts.
type identity struct{ *peers.Identity }

// loadIdentity reads the PEM files. It returns nil where neither side is secured.
func loadIdentity(options Options) (*identity, error) {
	if options.ListenSecurity != "mtls" && options.UpstreamSecurity != "mtls" {
		return nil, nil
	}
	own, err := peers.Load(peers.Files{Certificate: options.CertificateFile, Key: options.KeyFile, Authority: options.CAFile})
	if err != nil {
		return nil, fmt.Errorf("--certificate, --key and --ca: %w", err)
	}
	return &identity{own}, nil
}

// serverConfig demands a certificate of every client. A resumed session carries the identity that was verified when it
// was made; crypto/tls refuses to resume it once that certificate has expired.
func (i *identity) serverConfig(options Options) *tls.Config {
	config := i.config(options, options.ListenProtocol)
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.ClientCAs = i.Authorities
	config.SessionTicketsDisabled = !options.TLSResumption
	config.VerifyConnection = peers.CheckURI
	return config
}

// clientConfig verifies the server by its chain and its URI instead of by a host name, which is why the check that
// crypto/tls would make itself is turned off. A session that is resumed was made by a connection that passed the whole
// check, in this process: its certificate is only looked at again for its dates and its URI.
func (i *identity) clientConfig(options Options) *tls.Config {
	config := i.config(options, options.UpstreamProtocol)
	config.ServerName = peers.ServerName
	config.InsecureSkipVerify = true
	config.VerifyConnection = i.verifyServer
	if options.TLSResumption {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(sessionsKept)
	}
	return config
}

func (i *identity) config(options Options, protocol string) *tls.Config {
	config := &tls.Config{
		Certificates: []tls.Certificate{i.Certificate},
		MinVersion:   tls.VersionTLS13,
		MaxVersion:   tls.VersionTLS13,
		NextProtos:   applicationProtocols[protocol],
	}
	if options.TLSVersion == "1.2" {
		config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
		config.CipherSuites = suitesTLS12[options.TLSCipher]
	}
	return config
}

// applicationProtocols are the names that a handshake settles the protocol by. There is no fallback: a peer that
// speaks another one is refused.
var applicationProtocols = map[string][]string{"http1": {"http/1.1"}, "h2": {"h2"}, "h3": {"h3"}, "tcp": {"meshmark-tcp"}}

// suitesTLS12 has both key types of each cipher; "auto" is absent, which leaves the choice to Go.
var suitesTLS12 = map[string][]uint16{
	"aes-128-gcm":       {tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
	"aes-256-gcm":       {tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384},
	"chacha20-poly1305": {tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256},
}

func (i *identity) verifyServer(state tls.ConnectionState) error {
	if !state.DidResume {
		return i.VerifyServer(state)
	}
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server showed no certificate")
	}
	leaf := state.PeerCertificates[0]
	if now := time.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return fmt.Errorf("the certificate of the resumed session is not valid at %s", now.Format(time.RFC3339))
	}
	return peers.CheckURI(state)
}

// secured has a dialer make the handshake as well, counted once it is complete.
func (d dialer) secured(config *tls.Config, counters *admin.Counters) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		plain, err := d(ctx, network, address)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, handshakeLimit)
		defer cancel()
		connection := tls.Client(plain, config)
		if err := connection.HandshakeContext(ctx); err != nil {
			plain.Close()
			return nil, fmt.Errorf("handshake: %w", err)
		}
		countHandshake(connection.ConnectionState(), counters)
		return connection, nil
	}
}

func countHandshake(state tls.ConnectionState, counters *admin.Counters) {
	counters.Handshakes.Add(1)
	if state.DidResume {
		counters.HandshakesResumed.Add(1)
	}
}

// countUpstreamSecurity counts one request, or connection of tcp, sent to a peer that verifyServer let pass.
func countUpstreamSecurity(state *tls.ConnectionState, counters *admin.Counters) {
	if !state.HandshakeComplete || len(state.PeerCertificates) == 0 {
		return
	}
	counters.UpstreamVerified.Add(1)
	switch state.PeerCertificates[0].PublicKeyAlgorithm {
	case x509.RSA:
		counters.UpstreamKeyRSA.Add(1)
	case x509.ECDSA:
		counters.UpstreamKeyECDSA.Add(1)
	}
	switch state.CipherSuite {
	case tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:
		counters.UpstreamAESGCM.Add(1)
	case tls.TLS_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256:
		counters.UpstreamChaCha20.Add(1)
	}
	switch state.Version {
	case tls.VersionTLS12:
		counters.UpstreamTLS12.Add(1)
	case tls.VersionTLS13:
		counters.UpstreamTLS13.Add(1)
	}
}
