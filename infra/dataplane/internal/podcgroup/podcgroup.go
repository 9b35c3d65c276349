// Package podcgroup finds the cgroup of the pod that this process runs in, where the node's cgroups are mounted into its
// container: a container's own view of them ends at itself.
package podcgroup

import "strings"

// prefix marks a directory below which the pod's cgroup is to be found.
const prefix = "pod:"

// Resolve returns the directory that a flag names: of `pod:ROOT` the pod's cgroup below ROOT, and anything else as it is.
func Resolve(value string) (string, error) {
	if root, is := strings.CutPrefix(value, prefix); is {
		return own(root)
	}
	return value, nil
}
