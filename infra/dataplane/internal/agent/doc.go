// Package agent is `dataplane agent`, which rides in a pod and tells what the processes of that pod have used, to whoever
// knows its token. It reads the kernel's own clocks when it is asked, at the edges of slices; nothing is sampled in between.
//
// It sees the pod's processes where the pod shares its process namespace, and tells them apart by the variable
// MESHMARK_ROLE that their container was given: children have it from their parents.
//
//	dataplane agent --listen 0.0.0.0:9700 --token-file /etc/meshmark/token
package agent
