package cpushares

import "testing"

func TestClassifyTellsOperationsApartByTheFramesAboveTheCurve(t *testing.T) {
	const curve = "crypto/internal/fips140/nistec.p256PointDoubleAsm"
	cases := []struct {
		name   string
		frames []string
		want   Category
	}{
		{"signing", []string{curve, "crypto/internal/fips140/ecdsa.signGeneric[go.shape.*crypto/internal/fips140/nistec.P256Point]", "crypto/ecdsa.(*PrivateKey).Sign", "crypto.SignMessage"}, PrivateKey},
		{"a hash within signing", []string{"crypto/internal/fips140/sha512.blockAVX2", "crypto/internal/fips140/ecdsa.newDRBG[go.shape.int]", "crypto/internal/fips140/ecdsa.Sign[go.shape.int]"}, PrivateKey},
		{"decrypting with RSA", []string{"crypto/internal/fips140/bigmod.addMulVVW1024", "crypto/internal/fips140/rsa.decrypt", "crypto/rsa.DecryptPKCS1v15"}, PrivateKey},
		{"the check of its own result within RSA signing", []string{"crypto/internal/fips140/bigmod.addMulVVW2048", "crypto/internal/fips140/rsa.encrypt", "crypto/internal/fips140/rsa.decrypt", "crypto/rsa.SignPSS"}, PrivateKey},
		{"verifying", []string{curve, "crypto/internal/fips140/ecdsa.verifyGeneric[go.shape.int]", "crypto/ecdsa.VerifyASN1", "crypto/x509.(*Certificate).Verify"}, Verification},
		{"verifying with RSA", []string{"crypto/internal/fips140/bigmod.addMulVVW2048", "crypto/internal/fips140/rsa.encrypt", "crypto/internal/fips140/rsa.verifyPSS", "crypto/rsa.VerifyPSS"}, Verification},
		{"exchanging keys on P-256", []string{curve, "crypto/internal/fips140/ecdh.ecdh[go.shape.int]", "crypto/ecdh.(*PrivateKey).ECDH"}, KeyExchange},
		{"exchanging keys on Curve25519", []string{"crypto/internal/fips140/edwards25519/field.feMul", "crypto/ecdh.x25519ScalarMult", "crypto/ecdh.(*x25519Curve).ecdh"}, KeyExchange},
		{"encapsulating", []string{"crypto/internal/fips140/sha3.keccakF1600", "crypto/internal/fips140/mlkem.sampleNTT", "crypto/mlkem.(*EncapsulationKey768).Encapsulate"}, KeyEncapsulation},
		{"protecting a record", []string{"crypto/internal/fips140/aes/gcm.gcmAesEnc", "crypto/tls.(*xorNonceAEAD).Seal", "crypto/tls.(*halfConn).encrypt"}, Symmetric},
		{"protecting a record with ChaCha20", []string{"vendor/golang.org/x/crypto/chacha20poly1305.chacha20Poly1305Seal", "crypto/tls.(*xorNonceAEAD).Seal"}, Symmetric},
		{"deriving keys", []string{"runtime.mallocgc", "crypto/internal/fips140/hmac.New[go.shape.int]", "crypto/internal/fips140/tls13.ExpandLabel[go.shape.int]"}, Symmetric},
		{"protecting the header of a packet", []string{"github.com/quic-go/quic-go/internal/handshake.(*aesHeaderProtector).apply"}, Symmetric},
		{"reading a handshake message", []string{"crypto/tls.(*clientHelloMsg).unmarshal", "crypto/tls.(*Conn).readHandshake"}, Other},
		{"parsing a certificate", []string{"runtime.memmove", "crypto/x509.parseCertificate"}, Other},
		{"making a key for ECDSA, which is neither", []string{curve, "crypto/ecdsa.GenerateKey"}, Other},
		{"nothing", nil, Other},
	}
	for _, one := range cases {
		if got := Classify(one.frames); got != one.want {
			t.Errorf("%s: %s, want %s", one.name, got, one.want)
		}
	}
}
