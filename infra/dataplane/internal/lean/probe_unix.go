//go:build unix

package lean

import "golang.org/x/sys/unix"

const (
	// recordHead is the size of a TLS record's head; its first byte is the record's type, its last two the length.
	recordHead = 5
	alertType  = 21
	// longestHiddenAlert is the length of an alert in TLS 1.3: two bytes, the hidden type and the cipher's tag.
	longestHiddenAlert = 19
)

// standsIdle says whether nothing has come on a socket since it was last used. In TLS, session tickets may come by
// themselves; an alert means the end.
func standsIdle(fd int, encrypted bool) bool {
	var bytes [recordHead]byte
	if !encrypted {
		_, err := unix.Read(fd, bytes[:1])
		return err == unix.EAGAIN
	}
	count, _, err := unix.Recvfrom(fd, bytes[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	if err != nil {
		return err == unix.EAGAIN
	}
	length := int(bytes[3])<<8 | int(bytes[4])
	return count == recordHead && bytes[0] != alertType && length > longestHiddenAlert
}
