package main

import (
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

func TestListenRefusesThePublicWithDefaultCredentials(t *testing.T) {
	own := config.Credential{AccessKey: "alice", SecretKey: "alice-secret"}
	known := config.Credential{AccessKey: config.DefaultAccessKey, SecretKey: config.DefaultSecretKey}
	renamed := config.Credential{AccessKey: "alice", SecretKey: config.DefaultSecretKey}

	tests := []struct {
		name        string
		address     string
		credentials []config.Credential
		refused     bool
	}{
		{"loopback", "127.0.0.1:0", []config.Credential{known}, false},
		{"another loopback", "127.0.0.2:0", []config.Credential{known}, false},
		{"name of loopback", "localhost:0", []config.Credential{known}, false},
		{"every interface", ":0", []config.Credential{known}, true},
		{"every interface of IPv4", "0.0.0.0:0", []config.Credential{known}, true},
		{"every interface of IPv6", "[::]:0", []config.Credential{known}, true},
		{"default secret under another name", ":0", []config.Credential{renamed}, true},
		{"default credential among others", ":0", []config.Credential{own, known}, true},
		{"own credentials", "127.0.0.1:0", []config.Credential{own}, false},
		{"own credentials in public", ":0", []config.Credential{own}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := config.Default()
			c.Server.Listen = test.address
			c.Auth.Credentials = test.credentials
			listener, err := listen(c, output{})
			if err == nil {
				listener.s3.Close()
			}
			if test.refused != (err != nil) {
				t.Fatalf("listen on %s: error %v, want refused %t", test.address, err, test.refused)
			}
			if test.refused {
				for _, way := range []string{"BLEEPSTORE_ACCESS_KEY", "BLEEPSTORE_SECRET_KEY", "auth.credentials", "127.0.0.1"} {
					if !strings.Contains(err.Error(), way) {
						t.Errorf("error %q does not name %s", err, way)
					}
				}
			}
		})
	}
}

func TestTheRestIsNoLessCareful(t *testing.T) {
	c := config.Default()
	c.Server.Listen, c.Server.AdminListen = "127.0.0.1:0", ":0"
	if l, err := listen(c, output{}); err == nil {
		l.s3.Close()
		l.admin.Close()
		t.Fatal("administration is open to the public with the default credentials")
	}
	c.Server.AdminListen = "127.0.0.1:0"
	l, err := listen(c, output{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.s3.Close()
	defer l.admin.Close()
	if at := l.endpoints(c); at.admin == at.s3 || at.admin != endpoint(c, l.admin) {
		t.Errorf("endpoints are %+v", at)
	}
}

func TestListenOnAPortInUse(t *testing.T) {
	c := config.Default()
	c.Server.Listen = "127.0.0.1:0"
	first, err := listen(c, output{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.s3.Close()
	c.Server.Listen = first.s3.Addr().String()
	second, err := listen(c, output{})
	if err == nil {
		second.s3.Close()
		t.Fatal("two servers listen on one port")
	}
	if !strings.Contains(err.Error(), c.Server.Listen) {
		t.Errorf("error %q does not name %s", err, c.Server.Listen)
	}
}

func TestEndpointHasTheRealPort(t *testing.T) {
	c := config.Default()
	c.Auth.Credentials = []config.Credential{{AccessKey: "alice", SecretKey: "alice-secret"}}
	for address, want := range map[string]string{"127.0.0.1:0": "http://127.0.0.1:", ":0": "http://127.0.0.1:"} {
		c.Server.Listen = address
		listener, err := listen(c, output{})
		if err != nil {
			t.Fatal(err)
		}
		listener.s3.Close()
		if got := listener.endpoints(c).s3; !strings.HasPrefix(got, want) || strings.HasSuffix(got, ":0") {
			t.Errorf("endpoint of %s is %s, want %sPORT", address, got, want)
		}
	}
}

func TestCertificateThatIsNotThere(t *testing.T) {
	_, err := loadCertificate("server.tls", config.TLS{Cert: "/no/cert.pem", Key: "/no/key.pem"})
	if err == nil || !strings.Contains(err.Error(), "/no/cert.pem") {
		t.Errorf("error %v, want one that names the file", err)
	}
}
