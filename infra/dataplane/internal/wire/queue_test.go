package wire

import "testing"

func TestQueueHandsOutInOrderAcrossItsEnd(t *testing.T) {
	q := &queue{packets: make([]byte, 3*2), sizes: make([]int, 3), dueNs: make([]int64, 3), mtu: 2}
	next, oldest := byte(0), byte(0)
	add := func() {
		q.free()[0] = next
		q.push(1, int64(next)*10)
		next++
	}
	take := func() {
		t.Helper()
		packet, dueNs := q.first()
		if len(packet) != 1 || packet[0] != oldest || dueNs != int64(oldest)*10 {
			t.Errorf("first is %v due at %d, want packet %d", packet, dueNs, oldest)
		}
		q.drop()
		oldest++
	}
	for range 10 {
		for !q.full() {
			add()
		}
		take()
		take()
		add()
	}
	for !q.empty() {
		take()
	}
	if oldest != next {
		t.Errorf("%d packets went in, %d came out", next, oldest)
	}
}
