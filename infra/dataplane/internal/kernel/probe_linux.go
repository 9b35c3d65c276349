package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"meshmark/dataplane/internal/sockmap"
)

// probes are the features by name, each with options that bring it alone.
var probes = []struct {
	feature string
	options Options
}{
	{"messages", Options{Messages: true}},
	{"connect", Options{Connect: true}},
	{"original-destination", Options{Connect: true, OriginalDestination: true}},
	{"policy", Options{Policy: true}},
	{"redirect", Options{Redirect: true}},
}

// printProbe attaches each feature to a cgroup of its own and says of each null, or why it cannot be had.
func printProbe(stdout io.Writer) error {
	features := map[string]*string{}
	say := func(feature string, err error) {
		features[feature] = nil
		if err != nil {
			reason := oneLine(err)
			features[feature] = &reason
		}
	}
	cgroup, err := makeProbeCgroup()
	for _, probe := range probes {
		// nftables needs no cgroup.
		if err != nil && !probe.options.Redirect {
			say(probe.feature, err)
			continue
		}
		options := probe.options
		options.ClientCgroup, options.MeshCgroup = cgroup, cgroup
		say(probe.feature, try(options))
	}
	if err != nil {
		say("sockmap", err)
	} else {
		say("sockmap", sockmap.Probe(cgroup))
		// Before anything is said: who asked may be gone, and then the first word is this process's last.
		os.Remove(cgroup)
	}
	return json.NewEncoder(stdout).Encode(map[string]any{"event": "probe", "features": features})
}

func try(options Options) error {
	agent, err := start(options)
	if err != nil {
		return err
	}
	defer agent.close()
	for _, hook := range agent.hooks {
		if !hook.attached() {
			return fmt.Errorf("%s was attached and is not there", hook.name)
		}
	}
	return nil
}

// oneLine is an error without its line ends: a verifier's says more than fits a table, and its first line says what.
func oneLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

// makeProbeCgroup makes a cgroup that carries this process's name, for `clean` to find should it be left.
func makeProbeCgroup() (string, error) {
	mount, err := cgroup2Mount()
	if err != nil {
		return "", err
	}
	directory := filepath.Join(mount, fmt.Sprintf("meshmark-%d-0", os.Getpid()))
	if err := os.Mkdir(directory, 0o755); err != nil {
		if errors.Is(err, os.ErrPermission) || errors.Is(err, unix.EROFS) {
			return "", fmt.Errorf("needs root, to make a cgroup: %w", err)
		}
		return "", err
	}
	return directory, nil
}

// cgroup2Mount is where cgroup v2 is mounted, on hybrid machines beside the older controllers.
func cgroup2Mount() (string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[2] == "cgroup2" {
			return strings.ReplaceAll(fields[1], `\040`, " "), nil
		}
	}
	return "", errors.New("needs cgroup v2, and none is mounted (mount -t cgroup2 none /sys/fs/cgroup/unified)")
}
