// Package identity is how the processes of a path, client, sidecars and service, prove who they are. Peers are known by the
// URI in their certificates, and none by the name of its host.
package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
)

const (
	// trustDomain begins the URI of every workload of a run.
	trustDomain = "spiffe://meshmark/"
	// ServerName is sent in the ClientHello and names the entry of a cache of sessions.
	ServerName = "mesh.meshmark"
)

// Files are PEM files: a certificate, its key, and the authority that peers are checked against.
type Files struct {
	Certificate string `json:"certificate,omitempty"`
	Key         string `json:"key,omitempty"`
	Authority   string `json:"ca,omitempty"`
}

// Identity is what one end proves about itself, and whom it trusts.
type Identity struct {
	Certificate tls.Certificate
	Authorities *x509.CertPool
}

// Load reads the files. The error names the option or field at fault.
func Load(files Files) (*Identity, error) {
	certificate, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		return nil, fmt.Errorf("certificate and key: %w", err)
	}
	pem, err := os.ReadFile(files.Authority)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca: no certificate in %s", files.Authority)
	}
	return &Identity{certificate, authorities}, nil
}

// ServerConfig demands a certificate of every client, under TLS 1.3.
func (i *Identity) ServerConfig() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{i.Certificate}, MinVersion: tls.VersionTLS13,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: i.Authorities, VerifyConnection: CheckURI,
	}
}

// ClientConfig verifies the server by its chain and its URI instead of by a host's name, which is why the check that
// crypto/tls would make itself is turned off. No session is kept, so that every connection makes a whole handshake.
func (i *Identity) ClientConfig() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{i.Certificate}, MinVersion: tls.VersionTLS13,
		ServerName: ServerName, InsecureSkipVerify: true, VerifyConnection: i.VerifyServer,
	}
}

// VerifyServer checks the server's chain and its URI, in a whole handshake.
func (i *Identity) VerifyServer(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server showed no certificate")
	}
	between := x509.NewCertPool()
	for _, certificate := range state.PeerCertificates[1:] {
		between.AddCert(certificate)
	}
	options := x509.VerifyOptions{Roots: i.Authorities, Intermediates: between}
	if _, err := state.PeerCertificates[0].Verify(options); err != nil {
		return fmt.Errorf("verify the server: %w", err)
	}
	return CheckURI(state)
}

// CheckURI demands a URI of the trust domain in the peer's certificate.
func CheckURI(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the peer showed no certificate")
	}
	for _, name := range state.PeerCertificates[0].URIs {
		if strings.HasPrefix(name.String(), trustDomain) {
			return nil
		}
	}
	return fmt.Errorf("the peer's certificate has no URI under %s", trustDomain)
}
