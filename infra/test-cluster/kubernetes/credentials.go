package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A test cluster lives for hours.
const valid = 7 * 24 * time.Hour

type authority struct {
	dir         string
	server      string
	certificate *x509.Certificate
	key         crypto.Signer
	pem         []byte
}

// writeCredentials writes a certificate authority, the certificates of every program, and a kubeconfig for each that talks
// to the API server.
func writeCredentials(arguments []string) error {
	flags := flag.NewFlagSet("credentials", flag.ExitOnError)
	dir := flags.String("dir", "", "folder to write into")
	api := flags.String("api", "", "address of the API server")
	service := flags.String("service-ip", "", "address of the service `kubernetes`")
	nodes := flags.String("nodes", "", "name=address of each node, with commas between")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	own, err := newAuthority(*dir, "https://"+net.JoinHostPort(*api, "6443"))
	if err != nil {
		return err
	}
	if err := writeServiceAccountKey(*dir); err != nil {
		return err
	}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	addresses := []string{"127.0.0.1", *api, *service}
	if _, _, err := own.issue("apiserver", pkix.Name{CommonName: "kube-apiserver"}, names, addresses); err != nil {
		return err
	}
	masters := []string{"system:masters"}
	client := pkix.Name{CommonName: "kube-apiserver-kubelet-client", Organization: masters}
	if _, _, err := own.issue("kubelet-client", client, nil, nil); err != nil {
		return err
	}
	users := map[string]pkix.Name{
		"admin":              {CommonName: "admin", Organization: masters},
		"controller-manager": {CommonName: "system:kube-controller-manager"},
		"scheduler":          {CommonName: "system:kube-scheduler"},
		"proxy":              {CommonName: "system:kube-proxy"},
	}
	for user, subject := range users {
		if err := own.kubeconfig(user, subject, nil, nil); err != nil {
			return err
		}
	}
	for _, node := range strings.Split(*nodes, ",") {
		name, address, _ := strings.Cut(node, "=")
		subject := pkix.Name{CommonName: "system:node:" + name, Organization: []string{"system:nodes"}}
		if err := own.kubeconfig("kubelet-"+name, subject, []string{name}, []string{address}); err != nil {
			return err
		}
	}
	return nil
}

func newAuthority(dir, server string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test-cluster"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(valid),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	own := &authority{dir, server, certificate, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	return own, writePair(dir, "ca", own.pem, keyPEM)
}

// issue writes NAME.crt and NAME.key, good for either side of a connection, and returns both.
func (a *authority) issue(name string, subject pkix.Name, names, addresses []string) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: subject, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(valid),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, address := range addresses {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(address))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if key, err = encodeKey(private); err != nil {
		return nil, nil, err
	}
	return certificate, key, writePair(a.dir, name, certificate, key)
}

// kubeconfig writes NAME.conf, with which a program or a person talks to the API server.
func (a *authority) kubeconfig(name string, subject pkix.Name, names, addresses []string) error {
	certificate, key, err := a.issue(name, subject, names, addresses)
	if err != nil {
		return err
	}
	encode := base64.StdEncoding.EncodeToString
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: meshmark-test
clusters: [{name: meshmark-test, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: %s, user: {client-certificate-data: %s, client-key-data: %s}}]
contexts: [{name: meshmark-test, context: {cluster: meshmark-test, user: %s}}]
`, a.server, encode(a.pem), name, encode(certificate), encode(key), name)
	return os.WriteFile(filepath.Join(a.dir, name+".conf"), []byte(text), 0o600)
}

// writeServiceAccountKey writes sa.key and sa.pub, by which tokens of service accounts are signed and verified.
func writeServiceAccountKey(dir string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	private, err := encodeKey(key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if err := os.WriteFile(filepath.Join(dir, "sa.pub"), public, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "sa.key"), private, 0o600)
}

func encodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func writePair(dir, name string, certificate, key []byte) error {
	if err := os.WriteFile(filepath.Join(dir, name+".crt"), certificate, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".key"), key, 0o600)
}
