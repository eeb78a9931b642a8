package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// command is a client program, with an environment that has nothing of this user's configuration.
type command struct {
	path string
	args []string // before those of run
	env  []string
	dir  string // to run in; empty at first
}

func newCommand(t testing.TB, path string, s *server) *command {
	t.Helper()
	c := &command{path: path, dir: t.TempDir()}
	home := t.TempDir()
	c.env = append(cleanEnvironment(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home,
		"AWS_ACCESS_KEY_ID="+accessKey, "AWS_SECRET_ACCESS_KEY="+secretKey, "AWS_DEFAULT_REGION="+region,
		"AWS_EC2_METADATA_DISABLED=true")
	if root := os.Getenv("PYENV_ROOT"); root == "" {
		c.env = append(c.env, "PYENV_ROOT="+filepath.Join(os.Getenv("HOME"), ".pyenv")) // its shims look for it
	}
	if s.certs != nil {
		c.env = append(c.env, "AWS_CA_BUNDLE="+s.certs.authorityFile)
	}
	return c
}

// try runs the program and returns its standard output.
func (c *command) try(t testing.TB, args ...string) (string, error) {
	t.Helper()
	run := exec.CommandContext(t.Context(), c.path, append(slices.Clone(c.args), args...)...)
	run.Env, run.Dir = c.env, c.dir
	out, err := run.Output()
	if failure, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(c.path), strings.Join(args, " "), err, out, failure.Stderr)
	}
	return string(out), err
}

// run runs the program, which must succeed.
func (c *command) run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := c.try(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// file makes a file in the folder of the program.
func (c *command) file(t testing.TB, name string, data []byte) {
	t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantFile checks a file that the program wrote.
func (c *command) wantFile(t testing.TB, name string, data []byte) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	wantBytes(t, got, data)
}

// sampleTree makes files in folder "from", whose names make some trouble.
func (c *command) sampleTree(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{
		"empty":                   nil,
		"small.txt":               randomBytes(1000),
		"a folder/with ü & + %41": randomBytes(100_000),
		"a folder/deep/er/file":   randomBytes(10),
		"large":                   randomBytes(20<<20 + 3), // in parts
	}
	for name, data := range files {
		c.file(t, "from/"+name, data)
	}
	return files
}

func (c *command) wantTree(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		c.wantFile(t, filepath.Join(dir, name), data)
	}
}

func wantContains(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing from:\n%s", part, text)
		}
	}
}

// wantURL checks what a presigned URL gives to anybody.
func wantURL(t testing.TB, url string, body []byte) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	got := readAll(t, answer.Body)
	want(t, "status of "+url, answer.StatusCode, http.StatusOK)
	wantBytes(t, got, body)
}

func TestAWSCLI(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := newCommand(t, requireCommand(t, "aws"), s)
	c.args = []string{"--endpoint-url", s.endpoint}
	files := c.sampleTree(t)
	c.run(t, "s3", "mb", "s3://cli")
	c.run(t, "s3", "cp", "from/large", "s3://cli/large")
	c.run(t, "s3", "cp", "s3://cli/large", "large")
	c.wantFile(t, "large", files["large"])
	wantContains(t, c.run(t, "s3api", "head-object", "--bucket", "cli", "--key", "large"), `-3\"`)
	c.run(t, "s3", "sync", "from", "s3://cli/tree")
	wantContains(t, c.run(t, "s3", "ls", "--recursive", "s3://cli/tree/"), "tree/a folder/with ü & + %41", "tree/empty", "tree/large")
	wantContains(t, c.run(t, "s3", "ls", "s3://cli/tree/"), "PRE a folder/")
	c.run(t, "s3", "sync", "s3://cli/tree", "to")
	c.wantTree(t, "to", files)
	if again := c.run(t, "s3", "sync", "from", "s3://cli/tree"); strings.Contains(again, "upload") {
		t.Errorf("a second sync found something to do:\n%s", again)
	}
	c.run(t, "s3", "mv", "--recursive", "s3://cli/tree", "s3://cli/moved")
	c.run(t, "s3", "cp", "--recursive", "s3://cli/moved", "moved")
	c.wantTree(t, "moved", files)
	wantURL(t, strings.TrimSpace(c.run(t, "s3", "presign", "s3://cli/large")), files["large"])
	if _, err := c.try(t, "s3", "rb", "s3://cli"); err == nil || !strings.Contains(err.Error(), "BucketNotEmpty") {
		t.Errorf("rb of a bucket with objects: %v, want BucketNotEmpty", err)
	}
	c.run(t, "s3", "rm", "--recursive", "s3://cli")
	c.run(t, "s3", "rb", "s3://cli")
	want(t, "buckets that are left", c.run(t, "s3", "ls"), "")
}

func TestAWSCLIOverTLS(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{certs: newCertificates(t)})
	c := newCommand(t, requireCommand(t, "aws"), s)
	c.args = []string{"--endpoint-url", s.endpoint}
	body := randomBytes(20<<20 + 3)
	c.file(t, "large", body)
	c.run(t, "s3", "mb", "s3://cli")
	c.run(t, "s3", "cp", "large", "s3://cli/large")
	c.run(t, "s3", "cp", "s3://cli/large", "back")
	c.wantFile(t, "back", body)
	c.run(t, "s3", "rb", "--force", "s3://cli")
}

func TestBoto3(t *testing.T) {
	t.Parallel()
	script, err := filepath.Abs("testdata/boto3_client.py")
	if err != nil {
		t.Fatal(err)
	}
	// Two pythons on one machine may have boto3 versions that send different things.
	var found bool
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		path, err := exec.LookPath(python)
		if err != nil || exec.Command(path, "-c", "import boto3").Run() != nil {
			continue
		}
		found = true
		t.Run(python, func(t *testing.T) {
			t.Parallel()
			onHTTPAndTLS(t, func(t *testing.T, s *server) { newCommand(t, path, s).run(t, script, s.endpoint) })
		})
	}
	if !found {
		require(t, "boto3")
	}
}

func TestRclone(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := newCommand(t, requireCommand(t, "rclone"), s)
	c.env = append(c.env, "RCLONE_CONFIG_SUT_TYPE=s3", "RCLONE_CONFIG_SUT_PROVIDER=Other", "RCLONE_CONFIG_SUT_ENV_AUTH=true",
		"RCLONE_CONFIG_SUT_ENDPOINT="+s.endpoint, "RCLONE_S3_UPLOAD_CUTOFF=6M", "RCLONE_S3_CHUNK_SIZE=5M")
	files := c.sampleTree(t)
	c.run(t, "mkdir", "SUT:rclone")
	c.run(t, "copy", "from", "SUT:rclone/tree")
	c.run(t, "check", "from", "SUT:rclone/tree")
	c.run(t, "check", "--download", "from", "SUT:rclone/tree")
	wantContains(t, c.run(t, "ls", "SUT:rclone"), "tree/a folder/with ü & + %41", "1000 tree/small.txt")
	c.run(t, "copy", "SUT:rclone/tree", "to")
	c.wantTree(t, "to", files)
	c.run(t, "copy", "SUT:rclone/tree", "SUT:rclone/copy")
	c.run(t, "check", "from", "SUT:rclone/copy")
	c.run(t, "purge", "SUT:rclone")
	want(t, "buckets that are left", c.run(t, "lsd", "SUT:"), "")
}

func TestS3cmd(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := newCommand(t, requireCommand(t, "s3cmd"), s)
	c.args = []string{
		"--access_key=" + accessKey, "--secret_key=" + secretKey, "--region=" + region,
		"--no-ssl", "--host=" + s.address(), "--host-bucket=" + s.address(), "--no-progress", "--multipart-chunk-size-mb=5",
	}
	files := c.sampleTree(t)
	c.run(t, "mb", "s3://s3cmd")
	c.run(t, "put", "from/small.txt", "s3://s3cmd/small.txt")
	c.run(t, "get", "s3://s3cmd/small.txt", "small.txt")
	c.wantFile(t, "small.txt", files["small.txt"])
	c.run(t, "put", "--recursive", "from/", "s3://s3cmd/tree/")
	wantContains(t, c.run(t, "ls", "--recursive", "s3://s3cmd"), "s3://s3cmd/tree/a folder/with ü & + %41", "s3://s3cmd/tree/large")
	c.run(t, "sync", "s3://s3cmd/tree/", "to/")
	for name, data := range files {
		if len(data) > 0 { // s3cmd makes no empty files
			c.wantFile(t, "to/"+name, data)
		}
	}
	c.run(t, "cp", "s3://s3cmd/small.txt", "s3://s3cmd/copy.txt")
	wantContains(t, c.run(t, "info", "s3://s3cmd/copy.txt"), "File size: 1000")
	c.run(t, "setacl", "--acl-public", "s3://s3cmd/copy.txt")
	wantContains(t, c.run(t, "info", "s3://s3cmd/copy.txt"), "*anon*: READ")
	c.run(t, "mv", "s3://s3cmd/copy.txt", "s3://s3cmd/moved.txt")
	c.run(t, "--signature-v2", "put", "from/small.txt", "s3://s3cmd/old.txt")
	c.run(t, "--signature-v2", "get", "s3://s3cmd/old.txt", "old.txt")
	c.wantFile(t, "old.txt", files["small.txt"])
	c.run(t, "--signature-v2", "del", "s3://s3cmd/moved.txt")
	c.run(t, "rb", "--recursive", "--force", "s3://s3cmd")
	want(t, "buckets that are left", c.run(t, "ls"), "")
}

func TestRestic(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := newCommand(t, requireCommand(t, "restic"), s)
	c.env = append(c.env, "RESTIC_REPOSITORY=s3:"+s.endpoint+"/restic/repository", "RESTIC_PASSWORD=password")
	files := c.sampleTree(t)
	c.run(t, "init")
	c.run(t, "backup", "from")
	c.file(t, "from/small.txt", []byte("changed"))
	c.run(t, "backup", "from")
	c.run(t, "check", "--read-data")
	c.run(t, "forget", "--keep-last", "1", "--prune")
	c.run(t, "check", "--read-data")
	c.run(t, "restore", "latest", "--target", "to")
	files["small.txt"] = []byte("changed")
	c.wantTree(t, "to/from", files)
}
