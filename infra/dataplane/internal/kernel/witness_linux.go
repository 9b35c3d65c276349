package kernel

import (
	"meshmark/dataplane/internal/bpf"
)

// witness reads what the programs counted, and asks the kernel which of them are still on their hooks. Names of counters
// that belong to one endpoint end in a dot and its name.
func (a *agent) witness() map[string]int64 {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	witness := map[string]int64{"programsExpected": int64(len(a.hooks)), "programsAttached": 0}
	for _, hook := range a.hooks {
		if hook.attached() {
			witness["programsAttached"]++
		}
	}
	if a.objects.MmCounted != nil {
		a.addCounts(witness, "", 0)
		for i, endpoint := range a.endpoints {
			a.addCounts(witness, "."+endpoint.name, uint32(i+1))
		}
	}
	if a.rules != nil {
		redirected := a.rules.connectionsByTarget()
		for _, endpoint := range a.endpoints {
			witness["connectsRedirected."+endpoint.name] = redirected[endpoint.address]
			witness["connectsRedirected"] += redirected[endpoint.address]
		}
	}
	return witness
}

// addCounts adds the counts of one place, over all cores: those of an endpoint under its name, and some as sums of all.
func (a *agent) addCounts(witness map[string]int64, suffix string, place uint32) {
	var perCore []bpf.AgentMmCounts
	if err := a.objects.MmCounted.Lookup(place, &perCore); err != nil {
		return
	}
	var sum bpf.AgentMmCounts
	for _, one := range perCore {
		sum.AnswerBytesRedirected += one.AnswerBytesRedirected
		sum.AnswerBytesMissed += one.AnswerBytesMissed
		sum.AnswerBytesChecked += one.AnswerBytesChecked
		sum.RequestBytesRedirected += one.RequestBytesRedirected
		sum.RequestBytesMissed += one.RequestBytesMissed
		sum.RequestBytesChecked += one.RequestBytesChecked
		sum.MessagesRedirected += one.MessagesRedirected
		sum.MessagesMissed += one.MessagesMissed
		sum.MessagesDenied += one.MessagesDenied
		sum.PacketsDenied += one.PacketsDenied
		sum.ConnectsRedirected += one.ConnectsRedirected
		sum.ConnectsDenied += one.ConnectsDenied
		sum.SocketsAdded += one.SocketsAdded
		sum.SocketsNotAdded += one.SocketsNotAdded
	}
	if suffix != "" {
		witness["answerBytesRedirected"+suffix] = int64(sum.AnswerBytesRedirected)
		witness["answerBytesMissed"+suffix] = int64(sum.AnswerBytesMissed)
		witness["answerBytesChecked"+suffix] = int64(sum.AnswerBytesChecked)
		witness["requestBytesRedirected"+suffix] = int64(sum.RequestBytesRedirected)
		witness["requestBytesMissed"+suffix] = int64(sum.RequestBytesMissed)
		witness["requestBytesChecked"+suffix] = int64(sum.RequestBytesChecked)
		witness["connectsRedirected"+suffix] = int64(sum.ConnectsRedirected)
	}
	witness["messagesRedirected"] += int64(sum.MessagesRedirected)
	witness["messagesMissed"] += int64(sum.MessagesMissed)
	witness["messagesDenied"] += int64(sum.MessagesDenied)
	witness["packetsDenied"] += int64(sum.PacketsDenied)
	witness["connectsRedirected"] += int64(sum.ConnectsRedirected)
	witness["connectsDenied"] += int64(sum.ConnectsDenied)
	witness["socketsAdded"] += int64(sum.SocketsAdded)
	witness["socketsNotAdded"] += int64(sum.SocketsNotAdded)
}
