package pin

import (
	"bytes"
	"fmt"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMovesAnotherProcess(t *testing.T) {
	command := exec.Command("sleep", "30")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	last := -1
	for cpu := range 1024 {
		if allowed.IsSet(cpu) {
			last = cpu
		}
	}
	var stderr bytes.Buffer
	args := []string{"--pid", fmt.Sprint(command.Process.Pid), "--cpus", fmt.Sprint(last)}
	if code := Main(args, nil, nil, &stderr); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	var got unix.CPUSet
	if err := unix.SchedGetaffinity(command.Process.Pid, &got); err != nil {
		t.Fatal(err)
	}
	if got.Count() != 1 || !got.IsSet(last) {
		t.Fatalf("moved to %d cores, wanted core %d alone", got.Count(), last)
	}
}

func TestRefusesAProcessThatIsNotThere(t *testing.T) {
	var stderr bytes.Buffer
	if code := Main([]string{"--pid", "4194303", "--cpus", "0"}, nil, nil, &stderr); code != 1 || stderr.Len() == 0 {
		t.Fatalf("exit %d, stderr %q", code, stderr.String())
	}
}
