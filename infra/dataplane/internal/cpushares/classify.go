package cpushares

import "strings"

// Category is the kind of work that a sample of the CPU was taken in.
type Category string

const (
	// PrivateKey is what is done with a private key: signing, and decrypting with RSA.
	PrivateKey Category = "privateKey"
	// KeyExchange is Diffie-Hellman on elliptic curves, the making of its keys included.
	KeyExchange Category = "keyExchange"
	// KeyEncapsulation is ML-KEM, the other half of Go's hybrid key exchange.
	KeyEncapsulation Category = "keyEncapsulation"
	// Verification is the checking of signatures: the peer's, and those in its chain of certificates.
	Verification Category = "verification"
	// Symmetric is the protection of records and packets, hashing, and the derivation of keys.
	Symmetric Category = "symmetric"
	// Other is everything else: copying, the kernel, net/http, collecting garbage.
	Other Category = "other"
)

// Categories in the order in which they are told.
var Categories = []Category{PrivateKey, KeyExchange, KeyEncapsulation, Verification, Symmetric, Other}

// operations names the operations with keys, as the stacks of Go 1.26 have them, by package. A function of the package
// belongs to the category when its name begins with the prefix, a method when its name without the receiver does.
//
// The packages that these stand on (nistec, edwards25519, bigmod) are absent: P-256 is multiplied in signing, verifying and
// exchanging keys alike, and only the frames above say which it was.
var operations = map[string][]struct {
	prefix   string
	category Category
}{
	"crypto/ecdsa":                    {{"Sign", PrivateKey}, {"sign", PrivateKey}, {"Verify", Verification}, {"verify", Verification}},
	"crypto/internal/fips140/ecdsa":   {{"Sign", PrivateKey}, {"sign", PrivateKey}, {"Verify", Verification}, {"verify", Verification}},
	"crypto/rsa":                      {{"Sign", PrivateKey}, {"Decrypt", PrivateKey}, {"Verify", Verification}},
	"crypto/internal/fips140/rsa":     {{"Sign", PrivateKey}, {"Decrypt", PrivateKey}, {"decrypt", PrivateKey}, {"Verify", Verification}, {"verify", Verification}},
	"crypto/ed25519":                  {{"Sign", PrivateKey}, {"sign", PrivateKey}, {"Verify", Verification}, {"verify", Verification}},
	"crypto/internal/fips140/ed25519": {{"Sign", PrivateKey}, {"sign", PrivateKey}, {"Verify", Verification}, {"verify", Verification}},
	"crypto/ecdh":                     {{"", KeyExchange}},
	"crypto/internal/fips140/ecdh":    {{"", KeyExchange}},
	"crypto/mlkem":                    {{"", KeyEncapsulation}},
	"crypto/internal/fips140/mlkem":   {{"", KeyEncapsulation}},
}

// symmetric holds the packages of ciphers, hashes and key derivation.
var symmetric = map[string]bool{
	"crypto/aes": true, "crypto/cipher": true, "crypto/hmac": true, "crypto/hkdf": true,
	"crypto/md5": true, "crypto/sha1": true, "crypto/sha256": true, "crypto/sha3": true, "crypto/sha512": true,
	"crypto/internal/fips140/aes": true, "crypto/internal/fips140/aes/gcm": true, "crypto/internal/fips140/hkdf": true,
	"crypto/internal/fips140/hmac": true, "crypto/internal/fips140/sha256": true, "crypto/internal/fips140/sha3": true,
	"crypto/internal/fips140/sha512": true, "crypto/internal/fips140/subtle": true, "crypto/internal/fips140/tls12": true,
	"crypto/internal/fips140/tls13": true, "golang.org/x/crypto/chacha20": true, "golang.org/x/crypto/chacha20poly1305": true,
	"golang.org/x/crypto/hkdf": true, "golang.org/x/crypto/internal/poly1305": true, "golang.org/x/crypto/internal/alias": true,
}

// quicProtection is where quic-go protects packets and their headers; its frames are the ciphers' own, inlined, or a
// few instructions around them.
const quicProtection = "github.com/quic-go/quic-go/internal/handshake"

var quicReceivers = []string{
	"(*updatableAEAD).Open", "(*updatableAEAD).Seal", "(*updatableAEAD).open", "(*updatableAEAD).EncryptHeader",
	"(*updatableAEAD).DecryptHeader", "(*longHeaderSealer).", "(*longHeaderOpener).", "(*aesHeaderProtector).",
	"(*chachaHeaderProtector).", "(*xorNonceAEAD).",
}

// Classify says what a stack was doing; frames are names of functions, the innermost first. The innermost operation with
// a key decides, so that a hash taken within a signature is signing; without one, any frame of a cipher or hash does.
func Classify(frames []string) Category {
	cipher := false
	for _, frame := range frames {
		path, function := split(frame)
		if category, is := operation(path, function); is {
			return category
		}
		cipher = cipher || symmetric[path] || path == quicProtection && startsWithAny(function, quicReceivers)
	}
	if cipher {
		return Symmetric
	}
	return Other
}

func operation(path, function string) (Category, bool) {
	own := operations[path]
	if own == nil {
		return "", false
	}
	if _, method, is := strings.Cut(function, ")."); is {
		function = method
	}
	for _, one := range own {
		if strings.HasPrefix(function, one.prefix) {
			return one.category, true
		}
	}
	return "", false
}

// split takes "crypto/internal/fips140/ecdsa.Sign[go.shape.…]" apart into package and function. What the standard library
// vendors goes by its own name.
func split(frame string) (path, function string) {
	frame, _, _ = strings.Cut(frame, "[")
	frame = strings.TrimPrefix(frame, "vendor/")
	slash := strings.LastIndex(frame, "/") + 1
	dot := strings.Index(frame[slash:], ".")
	if dot < 0 {
		return frame, ""
	}
	return frame[:slash+dot], frame[slash+dot+1:]
}

func startsWithAny(text string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}
