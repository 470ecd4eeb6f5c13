// Package quash_test holds the architecture test: the folder tree is the architecture, and this guards it.
package quash_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/quash-sh/quash"

// layers says, for each package (or tree of packages, "/..."), what else of this module it may import. Arrows run one way:
// cmd → store, report, revoker/provider, scanner/source → revoker → scanner → rules. The longest matching name counts.
var layers = map[string][]string{
	"rules":                     {},
	"scanner":                   {"rules", "scanner/internal/..."},
	"scanner/internal/...":      {"rules"},
	"scanner/source/...":        {"rules", "scanner", "scanner/internal/...", "scanner/source/..."},
	"revoker":                   {"rules", "scanner"},
	"revoker/journaltest":       {"scanner", "revoker"},
	"revoker/provider/...":      {"rules", "scanner", "revoker", "revoker/provider/..."},
	"report":                    {"rules", "scanner", "revoker"},
	"store/...":                 {"rules", "scanner", "revoker", "store/..."},
	"cmd/quash":                 {"cmd/quash/internal/cli"},
	"cmd/quash/internal/config": {"rules", "scanner", "revoker", "revoker/provider"},
	"cmd/quash/internal/...":    {"..."},
}

// offline are the packages that never reach net/http, not even through a dependency.
var offline = []string{"rules", "scanner", "revoker", "report"}

// revealers are the packages in which a key may be read out of its Secret.
const revealers = "revoker/provider"

type pkg struct {
	Dir, ImportPath, Name string
	GoFiles, Imports      []string
	Deps                  []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=Dir,ImportPath,Name,GoFiles,Imports,Deps", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func inModule(importPath string) (string, bool) {
	return strings.CutPrefix(importPath, module+"/")
}

// matches reports whether a package is meant by a name, which may end in "..." for a tree.
func matches(name, pkg string) bool {
	if tree, ok := strings.CutSuffix(name, "..."); ok {
		return strings.HasPrefix(pkg+"/", tree)
	}
	return name == pkg
}

func allowedImports(pkg string) ([]string, bool) {
	best, found := "", false
	for name := range layers {
		if matches(name, pkg) && len(name) > len(best) {
			best, found = name, true
		}
	}
	return layers[best], found
}

func TestLayers(t *testing.T) {
	for _, p := range packages(t) {
		name, ok := inModule(p.ImportPath)
		if !ok || len(p.GoFiles) == 0 {
			continue
		}
		allowed, known := allowedImports(name)
		if !known {
			t.Errorf("package %s: no layer says what it may import; give it a place in layers", name)
		}
		for _, imp := range p.Imports {
			to, ours := inModule(imp)
			if ours && !slices.ContainsFunc(allowed, func(a string) bool { return matches(a, to) }) {
				t.Errorf("package %s imports %s, which its layer may not", name, to)
			}
		}
	}
}

func TestOfflinePackages(t *testing.T) {
	for _, p := range packages(t) {
		name, _ := inModule(p.ImportPath)
		if slices.Contains(offline, name) && slices.Contains(p.Deps, "net/http") {
			t.Errorf("package %s depends on net/http", name)
		}
	}
}

func TestOneMain(t *testing.T) {
	var mains []string
	for _, p := range packages(t) {
		if p.Name == "main" {
			mains = append(mains, p.ImportPath)
		}
	}
	if want := []string{module + "/cmd/quash"}; !slices.Equal(mains, want) {
		t.Errorf("main packages %v, want %v: pre-commit's golang hooks install every one", mains, want)
	}
}

// sources yields every non-test Go file of the module.
func sources(t *testing.T, visit func(dir, path string, f *ast.File, fset *token.FileSet)) {
	t.Helper()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && p != "." || d.Name() == "testdata" || p == "bench"):
			return filepath.SkipDir
		case !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go"):
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		visit(path.Dir(filepath.ToSlash(p)), p, f, fset)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCallsInTheirPlace(t *testing.T) {
	sources(t, func(dir, file string, f *ast.File, fset *token.FileSet) {
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if sel.Sel.Name == "Reveal" && !strings.HasPrefix(dir+"/", revealers+"/") {
				t.Errorf("%s: Secret.Reveal outside %s", fset.Position(n.Pos()), revealers)
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "os" && sel.Sel.Name == "Exit" && f.Name.Name != "main" {
				t.Errorf("%s: os.Exit outside main", fset.Position(n.Pos()))
			}
			return true
		})
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" && !registers(fn) {
				t.Errorf("%s: init does more than one register line", file)
			}
		}
	})
}

func registers(fn *ast.FuncDecl) bool {
	if len(fn.Body.List) != 1 {
		return false
	}
	stmt, ok := fn.Body.List[0].(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := stmt.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	id, ok := call.Fun.(*ast.Ident)
	return ok && id.Name == "register"
}

// The budgets of form: they keep files and functions readable.
const (
	maxFile      = 500
	maxFunc      = 80
	maxInterface = 3
)

func TestBudgets(t *testing.T) {
	documented := map[string]bool{}
	sources(t, func(dir, file string, f *ast.File, fset *token.FileSet) {
		documented[dir] = documented[dir] || f.Doc != nil
		if n := fset.Position(f.End()).Line; n > maxFile {
			t.Errorf("%s: %d lines, at most %d", file, n, maxFile)
		}
		if slices.Contains([]string{"util", "common", "types", "models", "helpers", "manager"}, f.Name.Name) {
			t.Errorf("%s: package %s says nothing", file, f.Name.Name)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if lines := fset.Position(n.End()).Line - fset.Position(n.Pos()).Line + 1; lines > maxFunc {
					t.Errorf("%s: function %s has %d lines, at most %d", file, n.Name.Name, lines, maxFunc)
				}
			case *ast.InterfaceType:
				if n.Methods.NumFields() > maxInterface {
					t.Errorf("%s: interface of %d methods, at most %d", fset.Position(n.Pos()), n.Methods.NumFields(), maxInterface)
				}
			}
			return true
		})
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no package comment", dir)
		}
	}
}

// registries are hosts of package registries. None is named in the repository: whoever uses one says where theirs is.
var registries = []string{
	"registry.npm" + "js.org", "registry.yarn" + "pkg.com", "py" + "pi.org", "python" + "hosted.org", "crates" + ".io",
	"proxy.go" + "lang.org", "sum.go" + "lang.org", "deb.deb" + "ian.org",
}

// TestNoRegistry: no file that git tracks names the host of a package registry.
func TestNoRegistry(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		t.Skipf("no list of files: %v", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // taken out and not yet committed
		}
		for _, host := range registries {
			if bytes.Contains(text, []byte(host)) {
				t.Errorf("%s names %s", name, host)
			}
		}
	}
}
