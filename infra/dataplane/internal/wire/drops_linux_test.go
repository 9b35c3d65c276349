package wire

import "testing"

const deviceTable = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     104       1    0    2    0     0          0         0      104       1    0    3    0     0       0          0
 mm47a:55172800   36786    0    4    0     0          0         0  2119208   40754    0   17    0     0       0          0
`

func TestDropsAreThoseOfTheDevicesOwnTransmitQueue(t *testing.T) {
	if drops, err := parseDrops(deviceTable, "mm47a"); err != nil || drops != 17 {
		t.Errorf("%d drops (%v), want 17", drops, err)
	}
	for _, device := range []string{"mm47b", "mm4", ""} {
		if drops, err := parseDrops(deviceTable, device); err == nil {
			t.Errorf("%q has %d drops and is not in the table", device, drops)
		}
	}
	if drops, err := readDrops("lo"); err != nil || drops < 0 {
		t.Errorf("lo has %d drops (%v)", drops, err)
	}
}

func FuzzParseDrops(f *testing.F) {
	f.Add(deviceTable, "lo")
	f.Add("lo: 1 2", "lo")
	f.Fuzz(func(t *testing.T, table, device string) {
		if drops, err := parseDrops(table, device); drops < 0 || (err != nil && drops != 0) {
			t.Errorf("%d drops (%v)", drops, err)
		}
	})
}
