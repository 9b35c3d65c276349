package bpf_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// compiler is the major version of the clang that made the committed objects; another makes other ones.
const compiler = "14"

// What is committed is what the sources compile to.
func TestObjectsAreWhatTheSourcesCompileTo(t *testing.T) {
	version, err := exec.Command("clang", "--version").Output()
	if err != nil {
		t.Skipf("needs clang (Debian packages clang llvm libbpf-dev): %v", err)
	}
	if found := regexp.MustCompile(`version (\d+)`).FindSubmatch(version); found == nil || string(found[1]) != compiler {
		t.Skipf("needs clang %s, which made the objects, and this is %s", compiler, bytes.SplitN(version, []byte("\n"), 2)[0])
	}
	if _, err := exec.LookPath("llvm-strip"); err != nil {
		t.Skipf("needs llvm-strip (Debian package llvm): %v", err)
	}
	if _, err := os.Stat("/usr/include/bpf/bpf_helpers.h"); err != nil {
		t.Skipf("needs libbpf's headers (Debian package libbpf-dev): %v", err)
	}
	lines := generateLines(t)
	if len(lines) < 2 {
		t.Fatalf("%d go:generate lines, want one for each source", len(lines))
	}
	fresh := t.TempDir()
	for _, line := range lines {
		command := exec.Command("sh", "-c", strings.Replace(line, "bpf2go ", "bpf2go -output-dir "+fresh+" ", 1))
		command.Env = append(os.Environ(), "GOPACKAGE=bpf")
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, output)
		}
	}
	made, err := filepath.Glob(filepath.Join(fresh, "*_bpfel.*"))
	if err != nil || len(made) != 2*len(lines) {
		t.Fatalf("%d files made by %d lines, %v", len(made), len(lines), err)
	}
	for _, path := range made {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Base(path))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what its source compiles to; run: go generate ./internal/bpf", filepath.Base(path))
		}
	}
}

// generateLines are the commands of the package's go:generate comments.
func generateLines(t *testing.T) (lines []string) {
	t.Helper()
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if command, is := strings.CutPrefix(line, "//go:generate "); is {
				lines = append(lines, strings.TrimSpace(command))
			}
		}
	}
	return lines
}
