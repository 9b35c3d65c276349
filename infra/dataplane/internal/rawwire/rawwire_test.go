package rawwire

import "testing"

func TestWhatIsAppendedIsReadBack(t *testing.T) {
	head := Head{Length: 70_000, Status: Fault, ReceivedNs: 1 << 60, SentNs: 1<<60 + 5}
	written := AppendHead(nil, head)
	if read, err := ParseHead(written); err != nil || read != head || len(written) != HeadBytes {
		t.Errorf("%+v became %+v, %v", head, read, err)
	}
	request := AppendRequest(nil, 30)
	if n, err := RequestLength(request); err != nil || n != 30 || string(request[PrefixBytes:]) != "abcdefghijklmnopqrstuvwxyzabcd" {
		t.Errorf("%q, length %d, %v", request, n, err)
	}
}

func TestLengthsBeyondTheBoundAreRefused(t *testing.T) {
	over := []byte{0x40, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	if _, err := RequestLength(over); err == nil {
		t.Error("a request of more than 1 GiB was taken")
	}
	if _, err := ParseHead(over); err == nil {
		t.Error("an answer of more than 1 GiB was taken")
	}
}
