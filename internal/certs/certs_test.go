package certs_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bleepstore/bleepstore/internal/certs"
)

// pair is a certificate with its key, in PEM.
type pair struct{ cert, key []byte }

// newPair makes a certificate of 90 days.
func newPair(t *testing.T, expires time.Time) pair {
	t.Helper()
	return newPairOf(t, 90*24*time.Hour, expires)
}

func newPairOf(t *testing.T, lasts time.Duration, expires time.Time) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: expires.Add(-lasts), NotAfter: expires}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
}

// folder has the files of a certificate.
type folder struct{ cert, key string }

func newFolder(t *testing.T, p pair) folder {
	t.Helper()
	dir := t.TempDir()
	f := folder{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
	write(t, f.cert, p.cert)
	write(t, f.key, p.key)
	return f
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// watched is a certificate that is watched, and what was told of it.
type watched struct {
	*certs.Certificate

	mu                sync.Mutex // for the race detector, which does not know that time passes only in pass
	serving, expiring []time.Time
	refused           []string
}

// watch is for a bubble of synctest, where no time passes but in pass.
func watch(t *testing.T, f folder) *watched {
	t.Helper()
	c, err := certs.Load(f.cert, f.key)
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{Certificate: c}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Watch(ctx, certs.Notices{
			Serving:  func(expires time.Time) { w.tell(func() { w.serving = append(w.serving, expires) }) },
			Expiring: func(expires time.Time) { w.tell(func() { w.expiring = append(w.expiring, expires) }) },
			Refused:  func(err error) { w.tell(func() { w.refused = append(w.refused, err.Error()) }) },
		})
	}()
	t.Cleanup(func() { w.mu.Unlock(); cancel(); <-ended })
	synctest.Wait()
	w.mu.Lock()
	return w
}

func (w *watched) tell(note func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	note()
}

// pass lets time pass.
func (w *watched) pass(d time.Duration) {
	w.mu.Unlock()
	time.Sleep(d)
	synctest.Wait()
	w.mu.Lock()
}

func (w *watched) serves(t *testing.T, p pair) {
	t.Helper()
	got, err := w.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := pem.Decode(p.cert)
	if !slices.Equal(got.Certificate[0], want.Bytes) {
		t.Error("another certificate is served")
	}
}

func TestAReplacedCertificateIsServed(t *testing.T) {
	swap := func(t *testing.T, f folder, p pair) { // as certbot does, to what Kubernetes does to a whole folder
		for name, content := range map[string][]byte{f.cert: p.cert, f.key: p.key} {
			write(t, name+".new", content)
			if err := os.Rename(name+".new", name); err != nil {
				t.Fatal(err)
			}
		}
	}
	inPlace := func(t *testing.T, f folder, p pair) { write(t, f.cert, p.cert); write(t, f.key, p.key) }
	link := func(t *testing.T, f folder, p pair) {
		other := newFolder(t, p)
		if err := os.Remove(f.cert); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(f.key); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(other.cert, f.cert); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(other.key, f.key); err != nil {
			t.Fatal(err)
		}
	}
	for name, replace := range map[string]func(*testing.T, folder, pair){"by rename": swap, "in place": inPlace, "by a link": link} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first, second := newPair(t, time.Now().Add(1000*time.Hour)), newPair(t, time.Now().Add(2000*time.Hour))
				f := newFolder(t, first)
				w := watch(t, f)
				w.serves(t, first)
				replace(t, f, second)
				w.pass(time.Minute)
				w.serves(t, second)
				if len(w.serving) != 2 || len(w.refused) != 0 || !w.Expires().Equal(w.serving[1]) || !w.serving[0].Before(w.serving[1]) {
					t.Errorf("told %+v", w)
				}
			})
		})
	}
}

func TestWhatDoesNotFitIsRefusedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newPair(t, time.Now().Add(1000*time.Hour)), newPair(t, time.Now().Add(1000*time.Hour))
		f := newFolder(t, first)
		w := watch(t, f)

		write(t, f.key, second.key) // of another certificate
		w.pass(10 * time.Minute)
		w.serves(t, first)
		if len(w.refused) != 1 || !strings.Contains(w.refused[0], f.cert) || !strings.Contains(w.refused[0], f.key) {
			t.Fatalf("refused %q, want once, with both names", w.refused)
		}
		write(t, f.cert, []byte("nonsense"))
		w.pass(10 * time.Minute)
		if err := os.Remove(f.cert); err != nil {
			t.Fatal(err)
		}
		w.pass(10 * time.Minute)
		w.serves(t, first)
		if len(w.refused) != 3 || len(w.serving) != 1 {
			t.Fatalf("told %+v", w)
		}
		write(t, f.cert, second.cert)
		w.pass(time.Minute)
		w.serves(t, second)
		if len(w.refused) != 3 || len(w.serving) != 2 {
			t.Errorf("told %+v", w)
		}
	})
}

// Nobody replaces two files at once. What is found between is not complained about.
func TestAChangeMayTakeAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newPair(t, time.Now().Add(1000*time.Hour)), newPair(t, time.Now().Add(1000*time.Hour))
		f := newFolder(t, first)
		w := watch(t, f)
		write(t, f.cert, second.cert)
		w.pass(11 * time.Second) // in which the files are read once
		write(t, f.key, second.key)
		w.pass(11 * time.Second)
		w.serves(t, second)
		if len(w.refused) != 0 {
			t.Errorf("refused %q", w.refused)
		}
	})
}

func TestExpiryIsWarnedOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		f := newFolder(t, newPair(t, time.Now().Add(7*day+time.Hour)))
		w := watch(t, f)
		w.pass(time.Hour - time.Minute)
		if len(w.expiring) != 0 {
			t.Fatalf("warned more than seven days before: %v", w.expiring)
		}
		w.pass(day + time.Hour)
		if len(w.expiring) != 2 {
			t.Errorf("warned %d times in a day and an hour, want once a day", len(w.expiring))
		}
		renewed := newPair(t, time.Now().Add(90*day))
		write(t, f.cert, renewed.cert)
		write(t, f.key, renewed.key)
		w.pass(day)
		if len(w.expiring) != 2 {
			t.Errorf("warned of a certificate that was renewed")
		}
	})
}

// A certificate that never has seven days left is warned of when it was not renewed in time.
func TestExpiryOfAShortOneIsWarnedOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, newFolder(t, newPairOf(t, 10*time.Hour, time.Now().Add(3*time.Hour))))
		w.pass(time.Hour - time.Minute)
		if len(w.expiring) != 0 {
			t.Fatalf("warned while a fifth of its time is left: %v", w.expiring)
		}
		w.pass(2 * time.Minute)
		if len(w.expiring) != 1 {
			t.Errorf("warned %d times, want once", len(w.expiring))
		}
	})
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	a, b := newPair(t, time.Now().Add(time.Hour)), newPair(t, time.Now().Add(time.Hour))
	for name, p := range map[string]pair{"another's key": {a.cert, b.key}, "no certificate": {[]byte("x"), a.key}, "no key": {a.cert, nil}} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t, p)
			if _, err := certs.Load(f.cert, f.key); err == nil || !strings.Contains(err.Error(), f.cert) || !strings.Contains(err.Error(), f.key) {
				t.Errorf("error %v, want one that names the files", err)
			}
		})
	}
	if _, err := certs.Load("/no/cert.pem", "/no/key.pem"); err == nil || !strings.Contains(err.Error(), "/no/cert.pem") {
		t.Errorf("error %v, want one that names the file", err)
	}
}

func TestOldVersionsAreRefused(t *testing.T) {
	f := newFolder(t, newPair(t, time.Now().Add(time.Hour)))
	c, err := certs.Load(f.cert, f.key)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Config().MinVersion; got != tls.VersionTLS12 {
		t.Errorf("TLS from version %x, want 1.2", got)
	}
}
