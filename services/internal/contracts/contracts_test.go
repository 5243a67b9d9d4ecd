package contracts

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const services = "../.." // from this folder

func buf(t *testing.T, folder string, arguments ...string) (output string, ok bool) {
	t.Helper()
	program := os.Getenv("BUF")
	if program == "" {
		program = "buf"
	}
	found, err := exec.LookPath(program)
	if err != nil {
		t.Skip("needs buf on PATH, or named by BUF (PyPI: buf-bin)")
	}
	command := exec.CommandContext(t.Context(), found, arguments...)
	command.Dir = folder
	text, err := command.CombinedOutput()
	return string(text), err == nil
}

// copied returns a copy of the protos in which old is replaced by its successor, once.
func copied(t *testing.T, file, old, successor string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(services, "proto"))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), old, successor, 1)
	if changed == string(text) {
		t.Fatalf("%s has no %q", file, old)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestTheProtosPassLintAndAreFormatted(t *testing.T) {
	for _, arguments := range [][]string{{"lint", "proto"}, {"format", "--diff", "--exit-code", "proto"}} {
		if output, ok := buf(t, services, arguments...); !ok {
			t.Errorf("buf %s:\n%s", strings.Join(arguments, " "), output)
		}
	}
}

func TestLintRefusesAFieldWithoutAComment(t *testing.T) {
	folder := copied(t, "shop/users/v1/users.proto", "  // Unique, made by the service.\n", "")
	if output, ok := buf(t, folder, "lint"); ok || !strings.Contains(output, `"id"`) {
		t.Errorf("lint said (passed: %v):\n%s", ok, output)
	}
}

func TestABreakingChangeIsRefusedAndNamesTheField(t *testing.T) {
	original, err := filepath.Abs(filepath.Join(services, "proto"))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ old, successor, says string }{
		"removed": {"  // How the shop addresses the person.\n  string display_name = 3;\n", "", `"display_name"`},
		"retyped": {"string email = 2;", "bytes email = 2;", `"email"`},
	} {
		folder := copied(t, "shop/users/v1/users.proto", test.old, test.successor)
		if output, ok := buf(t, folder, "breaking", "--against", original); ok || !strings.Contains(output, test.says) {
			t.Errorf("%s: buf said (passed: %v):\n%s", name, ok, output)
		}
	}
	added := copied(t, "shop/users/v1/users.proto", "string display_name = 3;", "string display_name = 3;\n  // New.\n  string note = 5;")
	if output, ok := buf(t, added, "breaking", "--against", original); !ok {
		t.Errorf("a new field is no breaking change:\n%s", output)
	}
}

func TestTheGeneratedCodeIsCurrent(t *testing.T) {
	made := t.TempDir()
	if output, ok := buf(t, services, "generate", "proto", "--template", "proto/buf.gen.yaml", "--output", made); !ok {
		t.Fatalf("buf generate:\n%s", output)
	}
	committed, fresh := tree(t, filepath.Join(services, "gen")), tree(t, filepath.Join(made, "gen"))
	for name, text := range fresh {
		if committed[name] != text {
			t.Errorf("gen/%s is out of date: run go generate ./... in services", name)
		}
	}
	for name := range committed {
		if _, ok := fresh[name]; !ok {
			t.Errorf("gen/%s has no proto any more: run go generate ./... in services", name)
		}
	}
}

func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("%s is empty", root)
	}
	return files
}
