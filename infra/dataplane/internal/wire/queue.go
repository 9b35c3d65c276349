package wire

// queue holds the packets under way in one direction, in order. All its memory is reserved at the start, and taken
// from the system only as far as packets ever fill it, so that holding a packet allocates nothing.
type queue struct {
	packets []byte
	sizes   []int
	dueNs   []int64
	mtu     int
	head    int
	length  int
}

// queueBytes is the memory reserved for one direction: more than TCP's largest window by default, 6 MB, of full packets.
const queueBytes = 32 << 20

func newQueue(mtu int) *queue {
	slots := queueBytes / mtu
	return &queue{packets: make([]byte, slots*mtu), sizes: make([]int, slots), dueNs: make([]int64, slots), mtu: mtu}
}

func (q *queue) empty() bool { return q.length == 0 }
func (q *queue) full() bool  { return q.length == len(q.sizes) }

// free is the memory that the next packet is read into. There is some unless the queue is full.
func (q *queue) free() []byte {
	at := (q.head + q.length) % len(q.sizes) * q.mtu
	return q.packets[at : at+q.mtu]
}

// push adds the packet that was read into free.
func (q *queue) push(size int, dueNs int64) {
	at := (q.head + q.length) % len(q.sizes)
	q.sizes[at], q.dueNs[at] = size, dueNs
	q.length++
}

// first is the packet that has waited longest, and when it is due. There is one unless the queue is empty.
func (q *queue) first() (packet []byte, dueNs int64) {
	at := q.head * q.mtu
	return q.packets[at : at+q.sizes[q.head]], q.dueNs[q.head]
}

// drop removes the first packet.
func (q *queue) drop() {
	q.head = (q.head + 1) % len(q.sizes)
	q.length--
}
