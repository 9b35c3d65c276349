package sidecar

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority signs the certificates of a test.
type authority struct {
	t           testing.TB
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial(t),
		Subject:               pkix.Name{CommonName: "authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{t, certificate, key, writePEM(t, "CERTIFICATE", der)}
}

func serial(t testing.TB) *big.Int {
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func writePEM(t testing.TB, kind string, der []byte) (file string) {
	file = filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// workload is a certificate with its key, as files and as crypto/tls wants it.
type workload struct {
	certificateFile, keyFile string
	certificate              tls.Certificate
}

// issue signs a certificate for the URI with a new key of the kind "ecdsa" or "rsa".
func (a *authority) issue(uri, kind string, notAfter time.Time) workload {
	a.t.Helper()
	var key crypto.Signer
	var err error
	if kind == "rsa" {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	name, err := url.Parse(uri)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial(a.t),
		NotBefore:    time.Now().Add(-2 * time.Hour),
		NotAfter:     notAfter,
		URIs:         []*url.URL{name},
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return workload{
		writePEM(a.t, "CERTIFICATE", der), writePEM(a.t, "PRIVATE KEY", keyDER),
		tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
	}
}

func (a *authority) issueFor(name string) workload {
	return a.issue("spiffe://meshmark/"+name, "ecdsa", time.Now().Add(time.Hour))
}

// flags are the sidecar's options for this identity.
func (a *authority) flags(own workload) []string {
	return []string{"--certificate", own.certificateFile, "--key", own.keyFile, "--ca", a.file}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// serverTLS is a server of the test that demands certificates, as a sidecar does.
func (a *authority) serverTLS(own workload, protocols ...string) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{own.certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    a.pool(),
		NextProtos:   protocols,
	}
}

// clientTLS is a client of the test; whom it talks to is not its concern.
func clientTLS(own workload, protocols ...string) *tls.Config {
	config := &tls.Config{InsecureSkipVerify: true, NextProtos: protocols}
	if own.certificate.Certificate != nil {
		certificate := own.certificate
		// Shown whichever authorities the server asks for.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
	}
	return config
}

// optionsOf are a client's options with that identity.
func optionsOf(authority *authority, own workload) Options {
	return Options{
		UpstreamSecurity: "mtls", UpstreamProtocol: "http1", TLSVersion: "1.3", TLSResumption: true,
		CertificateFile: own.certificateFile, KeyFile: own.keyFile, CAFile: authority.file,
	}
}

func read(t testing.TB, file string) []byte {
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
