package service

import (
	"encoding/json"
	"net/http"
	"sync"
)

// keptRequests remembers when requests came and how long they stayed, so that any generator, whatever it says of itself,
// can be held against the schedule that it claims and against the time that was really spent here.
type keptRequests struct {
	mutex       sync.Mutex
	receivedNs  []int64
	residenceNs []int64
}

func newKeptRequests(limit int) *keptRequests {
	return &keptRequests{receivedNs: make([]int64, 0, limit), residenceNs: make([]int64, 0, limit)}
}

// add keeps a request while there is room for it.
func (k *keptRequests) add(receivedNs, residenceNs int64) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if len(k.receivedNs) < cap(k.receivedNs) {
		k.receivedNs = append(k.receivedNs, receivedNs)
		k.residenceNs = append(k.residenceNs, residenceNs)
	}
}

// handOver answers POST /requests with what was kept, in the order in which it was answered, and forgets it.
func (k *keptRequests) handOver(answer http.ResponseWriter, _ *http.Request) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	answer.Header().Set("Content-Type", "application/json")
	// An asker that has gone away is no fault of ours.
	_ = json.NewEncoder(answer).Encode(struct {
		ReceivedNs  []int64 `json:"receivedNs"`
		ResidenceNs []int64 `json:"residenceNs"`
	}{k.receivedNs, k.residenceNs})
	k.receivedNs, k.residenceNs = k.receivedNs[:0], k.residenceNs[:0]
}
